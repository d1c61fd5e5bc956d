//! Timers, DPCs, and the check for hang.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;

mod dpc;
mod straight;

use super::Adapter;
use crate::biased::{Bias, Biased};
use crate::choices::Access;
use crate::contract::adapter::Life;
use crate::contract::packet::Owner;
use crate::cx::{Cpu, Cx, Irql};
use crate::dispatch::Work;
use crate::event::{Entry, Name, TakenBack, What};
use crate::rule::Rule;
use crate::status::{FinalStatus, Status};
use crate::violation::Violation;

/// A send of a deserialized adapter is late after this (NdisTimedDataSend).
const LATE: u64 = 30_000_000_000;
/// A send that was cancelled is late after this (ours).
const CANCEL: u64 = 10_000_000_000;
/// An adapter that completes nothing for this long hangs (NdisTimedDataHang).
pub(crate) const HANG: u64 = 22_000_000_000;

pub(super) fn seconds(ns: u64) -> f64 {
    std::time::Duration::from_nanos(ns).as_secs_f64()
}

/// What is known of one timer.
#[derive(Debug, Default)]
struct Known {
    /// The number of its arming, 0 if it is not set.
    armed: u64,
    /// After how long it fires again, 0 if it does not.
    period: u64,
    /// Whether it was set last from inside of its own function, with nothing owed: see [`crate::time::polls`].
    polls: bool,
}

#[derive(Debug, Default)]
struct Inner {
    known: Vec<Known>,
    /// For each DPC whether it is queued.
    queued: Vec<bool>,
    armings: u64,
}

/// The timers and DPCs of one adapter.
#[derive(Debug)]
pub(crate) struct Timers(Biased<Inner>);

impl Timers {
    pub(crate) fn new(bias: &Arc<Bias>) -> Timers {
        Timers(Biased::new(bias, Inner::default()))
    }

    #[inline]
    fn with<R>(&self, f: impl FnOnce(&mut Inner) -> R) -> R {
        Cpu::here(|cpu| f(&mut self.0.lock_on(cpu)))
    }
}

impl Adapter {
    /// NdisMInitializeTimer: a timer's number.
    pub fn timer(&self) -> u32 {
        let mut inner = self.timers.0.lock();
        inner.known.push(Known::default());
        inner.known.len() as u32 - 1
    }

    /// NdisMSetTimer: `timer` fires after `delay` nanoseconds; set again, only the last counts.
    ///
    /// # Errors
    /// `TIMER` once MiniportHalt has returned, `IRQL_CALL` above DISPATCH; then it is not set.
    pub fn set_timer(&self, timer: u32, delay: u64) -> Result<(), Arc<Violation>> {
        Cpu::here(|cpu| match self.set_timer_straight(cpu, timer, delay) {
            Some(()) => Ok(()),
            None => self.set_timer_slowly(cpu, timer, delay),
        })
    }

    #[inline(never)]
    fn set_timer_slowly(
        &self,
        cpu: &Rc<Cpu>,
        timer: u32,
        delay: u64,
    ) -> Result<(), Arc<Violation>> {
        let _around = self.ndis.around_on(cpu, Access::timer(self.index, timer));
        let at = self.ndis.now().saturating_add(delay);
        if self.life() >= Life::Halted {
            self.emit(cpu, What::TimerSet { timer, at });
            let detail = format!(
                "timer {timer} was set on adapter {:?}, which is {}",
                self.name,
                self.life()
            );
            return Err(self.report(cpu, Rule::Timer, None, detail));
        }
        if cpu.irql() > Irql::DISPATCH {
            self.emit(cpu, What::TimerSet { timer, at });
            return self.allowed(cpu, "a timer was set", Irql::DISPATCH);
        }
        let polls = cpu.timer.get() == Some((self.index, timer)) && !self.owes();
        self.arm(cpu, timer, at, polls);
        Ok(())
    }

    /// NdisMSetPeriodicTimer has a timer set again each time that it fires, before its function runs: who cancels it then ends it.
    /// 0 has it fire once.
    pub fn set_timer_period(&self, timer: u32, period: u64) {
        self.timers.with(|inner| {
            if let Some(known) = inner.known.get_mut(timer as usize) {
                known.period = period;
            }
        });
    }

    fn arm(&self, cpu: &Rc<Cpu>, timer: u32, at: u64, polls: bool) {
        if polls {
            self.ndis.polls.note();
        }
        let (arming, before) = {
            let mut inner = self.timers.0.lock_on(cpu);
            inner.armings += 1;
            let arming = inner.armings;
            let set = |known: &mut Known| {
                known.polls = polls;
                std::mem::replace(&mut known.armed, arming)
            };
            (arming, inner.known.get_mut(timer as usize).map_or(0, set))
        };
        if before != 0 {
            self.ndis.queue.note_dead(|work| self.ndis.wants(work));
        }
        self.emit(cpu, What::TimerSet { timer, at });
        self.ndis.queue.schedule(at, Work::Timer { adapter: self.index, timer, arming });
    }

    /// NdisMCancelTimer: whether it was set.
    pub fn cancel_timer(&self, timer: u32) -> bool {
        let _around = self.ndis.around(Access::timer(self.index, timer));
        let was_set = self.timers.with(|inner| {
            let known = inner.known.get_mut(timer as usize);
            known.is_some_and(|known| std::mem::take(&mut known.armed) != 0)
        });
        if was_set {
            self.ndis.queue.note_dead(|work| self.ndis.wants(work));
            self.emit(&Cpu::current(), What::TimerCancel { timer });
        }
        was_set
    }

    /// The same for a driver whose level nobody has looked at: `IRQL_CALL` above DISPATCH, and it is cancelled all the same.
    pub fn cancel_timer_here(&self, timer: u32) -> (bool, Result<(), Arc<Violation>>) {
        let was_set = self.cancel_timer(timer);
        (was_set, self.allowed(&Cpu::current(), "a timer was cancelled", Irql::DISPATCH))
    }

    /// Whether the timer is set and has not fired.
    pub fn timer_is_set(&self, timer: u32) -> bool {
        self.timers
            .with(|inner| inner.known.get(timer as usize).is_some_and(|known| known.armed != 0))
    }

    pub(crate) fn timer_polls(&self, timer: u32) -> bool {
        self.timers.with(|inner| inner.known.get(timer as usize).is_some_and(|known| known.polls))
    }

    pub(crate) fn timer_is_armed_by(&self, timer: u32, arming: u64) -> bool {
        let armed = |known: &Known| known.armed == arming;
        self.timers.with(|inner| inner.known.get(timer as usize).is_some_and(armed))
    }

    /// The timers that are set.
    pub(crate) fn set_timers(&self) -> Vec<u32> {
        let inner = self.timers.0.lock();
        (0..inner.known.len() as u32).filter(|t| inner.known[*t as usize].armed != 0).collect()
    }

    /// A timer fires; false if there was nothing to it.
    pub(crate) fn timer_inside(&self, cpu: &Rc<Cpu>, timer: u32, arming: u64) -> bool {
        let period = {
            let mut inner = self.timers.0.lock_on(cpu);
            match inner.known.get_mut(timer as usize) {
                Some(known) if known.armed == arming => {
                    known.armed = 0;
                    known.period
                }
                _ => return false, // cancelled, or set again
            }
        };
        if self.life() >= Life::Halted {
            return true;
        }
        self.emit(cpu, What::TimerFire { timer });
        if period > 0 {
            self.arm(cpu, timer, self.ndis.now().saturating_add(period), !self.owes());
        }
        let calling = self.calling(cpu, [&self.dpcs_running]);
        let outer = cpu.timer.replace(Some((self.index, timer)));
        calling.call(Entry::Timer, Irql::DISPATCH, |drivers| drivers.miniport.timer(cpu, timer));
        cpu.timer.set(outer);
        true
    }

    /// What a halt begins with: no interrupt is handled any more, and no check for hang is made. One that is on its way into the
    /// miniport, or inside of it, has its time.
    pub(crate) fn calls_no_more(&self) {
        self.ndis.bias.shared();
        let none = || self.calls_running.load(Ordering::Acquire) == 0;
        self.ndis.wait_until(std::time::Duration::from_secs(1), none);
    }

    /// KeFlushQueuedDpcs: waits until no timer's, DPC's or interrupt's routine of this adapter runs on
    /// another CPU; whether none does. A driver's halt needs it behind the cancellation of a timer that
    /// came too late.
    ///
    /// # Errors
    /// `IRQL_CALL` above PASSIVE_LEVEL, where such a routine may be waiting for the caller; then nobody waits.
    pub fn flush_dpcs(&self) -> Result<bool, Arc<Violation>> {
        self.allowed(&Cpu::current(), "flush_dpcs", Irql::PASSIVE)?;
        self.ndis.bias.shared();
        let none = || self.dpcs_running.load(Ordering::Acquire) == 0;
        Ok(self.ndis.wait_until(std::time::Duration::from_secs(5), none))
    }

    /// How long it takes to the next check for hang.
    pub(crate) fn hang_interval(&self) -> u64 {
        let drivers = self.drivers.load();
        drivers.as_ref().map_or(0, |drivers| drivers.miniport.check_for_hang_interval())
    }

    /// The check for hang, inside of the miniport: asks the driver, then looks at the packets.
    pub(crate) fn hang_check_inside(&self, cpu: &Rc<Cpu>) {
        match self.life() {
            Life::Running => {}
            Life::Resetting => return self.look_at_reset(cpu),
            _ => return,
        }
        let drivers = self.drivers.load();
        let Some(asks) = drivers.as_ref().map(|drivers| drivers.miniport.has_check_for_hang())
        else {
            return;
        };
        let mut wants_reset = false;
        if asks {
            wants_reset = self
                .calling(cpu, [&self.calls_running])
                .call(Entry::CheckForHang, Irql::DISPATCH, |drivers| {
                    let mut cx = Cx::assume(Rc::clone(cpu));
                    drivers.miniport.check_for_hang(&mut cx)
                })
                .unwrap_or(false);
        }
        let mut late = Vec::new();
        if !wants_reset && !self.ndis.verify_off() {
            late = self.look_for_late(cpu, asks);
            wants_reset = !late.is_empty();
        }
        if wants_reset && self.life() == Life::Running {
            let status = self.reset_inside(cpu);
            // One that refuses keeps what it has: then NDIS does without it.
            let kept = if status == Status::PENDING { &[][..] } else { &late[..] };
            for slot in
                kept.iter().filter(|name| self.is_with_miniport(**name)).map(|name| name.slot)
            {
                if self.take_back(cpu, slot, TakenBack::GivenUp).is_some() {
                    self.deliver(cpu, slot, FinalStatus::FAILURE);
                }
            }
        }
    }

    /// Reports packets that are owed for too long. Those for which NDIS resets the adapter are answered, and stay with the miniport,
    /// whose reset may complete them (DDK:"MiniportReset"); the others go home.
    fn look_for_late(&self, cpu: &Rc<Cpu>, has_check_for_hang: bool) -> Vec<Name> {
        let now = self.ndis.now();
        let owed: Vec<u32> = self.pool.owned_by(Owner::Miniport).collect();
        let since = |slot: u32| self.pool.slot(slot).submitted.load(Ordering::Relaxed);
        let mut late = Vec::new();
        let Some(oldest) = owed.iter().map(|slot| since(*slot)).min() else { return late };
        // A driver that says itself whether its card hangs is not reset for a packet, however slow its line.
        let resets = self.serialized() && !has_check_for_hang;
        let limit = if self.ignores_packet_timeout.load(Ordering::Relaxed) {
            u64::MAX
        } else if self.serialized() {
            let interval = 2 * self.hang_interval();
            if resets { interval } else { interval.max(LATE) }
        } else {
            LATE
        };
        for slot in owed {
            let age = now.saturating_sub(since(slot));
            let cancelled = self.pool.slot(slot).state().cancelled();
            let limit = if cancelled { limit.min(CANCEL) } else { limit };
            if age <= limit || !self.ndis.is_drivers(since(slot), limit) {
                continue;
            }
            let stays = resets && !cancelled;
            let name = if stays {
                let name = self.name_of(slot);
                late.push(name);
                name
            } else {
                let Some(name) = self.take_back(cpu, slot, TakenBack::GivenUp) else { continue };
                name
            };
            let (what, rule) = if cancelled {
                ("was cancelled", Rule::Cancel)
            } else {
                ("is owed for", Rule::Late)
            };
            let detail = format!(
                "{name} {what} {:.1} s{}; expected a completion within {:.1} s",
                seconds(age),
                if cancelled { " ago" } else { "" },
                seconds(limit)
            );
            self.report(cpu, rule, Some(name), detail);
            if !stays {
                self.deliver(cpu, slot, FinalStatus::FAILURE);
            }
        }
        if !late.is_empty() {
            return late;
        }
        let from = self.last_progress.load(Ordering::Relaxed).max(oldest);
        let quiet = now.saturating_sub(from);
        let hangs = quiet >= HANG && self.ndis.is_drivers(from, HANG / 4);
        if hangs && !self.hang_reported.swap(true, Ordering::Relaxed) {
            let owed: Vec<u32> = self.pool.owned_by(Owner::Miniport).collect();
            let name = owed.first().map(|slot| self.name_of(*slot));
            let detail = format!(
                "{} sends are pending and none was completed for {:.1} s; expected one within {:.1} s",
                owed.len(),
                seconds(quiet),
                seconds(HANG)
            );
            self.report(cpu, Rule::Hang, name, detail);
            for slot in owed {
                if self.take_back(cpu, slot, TakenBack::GivenUp).is_some() {
                    self.deliver(cpu, slot, FinalStatus::FAILURE);
                }
            }
        }
        late
    }
}
