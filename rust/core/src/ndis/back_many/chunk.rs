//! Some packets of a call that completes many: a look at each, then the changes.
//!
//! Each of these loops is a function of its own, so that what it needs stays in registers.

use std::rc::Rc;
use std::sync::atomic::Ordering;

use crate::biased::Alone;
use crate::contract::packet::PacketState;
use crate::cx::Cpu;
use crate::event::Name;
use crate::history::{History, Place};
use crate::ndis::{Adapter, Link, Moment};
use crate::policy::ResourcesAsFinal;
use crate::pool::Slot;
use crate::status::Status;

/// How many packets are looked at, or looked for, before the first of them is changed: so many stay in the first cache meanwhile.
pub(in crate::ndis) const CHUNK: usize = 32;

/// A packet that was looked at, and where its history goes on.
///
/// Nothing of it changes before it is completed: in the span nobody else makes a step, and a packet that a call names twice
/// is not the miniport's any more at the second time.
#[derive(Copy, Clone)]
pub(super) struct Looked<'a> {
    pub(super) place: &'a Slot,
    pub(super) ahead: Option<&'a Place>,
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

    /// How many of these packets, from the first on, are this adapter's and fit, with the first of the statuses, and where they and
    /// their next events are; what is changed afterwards is asked for, so that it comes into the cache meanwhile.
    #[inline(never)]
    pub(super) fn looked_at<'a>(
        &self,
        slots: &'a [Slot],
        handles: &[u64],
        status: impl Fn(usize) -> Status,
        ahead: impl Fn(&History) -> Option<&Place>,
        mut fits: impl FnMut(usize, u32, &Slot) -> bool,
        looked: &mut [Looked<'a>; CHUNK],
    ) -> usize {
        let (mut many, index) = (0, self.index);
        for (handle, at) in handles.iter().zip(looked) {
            let slot = Name::own_slot(*handle, index);
            let Some(place) = slots.get(slot as usize) else { break };
            let ahead = ahead(&place.history);
            if let Some(ahead) = ahead {
                ahead.warm();
            }
            if !(fits(many, slot, place) && self.is_plain(status(many))) {
                break;
            }
            *at = Looked { place, ahead };
            many += 1;
        }
        many
    }

    /// They are completed, delivered and in the pool again, on top of `top`; how many from the first on, until one is not the
    /// miniport's in that life.
    #[inline(never)]
    pub(super) fn bring_home(
        &self,
        link: &Link,
        handles: &[u64],
        looked: &[Looked<'_>; CHUNK],
        by: &Completing<'_>,
        status: impl Fn(usize) -> Status,
        top: &mut u32,
    ) -> usize {
        let (ndis, index, mut home) = (&*self.ndis, self.index, 0);
        let (on, mut above) = (link.id, *top);
        for (handle, Looked { place, ahead }) in handles.iter().zip(looked) {
            let name = Name { adapter: index, ..Name::of_handle(*handle, index) };
            let claimed = place.state().complete(name.generation);
            let freed = claimed.and_then(PacketState::deliver).and_then(PacketState::free);
            let Ok(freed) = freed else { break };
            ndis.note_done((link, on), (name, place, *ahead), by.cpu, by.now, status(home));
            place.free_above(by.span, freed, above);
            above = name.slot + 1;
            home += 1;
        }
        *top = above;
        home
    }

    /// They are completed, and not delivered yet; how many from the first on, until one is not the miniport's in that life.
    #[inline(never)]
    pub(super) fn claim_each(
        &self,
        handles: &[u64],
        looked: &[Looked<'_>; CHUNK],
        by: &Completing<'_>,
        status: impl Fn(usize) -> Status,
    ) -> usize {
        let (ndis, index, mut claimed) = (&*self.ndis, self.index, 0);
        for (handle, Looked { place, ahead }) in handles.iter().zip(looked) {
            let name = Name { adapter: index, ..Name::of_handle(*handle, index) };
            let Ok(state) = place.state().complete(name.generation) else { break };
            place.set_in(by.span, state);
            place.completed.store(by.now.0.time, Ordering::Relaxed);
            ndis.note_claimed(self, (name, place, *ahead), by.cpu, by.now, status(claimed));
            claimed += 1;
        }
        claimed
    }
}
