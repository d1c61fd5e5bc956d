//! Running: whose turn it is, and work that begins on a CPU.

use std::rc::Rc;
use std::sync::Arc;

use super::list::At;
use super::point::Next;
use super::{Adversary, Inner, State};
use crate::biased::BiasedGuard;
use crate::cx::Cpu;
use crate::ndis::{Adapter, Ndis};

/// Why it is a CPU's turn again.
pub(super) enum Back {
    /// It is to begin something.
    ToWork,
    /// It goes on, or has waited for what will never come.
    ToGoOn { gave_up: bool },
}

impl Ndis {
    /// Lets things happen until nothing is left to do; at how many points that was.
    pub(crate) fn run_adversarial(&self, adversary: &Adversary, until: Option<u64>) -> u64 {
        let (from, cpu) = (adversary.points(), &Cpu::current());
        {
            let mut inner = adversary.change();
            (inner.until, inner.all) = (until.unwrap_or(u64::MAX), until.is_some());
        }
        let mut whose = None;
        loop {
            if !self.turn(adversary, cpu) {
                break;
            }
            self.begin(adversary, cpu, &mut whose);
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
            adversary.switch(&Cpu::current(), other);
        }
    }

    /// Who has nothing to do lets the next thing happen, on another CPU perhaps; false if there is none.
    #[inline(always)]
    #[allow(clippy::inline_always)] // what has yet to return when stacks change is guessed wrong
    fn turn(&self, adversary: &Adversary, cpu: &Rc<Cpu>) -> bool {
        match self.decide(adversary, cpu, At::Idle) {
            Next::Here => {}
            Next::To(other) => {
                adversary.switch(cpu, other);
            }
            Next::First(other) => {
                self.switch_first(adversary, cpu, other);
            }
            _ => return false,
        }
        true
    }

    /// Goes on with another CPU that has no stack yet.
    #[inline(never)]
    pub(super) fn switch_first(&self, adversary: &Adversary, cpu: &Cpu, other: usize) -> Back {
        if let Some(ndis) = self.me.upgrade() {
            adversary.stacks.start(other, Box::new(move || ndis.idle(other)));
        }
        adversary.switch(cpu, other)
    }

    /// What a CPU without a thread does: it takes work. Its end is the end of the world.
    fn idle(self: Arc<Self>, me: usize) -> usize {
        let Some(adversary) = &self.queue.adversary else { return 0 };
        let (cpu, mut whose) = (&Cpu::current(), None);
        loop {
            self.begin(adversary, cpu, &mut whose);
            if adversary.has_ended(me) {
                return 0;
            }
            if !self.turn(adversary, cpu) {
                adversary.switch(cpu, 0);
            }
        }
    }

    /// Does the work that this CPU is to begin, if there is any, on top of what it is at. `whose` the work before it was is not
    /// looked for again.
    #[inline(never)]
    pub(super) fn begin(
        &self,
        adversary: &Adversary,
        cpu: &Rc<Cpu>,
        whose: &mut Option<Arc<Adapter>>,
    ) {
        let me = cpu.place();
        let (pending, before) = {
            let virtual_ = &mut adversary.change_on(cpu).cpus[me];
            let Some(pending) = virtual_.inbox.take() else { return };
            let before = (virtual_.task, virtual_.access, virtual_.since);
            if matches!(virtual_.state, State::Idle | State::Sleeps(_)) {
                virtual_.since = self.now();
            }
            (virtual_.state, virtual_.task) = (State::Ready, pending.task);
            (pending, before)
        };
        self.execute(cpu, pending.work, whose);
        self.settle(cpu);
        let mut inner = adversary.change_on(cpu);
        // What a driver's function does takes no time; a thread and the check for hang may take what they like.
        if !pending.background && !pending.work.is_thread() {
            inner.delays.add(pending.at, self.now());
        }
        inner.next = None;
        let virtual_ = &mut inner.cpus[me];
        (virtual_.task, virtual_.access, virtual_.since) = before;
    }
}

impl Adversary {
    /// What is decided from; whoever takes it may change what can happen.
    pub(super) fn change(&self) -> BiasedGuard<'_, Inner> {
        let mut inner = self.inner.lock();
        inner.listed = None;
        inner
    }

    /// The same for a thread whose CPU this is.
    #[inline]
    pub(super) fn change_on(&self, cpu: &Cpu) -> BiasedGuard<'_, Inner> {
        let mut inner = self.inner.lock_on(cpu);
        inner.listed = None;
        inner
    }

    /// Goes on with another CPU, until it is this one's turn again.
    // Each call that has begun before and ends after it costs a wrong guess, of where it returns to: they are few.
    #[inline(always)]
    #[allow(clippy::inline_always)]
    pub(super) fn switch(&self, cpu: &Cpu, other: usize) -> Back {
        let me = cpu.place();
        Cpu::become_number(other);
        self.stacks.switch(me, other);
        Cpu::become_number(me);
        let here = &mut self.change_on(cpu).cpus[me];
        if here.inbox.is_some() {
            return Back::ToWork;
        }
        here.state = State::Ready;
        Back::ToGoOn { gave_up: std::mem::take(&mut here.gave_up) }
    }
}
