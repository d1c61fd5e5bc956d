//! Some packets of a call that completes many.
//!
//! Each of these loops is a function of its own, so that what it needs stays in registers, and so short that the processor is
//! at the next packets while it waits for the memory of this one.

use std::rc::Rc;
use std::sync::atomic::Ordering;

use crate::biased::Alone;
use crate::contract::packet::PacketState;
use crate::cx::Cpu;
use crate::event::Name;
use crate::ndis::emit::Watch;
use crate::ndis::{Adapter, Link, Moment};
use crate::policy::ResourcesAsFinal;
use crate::pool::Slot;
use crate::status::Status;

/// How many packets are looked for before the first of them is changed, or are changed before what is known of them is written down: so
/// many stay in the first cache meanwhile.
pub(in crate::ndis) const CHUNK: usize = 32;

/// What is known of the packets of a chunk that came home.
pub(super) struct Known {
    pub(super) sizes: [u32; CHUNK],
    pub(super) times: [u64; CHUNK],
}

/// Who completes them, and when, as the histories say it.
pub(super) struct Completing<'a> {
    pub(super) cpu: &'a Rc<Cpu>,
    pub(super) span: &'a Alone<'a>,
    pub(super) now: (Moment, u64),
}

impl Adapter {
    /// Whether there is nothing to say about a final status.
    #[inline(always)]
    #[allow(clippy::inline_always)] // once for each packet of a loop that counts instructions
    pub(super) fn is_plain(&self, status: Status) -> bool {
        let allowed = self.ndis.config.policy.resources_as_final == ResourcesAsFinal::Allow;
        status == Status::SUCCESS
            || (status.is_known()
                && status.is_final()
                && (status != Status::RESOURCES || allowed || self.ndis.verify_off()))
    }

    /// They are completed, delivered and in the pool again, on top of `top`; how many from the first on, until one is not this
    /// adapter's, not the miniport's in that life, or does not fit with the first of the statuses. What is known of each is written down.
    pub(super) fn bring_home(
        &self,
        link: &Link,
        handles: &[u64],
        by: &Completing<'_>,
        fitting: (impl Fn(usize) -> Status, impl Fn(u32) -> bool),
        known: &mut Known,
        top: &mut u32,
    ) -> usize {
        let (ndis, on, (now, who)) = (&*self.ndis, link.id, by.now);
        let time = now.time;
        match ndis.watch {
            Watch::Histories => {
                let note = move |place: &Slot, handle, status: Status| {
                    let life = Name::life_of(handle);
                    place.history.keep_done((time, who), life, status.0, on);
                };
                self.home_each(on, handles, by.span, fitting, known, top, note)
            }
            Watch::Nothing => {
                self.home_each(on, handles, by.span, fitting, known, top, |_, _, _| ())
            }
            Watch::Counted | Watch::Everything => {
                let note = |place: &Slot, handle, status| {
                    ndis.tell_done(link, (handle, place), by.cpu, now, status);
                };
                self.home_each(on, handles, by.span, fitting, known, top, note)
            }
        }
    }

    #[inline(never)]
    #[allow(clippy::too_many_arguments)] // a loop with what it needs
    fn home_each(
        &self,
        on: u32,
        handles: &[u64],
        span: &Alone<'_>,
        (status, fit): (impl Fn(usize) -> Status, impl Fn(u32) -> bool),
        Known { sizes, times }: &mut Known,
        top: &mut u32,
        note: impl Fn(&Slot, u64, Status),
    ) -> usize {
        let (slots, index) = (self.pool.slots(), self.index);
        let (mut above, mut home) = (*top, 0);
        for ((handle, size), time) in handles.iter().zip(sizes).zip(times) {
            let slot = Name::own_slot(*handle, index);
            let Some(place) = slots.get(slot as usize) else { break };
            let fits = place.link.load(Ordering::Relaxed) == on && place.is_anonymous();
            if !(fits && fit(slot) && self.is_plain(status(home))) {
                break;
            }
            let claimed = place.state().complete(Name::life_of(*handle));
            let freed = claimed.and_then(PacketState::deliver).and_then(PacketState::free);
            let Ok(freed) = freed else { break };
            *size = place.length.load(Ordering::Relaxed);
            *time = place.submitted.load(Ordering::Relaxed);
            note(place, *handle, status(home));
            place.free_above(span, freed, above);
            above = slot + 1;
            home += 1;
        }
        *top = above;
        home
    }

    /// They are completed, and not delivered yet; how many from the first on, until one is not this adapter's, not the miniport's in
    /// that life, or does not fit with the first of the statuses.
    pub(super) fn claim_each(
        &self,
        handles: &[u64],
        by: &Completing<'_>,
        fitting: (impl Fn(usize) -> Status, impl Fn(u32) -> bool),
    ) -> usize {
        let (ndis, (now, who)) = (&*self.ndis, by.now);
        let time = now.time;
        match ndis.watch {
            Watch::Histories => {
                self.claim_loop(handles, by, fitting, move |place, handle, status| {
                    let life = Name::life_of(handle);
                    place.history.keep_completed((time, who), life, status.0);
                })
            }
            Watch::Nothing => self.claim_loop(handles, by, fitting, |_, _, _| ()),
            Watch::Counted | Watch::Everything => {
                self.claim_loop(handles, by, fitting, |_, handle, status| {
                    ndis.tell_claimed(self, handle, by.cpu, now, status);
                })
            }
        }
    }

    #[inline(never)]
    fn claim_loop(
        &self,
        handles: &[u64],
        by: &Completing<'_>,
        (status, fit): (impl Fn(usize) -> Status, impl Fn(u32) -> bool),
        note: impl Fn(&Slot, u64, Status),
    ) -> usize {
        let (slots, index, time) = (self.pool.slots(), self.index, by.now.0.time);
        let mut claimed = 0;
        for handle in handles {
            let slot = Name::own_slot(*handle, index);
            let Some(place) = slots.get(slot as usize) else { break };
            if !(fit(slot) && self.is_plain(status(claimed))) {
                break;
            }
            let Ok(state) = place.state().complete(Name::life_of(*handle)) else { break };
            place.set_in(by.span, state);
            place.completed.store(time, Ordering::Relaxed);
            note(place, *handle, status(claimed));
            claimed += 1;
        }
        claimed
    }
}
