//! Running: whose turn it is, and work that begins on a CPU.

use std::rc::Rc;
use std::sync::Arc;

use super::list::At;
use super::point::Next;
use super::{Adversary, Pending, State};
use crate::cx::Cpu;
use crate::ndis::{Adapter, Ndis};

impl Ndis {
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

    /// Goes on with another CPU; what this one is to begin when it is its turn again.
    pub(super) fn switch(&self, adversary: &Adversary, other: usize) -> Option<Pending> {
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
    pub(super) fn begin(
        &self,
        adversary: &Adversary,
        pending: Pending,
        whose: &mut Option<Arc<Adapter>>,
    ) {
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
        inner.next = None;
        let virtual_ = &mut inner.cpus[me];
        (virtual_.task, virtual_.access, virtual_.since) =
            (before.task, before.access, before.since);
    }
}
