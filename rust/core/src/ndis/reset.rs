//! Reset, of both kinds: answered at once, or PENDING and completed later.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::Adapter;
use super::gate::PATIENCE;
use super::timer::{HANG, seconds};
use crate::choices::Access;
use crate::contract::adapter::Life;
use crate::contract::packet::Owner;
use crate::cx::{Cpu, Cx, Irql};
use crate::event::{Entry, TakenBack, What};
use crate::rule::Rule;
use crate::status::{FinalStatus, Status};
use crate::violation::Violation;

impl Adapter {
    /// NdisReset: resets the adapter. Returns the reset's status, PENDING if it ends later,
    /// RESET_IN_PROGRESS, or INVALID_STATE for one that is paused.
    ///
    /// # Errors
    /// `HALT` after halt, `IRQL_SEND` above DISPATCH, `SERIAL` from inside of a serialized miniport,
    /// `HANG` if its turn in one does not come.
    pub fn reset(&self) -> Result<Status, Arc<Violation>> {
        let _around = self.ndis.around(Access::adapter(self.index));
        let cpu = Cpu::current();
        let life = self.life();
        match life {
            Life::Resetting => return Ok(Status::RESET_IN_PROGRESS),
            Life::Pausing | Life::Paused => return Ok(Status::INVALID_STATE),
            _ => {}
        }
        let may_call = cpu.state.borrow().may_send();
        if let Err(rule) = life.may_reset().and(may_call) {
            self.emit(&cpu, What::ResetStart);
            let detail = format!(
                "a reset of adapter {:?}, which is {life}, at {}; expected it running, and DISPATCH_LEVEL or below",
                self.name,
                cpu.irql()
            );
            return Err(self.report(&cpu, rule, None, detail));
        }
        self.enter_and_wait(&cpu, Some(PATIENCE))
            .map_err(|why| self.no_turn(&cpu, "a reset", why))?;
        // While it waited for its turn, another reset may have begun, or a halt.
        let status = match self.life() {
            Life::Running => self.reset_inside(&cpu),
            Life::Resetting => Status::RESET_IN_PROGRESS,
            _ => Status::FAILURE,
        };
        self.leave(&cpu);
        self.ndis.settle(&cpu);
        Ok(status)
    }

    /// The reset itself, inside of the miniport.
    pub(crate) fn reset_inside(&self, cpu: &Rc<Cpu>) -> Status {
        self.bump(&self.count.resets);
        self.reset_since.store(self.ndis.now(), Ordering::Relaxed);
        self.set_life(Life::Resetting);
        self.unstall();
        self.emit(cpu, What::ResetStart);
        // NDIS completes what it holds queued itself first (DDK:"NdisReset").
        if self.serialized() || !cpu.is_outermost() {
            self.give_back_queued(cpu, FinalStatus::REQUEST_ABORTED);
        } else {
            // A packet that comes to the miniport while its reset runs it can neither abort in there
            // nor know as one of before.
            self.run_down(cpu, FinalStatus::REQUEST_ABORTED);
        }
        self.indicate_status(cpu, Status::RESET_START);
        if self.life() != Life::Resetting {
            return Status::FAILURE; // a bug check in a callback ended it, and the driver is asked nothing more
        }
        let answer = self.answer_of(cpu, Entry::Reset, Irql::DISPATCH, |drivers| {
            drivers.miniport.reset(&mut Cx::assume(Rc::clone(cpu)))
        });
        let answered = answer.is_some();
        let (status, _addressing) = answer.unwrap_or((Status::FAILURE, false));
        if status == Status::PENDING {
            return status;
        }
        match self.life() {
            Life::Resetting => drop(self.reset_ended(cpu, status)),
            // A driver's NdisMResetComplete inside of the call ended it; a bug check may have, too.
            Life::Running if answered => {
                self.emit(cpu, What::ResetComplete { status });
                let detail = format!(
                    "NdisMResetComplete was called inside of MiniportReset, which then returned {status}; expected NDIS_STATUS_PENDING"
                );
                self.report(cpu, Rule::Reset, None, detail);
            }
            _ => {}
        }
        status
    }

    /// NdisMResetComplete.
    ///
    /// # Errors
    /// `RESET` if no reset is pending, `STATUS_PENDING`, `LOCK_HELD`, `IRQL_COMPLETE` if not at
    /// DISPATCH; the reset ends all the same if there is one.
    pub fn reset_complete(&self, status: Status) -> Result<(), Arc<Violation>> {
        let _around = self.ndis.around(Access::adapter(self.index));
        let cpu = Cpu::current();
        if let Err(rule) = self.life().may_complete_reset() {
            self.emit(&cpu, What::ResetComplete { status });
            let detail = format!(
                "NdisMResetComplete({status}) was called and no reset is pending: adapter {:?} is {}",
                self.name,
                self.life()
            );
            return Err(self.report(&cpu, rule, None, detail));
        }
        // The page asks for DISPATCH exactly, whatever the mode.
        let verdict = cpu.state.borrow().may_complete(true);
        let mut broken = verdict.err().map(|rule| {
            let detail = format!(
                "NdisMResetComplete was called at {} with {} spin lock(s) held; expected DISPATCH_LEVEL and none",
                cpu.irql(),
                cpu.locks_held()
            );
            self.report(&cpu, rule, None, detail)
        });
        if status == Status::PENDING {
            let detail = "NDIS_STATUS_PENDING was given to NdisMResetComplete".to_string();
            broken = broken.or_else(|| Some(self.report(&cpu, Rule::StatusPending, None, detail)));
        }
        let left_over = self.reset_ended(&cpu, status);
        self.ndis.settle(&cpu);
        broken.or(left_over).map_or(Ok(()), Err)
    }

    /// Reports a reset whose NdisMResetComplete does not come, once.
    pub(crate) fn look_at_reset(&self, cpu: &Rc<Cpu>) {
        let since = self.reset_since.load(Ordering::Relaxed);
        let quiet = self.ndis.now().saturating_sub(since);
        if quiet < HANG || !self.ndis.is_drivers(since, HANG / 4) || self.ndis.verify_off() {
            return;
        }
        self.reset_since.store(u64::MAX, Ordering::Relaxed);
        let detail = format!(
            "MiniportReset returned NDIS_STATUS_PENDING {:.1} s ago and NdisMResetComplete was never called; expected it within {:.1} s{}",
            seconds(quiet),
            seconds(HANG),
            self.place_of(Entry::Reset)
        );
        self.report(cpu, Rule::Hang, None, detail);
    }

    /// Where in its source the driver has the function of an entry point, as the end of a sentence.
    pub(crate) fn place_of(&self, entry: Entry) -> String {
        self.drivers
            .load()
            .as_deref()
            .map_or(String::new(), |drivers| drivers.miniport.place_of(entry))
    }

    fn reset_ended(&self, cpu: &Rc<Cpu>, status: Status) -> Option<Arc<Violation>> {
        if self.life() != Life::Resetting {
            return None; // a bug check ended it
        }
        self.emit(cpu, What::ResetComplete { status });
        if !self.ndis.verify_off() {
            self.look_at_unknown(cpu, None, status);
        }
        // Of a reset that the driver refuses no page says that its sends are aborted: they stay with it.
        let refused = status == Status::NOT_RESETTABLE;
        let broken = if refused { None } else { self.take_leftovers(cpu) };
        if self.life() != Life::Resetting {
            return broken; // a bug check came in between
        }
        self.set_life(Life::Running);
        self.emit(cpu, What::ResetEnd);
        self.indicate_status(cpu, Status::RESET_END);
        self.call(cpu, Entry::ResetComplete, self.callback_level(cpu), |drivers| {
            drivers.protocol.reset_complete(&mut Cx::assume(Rc::clone(cpu)), status);
        });
        self.pump_all(cpu);
        broken
    }

    /// What the miniport still has when a reset ends: a serialized one's NDIS completes itself, a
    /// deserialized one had to (DDK:"MiniportReset").
    fn take_leftovers(&self, cpu: &Rc<Cpu>) -> Option<Arc<Violation>> {
        // A packet whose MiniportWanSend has not returned on another CPU came while the reset ran:
        // its driver could not complete it yet.
        let pended = |slot: &u32| self.pool.slot(*slot).state().pended();
        let owed: Vec<u32> = self.pool.owned_by(Owner::Miniport).filter(pended).collect();
        let mut broken = None;
        if let Some(first) = owed.first().filter(|_| !self.serialized()) {
            let detail = format!(
                "the reset ended and the deserialized miniport still has {} packet(s); it has to complete them with {} first",
                owed.len(),
                self.face.aborted()
            );
            broken = Some(self.report(cpu, Rule::Reset, Some(self.name_of(*first)), detail));
        }
        let status = if self.serialized() {
            self.ndis.config.policy.reset_leftovers
        } else {
            self.face.aborted()
        };
        for slot in owed {
            if self.take_back(cpu, slot, TakenBack::Reset).is_some() {
                self.deliver(cpu, slot, status);
            }
        }
        broken
    }

    fn indicate_status(&self, cpu: &Rc<Cpu>, status: Status) {
        self.call(cpu, Entry::Status, self.callback_level(cpu), |drivers| {
            drivers.protocol.status(&mut Cx::assume(Rc::clone(cpu)), status);
        });
    }
}
