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
    /// `SERIAL` from inside of a callback or above PASSIVE; `PAUSE` if it is done and a send is still owed, or it
    /// returned another status.
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
        let answer =
            self.call(&cpu, Entry::Pause, Irql::PASSIVE, |drivers| drivers.miniport.pause(&cpu));
        let mut broken = None;
        match answer {
            Some(Status::PENDING) => {
                self.ndis.settle(&cpu);
                return Ok(Status::PENDING);
            }
            Some(Status::SUCCESS) | None => {}
            Some(status) => {
                let detail = format!(
                    "MiniportPause returned {status}; expected NDIS_STATUS_SUCCESS or NDIS_STATUS_PENDING"
                );
                broken = Some(self.report(&cpu, Rule::Pause, None, detail));
            }
        }
        let left = self.paused(&cpu, "MiniportPause returned", broken.is_none());
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

    /// Restarts a paused NDIS 6 adapter: the status of MiniportRestart, INVALID_STATE for one that is not paused.
    ///
    /// # Errors
    /// `SERIAL` from inside of a callback or above PASSIVE.
    pub fn restart(&self) -> Result<Status, Arc<Violation>> {
        let cpu = Cpu::current();
        if !cpu.is_outermost() || cpu.irql() != Irql::PASSIVE {
            return Err(self.not_from_inside(&cpu));
        }
        if self.life() != Life::Paused {
            return Ok(Status::INVALID_STATE);
        }
        let status = self.call_restart(&cpu);
        if status == Status::SUCCESS && self.change_life(Life::Paused, Life::Running) {
            self.emit(&cpu, What::Start);
        }
        self.ndis.settle(&cpu);
        Ok(status)
    }

    pub(super) fn call_restart(&self, cpu: &Rc<Cpu>) -> Status {
        self.call(cpu, Entry::Restart, Irql::PASSIVE, |drivers| drivers.miniport.restart(cpu))
            .unwrap_or(Status::FAILURE)
    }

    /// NDIS 6 halts a paused miniport only.
    pub(super) fn pause_before_halt(&self, cpu: &Rc<Cpu>) {
        if self.face != Face::Ndis6 {
            return;
        }
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
