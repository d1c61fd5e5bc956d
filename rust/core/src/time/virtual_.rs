//! Simulated time: `run` takes the next event and sets the clock to it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::Clock;
use crate::cx::{Cpu, Irql};
use crate::ndis::Ndis;
use crate::rule::Rule;
use crate::violation::Violation;

/// A clock that stands still until it is set.
#[derive(Debug, Default)]
pub(crate) struct VirtualClock(AtomicU64);

impl VirtualClock {
    pub(crate) fn now(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    pub(super) fn set(&self, to: u64) {
        if to > self.now() {
            self.0.store(to, Ordering::Relaxed);
        }
    }
}

/// `run` was called where it cannot be.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// From inside of a callback.
    #[error(
        "the clock was run from inside of a callback or at {0}; expected a thread at PASSIVE_LEVEL outside of callbacks. Return, and let a timer go on"
    )]
    Inside(Irql),
    /// From inside of a serialized miniport: `SERIAL`.
    #[error("{0}")]
    Broken(Arc<Violation>),
    /// There is another clock.
    #[error(
        "expected a world in virtual time, whose clock can be run; the clocks of others run by themselves"
    )]
    NotVirtual,
}

/// So much of a sleep is lived through, in nanoseconds: a minute. The rest passes at once.
const MEANWHILE: u64 = 60_000_000_000;

/// So many sleepers may be inside of one another; who sleeps further in sees the clock go on, and nobody else.
const DEEPEST: usize = 8;

/// The calling thread is the virtual CPU of this number again when it goes.
struct Back(usize);

impl Drop for Back {
    fn drop(&mut self) {
        Cpu::become_number(self.0);
    }
}

impl Ndis {
    /// Runs events in the order of time, priority and age. Without `until` it stops when nothing
    /// but background work (the checks for hang) is left, and timers with which a driver polls; a miniport that owes a
    /// packet and has a check for hang of its own is asked until NDIS calls it a hang (22 s). With it, it runs up to that
    /// time, background work included, and the clock stands there afterwards. Returns how many ran.
    ///
    /// # Errors
    /// [`RunError`] from inside of a callback, which is `SERIAL` for a serialized miniport, or
    /// when time is not virtual.
    pub fn run(&self, until: Option<u64>, max_events: Option<u64>) -> Result<u64, RunError> {
        let Clock::Virtual(_) = &self.queue.clock else { return Err(RunError::NotVirtual) };
        let cpu = Cpu::current();
        self.may_run()?;
        if self.is_foreign_thread() {
            return Ok(0);
        }
        if let Some(adversary) = self.adversary() {
            return Ok(self.run_adversarial(adversary, until));
        }
        let most = max_events.unwrap_or(u64::MAX);
        let (mut ran, mut known) = (0, None);
        self.run_begins(self.queue.newest());
        while ran < most && !self.is_closed() {
            if until.is_none()
                && self.polls.any()
                && (self.only_polls() && self.has_polled_enough(false) || self.all_goes_round())
            {
                break;
            }
            let mut all = until.is_some();
            let next_one = loop {
                let last = until.unwrap_or(u64::MAX);
                let next = self.queue.next_due(&cpu, last, all, |work| self.wants(work));
                if next.is_some() || all || !self.hopes_for_a_check() {
                    break next;
                }
                all = true;
            };
            let Some(work) = next_one else {
                if let Some(until) = until {
                    self.queue.set_clock(until);
                }
                break;
            };
            self.see_poll(work, || self.queue.newest());
            if self.execute(&cpu, work, &mut known) {
                ran += 1;
                if ran % 256 == 0 {
                    crate::alive::beat();
                }
            }
            self.settle(&cpu);
            if self.interrupted() {
                break;
            }
        }
        self.run_ends(self.queue.newest());
        Ok(ran)
    }

    fn all_goes_round(&self) -> bool {
        self.goes_round(false, |since| self.queue.is_newer(since, |work| self.wants(work)))
    }

    /// Runs what is due until then while the calling CPU sleeps inside of a driver: on a virtual CPU of its own, since what the
    /// sleeper's is at does not concern it. What is of a serialized miniport that the sleeper is inside of waits for it.
    pub(crate) fn go_on_meanwhile(&self, until: u64) {
        let Clock::Virtual(_) = &self.queue.clock else { return };
        let number = Cpu::current_number();
        if number >= DEEPEST || self.is_foreign_thread() {
            return;
        }
        // Who sleeps for years does not have a hang check run for each two seconds of them.
        let until = until.min(self.now().saturating_add(MEANWHILE));
        let _back = Back(number);
        Cpu::become_number(number + 1);
        let cpu = Cpu::current();
        while !self.is_closed() {
            let next = self.queue.next_due(&cpu, until, true, |work| self.wants(work));
            let Some(work) = next else { break };
            self.execute(&cpu, work, &mut None);
            self.settle(&cpu);
            if self.interrupted() {
                break;
            }
        }
    }

    /// Whether the calling thread may run the clock, or wait for it.
    ///
    /// # Errors
    /// [`RunError`] from inside of a callback.
    pub fn may_run(&self) -> Result<(), RunError> {
        let cpu = Cpu::current();
        if cpu.depth.get() == 0 && cpu.irql() == Irql::PASSIVE {
            return Ok(());
        }
        let inside =
            cpu.state.borrow().inside.iter().rev().find(|i| !i.entry.is_protocol()).copied();
        let adapter = inside.and_then(|inside| self.adapter(inside.adapter));
        if let Some(adapter) = adapter.filter(|adapter| adapter.serialized()) {
            let detail = format!(
                "the clock was run from inside of {}: what it would call next would be a second entry point of the serialized miniport",
                inside.map_or("a callback", |inside| inside.entry.name())
            );
            return Err(RunError::Broken(adapter.report_broken(Rule::Serial, None, detail)));
        }
        Err(RunError::Inside(cpu.irql()))
    }
}
