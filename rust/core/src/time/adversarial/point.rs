//! Going on: at a point, from idleness, after a wait.

use std::sync::atomic::Ordering;

use super::list::At;
use super::{Adversary, Inner, Pending, State, Way};
use crate::biased::BiasedGuard;
use crate::choices::{Access, Choice};
use crate::cx::Cpu;
use crate::ndis::Ndis;

/// A call of a driver's: something else may happen before what it does, and after.
pub(crate) struct Around<'a>(Option<&'a Ndis>);

impl Drop for Around<'_> {
    fn drop(&mut self) {
        if let Some(ndis) = self.0 {
            // What the driver does next by itself may be about anything.
            ndis.point(Access::ANY);
        }
    }
}

/// What a CPU does next.
pub(super) enum Next {
    /// What it is at.
    Go,
    /// It waits for what will never come.
    GaveUp,
    /// There is nothing left to do.
    Nothing,
    /// This, and then it is asked again.
    Here(Pending),
    /// Another CPU's turn.
    To(usize),
}

impl Ndis {
    /// Something else may happen here, before `access`.
    #[inline]
    pub(crate) fn point(&self, access: Access) {
        if let Some(adversary) = &self.queue.adversary {
            self.at_point(adversary, access);
        }
    }

    /// [`point`](Self::point) before `access`, and after the call that makes it.
    #[inline]
    pub(crate) fn around(&self, access: Access) -> Around<'_> {
        self.point(access);
        Around(self.queue.adversary.is_some().then_some(self))
    }

    #[inline(never)]
    fn at_point(&self, adversary: &Adversary, access: Access) {
        Cpu::here_numbered(|me, cpu| {
            // A stack that unwinds is not left: whether a thread panics is asked of the thread.
            if self.is_foreign(adversary, cpu) || std::thread::panicking() {
                return;
            }
            let mut inner = adversary.inner.lock_on(cpu);
            if !adversary.passes(&mut inner, (me, cpu), access) {
                self.at_point_with_ways(inner, (me, cpu), access);
            }
        });
    }

    /// The same where something else may happen, or nobody has looked whether it may.
    #[inline(never)]
    fn at_point_with_ways(
        &self,
        mut inner: BiasedGuard<'_, Inner>,
        (me, cpu): (usize, &Cpu),
        access: Access,
    ) {
        let Some(adversary) = &self.queue.adversary else { return };
        let mut next = Next::Go;
        self.decide_point(adversary, &mut inner, (me, cpu), access, &mut next);
        let quiet = inner.quiet;
        drop(inner);
        if !matches!(next, Next::Go) {
            self.go_on_by(adversary, At::Point(access), next);
        } else if !quiet {
            return; // with so few points no driver is cut off
        }
        // A language binding raises an exception instead.
        if adversary.is_cut_off()
            && adversary.settings.stacks.is_none()
            && !Cpu::current().is_outermost()
        {
            std::panic::panic_any("the drivers go on for ever; this execution is cut off");
        }
    }

    /// A value below `n`, 0 being the plain one: what the explorer says, 0 in other kinds of time.
    /// `what` it is for keeps kinds of faults apart.
    pub fn choose(&self, n: u32, what: &str) -> u32 {
        self.point(Access::ANY);
        self.adversary().map_or(0, |adversary| adversary.value(n, what))
    }

    /// The answers that were given so far: the replay token.
    pub fn choices(&self) -> Vec<Choice> {
        self.queue.adversary.as_ref().map(Adversary::choices).unwrap_or_default()
    }

    /// What each of the [`choices`](Self::choices) means, in words, if the world records at
    /// [`Verify::LastOwner`](crate::Verify::LastOwner) or above.
    pub fn choice_words(&self) -> Vec<String> {
        self.queue.adversary.as_ref().map(Adversary::words).unwrap_or_default()
    }

    /// How many points there were.
    pub fn points(&self) -> u64 {
        self.queue.adversary.as_ref().map_or(0, Adversary::points)
    }

    /// A number that stands for all events so far: other executions of the process with the same one had the same events.
    pub fn fingerprint(&self) -> u64 {
        self.queue.adversary.as_ref().map_or(0, Adversary::fingerprint)
    }

    /// How many ownership edges and pairs of them this execution was the first to reach.
    pub fn new_edges(&self) -> usize {
        self.queue.adversary.as_ref().map_or(0, Adversary::fresh)
    }

    /// Whether the drivers go on for ever: they were at more points than was allowed.
    pub fn is_cut_off(&self) -> bool {
        self.queue.adversary.as_ref().is_some_and(Adversary::is_cut_off)
    }

    /// From now on nothing is asked of the explorer, and the plain thing happens.
    pub fn be_quiet(&self) {
        if let Some(adversary) = &self.queue.adversary {
            adversary.be_quiet();
        }
    }

    /// At such a point: true when this CPU goes on, false if it waits for what will never come.
    pub(super) fn go_on(&self, adversary: &Adversary, at: At) -> bool {
        let next = self.decide(adversary, at);
        self.go_on_by(adversary, at, next)
    }

    /// The same when it was decided what comes next.
    fn go_on_by(&self, adversary: &Adversary, at: At, mut next: Next) -> bool {
        loop {
            match next {
                Next::Go => return true,
                Next::GaveUp | Next::Nothing => {
                    adversary.gave_up();
                    return false;
                }
                Next::Here(pending) => self.begin(adversary, pending, &mut None),
                Next::To(other) => match self.switch(adversary, other) {
                    Some(pending) => self.begin(adversary, pending, &mut None),
                    None => return !adversary.gave_up(),
                },
            }
            next = self.decide(adversary, at);
        }
    }

    /// What comes next at a point of this CPU, if it does not go on: where it is to be, since it is large and most do.
    #[inline(always)]
    #[allow(clippy::inline_always)] // what most points are is one function
    fn decide_point(
        &self,
        adversary: &Adversary,
        inner: &mut Inner,
        (me, cpu): (usize, &Cpu),
        access: Access,
        next: &mut Next,
    ) {
        adversary.is_at_one_more(inner);
        inner.progress += 1;
        let (here, irql) = (&mut inner.cpus[me], cpu.irql());
        (here.state, here.access, here.irql) = (State::Ready, access, irql);
        if inner.quiet {
            return;
        }
        if inner.listed_for(me, irql).is_some() {
            inner.steps[0].access = access;
        } else {
            self.list_at_point(adversary, inner, me, access);
        }
        inner.next = Some((me, access));
        if inner.steps.len() == 1 && !adversary.asks_lone {
            return;
        }
        let chosen = inner.step(cpu, &adversary.settings);
        inner.keep(|inner| self.asked_step(adversary, inner, chosen));
        if chosen != 0 {
            *next = self.take(adversary, inner, me, At::Point(access), chosen);
        }
    }

    pub(super) fn decide(&self, adversary: &Adversary, at: At) -> Next {
        Cpu::here_numbered(|me, cpu| {
            let inner = &mut *adversary.inner.lock_on(cpu);
            if let At::Point(access) = at {
                let mut next = Next::Go;
                self.decide_point(adversary, inner, (me, cpu), access, &mut next);
                return next;
            }
            adversary.is_at_one_more(inner);
            let here = &mut inner.cpus[me];
            if let Some((passed, access)) = inner.next
                && passed == me
            {
                here.access = access;
            }
            here.state = match at {
                At::Lock(lock) => State::Lock(lock),
                At::Waits => State::Waits(inner.progress),
                At::Sleeps(until) => State::Sleeps(until),
                _ => State::Idle,
            };
            here.irql = cpu.irql();
            self.decide_otherwise(adversary, inner, (me, cpu), at)
        })
    }

    /// The same for a CPU that is not at a point of its own.
    #[inline(never)]
    fn decide_otherwise(
        &self,
        adversary: &Adversary,
        inner: &mut Inner,
        (me, cpu): (usize, &Cpu),
        at: At,
    ) -> Next {
        let rests = self.polls.any() && self.rests(inner, at);
        let free = |lock| self.locks.is_free(lock);
        inner.list(me, (at, rests), adversary.settings.latency, free);
        if inner.steps.is_empty() {
            return inner.nothing_happens(me, at);
        }
        let chosen = inner.step(cpu, &adversary.settings);
        inner.keep(|inner| self.asked_step(adversary, inner, chosen));
        self.take(adversary, inner, me, at, chosen)
    }

    /// What was chosen among the ways, comes next.
    #[inline(never)]
    fn take(
        &self,
        adversary: &Adversary,
        inner: &mut Inner,
        me: usize,
        at: At,
        chosen: usize,
    ) -> Next {
        inner.listed = None;
        match inner.ways[chosen] {
            Way::Cpu(other) => {
                self.wake(inner, other);
                if other != me {
                    return Next::To(other);
                }
                inner.cpus[me].state = State::Ready;
                Next::Go
            }
            Way::Work(index) => {
                let pending = inner.pending[index];
                self.see_poll(pending.work, || u64::from(inner.tasks));
                let places = inner.places(me, at, &pending).count() as u32;
                let place = inner.value(&adversary.settings, 0, places) as usize;
                let other = inner.places(me, at, &pending).nth(place).unwrap_or(me);
                inner.keep(|inner| {
                    self.asked_place(adversary, inner, inner.places(me, at, &pending), place)
                });
                inner.pending.remove(index);
                inner.progress += 1;
                self.queue.clock.set(pending.at);
                if other == me {
                    return Next::Here(pending);
                }
                inner.cpus[other].inbox = Some(pending);
                Next::To(other)
            }
        }
    }
}

impl Adversary {
    /// Goes on at another point of this CPU, if that is known to be all that can happen there. What it does next is noted where
    /// it stops.
    #[inline(always)]
    #[allow(clippy::inline_always)] // many points are this and nothing else
    fn passes(&self, inner: &mut Inner, (me, cpu): (usize, &Cpu), access: Access) -> bool {
        let points = self.points() + 1;
        let lone = inner.listed_for(me, cpu.irql()).is_some_and(|listed| listed.lone);
        if !lone || points >= self.settings.max_points {
            return false;
        }
        self.points.store(points, Ordering::Relaxed);
        inner.progress += 1;
        inner.next = Some((me, access));
        true
    }

    /// Another point.
    #[inline]
    fn is_at_one_more(&self, inner: &mut Inner) {
        let points = self.points() + 1;
        self.points.store(points, Ordering::Relaxed);
        if points >= self.settings.max_points {
            inner.quiet = true;
        }
    }
}
