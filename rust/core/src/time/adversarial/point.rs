//! Going on: at a point, from idleness, after a wait.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::list::At;
use super::{Adversary, Inner, Pending, State, Way};
use crate::choices::{Access, Choice};
use crate::cx::Cpu;
use crate::ndis::{Adapter, Ndis};

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
        let mut next = Next::Go;
        let stays = Cpu::here_numbered(|me, cpu| {
            // A stack that unwinds is not left: whether a thread panics is asked of the thread.
            let stays = self.is_foreign(adversary, cpu) || std::thread::panicking();
            if !stays {
                self.decide_point(adversary, (me, cpu), access, &mut next);
            }
            stays
        });
        if stays {
            return;
        }
        if !matches!(next, Next::Go) {
            self.go_on_by(adversary, At::Point(access), next);
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

    /// Lets things happen until nothing is left to do; at how many points that was.
    pub(crate) fn run_adversarial(&self, adversary: &Adversary, until: Option<u64>) -> u64 {
        let from = adversary.points();
        {
            let mut inner = adversary.change();
            (inner.until, inner.all) = (until.unwrap_or(u64::MAX), until.is_some());
        }
        let mut whose = None;
        loop {
            match self.decide(adversary, At::Idle) {
                Next::Here(pending) => self.begin(adversary, pending, &mut whose),
                Next::To(other) => {
                    if let Some(pending) = self.switch(adversary, other) {
                        self.begin(adversary, pending, &mut whose);
                    }
                }
                _ => break,
            }
            if self.interrupted() || adversary.is_cut_off() {
                break;
            }
        }
        let mut inner = adversary.change();
        (inner.until, inner.all) = (u64::MAX, false);
        inner.cpus[0].state = State::Ready;
        if let Some(until) = until {
            self.queue.clock.set(until);
        }
        inner.cpus[0].since = self.now();
        adversary.points() - from
    }

    /// Lets what other CPUs have begun come to its end: a driver's function that was suspended when
    /// its adapter was halted goes on now, and what it does is too late.
    pub(crate) fn let_others_finish(&self) {
        let Some(adversary) = &self.queue.adversary else { return };
        let _ = self.others_until(|| adversary.others_are_idle());
    }

    /// Ends the stacks of the other CPUs, none of which has anything to do any more.
    pub(crate) fn end_stacks(&self) {
        let Some(adversary) = self.adversary() else { return };
        adversary.end();
        self.let_others_finish(); // a delivery at the very end may have begun something
        let started: Vec<usize> = {
            let inner = adversary.change();
            (1..inner.cpus.len()).filter(|number| inner.cpus[*number].started).collect()
        };
        for other in started {
            self.switch(adversary, other);
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
        (me, cpu): (usize, &Cpu),
        access: Access,
        next: &mut Next,
    ) {
        let inner = &mut *adversary.inner.lock_on(cpu);
        adversary.is_at_one_more(inner);
        inner.progress += 1;
        let (here, irql) = (&mut inner.cpus[me], cpu.irql());
        (here.state, here.access, here.irql) = (State::Ready, access, irql);
        if inner.quiet {
            return;
        }
        if inner.is_listed_for(me, irql) {
            inner.steps[0].access = access;
        } else {
            self.list_at_point(adversary, inner, me, access);
        }
        if inner.steps.len() == 1 && !adversary.asks_lone {
            return; // what most points are
        }
        let chosen = inner.step(cpu, &adversary.settings);
        inner.keep(|inner| self.asked_step(adversary, inner, chosen));
        if chosen != 0 {
            *next = self.take(adversary, inner, me, At::Point(access), chosen);
        }
    }

    fn decide(&self, adversary: &Adversary, at: At) -> Next {
        Cpu::here_numbered(|me, cpu| {
            if let At::Point(access) = at {
                let mut next = Next::Go;
                self.decide_point(adversary, (me, cpu), access, &mut next);
                return next;
            }
            let inner = &mut *adversary.inner.lock_on(cpu);
            adversary.is_at_one_more(inner);
            let here = &mut inner.cpus[me];
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

    /// Goes on with another CPU; what this one is to begin when it is its turn again.
    fn switch(&self, adversary: &Adversary, other: usize) -> Option<Pending> {
        let me = Cpu::current_number();
        let first = {
            let mut inner = adversary.change();
            !std::mem::replace(&mut inner.cpus[other].started, true)
        };
        if first && let Some(ndis) = self.me.upgrade() {
            adversary.stacks.start(other, Box::new(move || ndis.idle(other)));
        }
        Cpu::become_number(other);
        adversary.stacks.switch(me, other);
        Cpu::become_number(me);
        adversary.change().cpus[me].inbox.take()
    }

    /// What a CPU without a thread does: it takes work. Its end is the end of the world.
    fn idle(self: Arc<Self>, me: usize) -> usize {
        let Some(adversary) = &self.queue.adversary else { return 0 };
        let mut pending = adversary.change().cpus[me].inbox.take();
        let mut whose = None;
        loop {
            if let Some(pending) = pending.take() {
                self.begin(adversary, pending, &mut whose);
            }
            if adversary.has_ended(me) {
                return 0;
            }
            pending = match self.decide(adversary, At::Idle) {
                Next::Here(pending) => Some(pending),
                Next::To(other) => self.switch(adversary, other),
                _ => self.switch(adversary, 0),
            };
        }
    }

    /// Does work on this CPU, on top of what it is at. `whose` the work before it was is not looked for again.
    fn begin(&self, adversary: &Adversary, pending: Pending, whose: &mut Option<Arc<Adapter>>) {
        let me = Cpu::current_number();
        let cpu: Rc<Cpu> = Cpu::current();
        let before = {
            let mut inner = adversary.change();
            let virtual_ = &mut inner.cpus[me];
            let before = *virtual_;
            if matches!(before.state, State::Idle | State::Sleeps(_)) {
                virtual_.since = self.now();
            }
            (virtual_.state, virtual_.task) = (State::Ready, pending.task);
            before
        };
        self.execute(&cpu, pending.work, whose);
        self.settle(&cpu);
        let mut inner = adversary.change();
        // What a driver's function does takes no time; a thread and the check for hang may take what they like.
        if !pending.background && !pending.work.is_thread() {
            inner.delays.add(pending.at, self.now());
        }
        let virtual_ = &mut inner.cpus[me];
        (virtual_.task, virtual_.access, virtual_.since) =
            (before.task, before.access, before.since);
    }
}

impl Adversary {
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
