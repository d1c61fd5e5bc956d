//! What only the sister contracts have on the way: RESOURCES, the completions' other names, cancelling.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::gate::PATIENCE;
use super::{Adapter, HANG, Link, Moment};
use crate::choices::Access;
use crate::contract::adapter::Life;
use crate::contract::packet::{Owner, PacketState};
use crate::cx::{Cpu, Irql};
use crate::event::{Entry, Name, Part, Side, What};
use crate::face::{Answer, Face};
use crate::rule::Rule;
use crate::status::Status;
use crate::time::TimeKind;
use crate::violation::Violation;

/// `NDIS_SEND_COMPLETE_FLAGS_DISPATCH_LEVEL` and its twin of the send: the caller is at DISPATCH_LEVEL.
pub const DISPATCH_LEVEL: u32 = 1;

impl Adapter {
    /// Which send interface it has.
    #[inline]
    pub fn face(&self) -> Face {
        self.face
    }

    /// Whether NDIS queues again what the miniport answers so.
    pub(super) fn requeues(&self, answer: Status) -> bool {
        answer == Status::RESOURCES
            && self.face.answer(self.serialized(), answer) == Answer::Requeue
    }

    /// A serialized LAN miniport returned RESOURCES for the first of these, which went down together:
    /// NDIS keeps them all, in their order, before what is queued already.
    pub(super) fn requeue(&self, cpu: &Rc<Cpu>, link: &Link, packets: &[Name], called: Moment) {
        let now = self.ndis.later(called);
        self.stalled_since.store(now.time.max(1), Ordering::Release);
        for &packet in packets.iter().rev() {
            let place = self.pool.slot(packet.slot);
            let back = What::Return { packet, status: Status::RESOURCES };
            self.ndis.note(self, place, cpu, now, back);
            let mut flow = link.flow.lock();
            if place.step_on(cpu, |state| state.requeue(packet.generation)).is_err() {
                drop(flow);
                // Behind its event, where the check of a recording looks for it; a bug check takes the rest home.
                self.early(cpu, packet);
                if self.life() == Life::Stopped {
                    return;
                }
                continue;
            }
            flow.state.done();
            flow.count.answered += 1;
            flow.count.queued += 1;
            flow.queue.push_front(packet.slot);
            drop(flow);
            self.ndis.note(self, place, cpu, now, What::Requeue { packet, link: link.id });
        }
    }

    #[cold]
    fn early(&self, cpu: &Rc<Cpu>, packet: Name) {
        let detail = format!(
            "{packet} was completed inside of the call, and then {} returned {}; expected NDIS_STATUS_PENDING",
            self.face.send(),
            Status::RESOURCES
        );
        self.report(cpu, Rule::Early, Some(packet), detail);
    }

    /// Whether NDIS waits until the miniport has send resources again.
    pub(super) fn is_stalled(&self) -> bool {
        self.stalled_since.load(Ordering::Acquire) != 0
    }

    /// A completion, a reset or the miniport itself says that sends may go down again.
    pub(super) fn unstall(&self) {
        if self.face == Face::Lan {
            self.stalled_since.store(0, Ordering::Release);
        }
    }

    /// At the halt: whether sends wait for a serialized LAN miniport that will never say that it has send
    /// resources again. That is certain if nothing is left that could have it say so (a send that it owes, a
    /// timer, any work), and taken for certain after as long as nothing may stand still.
    pub(super) fn look_at_stalled(&self, cpu: &Rc<Cpu>) {
        let since = self.stalled_since.load(Ordering::Acquire);
        if since == 0 || self.pool.owned_by(Owner::Miniport).next().is_some() {
            return;
        }
        let links = self.links();
        let queued = || links.iter().map(|link| link.flow.lock());
        let (count, first) = (
            queued().map(|flow| flow.queue.len()).sum::<usize>(),
            queued().find_map(|flow| flow.queue.front().copied()),
        );
        let Some(first) = first else { return };
        let waited = self.ndis.now().saturating_sub(since);
        let over = self.ndis.config.time != TimeKind::Real
            && self.set_timers().is_empty()
            && self.ndis.queue.is_idle(|work| self.ndis.wants(work));
        if !over && waited < HANG {
            return;
        }
        let why = if over {
            "nothing is left to happen that could make the call"
        } else {
            "it is too late"
        };
        let detail = format!(
            "{} returned {} and NdisMSendResourcesAvailable was not called for {} ms, while {count} send(s) wait and the miniport owes none: {why}",
            self.face.send(),
            Status::RESOURCES,
            waited / 1_000_000,
        );
        self.report(cpu, Rule::Resources, Some(self.name_of(first)), detail);
    }

    /// NdisMSendResourcesAvailable.
    ///
    /// # Errors
    /// `STATUS_RESOURCES` for a WAN miniport, which never calls it; `RESOURCES` for one that was not out of
    /// them, `LOCK_HELD`, `IRQL_COMPLETE`: it is called as a completion is.
    pub fn send_resources_available(&self) -> Result<(), Arc<Violation>> {
        let _around = self.ndis.around(Access::adapter(self.index));
        let cpu = Cpu::current();
        self.emit(&cpu, What::ResourcesAvailable);
        if self.face == Face::Wan {
            let detail = format!(
                "NdisMSendResourcesAvailable was called; a WAN miniport is never out of resources ({})",
                Status::RESOURCES
            );
            return Err(self.report(&cpu, Rule::StatusResources, None, detail));
        }
        if !self.is_stalled() {
            let detail = format!(
                "NdisMSendResourcesAvailable was called on adapter {:?}, and no send waits for it: expected a serialized LAN miniport that has returned {}",
                self.name,
                Status::RESOURCES
            );
            return Err(self.report(&cpu, Rule::Resources, None, detail));
        }
        self.unstall();
        for link in self.links() {
            self.pump(&cpu, &link);
        }
        self.ndis.settle(&cpu);
        Ok(())
    }

    /// A completion by the call of `face`: [`wan_send_complete`](Self::wan_send_complete) with the name that it has there.
    ///
    /// # Errors
    /// `FACE` if the adapter has another interface, and what a completion breaks; it goes home all the same.
    pub fn send_complete_by(
        &self,
        face: Face,
        name: Name,
        status: Status,
    ) -> Result<(), Arc<Violation>> {
        let wrong = (face != self.face).then(|| {
            let detail = format!(
                "{name} was completed by {}; a miniport with {} completes by {}",
                face.complete(),
                self.face.send(),
                self.face.complete()
            );
            self.report(&Cpu::current(), Rule::Face, Some(name), detail)
        });
        let done = self.wan_send_complete(name, status);
        wrong.map_or(done, Err)
    }

    /// Gives a packet of the protocol's an id by which its next send can be cancelled
    /// (`NDIS_SET_PACKET_CANCEL_ID`).
    ///
    /// # Errors
    /// `TOUCH` if it is not the protocol's.
    pub fn set_cancel_id(&self, name: Name, id: u64) -> Result<(), Arc<Violation>> {
        self.may_touch(name, Side::Protocol, Part::Data)?;
        self.cancel_ids.lock().insert(name.slot, (name.generation, id));
        Ok(())
    }

    /// The id that the packet of this name can be cancelled by: set before the send that it is in.
    pub fn cancel_id(&self, name: Name) -> Option<u64> {
        let (set, id) = *self.cancel_ids.lock().get(&name.slot)?;
        let of_now = name.generation.wrapping_sub(set) <= 1;
        of_now.then_some(id)
    }

    /// NdisCancelSendPackets, of NDIS 6 NdisCancelSendNetBufferLists: NDIS gives back what it has queued itself and asks the
    /// miniport for the rest.
    ///
    /// # Errors
    /// `IRQL_SEND` above DISPATCH, `SERIAL` or `HANG` if a serialized miniport cannot be asked.
    pub fn cancel_sends(&self, id: u64) -> Result<(), Arc<Violation>> {
        let _around = self.ndis.around(Access::adapter(self.index));
        let cpu = Cpu::current();
        let may_send = cpu.state.borrow().may_send();
        if let Err(rule) = may_send {
            let detail = format!("a cancel at {}; expected DISPATCH_LEVEL or below", cpu.irql());
            return Err(self.report(&cpu, rule, None, detail));
        }
        let mut asks = false;
        let slots: Vec<u32> = self.cancel_ids.lock().keys().copied().collect();
        for slot in slots {
            let name = self.name_of(slot);
            if self.cancel_id(name) != Some(id) {
                continue;
            }
            let state = self.pool.slot(slot).state();
            if state.is_of(Owner::Ndis) {
                self.cancel_queued(&cpu, name);
            } else if state.is_of(Owner::Miniport) && self.face != Face::Wan {
                asks |= self.cancel_with_miniport(&cpu, name);
            }
        }
        if asks {
            self.enter_and_wait(&cpu, Some(PATIENCE))
                .map_err(|why| self.no_turn(&cpu, "a cancel", why))?;
            let at = if self.serialized() { Irql::DISPATCH } else { cpu.irql() };
            self.call(&cpu, Entry::CancelSend, at, |drivers| {
                drivers.miniport.cancel_send(&cpu, id);
            });
            self.leave(&cpu);
        }
        self.ndis.settle(&cpu);
        Ok(())
    }

    fn cancel_queued(&self, cpu: &Rc<Cpu>, name: Name) {
        let Some(link) = self.link_by_id(self.pool.slot(name.slot).link.load(Ordering::Relaxed))
        else {
            return;
        };
        let found = {
            let mut flow = link.flow.lock();
            let at = flow.queue.iter().position(|slot| *slot == name.slot);
            flow.count.delivered += u64::from(at.is_some());
            at.and_then(|at| flow.queue.remove(at)).is_some()
        };
        if found {
            let status = self.face.cancelled();
            self.unsend(cpu, &link, name, status);
            self.send_complete(cpu, name.slot, status);
        }
    }

    fn cancel_with_miniport(&self, cpu: &Rc<Cpu>, packet: Name) -> bool {
        let place = self.pool.slot(packet.slot);
        let asked = place.step(|state| state.cancel(packet.generation));
        if asked.is_ok() {
            place.submitted.store(self.ndis.now(), Ordering::Relaxed); // its time counts from here
            self.emit(cpu, What::Cancel { packet });
        }
        asked.is_ok_and(PacketState::cancelled)
    }
}
