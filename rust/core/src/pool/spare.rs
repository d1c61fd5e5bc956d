//! Pools of worlds in adversarial time that have ended, for the next ones of the thread: an execution takes less time than
//! the memory of its packets does.
//!
//! What is taken out is as it was left; [`Slot::renew`] makes it what a new one is.

use std::cell::RefCell;

use super::Slot;
use crate::info::WanInfo;

/// How many are kept.
const POOLS: usize = 4;
/// Larger ones are not: bytes of data.
const BYTES: usize = 1 << 20;

thread_local! {
    static SPARE: RefCell<Vec<Box<[Slot]>>> = const { RefCell::new(Vec::new()) };
}

fn fits(slots: &mut [Slot], packets: u32, info: &WanInfo, keep: usize) -> bool {
    slots.len() == packets as usize
        && slots.first_mut().is_some_and(|slot| {
            slot.history.most() == keep && slot.body.get_mut().end_buffer() == info.buffer_size()
        })
}

/// The slots of a pool as it would be made with these, but for what is in them.
pub(super) fn take(packets: u32, info: &WanInfo, keep: usize) -> Option<Box<[Slot]>> {
    let take = |spare: &RefCell<Vec<Box<[Slot]>>>| {
        let mut spare = spare.borrow_mut();
        let at = spare.iter_mut().position(|slots| fits(slots, packets, info, keep))?;
        Some(spare.swap_remove(at))
    };
    SPARE.try_with(take).ok().flatten() // a thread that ends has none any more
}

/// Keeps them for the next world.
pub(super) fn keep(mut slots: Box<[Slot]>) {
    let bytes = |slot: &mut Slot| slot.body.get_mut().end_buffer();
    let bytes = slots.first_mut().map_or(usize::MAX, bytes).saturating_mul(slots.len());
    if bytes > BYTES {
        return;
    }
    let _ = SPARE.try_with(|spare| {
        let mut spare = spare.borrow_mut();
        if spare.len() == POOLS {
            spare.remove(0);
        }
        spare.push(slots);
    });
}
