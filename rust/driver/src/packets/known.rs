//! The packets of all arenas by address, for who has nothing else: a handler of faults.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use ndiswan::{Name, Rule};

use super::{Arena, DESCRIPTOR, field};
use crate::fault::Fault;
use crate::memory::{Access, Guard, PAGE, forget, protect, set_guard};

/// The arenas of this process, for who has only an address. A handler of signals reads it, so it has no lock.
static KNOWN: [AtomicUsize; 256] = [const { AtomicUsize::new(0) }; 256];
/// Counts faults that nobody could be told of.
static UNKNOWN: AtomicU64 = AtomicU64::new(0);

impl Arena {
    pub(super) fn register(&self) {
        let own = (&raw const *self) as usize;
        for known in &KNOWN {
            if known.compare_exchange(0, own, Ordering::AcqRel, Ordering::Relaxed).is_ok() {
                return;
            }
        }
        UNKNOWN.fetch_add(1, Ordering::Relaxed);
    }
}

impl Drop for Arena {
    fn drop(&mut self) {
        let own = (&raw const *self) as usize;
        for known in &KNOWN {
            if known.compare_exchange(own, 0, Ordering::AcqRel, Ordering::Relaxed).is_ok() {
                break;
            }
        }
        self.give_memory_back();
    }
}

/// The packet whose descriptor is at `address`, of whichever adapter.
pub(crate) fn name_of(address: usize) -> Option<Name> {
    KNOWN.iter().find_map(|known| {
        // SAFETY: see `touched`.
        unsafe { (known.load(Ordering::Acquire) as *const Arena).as_ref() }?.name_at(address)
    })
}

/// If `address` is of a packet: what the driver did wrong. The page is opened, so that the driver goes on as it would have.
pub(crate) fn touched(address: usize, writes: bool, trace: &dyn Fn() -> String) -> Option<Fault> {
    for known in &KNOWN {
        let arena = known.load(Ordering::Acquire) as *const Arena;
        // SAFETY: an arena takes itself out before it ends, and a driver runs only while its card, which has the arena, is there.
        let Some(arena) = (unsafe { arena.as_ref() }) else { continue };
        if address < arena.memory.start || address >= arena.memory.start + arena.memory.length {
            continue;
        }
        let place = (address - arena.memory.start) / arena.stride;
        let offset = address - arena.base(place);
        let state = &arena.places[place];
        let generation = state.generation.load(Ordering::Relaxed);
        let name = Name { adapter: arena.adapter, slot: (place / arena.turns) as u32, generation };
        let page = address & !(PAGE - 1);
        protect(page, PAGE, Access::All);
        match arena.guard {
            Guard::Driver => forget(page, PAGE),
            _ => drop(set_guard(page, false)),
        }
        state.spoilt.store(true, Ordering::Relaxed);
        let verb = if writes { "wrote" } else { "read" };
        let inside_data = offset >= arena.start && offset < arena.start + arena.buffer;
        let inside_descriptor =
            offset >= arena.descriptor && offset < arena.descriptor + DESCRIPTOR;
        let (rule, what) = if inside_data || inside_descriptor {
            let what = if inside_data {
                format!("byte {} of the buffer", offset - arena.start)
            } else {
                format!("{} of the NDIS_WAN_PACKET", field::name(offset - arena.descriptor))
            };
            (
                Rule::Touch,
                format!("the driver {verb} {what} of {name} after it had given the packet back"),
            )
        } else if offset + PAGE / 2 < arena.start && offset >= arena.descriptor + DESCRIPTOR {
            let beyond = offset - arena.descriptor - DESCRIPTOR;
            (
                Rule::Padding,
                format!(
                    "the driver {verb} {beyond} bytes behind the end of the NDIS_WAN_PACKET {name}"
                ),
            )
        } else if offset >= arena.start + arena.buffer {
            let beyond = offset - arena.start - arena.buffer;
            (Rule::Padding, format!("the driver {verb} the byte EndBuffer+{beyond} of {name}"))
        } else {
            let before = arena.start.abs_diff(offset);
            (Rule::Padding, format!("the driver {verb} the byte StartBuffer-{before} of {name}"))
        };
        let text = what + &trace();
        return Some(Fault {
            rule: Some(rule),
            packet: (generation > 0).then_some(name),
            text,
            at: 0,
        });
    }
    None
}
