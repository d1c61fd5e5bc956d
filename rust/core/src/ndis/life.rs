//! An adapter's end: halt, shutdown, and the bug check that stops it.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::Link;
use super::adapter::Adapter;
use crate::contract::adapter::Life;
use crate::contract::packet::{Owner, PacketState};
use crate::cx::{Cpu, Irql};
use crate::dispatch::Work;
use crate::event::{Entry, Name, TakenBack, What};
use crate::policy::OwedAtHalt;
use crate::pool::Slot;
use crate::rule::Rule;
use crate::status::{FinalStatus, Status};
use crate::time::TimeKind;
use crate::violation::Violation;

/// How long a halt waits for what other threads have begun and none begins any more.
const RUN_DOWN: Duration = Duration::from_secs(1);

impl Adapter {
    /// MiniportHalt, and what is left over afterwards.
    ///
    /// # Errors
    /// `SERIAL` from inside of the miniport itself.
    pub fn halt(&self) -> Result<(), Arc<Violation>> {
        let cpu = Cpu::current();
        if self.life() >= Life::Halting {
            return Ok(());
        }
        let outside = cpu.is_outermost() && cpu.irql() == Irql::PASSIVE;
        if outside {
            self.wait_for_initialize();
            self.wait_for_reset();
            self.pause_before_halt(&cpu);
        }
        if !outside || self.enter_and_wait(&cpu, None).is_err() {
            return Err(self.not_from_inside(&cpu));
        }
        let Some(before) = self.begin_to_halt() else {
            self.leave(&cpu);
            return Ok(()); // another thread halts it
        };
        self.emit(&cpu, What::Halt);
        self.look_at_stalled(&cpu);
        self.run_down(&cpu, FinalStatus::CLOSING);
        if self.life() == Life::Stopped {
            self.leave(&cpu);
            return Ok(()); // a bug check in a callback stopped it, and the driver is asked nothing more
        }
        self.calls_no_more();
        if before != Life::Initializing {
            self.call(&cpu, Entry::Halt, Irql::PASSIVE, |drivers| drivers.miniport.halt(&cpu));
        }
        self.leave(&cpu);
        self.deliver_rest(&cpu);
        self.look_at_halted(&cpu);
        self.set_life(Life::Halted);
        self.deliver_rest(&cpu);
        self.emit(&cpu, What::Halted);
        self.look_at_timers(&cpu);
        self.finish();
        Ok(())
    }

    /// MiniportHalt is called by whoever makes this step: its life before.
    fn begin_to_halt(&self) -> Option<Life> {
        let unless_begun = |now| (now < Life::Halting as u8).then_some(Life::Halting as u8);
        let before = self.life.fetch_update(Ordering::AcqRel, Ordering::Acquire, unless_begun);
        before.ok().map(Life::from_u8)
    }

    /// A miniport is not halted beside its MiniportInitialize on another thread.
    fn wait_for_initialize(&self) {
        self.ndis.wait_until(RUN_DOWN, || self.life() != Life::Initializing);
    }

    pub(crate) fn not_from_inside(&self, cpu: &Rc<Cpu>) -> Arc<Violation> {
        let detail = format!(
            "adapter {:?} was to be halted from inside of a callback at {}",
            self.name,
            cpu.irql()
        );
        self.report(cpu, Rule::Serial, None, detail)
    }

    /// A reset that is pending may end while others can go on; in virtual time nobody can.
    fn wait_for_reset(&self) {
        if self.ndis.config.time != TimeKind::Virtual {
            self.ndis.wait_until(RUN_DOWN, || self.life() != Life::Resetting);
        }
    }

    /// Gives back what is queued, and waits a short time for the sends that other threads have begun:
    /// none begins any more, and neither MiniportHalt nor a reset of a deserialized miniport is called
    /// beside MiniportWanSend.
    pub(crate) fn run_down(&self, cpu: &Rc<Cpu>, status: FinalStatus) {
        self.ndis.wait_until(RUN_DOWN, || {
            self.give_back_queued(cpu, status);
            let under_way = |slot: &Slot| {
                let state = slot.state();
                let in_call = state.is_of(Owner::Miniport) && !state.pended();
                state.is_of(Owner::Ndis) || (in_call && state.taken_back().is_none())
            };
            !self.pool.any(under_way)
        });
    }

    fn look_at_halted(&self, cpu: &Rc<Cpu>) {
        let owed: Vec<u32> = self.pool.owned_by(Owner::Miniport).collect();
        for slot in owed {
            if self.ndis.config.policy.owed_at_halt == OwedAtHalt::Report {
                let name = self.name_of(slot);
                self.lost(name, TakenBack::Halt, "MiniportHalt returned and it was still owed");
            } else if self.take_back(cpu, slot, TakenBack::Halt).is_some() {
                self.deliver(cpu, slot, FinalStatus::FAILURE);
            }
        }
    }

    fn look_at_timers(&self, cpu: &Rc<Cpu>) {
        let set = self.set_timers();
        if set.is_empty() {
            return;
        }
        let drivers = self.drivers.load();
        for timer in &set {
            let name = drivers.as_ref().and_then(|drivers| drivers.miniport.timer_name(*timer));
            let name = name.map_or_else(String::new, |name| format!(" ({name})"));
            let detail = format!("MiniportHalt returned and timer {timer}{name} is still set");
            self.report(cpu, Rule::Timer, None, detail);
        }
        for timer in set {
            self.cancel_timer(timer);
        }
    }

    /// Ends its life: its links are of no use any more. A completion that another thread has begun
    /// still reaches the protocol, until the drivers are let go.
    pub(crate) fn finish(&self) {
        self.set_life(self.life().max(Life::Halted));
        for link in &self.links.lock().list {
            let mut flow = link.flow.lock();
            (flow.state.up, flow.state.closed) = (false, true);
        }
    }

    /// Gives back, with `status`, every send that NDIS has queued.
    pub(crate) fn give_back_queued(&self, cpu: &Rc<Cpu>, status: FinalStatus) {
        if !self.has_queued() {
            return;
        }
        for link in self.each_link() {
            self.give_back_queued_on(cpu, &link, status);
        }
    }

    pub(crate) fn give_back_queued_on(&self, cpu: &Rc<Cpu>, link: &Link, status: FinalStatus) {
        let queued: Vec<u32> = {
            let mut flow = link.flow.lock();
            flow.count.delivered += flow.queue.len() as u64;
            flow.queue.drain(..).collect()
        };
        for slot in queued {
            self.unsend(cpu, link, self.name_of(slot), status);
            self.send_complete(cpu, slot, status);
        }
    }

    /// A queued send is the protocol's again.
    pub(super) fn unsend(&self, cpu: &Rc<Cpu>, link: &Link, packet: Name, status: FinalStatus) {
        self.emit(cpu, What::Unsend { packet, link: link.id, status: status.get() });
        let _ = self.pool.slot(packet.slot).step(PacketState::unsend);
        link.flow.lock().metered_unsent(packet.slot, status, self.ndis.now());
    }

    /// A send was to be queued, and the call was closed since it was taken: it is answered so.
    pub(crate) fn closed_meanwhile(&self, cpu: &Rc<Cpu>, link: &Link, packet: Name) -> Status {
        self.unsend(cpu, link, packet, FinalStatus::CLOSING);
        Status::CLOSING
    }

    /// A bug check: nothing of the adapter runs any more, and every packet goes home.
    pub(crate) fn stop(&self, cpu: &Rc<Cpu>) {
        if self.life() == Life::Stopped {
            return;
        }
        self.set_life(Life::Stopped);
        self.emit(cpu, What::Stop);
        for timer in self.set_timers() {
            self.cancel_timer(timer);
        }
        let owed: Vec<u32> = self.pool.owned_by(Owner::Miniport).collect();
        for slot in owed {
            if self.take_back(cpu, slot, TakenBack::Halt).is_some() {
                let failed = crate::ring::Completion { slot, status: FinalStatus::FAILURE };
                self.homeward.ring().push(failed);
            }
        }
        self.ndis.overflow.store(true, Ordering::Release);
        self.ndis.queue.schedule(self.ndis.now(), Work::Deliver { adapter: self.index });
    }

    /// MiniportShutdown: the machine goes down, once. What is sent from then on NDIS keeps, and gives back at the halt.
    pub fn shutdown(&self) {
        let cpu = Cpu::current();
        if self.life() < Life::Halted && !self.went_down.swap(true, Ordering::AcqRel) {
            for link in self.each_link() {
                link.flow.lock().going_down = true;
            }
            self.call(&cpu, Entry::Shutdown, cpu.irql(), |drivers| drivers.miniport.shutdown(&cpu));
        }
    }
}
