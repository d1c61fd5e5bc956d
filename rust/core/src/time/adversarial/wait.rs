//! Waiting for what others do, and what is said when they never will.

use std::time::{Duration, Instant};

use super::list::At;
use super::point::Next;
use super::{Adversary, Inner, Pending, State, Virtual};
use crate::cx::{Cpu, number_of};
use crate::dispatch::Work;
use crate::ndis::Ndis;
use crate::ndis::own_thread::is_for;
use crate::time::TimeKind;

impl Ndis {
    /// Waits until `done`, for other threads or virtual CPUs; false if it is not after `patience`.
    pub(crate) fn wait_until(&self, patience: Duration, done: impl Fn() -> bool) -> bool {
        if let Some(done) = self.others_until(&done) {
            return done;
        }
        let end = Instant::now() + patience;
        while !done() {
            if Instant::now() > end {
                return false;
            }
            std::thread::sleep(Duration::from_micros(50));
        }
        true
    }

    /// Waits until `done`: others go on meanwhile, in virtual time what is due happens. False if it never
    /// will be, or is not after `patience`, which counts in real time, and in virtual time where a driver polls.
    pub fn wait(&self, patience: Duration, done: impl Fn() -> bool) -> bool {
        let patience_ns = u64::try_from(patience.as_nanos()).unwrap_or(u64::MAX);
        let end = self.now().saturating_add(patience_ns);
        while self.config.time == TimeKind::Virtual && !done() {
            // What is waited for may be what the driver polls for, which goes on for ever.
            let polls = self.polls.any();
            let one = |until| matches!(self.run(until, Some(1)), Ok(1));
            if (polls && self.now() >= end) || !(one(None) || (polls && one(Some(end)))) {
                return done();
            }
        }
        self.wait_until(patience, done)
    }

    /// Why nobody lets go of `lock`, for which `cpu` waits, in words. Not in other kinds of time: none.
    pub(crate) fn deadlock(&self, cpu: u32, lock: u32) -> Option<String> {
        let adversary = self.queue.adversary.as_ref()?;
        let waiting: Vec<(u32, u32)> = {
            let inner = adversary.inner.lock();
            let numbered = inner.cpus.iter().enumerate();
            numbered
                .filter_map(|(number, cpu)| match cpu.state {
                    State::Lock(lock) => Some((Cpu::numbered(number).id, lock)),
                    _ => None,
                })
                .collect()
        };
        let (mut who, mut wants) = (cpu, lock);
        let mut circle = Vec::new();
        loop {
            let owner = self.locks.owner(wants);
            circle.push(format!(
                "cpu {} waits for {}, which cpu {} holds",
                number_of(who),
                self.locks.name(wants),
                number_of(owner)
            ));
            let next = waiting.iter().find(|(other, _)| *other == owner);
            match next {
                Some((other, next)) if *other != cpu && circle.len() <= waiting.len() => {
                    (who, wants) = (*other, *next);
                }
                _ => break,
            }
        }
        Some(format!("a deadlock: {}", circle.join("; ")))
    }

    /// Whether a CPU that has nothing to do, or waits, leaves it at that: all that is left to begin are timers that poll.
    pub(super) fn rests(&self, inner: &Inner, at: At) -> bool {
        if matches!(at, At::Point(_) | At::Lock(_)) {
            return false;
        }
        let mut left = inner.pending.iter().filter(|pending| !pending.background);
        // Who sleeps inside of the driver may look each time whether a poll has brought what it waits for.
        let waits = |cpu: &Virtual| match cpu.state {
            State::Lock(_) | State::Waits(_) => true,
            State::Sleeps(_) => cpu.on.is_none(),
            _ => false,
        };
        let waits = matches!(at, At::Waits) || inner.cpus.iter().any(waits);
        left.clone().all(|pending| self.is_poll(pending.work)) && self.has_polled_enough(waits)
            || self.goes_round(waits, |since| left.all(|pending| u64::from(pending.task) > since))
    }

    /// Lets others go on until `done`; false if it never will be. Not in other kinds of time: none.
    pub(crate) fn others_until(&self, done: impl Fn() -> bool) -> Option<bool> {
        let adversary = self.adversary()?;
        while !done() {
            if !self.go_on(adversary, At::Waits) {
                return Some(done());
            }
        }
        Some(true)
    }

    /// It is the time until which this CPU sleeps, if it does.
    pub(super) fn wake(&self, inner: &mut Inner, number: usize) {
        let cpu = &mut inner.cpus[number];
        if let State::Sleeps(until) = cpu.state {
            let woken = std::mem::take(&mut cpu.woken);
            if !woken {
                self.queue.clock.set(until);
            }
            if cpu.on.is_some() {
                self.see_round(!woken);
            }
            cpu.since = self.now();
            inner.progress += 1;
        }
    }

    /// Lets others go on for so long; no less than what is kept waiting no longer than that. Whether it did: not in other kinds of time.
    pub(crate) fn others_for(&self, delay: u64) -> bool {
        self.adversary().is_some_and(|adversary| {
            self.go_on(adversary, At::Sleeps(self.now().saturating_add(delay)));
            true
        })
    }

    /// Lets others go on until `lock` is free; false if it never will be. Not in other kinds of time: none.
    pub(crate) fn others_until_free(&self, lock: u32) -> Option<bool> {
        let adversary = self.adversary()?;
        Some(self.go_on(adversary, At::Lock(lock)))
    }
}

impl Ndis {
    /// A thread of a driver's own waits until `object` is signaled, and until `end` at most.
    pub(crate) fn park_adversarial(&self, adversary: &Adversary, object: usize, end: Option<u64>) {
        let me = Cpu::current_number();
        adversary.change().cpus[me].on = Some(object);
        if end.is_some() {
            self.polls.note();
        }
        self.go_on(adversary, At::Sleeps(end.unwrap_or(u64::MAX)));
        let mut inner = adversary.change();
        (inner.cpus[me].on, inner.cpus[me].woken) = (None, false);
    }
}

impl Adversary {
    /// Who waits for that object goes on.
    pub(crate) fn signaled(&self, object: usize, now: u64) {
        for cpu in &mut self.change().cpus {
            if cpu.on.is_some_and(|on| is_for(on, object)) && !cpu.woken {
                (cpu.woken, cpu.since) = (true, now);
            }
        }
    }

    /// Whether no CPU but the thread's own is at anything.
    pub(crate) fn others_are_idle(&self) -> bool {
        self.inner.lock().cpus[1..]
            .iter()
            .all(|cpu| cpu.state == State::Idle && cpu.inbox.is_none())
    }

    /// The first work of a kind that is due up to `until`; it is not to begin any more.
    pub(crate) fn take_due(&self, until: u64, kind: impl Fn(Work) -> bool) -> Option<(u64, Work)> {
        let mut inner = self.change();
        let due = |pending: &Pending| pending.at <= until && kind(pending.work);
        let at = inner.pending.iter().position(due)?;
        let pending = inner.pending.remove(at);
        Some((pending.at, pending.work))
    }

    /// This CPU waits no more; whether what it waited for will never come.
    pub(super) fn gave_up(&self) -> bool {
        let mut inner = self.change();
        let me = &mut inner.cpus[Cpu::current_number()];
        me.state = State::Ready;
        std::mem::take(&mut me.gave_up)
    }

    /// Whether the world ends; this CPU is no more then.
    pub(super) fn has_ended(&self, me: usize) -> bool {
        let mut inner = self.change();
        if inner.ending {
            (inner.cpus[me].state, inner.cpus[me].started) = (State::Idle, false);
        }
        inner.ending
    }
}

impl Inner {
    /// Nobody can go on.
    pub(super) fn nothing_happens(&mut self, me: usize, at: At) -> Next {
        let waits = |state| matches!(state, State::Lock(_) | State::Waits(_));
        let spins = |state| matches!(state, State::Lock(_));
        let others = || (0..self.cpus.len()).filter(|number| *number != me);
        // One that spins has met a deadlock; one that waits only waits for it.
        let waiting = match at {
            At::Lock(_) => None,
            At::Waits => others().find(|number| spins(self.cpus[*number].state)),
            _ => others().find(|number| waits(self.cpus[*number].state)),
        };
        if waiting.is_none() && matches!(at, At::Lock(_) | At::Waits) {
            return Next::GaveUp;
        }
        if let Some(waiting) = waiting {
            self.cpus[waiting].gave_up = true;
            return Next::To(waiting);
        }
        if me == 0 { Next::Nothing } else { Next::To(0) }
    }
}
