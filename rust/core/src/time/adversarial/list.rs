//! What can happen at a point.

use super::{Inner, Pending, State, Virtual, Way};
use crate::choices::{Access, Step};
use crate::cx::Irql;
use crate::dispatch::Work;

/// Why a CPU is at a point.
#[derive(Copy, Clone, Debug)]
pub(super) enum At {
    /// It would go on with this.
    Point(Access),
    /// It has nothing to do.
    Idle,
    /// It spins for this lock.
    Lock(u32),
    /// It waits for what others do.
    Waits,
}

impl Work {
    /// A CPU at this level or above is not interrupted by it.
    fn level(self) -> Irql {
        match self {
            Work::Device { .. } => Irql::DIRQL,
            Work::Thread { .. } | Work::Alarm { .. } => Irql::PASSIVE,
            _ => Irql::DISPATCH,
        }
    }
}

impl Virtual {
    /// Whether `pending` may begin on it although it runs something.
    fn takes(&self, pending: &Pending) -> bool {
        self.state == State::Ready && self.inbox.is_none() && self.irql < pending.work.level()
    }
}

impl Inner {
    /// Lists in `steps` and `ways` what can happen while CPU `me` is at such a point; the first is what
    /// happens without an adversary.
    pub(super) fn list(&mut self, me: usize, at: At, latency: u64, free: impl Fn(u32) -> bool) {
        self.steps.clear();
        self.ways.clear();
        let mut preempts = false;
        if let At::Point(access) = at {
            self.offer(Way::Cpu(me), self.cpus[me].task, access, false);
            preempts = true;
        }
        for number in 0..self.cpus.len() {
            let cpu = &self.cpus[number];
            let can = match cpu.state {
                _ if number == me => false,
                State::Idle => false,
                State::Ready => true,
                State::Lock(lock) => free(lock),
                State::Waits(seen) => seen != self.progress,
            };
            if can {
                self.offer(Way::Cpu(number), cpu.task, cpu.access, preempts);
            }
        }
        if let At::Lock(lock) = at
            && free(lock)
        {
            self.offer(Way::Cpu(me), self.cpus[me].task, self.cpus[me].access, false);
        }
        if self.pending.is_empty() {
            return;
        }
        let busy = self.cpus.iter().filter(|cpu| cpu.state != State::Idle);
        let late = busy.map(|cpu| cpu.since.saturating_add(latency)).min().unwrap_or(u64::MAX);
        self.list_work(at, late, latency, preempts);
        if self.steps.is_empty() {
            // Whoever is busy waits: time goes on all the same.
            self.list_work(at, u64::MAX, latency, preempts);
        }
    }

    fn list_work(&mut self, at: At, late: u64, latency: u64, preempts: bool) {
        let first = self.pending.iter().find(|pending| !pending.background).map(|p| p.at);
        let last = first.map_or(u64::MAX, |first| first.saturating_add(latency));
        for index in 0..self.pending.len() {
            let pending = self.pending[index];
            if pending.at > last.min(late).min(self.until) {
                break;
            }
            // A check for hang is of use in its order only, and never the reason to go on.
            if pending.background && (index > 0 || !(self.all || first.is_some())) {
                continue;
            }
            if self.places(at, &pending).next().is_some() {
                self.offer(Way::Work(index), pending.task, Access::ANY, preempts);
            }
        }
    }

    fn offer(&mut self, way: Way, task: u32, access: Access, preempts: bool) {
        self.ways.push(way);
        self.steps.push(Step { task, access, preempts });
    }

    /// The CPUs on which `pending` could begin, idle ones first.
    pub(super) fn places<'a>(
        &'a self,
        at: At,
        pending: &'a Pending,
    ) -> impl Iterator<Item = usize> + 'a {
        let me = crate::cx::Cpu::current_number();
        let thread = matches!(pending.work, Work::Thread { .. });
        let is_idle = |cpu: &Virtual| cpu.state == State::Idle && cpu.inbox.is_none();
        // One idle CPU is like another. The caller's own counts while it is in `run`.
        let idle = (1..self.cpus.len()).find(|number| is_idle(&self.cpus[*number]));
        let idle = idle.or_else(|| (!thread && is_idle(&self.cpus[0])).then_some(0));
        let runs = matches!(at, At::Point(_));
        let busy = move |number: &usize| {
            (*number != me || runs) && !thread && self.cpus[*number].takes(pending)
        };
        idle.into_iter().chain((0..self.cpus.len()).filter(busy))
    }
}
