//! An adapter's life: bind, halt, shutdown, and the bug check that stops it.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;
use parking_lot::{Mutex, RwLock};

use super::adapter::{Adapter, Count, Drivers};
use super::gate::Gate;
use super::timer::Timers;
use super::{Link, LinkSettings, Ndis};
use crate::contract::adapter::Life;
use crate::contract::packet::{Owner, PacketState};
use crate::cx::{Cpu, Irql};
use crate::dispatch::Work;
use crate::event::{Entry, TakenBack, What};
use crate::info::{BadInfo, MAX_PACKETS};
use crate::miniport::{Miniport, Mode};
use crate::policy::{OwedAtHalt, Reentry};
use crate::pool::{Pool, Slot};
use crate::protocol::Protocol;
use crate::rule::Rule;
use crate::status::{FinalStatus, Status};
use crate::violation::Violation;

/// Why an adapter did not come up.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// What the miniport says of itself cannot be.
    #[error("{0}")]
    Info(#[from] BadInfo),
    /// A pool of that size is not made.
    #[error("expected a pool of 1 to {MAX_PACKETS} packets, got {0}")]
    Packets(u32),
    /// MiniportInitialize failed.
    #[error("MiniportInitialize of {adapter:?} failed with {status}")]
    Initialize {
        /// Whose.
        adapter: String,
        /// With what.
        status: Status,
    },
    /// The world is closed.
    #[error("this Ndis is closed; make a new one")]
    Closed,
    /// There are 65,535 adapters already.
    #[error("an Ndis takes 65,535 adapters at the most")]
    TooManyAdapters,
    /// Bound from inside of a callback.
    #[error("expected a thread at PASSIVE_LEVEL, came at {0}; bind outside of callbacks")]
    NotPassive(Irql),
}

impl Ndis {
    /// Binds a protocol to a miniport with a pool of `packets`: MiniportInitialize is called, then
    /// the first line comes up unless the miniport does that itself.
    ///
    /// # Errors
    /// [`BindError`] if what they say cannot be, or MiniportInitialize fails.
    pub fn bind<M: Miniport>(
        &self,
        protocol: impl Protocol,
        miniport: M,
        packets: u32,
        name: &str,
    ) -> Result<Arc<Link>, BindError> {
        let info = miniport.info();
        info.validate()?;
        if packets == 0 || packets > MAX_PACKETS {
            return Err(BindError::Packets(packets));
        }
        if self.is_closed() {
            return Err(BindError::Closed);
        }
        let cpu = Cpu::current();
        if cpu.irql() != Irql::PASSIVE {
            return Err(BindError::NotPassive(cpu.irql()));
        }
        let (line_up, keep) = (miniport.line_up_at_bind(), self.history_length());
        let ndis = self.me.upgrade().ok_or(BindError::Closed)?;
        let drivers = Drivers { miniport: Box::new(miniport), protocol: Box::new(protocol) };
        let adapter = self.add_adapter(|index| {
            let (producer, consumer) =
                crate::ring::ring(crate::ring::Config::new(packets as usize));
            Arc::new_cyclic(|me| Adapter {
                index,
                name: name.to_string(),
                ndis,
                serialized: M::Mode::SERIALIZED,
                pool: Pool::new(packets, &info, keep),
                info,
                me: std::sync::Weak::clone(me),
                drivers: ArcSwapOption::from_pointee(drivers),
                life: AtomicU8::new(Life::Initializing as u8),
                links: RwLock::default(),
                gate: Gate::default(),
                producer,
                consumer: Mutex::new(consumer),
                deliver_scheduled: AtomicBool::new(false),
                deliver_missed: AtomicBool::new(false),
                timers: Timers::default(),
                last_progress: AtomicU64::new(0),
                hang_reported: AtomicBool::new(false),
                kept: Mutex::default(),
                past: Mutex::default(),
                count: Count::default(),
            })
        })?;
        adapter.initialize(&cpu, line_up)?;
        let link = adapter.links.read().first().cloned();
        Ok(link.unwrap_or_else(|| adapter.new_link(None)))
    }
}

impl Adapter {
    fn initialize(&self, cpu: &Rc<Cpu>, line_up: bool) -> Result<(), BindError> {
        let reentrant = self.ndis.config.policy.serialized_reentry == Reentry::Recursive;
        self.emit(cpu, What::Register { serialized: self.serialized, reentrant });
        self.enter_and_wait(cpu);
        let this = self.arc();
        let result = self.call(cpu, Entry::Initialize, Irql::PASSIVE, |drivers| {
            drivers.miniport.initialize(cpu, &this)
        });
        self.leave(cpu);
        let status = match result {
            Some(Ok(())) => None,
            Some(Err(status)) => Some(status),
            None => Some(Status::FAILURE),
        };
        if let Some(status) = status {
            self.finish();
            self.drivers.store(None);
            return Err(BindError::Initialize { adapter: self.name.clone(), status });
        }
        self.set_life(Life::Running);
        self.emit(cpu, What::Start);
        let interval = self.hang_interval();
        if interval > 0 {
            self.ndis.queue.schedule_background(
                self.ndis.now() + interval,
                Work::HangCheck { adapter: self.index },
            );
        }
        if line_up && self.links.read().is_empty() {
            // NDIS's own doing: what a driver may not do here does not apply.
            let link = self.new_link(None);
            let before = cpu.irql();
            if self.serialized {
                self.set_level(cpu, What::Raise { to: Irql::DISPATCH }, Irql::DISPATCH);
            }
            self.bring_up(cpu, &link, LinkSettings::default());
            if self.serialized {
                self.set_level(cpu, What::Lower { to: before }, before);
            }
        }
        // What a protocol sent when a line came up inside of MiniportInitialize has waited.
        for link in self.links() {
            self.pump(cpu, &link);
        }
        Ok(())
    }

    fn set_level(&self, cpu: &Rc<Cpu>, event: What, to: Irql) {
        self.emit(cpu, event);
        cpu.state.borrow_mut().irql = to;
    }

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
        if !outside || !self.enter_and_wait(&cpu) {
            return Err(self.not_from_inside(&cpu));
        }
        let quiet = self.life() == Life::Initializing;
        self.set_life(Life::Halting);
        self.emit(&cpu, What::Halt);
        self.run_down(&cpu);
        if !quiet {
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

    fn not_from_inside(&self, cpu: &Rc<Cpu>) -> Arc<Violation> {
        let detail = format!(
            "adapter {:?} was to be halted from inside of a callback at {}",
            self.name,
            cpu.irql()
        );
        self.report(cpu, Rule::Serial, None, detail)
    }

    /// Gives back what is queued, and waits a short time for the sends that other threads have begun:
    /// none begins any more, and MiniportHalt is not called beside MiniportWanSend.
    fn run_down(&self, cpu: &Rc<Cpu>) {
        let end = Instant::now() + Duration::from_secs(1);
        loop {
            self.give_back_queued(cpu, FinalStatus::CLOSING);
            let under_way = |slot: &Slot| {
                let state = slot.state();
                let in_call = state.owner == Owner::Miniport && !state.pended;
                state.owner == Owner::Ndis || (in_call && state.taken_back.is_none())
            };
            if !self.pool.any(under_way) || Instant::now() > end {
                return;
            }
            std::thread::sleep(Duration::from_micros(50));
        }
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
        for timer in &set {
            let detail = format!("MiniportHalt returned and timer {timer} is still set");
            self.report(cpu, Rule::Timer, None, detail);
        }
        for timer in set {
            self.cancel_timer(timer);
        }
    }

    /// Ends its life: its links are of no use any more. A completion that another thread has begun
    /// still reaches the protocol, until [`forget_drivers`](Self::forget_drivers).
    fn finish(&self) {
        self.set_life(self.life().max(Life::Halted));
        for link in self.links.read().iter() {
            let mut flow = link.flow.lock();
            (flow.state.up, flow.state.closed) = (false, true);
        }
    }

    /// Ends what holds the drivers, so that no cycle keeps them alive.
    fn forget_drivers(&self) {
        self.drivers.store(None);
        *self.past.lock() = self.counters();
        self.links.write().clear();
    }

    /// Gives back, with `status`, every send that NDIS has queued.
    pub(crate) fn give_back_queued(&self, cpu: &Rc<Cpu>, status: FinalStatus) {
        for link in self.links() {
            self.give_back_queued_on(cpu, &link, status);
        }
    }

    pub(crate) fn give_back_queued_on(&self, cpu: &Rc<Cpu>, link: &Link, status: FinalStatus) {
        let queued: Vec<u32> = link.flow.lock().queue.drain(..).collect();
        for slot in queued {
            let packet = self.name_of(slot);
            self.emit(cpu, What::Unsend { packet, link: link.id, status: status.get() });
            let _ = self.pool.slot(slot).step(PacketState::unsend);
            link.flow.lock().count.delivered += 1;
            self.send_complete(cpu, slot, status);
        }
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
                self.producer.push(crate::ring::Completion { slot, status: FinalStatus::FAILURE });
            }
        }
        self.ndis.overflow.store(true, Ordering::Release);
        self.ndis.queue.schedule(self.ndis.now(), Work::Deliver { adapter: self.index });
    }

    /// The thread that closes the world does that at PASSIVE with no lock held: what an earlier call
    /// of its own left behind is reported and put right, or no later world could be used on it.
    fn put_right(&self, cpu: &Rc<Cpu>) {
        let (irql, locks) = (cpu.irql(), cpu.locks_held());
        if irql == Irql::PASSIVE && locks == 0 {
            return;
        }
        let rule = if locks > 0 { Rule::LockLeak } else { Rule::IrqlLeak };
        let detail = format!(
            "the Ndis was closed at {irql} with {locks} spin lock(s) held; expected PASSIVE_LEVEL and none"
        );
        self.report(cpu, rule, None, detail);
        self.unwind(cpu);
    }

    /// Waits for completions that other threads have begun, and delivers them; a short time, since
    /// none begins any more.
    fn wait_for_returning(&self, cpu: &Rc<Cpu>) {
        let end = Instant::now() + Duration::from_secs(1);
        loop {
            self.deliver_rest(cpu);
            if self.pool.owned_by(Owner::Returning).next().is_none() || Instant::now() > end {
                return;
            }
            std::thread::sleep(Duration::from_micros(50));
        }
    }

    /// MiniportShutdown: the machine goes down.
    pub fn shutdown(&self) {
        let cpu = Cpu::current();
        if self.life() < Life::Halted {
            self.call(&cpu, Entry::Shutdown, cpu.irql(), |drivers| drivers.miniport.shutdown(&cpu));
        }
    }
}

impl Ndis {
    /// Halts every adapter and stops the dispatcher; the second time does nothing.
    ///
    /// # Errors
    /// `SERIAL` if it is called from inside of a callback; nothing is halted then.
    pub fn close(&self) -> Result<(), Arc<Violation>> {
        let cpu = Cpu::current();
        if let Some(adapter) = self.adapters().first() {
            if cpu.is_outermost() {
                adapter.put_right(&cpu);
            } else if !self.is_closed() {
                return Err(adapter.not_from_inside(&cpu));
            }
        }
        if self.is_closed() {
            return Ok(());
        }
        // Of two threads that close, the second waits for the first; not for ever, since the first
        // may wait for the second in its MiniportHalt.
        let _turn = self.closing.try_lock_for(Duration::from_secs(1));
        for adapter in self.adapters() {
            adapter.halt()?;
        }
        if !self.set_closed() {
            self.stop_dispatcher();
            for adapter in self.adapters() {
                adapter.wait_for_returning(&cpu);
                adapter.forget_drivers();
            }
        }
        Ok(())
    }
}
