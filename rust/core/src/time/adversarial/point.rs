//! Going on: at a point, from idleness, after a wait.

use std::rc::Rc;
use std::sync::atomic::Ordering;

use super::list::At;
use super::turning::Back;
use super::{Adversary, Inner, State, Way};
use crate::choices::{Access, Choice};
use crate::cx::Cpu;
use crate::ndis::Ndis;

/// A call of a driver's on a CPU: something else may happen before what it does, and after.
pub(crate) struct Around<'a>(Option<(&'a Ndis, Option<&'a Rc<Cpu>>)>);

impl Drop for Around<'_> {
    #[inline]
    fn drop(&mut self) {
        // What the driver does next by itself may be about anything.
        match self.0 {
            Some((ndis, Some(cpu))) => ndis.at_point(cpu, Access::ANY),
            Some((ndis, None)) => Cpu::here(|cpu| ndis.at_point(cpu, Access::ANY)),
            None => {}
        }
    }
}

/// What a CPU does next.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(super) enum Next {
    /// What it is at.
    Go,
    /// It waits for what will never come.
    GaveUp,
    /// There is nothing left to do.
    Nothing,
    /// What is in its inbox, and then it is asked again.
    Here,
    /// Another CPU's turn.
    To(usize),
    /// The turn of another CPU that has no stack yet.
    First(usize),
}

impl Ndis {
    /// Something else may happen here, before `access`.
    #[inline]
    pub(crate) fn point(&self, access: Access) {
        if self.queue.adversary.is_some() {
            Cpu::here(|cpu| self.at_point(cpu, access));
        }
    }

    /// The same on the calling thread's CPU, for who knows it.
    #[inline]
    pub(crate) fn point_on(&self, cpu: &Rc<Cpu>, access: Access) {
        if self.queue.adversary.is_some() {
            self.at_point(cpu, access);
        }
    }

    /// [`point`](Self::point) before `access`, and after the call that makes it.
    #[inline]
    pub(crate) fn around(&self, access: Access) -> Around<'_> {
        self.point(access);
        Around(self.queue.adversary.is_some().then_some((self, None)))
    }

    /// The same on the calling thread's CPU, for who knows it.
    #[inline]
    pub(crate) fn around_on<'a>(&'a self, cpu: &'a Rc<Cpu>, access: Access) -> Around<'a> {
        self.point_on(cpu, access);
        Around(self.queue.adversary.is_some().then_some((self, Some(cpu))))
    }

    #[inline(never)]
    fn at_point(&self, cpu: &Rc<Cpu>, access: Access) {
        let Some(adversary) = &self.queue.adversary else { return };
        // A stack that unwinds is not left: whether a thread panics is asked of the thread.
        if self.is_foreign(adversary, cpu) || std::thread::panicking() {
            return;
        }
        let next = {
            let inner = &mut *adversary.inner.lock_on(cpu);
            let next = self.decide_point(adversary, inner, cpu, access);
            if next == Next::Go && !inner.quiet {
                return; // with so few points no driver is cut off
            }
            next
        };
        self.leave_point(cpu, access, next);
    }

    /// Something else comes next at a point, or there were very many.
    #[inline(never)]
    fn leave_point(&self, cpu: &Rc<Cpu>, access: Access, next: Next) {
        let Some(adversary) = &self.queue.adversary else { return };
        self.go_on_by(adversary, cpu, At::Point(access), next);
        // A language binding raises an exception instead.
        if adversary.is_cut_off() && adversary.settings.stacks.is_none() && !cpu.is_outermost() {
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
        let cpu = &Cpu::current();
        let next = self.decide(adversary, cpu, at);
        self.go_on_by(adversary, cpu, at, next)
    }

    /// The same when it was decided what comes next.
    #[inline(always)]
    #[allow(clippy::inline_always)] // see `Adversary::switch`
    fn go_on_by(&self, adversary: &Adversary, cpu: &Rc<Cpu>, at: At, mut next: Next) -> bool {
        loop {
            let back = match next {
                Next::Go => return true,
                Next::GaveUp | Next::Nothing => {
                    adversary.gave_up();
                    return false;
                }
                Next::Here => Back::ToWork,
                Next::To(other) => adversary.switch(cpu, other),
                Next::First(other) => self.switch_first(adversary, cpu, other),
            };
            match back {
                Back::ToWork => self.begin(adversary, cpu, &mut None),
                Back::ToGoOn { gave_up } => return !gave_up,
            }
            next = self.decide(adversary, cpu, at);
        }
    }

    /// What comes next at a point of this CPU.
    #[inline(always)]
    #[allow(clippy::inline_always)] // what most points are is one function
    fn decide_point(
        &self,
        adversary: &Adversary,
        inner: &mut Inner,
        cpu: &Cpu,
        access: Access,
    ) -> Next {
        let (me, irql) = (cpu.place(), cpu.irql());
        adversary.is_at_one_more(inner);
        inner.progress += 1;
        let listed = inner.listed_for(me, irql);
        if listed.is_some_and(|listed| listed.lone) {
            // What it does next is noted where it stops.
            inner.next = Some((me, access));
            return Next::Go;
        }
        inner.next = None;
        let here = &mut inner.cpus[me];
        (here.state, here.access, here.irql) = (State::Ready, access, irql);
        if inner.quiet {
            return Next::Go;
        }
        if listed.is_some() {
            inner.steps[0].access = access;
        } else {
            self.list_at_point(adversary, inner, me, access);
        }
        if inner.steps.len() == 1 && !adversary.asks_lone {
            return Next::Go;
        }
        let chosen = inner.step(cpu, &adversary.settings);
        if inner.asked.is_some() {
            inner.keep(|inner| self.asked_step(adversary, inner, chosen));
        }
        if chosen == 0 {
            return Next::Go;
        }
        self.take(adversary, inner, me, At::Point(access), chosen)
    }

    /// What comes next on this CPU.
    pub(super) fn decide(&self, adversary: &Adversary, cpu: &Cpu, at: At) -> Next {
        let inner = &mut *adversary.inner.lock_on(cpu);
        if let At::Point(access) = at {
            return self.decide_point(adversary, inner, cpu, access);
        }
        adversary.is_at_one_more(inner);
        let me = cpu.place();
        let here = &mut inner.cpus[me];
        if let Some((passed, access)) = inner.next.take()
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
        self.decide_otherwise(adversary, inner, cpu, at)
    }

    /// The same for a CPU that is not at a point of its own.
    #[inline(never)]
    fn decide_otherwise(
        &self,
        adversary: &Adversary,
        inner: &mut Inner,
        cpu: &Cpu,
        at: At,
    ) -> Next {
        let (me, rests) = (cpu.place(), self.polls.any() && self.rests(inner, at));
        let free = |lock| self.locks.is_free(lock);
        inner.list(me, (at, rests), adversary.settings.latency, free);
        if inner.steps.is_empty() {
            return inner.nothing_happens(me, at);
        }
        let chosen = if inner.quiet { 0 } else { inner.step(cpu, &adversary.settings) };
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
                let there = &mut inner.cpus[other];
                there.inbox = Some(pending);
                if other == me {
                    Next::Here
                } else if std::mem::replace(&mut there.started, true) {
                    Next::To(other)
                } else {
                    Next::First(other)
                }
            }
        }
    }
}

impl Adversary {
    /// Another point.
    #[inline]
    fn is_at_one_more(&self, inner: &mut Inner) {
        let points = self.points() + 1;
        self.points.store(points, Ordering::Relaxed);
        if points >= self.settings.max_points {
            (inner.quiet, inner.listed) = (true, None);
        }
    }
}
