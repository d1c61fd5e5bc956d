//! Some packets of a call that completes many: a look at each, then the changes.
//!
//! Each of these loops is a function of its own, so that what it needs stays in registers.

use std::rc::Rc;
use std::sync::atomic::Ordering;

use crate::biased::Alone;
use crate::contract::packet::PacketState;
use crate::cx::Cpu;
use crate::event::Name;
use crate::ndis::{Adapter, Link, Moment};
use crate::policy::ResourcesAsFinal;
use crate::pool::Slot;
use crate::ring::Completion;
use crate::status::{FinalStatus, Status};

/// How many packets are looked at, or looked for, before the first of them is changed: so many stay in the first cache meanwhile.
pub(in crate::ndis) const CHUNK: usize = 32;

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

    /// How many of these packets, from the first on, are this adapter's and fit, with the first of the statuses, and their places; a
    /// look at each brings what is changed afterwards into the cache.
    #[inline(never)]
    pub(super) fn looked_at<'a>(
        &self,
        slots: &'a [Slot],
        handles: &[u64],
        status: impl Fn(usize) -> Status,
        fits: impl Fn(u32, &Slot) -> bool,
        places: &mut [&'a Slot; CHUNK],
    ) -> usize {
        let (mut seen, mut many, index) = (0, 0, self.index);
        for (handle, at) in handles.iter().zip(places) {
            let Some(name) = Name::of_own(*handle, index) else { break };
            let Some(place) = slots.get(name.slot as usize) else { break };
            seen |= place.history.warm();
            if !(fits(name.slot, place) && self.is_plain(status(many))) {
                break;
            }
            *at = place;
            many += 1;
        }
        std::hint::black_box(seen);
        many
    }

    /// They are completed, delivered and in the pool again, on top of `top`; how many from the first on, until one is not the
    /// miniport's in that life.
    #[inline(never)]
    pub(super) fn bring_home(
        &self,
        link: &Link,
        handles: &[u64],
        places: &[&Slot; CHUNK],
        by: &Completing<'_>,
        status: impl Fn(usize) -> Status,
        top: &mut u32,
    ) -> usize {
        let (ndis, index, mut home) = (&*self.ndis, self.index, 0);
        for (handle, place) in handles.iter().zip(places) {
            let name = Name { adapter: index, ..Name::of_handle(*handle, index) };
            let claimed = place.state().complete(name.generation);
            let freed = claimed.and_then(PacketState::deliver).and_then(PacketState::free);
            let Ok(freed) = freed else { break };
            ndis.note_done(link, (name, place), by.cpu, by.now, status(home));
            place.free_above(by.span, freed, *top);
            *top = name.slot + 1;
            home += 1;
        }
        home
    }

    /// They are completed, and not delivered yet, until one is not the miniport's in that life.
    #[inline(never)]
    pub(super) fn claim_each(
        &self,
        handles: &[u64],
        places: &[&Slot; CHUNK],
        by: &Completing<'_>,
        status: impl Fn(usize) -> Status,
        claimed: &mut Vec<Completion>,
    ) {
        let (ndis, index) = (&*self.ndis, self.index);
        claimed.extend(handles.iter().zip(places).enumerate().map_while(
            |(at, (handle, place))| {
                let name = Name { adapter: index, ..Name::of_handle(*handle, index) };
                let state = place.state().complete(name.generation).ok()?;
                let status = FinalStatus::new(status(at)).ok()?;
                place.set_in(by.span, state);
                place.completed.store(by.now.0.time, Ordering::Relaxed);
                ndis.note_claimed(self, (name, place), by.cpu, by.now, status.get());
                Some(Completion { slot: name.slot, status })
            },
        ));
    }
}
