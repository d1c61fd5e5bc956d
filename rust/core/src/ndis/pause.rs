//! Pause and restart of an NDIS 6 adapter.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::Adapter;
use crate::contract::adapter::Life;
use crate::contract::packet::Owner;
use crate::cx::{Cpu, Irql};
use crate::event::{Entry, TakenBack, What};
use crate::face::Face;
use crate::rule::Rule;
use crate::status::{FinalStatus, Status};
use crate::violation::Violation;

/// How long a halt waits for a pause (NdisFilterTimedPauseComplete).
const PATIENCE: Duration = Duration::from_secs(10);

impl Adapter {
    fn change_life(&self, from: Life, to: Life) -> bool {
        let (order, relaxed) = (Ordering::AcqRel, Ordering::Acquire);
        self.life.compare_exchange(from as u8, to as u8, order, relaxed).is_ok()
    }

    /// Pauses an NDIS 6 adapter. SUCCESS, PENDING if the miniport says later that it is done, or
    /// INVALID_STATE for one that does not run or has another interface.
    ///
    /// # Errors
    /// `SERIAL` from inside of a callback or above PASSIVE; `PAUSE` if it is done and a send is still owed, it
    /// returned another status, or it called NdisMPauseComplete and did not return PENDING.
    pub fn pause(&self) -> Result<Status, Arc<Violation>> {
        let cpu = Cpu::current();
        if !cpu.is_outermost() || cpu.irql() != Irql::PASSIVE {
            let detail = format!(
                "adapter {:?} was to be paused from inside of a callback or at {}; expected PASSIVE_LEVEL and neither",
                self.name,
                cpu.irql()
            );
            return Err(self.report(&cpu, Rule::Serial, None, detail));
        }
        if self.face != Face::Ndis6 || !self.change_life(Life::Running, Life::Pausing) {
            return Ok(Status::INVALID_STATE);
        }
        self.emit(&cpu, What::Pause);
        self.run_down(&cpu, FinalStatus::PAUSED);
        let answer = self
            .answer_of(&cpu, Entry::Pause, Irql::PASSIVE, |drivers| drivers.miniport.pause(&cpu));
        if answer == Some(Status::PENDING) {
            self.ndis.settle(&cpu);
            return Ok(Status::PENDING);
        }
        let wrong = answer.and_then(|status| {
            if self.life() == Life::Paused {
                Some(format!(
                    "MiniportPause returned {status} after NdisMPauseComplete was called inside of it; expected NDIS_STATUS_PENDING"
                ))
            } else if status != Status::SUCCESS {
                Some(format!(
                    "MiniportPause returned {status}; expected NDIS_STATUS_SUCCESS or NDIS_STATUS_PENDING"
                ))
            } else {
                None
            }
        });
        let broken = wrong.map(|detail| self.report(&cpu, Rule::Pause, None, detail));
        let tells = answer.is_some() && broken.is_none();
        let left = self.paused(&cpu, "MiniportPause returned", tells);
        self.ndis.settle(&cpu);
        broken.or(left).map_or(Ok(Status::SUCCESS), Err)
    }

    /// NdisMPauseComplete.
    ///
    /// # Errors
    /// `PAUSE` if no pause is pending, or a send is still owed: it goes back with PAUSED then.
    pub fn pause_complete(&self) -> Result<(), Arc<Violation>> {
        let cpu = Cpu::current();
        if let Err(rule) = self.life().may_end_pause() {
            self.emit(&cpu, What::Paused);
            let detail = format!(
                "NdisMPauseComplete was called and no pause is pending: adapter {:?} is {}",
                self.name,
                self.life()
            );
            return Err(self.report(&cpu, rule, None, detail));
        }
        let left = self.paused(&cpu, "NdisMPauseComplete was called", true);
        self.ndis.settle(&cpu);
        left.map_or(Ok(()), Err)
    }

    /// The pause is over; what the miniport still has is no longer its.
    fn paused(&self, cpu: &Rc<Cpu>, how: &str, tells: bool) -> Option<Arc<Violation>> {
        if self.life() != Life::Pausing {
            return None; // ended inside of the call, or by a bug check
        }
        let owed: Vec<u32> = self.pool.owned_by(Owner::Miniport).collect();
        let broken = owed.first().filter(|_| tells).map(|first| {
            let detail = format!(
                "{how} and the miniport still has {} send(s); it has to complete them with NDIS_STATUS_PAUSED first",
                owed.len()
            );
            self.report(cpu, Rule::Pause, Some(self.name_of(*first)), detail)
        });
        for slot in owed {
            if self.take_back(cpu, slot, TakenBack::Paused).is_some() {
                self.deliver(cpu, slot, FinalStatus::PAUSED);
            }
        }
        if self.change_life(Life::Pausing, Life::Paused) {
            self.emit(cpu, What::Paused);
        }
        broken
    }

    /// Restarts a paused NDIS 6 adapter: the status of MiniportRestart, PENDING if the miniport says later that it is
    /// done, INVALID_STATE for one that is not paused or restarts already.
    ///
    /// # Errors
    /// `SERIAL` from inside of a callback or above PASSIVE.
    pub fn restart(&self) -> Result<Status, Arc<Violation>> {
        let cpu = Cpu::current();
        if !cpu.is_outermost() || cpu.irql() != Irql::PASSIVE {
            return Err(self.not_from_inside(&cpu));
        }
        if self.life() != Life::Paused || self.restarting.load(Ordering::Acquire) {
            return Ok(Status::INVALID_STATE);
        }
        let status = self.call_restart(&cpu);
        if status == Status::SUCCESS && self.change_life(Life::Paused, Life::Running) {
            self.emit(&cpu, What::Start);
        }
        self.ndis.settle(&cpu);
        Ok(status)
    }

    /// The answer of MiniportRestart; after PENDING a restart is under way.
    fn call_restart(&self, cpu: &Rc<Cpu>) -> Status {
        self.restarting.store(true, Ordering::Release); // it may end inside of the call
        let answer = self
            .answer_of(cpu, Entry::Restart, Irql::PASSIVE, |drivers| drivers.miniport.restart(cpu));
        let status = answer.unwrap_or(Status::FAILURE);
        let ended = status != Status::PENDING && !self.restarting.swap(false, Ordering::AcqRel);
        if ended && answer.is_some() {
            let detail = format!(
                "MiniportRestart returned {status} after NdisMRestartComplete was called inside of it; expected NDIS_STATUS_PENDING"
            );
            self.report(cpu, Rule::Pause, None, detail);
        }
        status
    }

    /// The restart with which an adapter begins: what came of it. One that answers PENDING is waited for.
    pub(super) fn first_restart(&self, cpu: &Rc<Cpu>) -> Status {
        match self.call_restart(cpu) {
            Status::PENDING if self.restart_ends(cpu) => {
                Status(self.restarted.load(Ordering::Acquire))
            }
            Status::PENDING => Status::FAILURE,
            status => status,
        }
    }

    /// Waits for a restart that answered PENDING, for ten seconds; whether it has ended.
    fn restart_ends(&self, cpu: &Rc<Cpu>) -> bool {
        let ended = || !self.restarting.load(Ordering::Acquire);
        if ended() || self.ndis.wait(PATIENCE, ended) {
            return true;
        }
        let detail = format!(
            "MiniportRestart returned NDIS_STATUS_PENDING and NdisMRestartComplete was not called; expected within {} s",
            PATIENCE.as_secs()
        );
        self.report(cpu, Rule::Pause, None, detail);
        self.restarting.store(false, Ordering::Release);
        false
    }

    /// NdisMRestartComplete: a restart that answered PENDING has come to `status`.
    ///
    /// # Errors
    /// `PAUSE` if none is pending, or for PENDING, which ends nothing.
    pub fn restart_complete(&self, status: Status) -> Result<(), Arc<Violation>> {
        let cpu = Cpu::current();
        if status == Status::PENDING {
            let detail = format!(
                "NdisMRestartComplete was called with {status}; expected NDIS_STATUS_SUCCESS or what went wrong"
            );
            return Err(self.report(&cpu, Rule::Pause, None, detail));
        }
        self.restarted.store(status.0, Ordering::Release);
        if !self.restarting.swap(false, Ordering::AcqRel) {
            let detail = format!(
                "NdisMRestartComplete was called and no restart is pending: adapter {:?} is {}",
                self.name,
                self.life()
            );
            return Err(self.report(&cpu, Rule::Pause, None, detail));
        }
        if status == Status::SUCCESS && self.change_life(Life::Paused, Life::Running) {
            self.emit(&cpu, What::Start);
        }
        self.ndis.settle(&cpu);
        Ok(())
    }

    /// NDIS 6 halts a paused miniport only.
    pub(super) fn pause_before_halt(&self, cpu: &Rc<Cpu>) {
        if self.face != Face::Ndis6 {
            return;
        }
        self.restart_ends(cpu);
        drop(self.pause()); // it is on record
        if self.life() != Life::Pausing || self.ndis.wait(PATIENCE, || self.life() != Life::Pausing)
        {
            return;
        }
        let detail = format!(
            "MiniportPause returned NDIS_STATUS_PENDING and NdisMPauseComplete was not called; expected within {} s",
            PATIENCE.as_secs()
        );
        let owed: Option<u32> = self.pool.owned_by(Owner::Miniport).next();
        let owed = owed.map(|slot| self.name_of(slot));
        self.report(cpu, Rule::Pause, owed, detail);
        self.paused(cpu, "", false);
    }
}
