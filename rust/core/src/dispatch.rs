//! What is to be done and when: timers, DPCs, interrupts, deliveries, checks for hang.
//!
//! One queue, ordered by time, then priority, then age. In virtual time `run` takes from it, in
//! real time the dispatcher's thread. Priorities are those of the hardware: an interrupt's DPC
//! before other DPCs, those before deliveries, those before timers of the same moment.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use crate::biased::{Alone, Bias, Biased, BiasedGuard};
use crate::cx::Cpu;
use crate::ndis::{Adapter, Ndis};
use crate::time::adversarial::Adversary;
use crate::time::{Clock, TimeKind};

mod agenda;
#[cfg(test)]
mod tests;
mod works;

use agenda::{Agenda, Item};
pub(crate) use works::Work;

/// How much dead work is never worth a look through it all.
const FEW: usize = 64;

#[derive(Debug, Default)]
pub(crate) struct Inner {
    agenda: Agenda,
    ages: u64,
    foreground: usize,
    /// How much of it is dead at most: timers that were cancelled or set anew.
    dead: usize,
    running: bool,
    closed: bool,
    thread: Option<JoinHandle<()>>,
    /// The process that has the thread.
    process: u32,
}

/// Who has it: in real time threads that wait for each other; else for the most part the one that runs the clock.
#[derive(Debug)]
enum Store {
    Many(Mutex<Inner>),
    One(Biased<Inner>),
}

impl Store {
    #[inline]
    fn with<R>(&self, f: impl FnOnce(&mut Inner) -> R) -> R {
        match self {
            Store::Many(inner) => f(&mut inner.lock()),
            Store::One(inner) => Cpu::here(|cpu| f(&mut inner.lock_on(cpu))),
        }
    }
}

impl Inner {
    /// Whether there is work for whose sake a run goes on.
    fn waits(&self, wanted: impl Fn(Work) -> bool) -> bool {
        self.foreground > 0
            && self.agenda.iter().any(|item| !item.background() && wanted(item.work))
    }

    /// Has `work` done at `at`; a run goes on for its sake unless it is `background`.
    #[inline(always)]
    #[allow(clippy::inline_always)] // where the kind of work is known, so is its priority
    fn push(&mut self, at: u64, work: Work, background: bool) {
        self.ages += 1;
        self.foreground += usize::from(!background);
        self.agenda.push(Item::new(at, self.ages, background, work));
    }

    /// Has `work` done at `at`.
    #[inline(always)]
    #[allow(clippy::inline_always)] // see `push`
    pub(crate) fn schedule(&mut self, at: u64, work: Work) {
        self.push(at, work, false);
    }
}

/// What a wait brought.
pub(crate) enum Due {
    Work(Work),
    Nothing,
    Closed,
}

/// The queue of one world, and its clock.
#[derive(Debug)]
pub(crate) struct Queue {
    pub(crate) clock: Clock,
    /// Who takes the place of the order, if the world has an adversary.
    pub(crate) adversary: Option<Adversary>,
    inner: Store,
    changed: Condvar,
    worked: Condvar,
    /// How many pieces of work the dispatcher's thread did.
    pub(crate) done: AtomicU64,
}

impl Queue {
    pub(crate) fn new(kind: TimeKind, adversary: Option<Adversary>, bias: &Arc<Bias>) -> Queue {
        let inner = match kind {
            TimeKind::Real => Store::Many(Mutex::default()),
            _ => Store::One(Biased::new(bias, Inner::default())),
        };
        let (changed, worked) = (Condvar::new(), Condvar::new());
        let done = AtomicU64::new(0);
        Queue { clock: Clock::new(kind), adversary, inner, changed, worked, done }
    }

    fn push(&self, at: u64, work: Work, background: bool) {
        if let Some(adversary) = &self.adversary {
            return adversary.schedule(at, work, background);
        }
        self.inner.with(|inner| inner.push(at, work, background));
        self.changed.notify_one();
    }

    /// The queue in a span of its world, in which nobody waits for it; `None` if it is locked.
    #[inline]
    pub(crate) fn lock_in<'a>(&'a self, span: &Alone<'_>) -> Option<BiasedGuard<'a, Inner>> {
        match &self.inner {
            Store::Many(_) => None,
            Store::One(inner) => inner.lock_in(span),
        }
    }

    /// Has `work` done at `at`.
    pub(crate) fn schedule(&self, at: u64, work: Work) {
        self.push(at, work, false);
    }

    /// The same, but a run does not go on for its sake.
    pub(crate) fn schedule_background(&self, at: u64, work: Work) {
        self.push(at, work, true);
    }

    /// The next work up to `until`, to whose time the clock goes; background work only with `all`, or before other work that is
    /// `wanted`. Timers that were cancelled or set anew are not, and the clock does not go there.
    #[inline]
    pub(crate) fn next_due(
        &self,
        cpu: &Cpu,
        until: u64,
        all: bool,
        wanted: impl Fn(Work) -> bool,
    ) -> Option<Work> {
        // On the real clock it is `wait_due` who takes it.
        let Store::One(inner) = &self.inner else { return None };
        let mut inner = inner.lock_on(cpu);
        while all || inner.foreground > 0 {
            let item = *inner.agenda.next()?;
            // Where none is dead, nobody has to be asked.
            let dead = inner.dead > 0 && !wanted(item.work);
            let background = item.background();
            if !dead && (item.at > until || (!all && background && !inner.waits(&wanted))) {
                return None;
            }
            inner.agenda.pop();
            inner.foreground -= usize::from(!background);
            if !dead {
                self.clock.set(item.at);
                return Some(item.work);
            }
            inner.dead = inner.dead.saturating_sub(1);
        }
        None
    }

    /// The number of the last work that was scheduled.
    pub(crate) fn newest(&self) -> u64 {
        self.inner.with(|inner| inner.ages)
    }

    /// Whether all that is `wanted`, and for whose sake a run goes on, was scheduled behind that number.
    pub(crate) fn is_newer(&self, number: u64, wanted: impl Fn(Work) -> bool) -> bool {
        self.inner.with(|inner| {
            let mut left = inner.agenda.iter().filter(|item| !item.background());
            left.all(|item| item.age() > number || !wanted(item.work))
        })
    }

    /// Simulated time goes on to then, if it is not there yet: under the lock, so that of two threads none sets it back.
    pub(crate) fn set_clock(&self, to: u64) {
        self.inner.with(|_| self.clock.set(to));
    }

    /// The next event of a device's up to `until`, before whatever else is due; the clock goes there.
    pub(crate) fn next_device(&self, until: u64) -> Option<Work> {
        let is_device = |work: Work| matches!(work, Work::Device { .. });
        if let Some(adversary) = &self.adversary {
            let (at, work) = adversary.take_due(until, is_device)?;
            self.set_clock(at);
            return Some(work);
        }
        self.inner.with(|inner| {
            let due = |item: &Item| is_device(item.work) && item.at <= until;
            let next = inner.agenda.iter().copied().filter(due).min()?;
            inner.agenda.retain(|item| *item != next);
            inner.foreground -= 1;
            self.clock.set(next.at);
            Some(next.work)
        })
    }

    /// A timer was cancelled or set anew, so that its work is `wanted` no more. Dead work is left
    /// where it is until it is half of all: a look through all of it is paid for by as many
    /// cancellations then.
    pub(crate) fn note_dead(&self, wanted: impl Fn(Work) -> bool) {
        if let Some(adversary) = &self.adversary {
            return adversary.forget(wanted);
        }
        self.inner.with(|inner| {
            inner.dead += 1;
            if inner.dead < FEW || inner.dead * 2 < inner.agenda.len() {
                return;
            }
            inner.dead = 0;
            inner.agenda.retain(|item| wanted(item.work));
            inner.foreground = inner.agenda.iter().filter(|item| !item.background()).count();
        });
    }

    /// Waits for the next work that is due on the real clock.
    pub(crate) fn wait_due(&self, patience: Duration) -> Due {
        let Store::Many(inner) = &self.inner else { return Due::Closed };
        let mut inner = inner.lock();
        if inner.closed {
            return Due::Closed;
        }
        let now = self.clock.now();
        let wait = match inner.agenda.next() {
            Some(item) if item.at <= now => {
                let Some(item) = inner.agenda.pop() else { return Due::Nothing };
                inner.foreground -= usize::from(!item.background());
                inner.running = true;
                return Due::Work(item.work);
            }
            Some(item) => Duration::from_nanos(item.at - now).min(patience),
            None => patience,
        };
        self.changed.wait_for(&mut inner, wait);
        if inner.closed { Due::Closed } else { Due::Nothing }
    }

    /// The work that `wait_due` gave is done.
    pub(crate) fn worked(&self) {
        self.inner.with(|inner| inner.running = false);
        self.worked.notify_all();
    }

    pub(crate) fn wait_worked(&self, patience: Duration) {
        match &self.inner {
            Store::Many(inner) => {
                self.worked.wait_for(&mut inner.lock(), patience);
            }
            Store::One(_) => std::thread::sleep(patience),
        }
    }

    pub(crate) fn is_idle(&self, wanted: impl Fn(Work) -> bool) -> bool {
        self.inner.with(|inner| !inner.running && !inner.waits(&wanted))
    }

    /// Whether work is left, other than in the background, that is `wanted`.
    pub(crate) fn waits(&self, wanted: impl Fn(Work) -> bool) -> bool {
        self.inner.with(|inner| inner.waits(&wanted))
    }

    pub(crate) fn set_thread(&self, thread: JoinHandle<()>) {
        self.inner.with(|inner| {
            inner.thread = Some(thread);
            inner.process = std::process::id();
        });
    }

    /// Whether the thread is in another process, of which this one is a copy.
    pub(crate) fn is_copy(&self) -> bool {
        self.inner.with(|inner| inner.thread.is_some() && inner.process != std::process::id())
    }

    /// No more work is done; returns the thread to be joined.
    pub(crate) fn close(&self) -> Option<JoinHandle<()>> {
        let thread = self.inner.with(|inner| {
            inner.closed = true;
            inner.thread.take()
        });
        self.changed.notify_all();
        thread
    }
}

impl Ndis {
    /// Whether work is still to be done: all but timers that were cancelled or set anew, and DPCs that were cancelled.
    pub(crate) fn wants(&self, work: Work) -> bool {
        match work {
            Work::Timer { adapter, timer, arming } => {
                self.is_so_of(adapter, |adapter| adapter.timer_is_armed_by(timer, arming))
            }
            Work::Dpc { adapter, dpc } => {
                self.is_so_of(adapter, |adapter| adapter.dpc_is_queued(dpc))
            }
            Work::Device { adapter, device, arming } => {
                self.is_so_of(adapter, |adapter| adapter.device_is_armed_by(device, arming))
            }
            Work::Alarm { adapter, arming } => {
                self.is_so_of(adapter, |adapter| adapter.alarm_is_armed_by(arming))
            }
            Work::Own { thread, arming, .. } => self.own_is_armed_by(thread, arming),
            _ => true,
        }
    }

    /// Does one piece of work; false if there was nothing to it (a timer that was cancelled). `known` is whose work was done
    /// last: it is not looked for again, nor counted.
    pub(crate) fn execute(
        &self,
        cpu: &Rc<Cpu>,
        work: Work,
        known: &mut Option<Arc<Adapter>>,
    ) -> bool {
        use crate::ndis::Job;
        let (index, job) = match work {
            Work::Interrupt { adapter } => (adapter, Job::Interrupt),
            Work::Dpc { adapter, dpc } => (adapter, Job::Dpc(dpc)),
            Work::Timer { adapter: index, timer, arming } => {
                let Some(adapter) = self.adapter_again(index, known) else { return false };
                if !adapter.serialized() {
                    return adapter.timer_inside(cpu, timer, arming);
                }
                (index, Job::Timer(timer, arming))
            }
            Work::HangCheck { adapter } => (adapter, Job::HangCheck),
            Work::Pump { adapter, link } => (adapter, Job::Pump(link)),
            Work::Thread { thread } => {
                self.run_thread(thread);
                return true;
            }
            Work::Own { thread, arming, .. } => {
                let wanted = self.own_is_armed_by(thread, arming);
                if wanted {
                    self.run_own(thread);
                }
                return wanted;
            }
            Work::Device { adapter, device, arming } => {
                let adapter = self.adapter_again(adapter, known);
                return adapter.is_some_and(|adapter| adapter.device_happens(cpu, device, arming));
            }
            Work::Alarm { adapter, arming } => {
                let adapter = self.adapter_again(adapter, known);
                return adapter.is_some_and(|adapter| adapter.alarm_goes_off(cpu, arming));
            }
            Work::Deliver { adapter } => {
                let adapter = self.adapter_again(adapter, known);
                return adapter.is_some_and(|adapter| adapter.deliver_batch(cpu) > 0);
            }
        };
        let Some(adapter) = self.adapter_again(index, known) else { return false };
        if job == Job::HangCheck {
            let next = self.now() + adapter.hang_interval();
            if next > self.now() {
                self.queue.schedule_background(next, work);
            }
        }
        adapter.perform(cpu, job)
    }
}
