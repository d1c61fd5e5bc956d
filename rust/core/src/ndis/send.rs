//! The way down: the protocol sends, NDIS keeps the window, the miniport is called.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::{Adapter, Link};
use crate::contract::adapter::Life;
use crate::contract::packet::PacketState;
use crate::cx::{AtMostDispatch, Cpu, Cx, Irql};
use crate::disposition::Packet;
use crate::event::{Entry, Name, TakenBack, What};
use crate::info::EXTRA_FRAME_BYTES;
use crate::ndis::Moment;
use crate::ndis::gate::Job;
use crate::packet::BadFrame;
use crate::policy::{BeyondWindow, Reentry};
use crate::rule::Rule;
use crate::status::{FinalStatus, Status};
use crate::trace::record::Note;
use crate::violation::Violation;

/// Why there is no packet.
#[derive(Debug, thiserror::Error)]
pub enum PacketError {
    /// All of the pool's packets are in use.
    #[error(
        "adapter {adapter:?}: all {packets} packets of the pool are in use; wait for completions, or bind with more packets"
    )]
    Exhausted {
        /// Whose pool.
        adapter: String,
        /// How many it has.
        packets: usize,
    },
    /// The frame does not fit.
    #[error("adapter {adapter:?}: {source}")]
    Frame {
        /// Whose pool.
        adapter: String,
        /// What is wrong with it.
        source: BadFrame,
    },
}

/// How a send was answered.
#[derive(Debug)]
pub enum Sent {
    /// ProtocolSendComplete will bring the packet back.
    Pending,
    /// It is finished, and here is the packet; ProtocolSendComplete is not called.
    Done(Packet, FinalStatus),
}

/// A send that broke a rule: the packet is still the protocol's.
#[derive(Debug)]
pub struct SendError {
    /// The packet.
    pub packet: Packet,
    /// What was broken.
    pub violation: Arc<Violation>,
}

enum Way {
    Submit,
    Recurse,
    Queue,
}

impl Adapter {
    /// Takes a packet out of the pool and fills it.
    ///
    /// # Errors
    /// [`PacketError`] if the pool is exhausted or the frame is empty or too long.
    pub fn packet(&self, frame: &[u8]) -> Result<Packet, PacketError> {
        self.allocate(frame).map(|name| Packet::new(self.arc(), name.slot))
    }

    /// The same by name: [`free`](Self::free) or a send ends it.
    ///
    /// # Errors
    /// As [`packet`](Self::packet).
    pub fn allocate(&self, frame: &[u8]) -> Result<Name, PacketError> {
        let slot = self.pool.allocate().ok_or_else(|| PacketError::Exhausted {
            adapter: self.name.clone(),
            packets: self.pool.len(),
        })?;
        let packet = self.name_of(slot);
        self.emit(&Cpu::current(), What::Allocate { packet });
        let filled = self.pool.slot(slot).body.lock().fill(&self.info, frame);
        filled.map(|()| packet).map_err(|source| {
            self.free_slot(slot);
            PacketError::Frame { adapter: self.name.clone(), source }
        })
    }

    /// Gives a packet, known by name, back to the pool.
    ///
    /// # Errors
    /// `TOUCH` if it is not the protocol's, `FOREIGN` if it is another adapter's.
    pub fn free(&self, name: Name) -> Result<(), Arc<Violation>> {
        self.may_touch(name, crate::event::Side::Protocol, crate::event::Part::Data)?;
        self.free_slot(name.slot);
        Ok(())
    }

    pub(crate) fn free_slot(&self, slot: u32) {
        let state = self.pool.slot(slot).state();
        if state.free().is_err() {
            return; // not the protocol's any more, so it cannot free it; nothing is lost
        }
        self.emit(&Cpu::current(), What::Free { packet: self.name_of(slot) });
        let _ = self.pool.free(slot);
    }
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
        self.send_on(&Cpu::current(), name)
    }

    fn send_on(self: &Arc<Self>, cpu: &Rc<Cpu>, name: Name) -> Result<Status, Arc<Violation>> {
        let adapter = &*self.adapter;
        let length = match self.may_send(cpu, name) {
            Ok(length) => length,
            Err((rule, detail)) => return Err(self.refuse(cpu, name, rule, detail)),
        };
        let way = {
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
            if adapter.life() == Life::Resetting {
                return Ok(Status::RESET_IN_PROGRESS);
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
            if let Err(rule) = adapter.pool.slot(name.slot).step(PacketState::send) {
                drop(flow);
                let detail = format!("{name} was sent by two threads at once");
                return Err(self.refuse(cpu, name, rule, detail));
            }
            flow.count.sends += 1;
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
            } else {
                let _ = flow.state.submit();
                flow.count.submitted += 1;
            }
            way
        };
        let slot = adapter.pool.slot(name.slot);
        slot.link.store(self.id, Ordering::Relaxed);
        slot.length.store(length, Ordering::Relaxed);
        let now = adapter.ndis.moment();
        let send = What::Send { packet: name, link: self.id, length };
        adapter.ndis.emit_at(adapter, cpu, now, send);
        let status = match way {
            Way::Recurse => return Ok(self.submit(cpu, name.slot, false, now)),
            Way::Submit => {
                let status = self.submit(cpu, name.slot, false, now);
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
        format!("a send on adapter {:?}, which is {:?}", self.adapter.name, self.adapter.life())
    }

    /// Whether the packet and the sender are fit for a send; the length of the data.
    fn may_send(&self, cpu: &Rc<Cpu>, name: Name) -> Result<u32, (Rule, String)> {
        let adapter = &*self.adapter;
        let Some(slot) = adapter.pool.get(name.slot).filter(|_| name.adapter == adapter.index)
        else {
            let detail = format!("{name} is not of the pool of adapter {:?}", adapter.name);
            return Err((Rule::Foreign, detail));
        };
        let state = slot.state();
        state.send().map_err(|rule| {
            (rule, format!("{name} was sent, but it belongs to {:?} now", state.owner))
        })?;
        cpu.state.borrow().may_send().map_err(|rule| {
            (rule, format!("a send at {}; expected DISPATCH_LEVEL or below", cpu.irql()))
        })?;
        adapter.life().may_take_send().map_err(|rule| (rule, self.why_no_send()))?;
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
        cpu: &Rc<Cpu>,
        slot: u32,
        deliver: bool,
        now: Moment,
    ) -> Status {
        let adapter = &*self.adapter;
        let place = adapter.pool.slot(slot);
        let state = place.own_step(PacketState::submit).unwrap_or_else(|_| place.state());
        let name = Name { adapter: adapter.index, slot, generation: state.generation };
        place.submitted.store(now.time, Ordering::Relaxed);
        let (ndis, submit) = (&adapter.ndis, What::Submit { packet: name, link: self.id });
        if ndis.config.record {
            let frame = || Note::Frame(place.body.lock().data().into());
            ndis.emit_with(adapter, cpu, now, submit, frame);
        } else {
            ndis.emit_at(adapter, cpu, now, submit);
        }
        let at = if adapter.serialized { Irql::DISPATCH } else { cpu.irql() };
        let answer = adapter
            .call(cpu, Entry::WanSend, at, |drivers| drivers.miniport.wan_send(cpu, self, name));
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

    pub(crate) fn pump_inside(&self, cpu: &Rc<Cpu>, id: u32) {
        let Some(link) = self.link_by_id(id) else { return };
        {
            let mut flow = link.flow.lock();
            if flow.pumping {
                return;
            }
            flow.pumping = true;
        }
        while self.life().may_send().is_ok() && !self.ndis.paused() {
            let slot = {
                let mut flow = link.flow.lock();
                if flow.queue.is_empty() || flow.going_down || flow.state.submit().is_err() {
                    break;
                }
                flow.count.submitted += 1;
                flow.queue.pop_front()
            };
            let Some(slot) = slot else { break };
            link.submit(cpu, slot, true, self.ndis.moment());
        }
        let more = {
            let mut flow = link.flow.lock();
            flow.pumping = false;
            !flow.queue.is_empty() && flow.state.up && !flow.going_down && flow.state.has_room()
        };
        if more && self.life().may_send().is_ok() && !self.ndis.paused() {
            // A packet came between the last look and the end of pumping.
            self.pump_inside(cpu, id);
        }
    }
}
