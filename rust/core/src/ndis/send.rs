//! The way down: the protocol sends, NDIS keeps the window, the miniport is called.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::sent::{FrameError, SendError, Sent};
use super::{Adapter, Drivers, Link};
use crate::choices::Access;
use crate::contract::adapter::Life;
use crate::contract::packet::PacketState;
use crate::cx::{AtMostDispatch, Cpu, Cx, Irql};
use crate::disposition::Packet;
use crate::event::{Entry, Name, TakenBack, What};
use crate::info::EXTRA_FRAME_BYTES;
use crate::ndis::Moment;
use crate::ndis::gate::Job;
use crate::policy::{BeyondWindow, Reentry};
use crate::pool::Slot;
use crate::rule::Rule;
use crate::status::{FinalStatus, Status};
use crate::trace::record::Note;
use crate::violation::Violation;

enum Way {
    Submit,
    Recurse,
    Queue,
}

impl Link {
    /// Sends a packet (NdisSend).
    ///
    /// # Errors
    /// [`SendError`] gives the packet back with the rule that was broken.
    pub fn send<L: AtMostDispatch>(
        self: &Arc<Self>,
        cx: &mut Cx<L>,
        mut packet: Packet,
    ) -> Result<Sent, SendError> {
        let name = packet.lend();
        match self.send_on(cx.cpu(), name) {
            Ok(status) => Ok(match FinalStatus::new(status) {
                Ok(status) => Sent::Done(packet.regained(), status),
                Err(_) => Sent::Pending,
            }),
            Err(violation) => Err(SendError { packet: packet.regained(), violation }),
        }
    }

    /// Sends a packet that is known by name, from the calling thread.
    ///
    /// Returns PENDING, or the final status: the packet is the protocol's again then.
    ///
    /// # Errors
    /// The rule that was broken; the packet stays where it is.
    pub fn send_name(self: &Arc<Self>, name: Name) -> Result<Status, Arc<Violation>> {
        Cpu::here(|cpu| self.send_on(cpu, name))
    }

    /// Takes a packet, fills it and sends it, from the calling thread.
    ///
    /// Returns the packet's name and PENDING, or the final status: the packet is in the pool again
    /// then, and no ProtocolSendComplete is called for it.
    ///
    /// # Errors
    /// [`FrameError`]: there was no packet, or the send broke a rule; no packet is in use then.
    #[inline]
    pub fn send_frame(self: &Arc<Self>, frame: &[u8]) -> Result<(Name, Status), FrameError> {
        Cpu::here(|cpu| {
            let length = u32::try_from(frame.len()).unwrap_or(u32::MAX);
            let sent = self.send_straight(cpu, length, |body, info| body.put(info, frame), |_| ());
            sent.map_or_else(|| self.send_frame_slowly(cpu, frame), Ok)
        })
    }

    #[inline(never)]
    fn send_frame_slowly(
        self: &Arc<Self>,
        cpu: &Rc<Cpu>,
        frame: &[u8],
    ) -> Result<(Name, Status), FrameError> {
        let adapter = &*self.adapter;
        let _around = adapter.ndis.around_on(cpu, Access::link(self.id));
        let now = adapter.ndis.moment();
        let name = adapter.allocate_on(cpu, now, frame)?;
        // Nobody else knows the packet yet, and what was just filled fits.
        let sent = match self.sender_may_send(cpu) {
            Ok(()) => self.send_fit(cpu, name, frame.len() as u32, Some(now)),
            Err((rule, detail)) => Err(self.refuse(cpu, name, rule, detail)),
        };
        if !matches!(sent, Ok(Status::PENDING)) {
            adapter.free_slot_on(cpu, name.slot);
        }
        sent.map(|status| (name, status)).map_err(FrameError::Violation)
    }

    #[inline]
    fn send_on(self: &Arc<Self>, cpu: &Rc<Cpu>, name: Name) -> Result<Status, Arc<Violation>> {
        match self.send_name_straight(cpu, name) {
            Some(status) => Ok(status),
            None => self.send_slowly(cpu, name),
        }
    }

    #[inline(never)]
    fn send_slowly(self: &Arc<Self>, cpu: &Rc<Cpu>, name: Name) -> Result<Status, Arc<Violation>> {
        let _around = self.adapter.ndis.around_on(cpu, Access::link(self.id));
        match self.may_send(cpu, name) {
            Ok(length) => self.send_fit(cpu, name, length, None),
            Err((rule, detail)) => Err(self.refuse(cpu, name, rule, detail)),
        }
    }

    /// Sends a packet of `length` bytes that is fit for it. `fresh` if nobody else knows it yet: when
    /// it was taken out of the pool.
    fn send_fit(
        self: &Arc<Self>,
        cpu: &Rc<Cpu>,
        name: Name,
        length: u32,
        fresh: Option<Moment>,
    ) -> Result<Status, Arc<Violation>> {
        let adapter = &*self.adapter;
        let slot = adapter.pool.slot(name.slot);
        let (way, drivers) = {
            let mut flow = self.flow.lock();
            // Under the lock, so that a halt which has had it sees every send that was taken.
            if let Err(rule) = adapter.life().may_take_send() {
                drop(flow);
                return Err(self.refuse(cpu, name, rule, self.why_no_send()));
            }
            if let Err(rule) = flow.state.may_send() {
                drop(flow);
                let what = if rule == Rule::Line { "is not up" } else { "was closed" };
                let detail =
                    format!("a send on link {} of {:?}, which {what}", self.id, adapter.name);
                return Err(self.refuse(cpu, name, rule, detail));
            }
            match adapter.life() {
                Life::Resetting => return Ok(Status::RESET_IN_PROGRESS),
                Life::Pausing | Life::Paused => return Ok(Status::PAUSED),
                _ => {}
            }
            if length > flow.info.max_send_frame_size + EXTRA_FRAME_BYTES {
                return Ok(Status::INVALID_LENGTH);
            }
            let room = flow.state.has_room();
            if !room && adapter.ndis.config.policy.beyond_window == BeyondWindow::Report {
                let detail = format!(
                    "{} sends are outstanding on link {} and its window is {}; one more came",
                    flow.state.outstanding, self.id, flow.state.window
                );
                drop(flow);
                return Err(self.refuse(cpu, name, Rule::Window, detail));
            }
            let sent = match fresh {
                Some(_) => slot.own_step(PacketState::send),
                None => slot.step(PacketState::send),
            };
            if let Err(rule) = sent {
                drop(flow);
                let detail = format!("{name} was sent by two threads at once");
                return Err(self.refuse(cpu, name, rule, detail));
            }
            flow.count.sends += 1;
            if flow.meter.is_some() {
                flow.offered(name.slot, length, adapter.ndis.now());
            }
            let held = flow.going_down || adapter.life() == Life::Initializing;
            let way = if held || !room || !flow.queue.is_empty() || flow.pumping {
                Way::Queue
            } else if adapter.try_enter(cpu) {
                Way::Submit
            } else if adapter.ndis.config.policy.serialized_reentry == Reentry::Recursive
                && adapter.is_inside(cpu)
            {
                Way::Recurse
            } else {
                Way::Queue
            };
            if matches!(way, Way::Queue) {
                flow.count.queued += 1;
                (way, None)
            } else {
                let _ = flow.state.submit();
                flow.count.submitted += 1;
                (way, adapter.lend_from(cpu, &flow, |lent| &mut lent.down))
            }
        };
        slot.is_sent(self.id, length, fresh.is_some());
        let now = fresh.unwrap_or_else(|| adapter.ndis.moment());
        let send = What::Send { packet: name, link: self.id, length };
        adapter.ndis.note(adapter, slot, cpu, now, send);
        let status = match way {
            Way::Recurse => return Ok(self.submit(drivers.as_deref(), cpu, name.slot, false, now)),
            Way::Submit => {
                let status = self.submit(drivers.as_deref(), cpu, name.slot, false, now);
                adapter.put_back(cpu, drivers, None, |lent| &mut lent.down);
                adapter.leave(cpu);
                status
            }
            Way::Queue if self.enqueue(name.slot) => {
                adapter.pump(cpu, self);
                Status::PENDING
            }
            Way::Queue => adapter.closed_meanwhile(cpu, self, name),
        };
        adapter.ndis.settle(cpu);
        Ok(status)
    }

    /// A send that breaks a rule: it is recorded as it was made, and the packet stays where it is.
    fn refuse(&self, cpu: &Rc<Cpu>, name: Name, rule: Rule, detail: String) -> Arc<Violation> {
        let adapter = &*self.adapter;
        let own = adapter.pool.get(name.slot).filter(|_| name.adapter == adapter.index);
        if own.is_some() || name.adapter != adapter.index {
            let length = own.map_or(0, |slot| slot.body.lock().current_length() as u32);
            adapter.emit(cpu, What::Send { packet: name, link: self.id, length });
        }
        adapter.report(cpu, rule, own.map(|_| name), detail)
    }

    #[cold]
    fn why_no_send(&self) -> String {
        format!("a send on adapter {:?}, which is {}", self.adapter.name, self.adapter.life())
    }

    /// Whether a send may be made here and now, whatever the packet.
    fn sender_may_send(&self, cpu: &Rc<Cpu>) -> Result<(), (Rule, String)> {
        cpu.state.borrow().may_send().map_err(|rule| {
            (rule, format!("a send at {}; expected DISPATCH_LEVEL or below", cpu.irql()))
        })?;
        self.adapter.life().may_take_send().map_err(|rule| (rule, self.why_no_send()))
    }

    /// Whether the packet and the sender are fit for a send; the length of the data.
    pub(super) fn may_send(&self, cpu: &Rc<Cpu>, name: Name) -> Result<u32, (Rule, String)> {
        let adapter = &*self.adapter;
        let Some(slot) = adapter.pool.get(name.slot).filter(|_| name.adapter == adapter.index)
        else {
            let detail = format!("{name} is not of the pool of adapter {:?}", adapter.name);
            return Err((Rule::Foreign, detail));
        };
        let state = slot.state();
        state.send().map_err(|rule| {
            (rule, format!("{name} was sent, but it belongs to {} now", state.owner()))
        })?;
        self.sender_may_send(cpu)?;
        let body = slot.body.lock();
        if !body.has_padding(&adapter.info) {
            let detail = format!(
                "expected at least {} bytes free before the data and {} behind it, as WanInfo asks",
                adapter.info.header_padding, adapter.info.tail_padding
            );
            return Err((Rule::Padding, detail));
        }
        Ok(body.current_length() as u32)
    }

    /// Calls MiniportWanSend with a packet that the window has let through. The caller is inside.
    /// With `deliver`, a final status is brought by ProtocolSendComplete, since the protocol was
    /// told PENDING when its send was queued.
    pub(crate) fn submit(
        self: &Arc<Self>,
        drivers: Option<&Drivers>,
        cpu: &Rc<Cpu>,
        slot: u32,
        deliver: bool,
        now: Moment,
    ) -> Status {
        let adapter = &*self.adapter;
        let place = adapter.pool.slot(slot);
        let state = place.own_step(PacketState::submit).unwrap_or_else(|_| place.state());
        let name = Name { adapter: adapter.index, slot, generation: state.generation() };
        place.submitted.store(now.time, Ordering::Relaxed);
        self.note_submit((name, place), cpu, now, || Note::of(&place.body.lock()));
        self.hand_down(drivers, cpu, name, deliver, now)
    }

    /// That the miniport is called with the packet in `place`; its data, if somebody keeps that.
    #[inline(always)]
    #[allow(clippy::inline_always)] // see `Ndis::note`
    pub(super) fn note_submit(
        &self,
        (packet, place): (Name, &Slot),
        cpu: &Rc<Cpu>,
        now: Moment,
        frame: impl FnOnce() -> Note,
    ) {
        let (ndis, submit) = (&self.adapter.ndis, What::Submit { packet, link: self.id });
        if ndis.config.record {
            ndis.emit_with(&self.adapter, cpu, now, submit, frame);
        } else {
            ndis.note(&self.adapter, place, cpu, now, submit);
        }
    }

    /// The call itself, and what comes of it.
    #[inline(always)]
    #[allow(clippy::inline_always)] // of two callers, each of which knows a part of it
    pub(super) fn hand_down(
        self: &Arc<Self>,
        drivers: Option<&Drivers>,
        cpu: &Rc<Cpu>,
        name: Name,
        deliver: bool,
        now: Moment,
    ) -> Status {
        let answer = self.call_miniport(drivers, cpu, name);
        self.answered(cpu, name, answer, deliver, now)
    }

    /// What MiniportWanSend answers; none if it panicked.
    #[inline(always)]
    #[allow(clippy::inline_always)] // as above
    pub(super) fn call_miniport(
        self: &Arc<Self>,
        drivers: Option<&Drivers>,
        cpu: &Rc<Cpu>,
        name: Name,
    ) -> Option<Status> {
        let adapter = &*self.adapter;
        let at = if adapter.serialized() { Irql::DISPATCH } else { cpu.irql() };
        let (slot, generation) = (name.slot, name.generation);
        let call = |drivers: &Drivers| drivers.miniport.wan_send(cpu, self, slot, generation);
        adapter.call_on(drivers?, cpu, Entry::WanSend, at, call)
    }

    /// What comes of the answer.
    #[inline(always)]
    #[allow(clippy::inline_always)] // as above
    pub(super) fn answered(
        self: &Arc<Self>,
        cpu: &Rc<Cpu>,
        name: Name,
        answer: Option<Status>,
        deliver: bool,
        now: Moment,
    ) -> Status {
        let adapter = &*self.adapter;
        if let Some(status) = answer {
            return adapter.returned(cpu, self, name, status, deliver, now);
        }
        // The driver panicked; its token, if it still had one, has brought the packet home.
        adapter.lost(name, TakenBack::Dropped, "MiniportWanSend panicked");
        Status::PENDING
    }
}

impl Adapter {
    /// Sends what the link has queued, as far as the window lets it.
    pub(crate) fn pump(&self, cpu: &Rc<Cpu>, link: &Link) {
        if !link.flow.lock().queue.is_empty() {
            self.perform(cpu, Job::Pump(link.id));
        }
    }

    fn may_pump(&self) -> bool {
        self.life().may_send().is_ok() && !self.ndis.paused() && !self.is_stalled()
    }

    pub(crate) fn pump_inside(&self, cpu: &Rc<Cpu>, id: u32) {
        let Some(link) = self.link_by_id(id) else { return };
        {
            let mut flow = link.flow.lock();
            if flow.pumping {
                return;
            }
            flow.pumping = true;
        }
        while self.may_pump() {
            if link.pump_many(cpu) {
                continue;
            }
            let (slot, drivers) = {
                let mut flow = link.flow.lock();
                if flow.queue.is_empty() || flow.going_down || flow.state.submit().is_err() {
                    break;
                }
                flow.count.submitted += 1;
                (flow.queue.pop_front(), flow.drivers.clone())
            };
            let Some(slot) = slot else { break };
            link.submit(drivers.as_deref(), cpu, slot, true, self.ndis.moment());
        }
        let more = {
            let mut flow = link.flow.lock();
            flow.pumping = false;
            !flow.queue.is_empty() && flow.state.up && !flow.going_down && flow.state.has_room()
        };
        if more && self.may_pump() {
            // A packet came between the last look and the end of pumping.
            self.pump_inside(cpu, id);
        }
    }
}
