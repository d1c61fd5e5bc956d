//! What can happen at a point.

use super::{Adversary, Inner, Listed, Pending, State, Virtual, Way};
use crate::choices::{Access, Step};
use crate::cx::Irql;
use crate::dispatch::Work;
use crate::ndis::Ndis;

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
    /// It sleeps until then.
    Sleeps(u64),
}

impl Work {
    /// A CPU at this level or above is not interrupted by it.
    fn level(self) -> Irql {
        match self {
            Work::Device { .. } => Irql::DIRQL,
            Work::Thread { .. } | Work::Own { .. } | Work::Alarm { .. } => Irql::PASSIVE,
            _ => Irql::DISPATCH,
        }
    }

    pub(super) fn is_thread(self) -> bool {
        matches!(self, Work::Thread { .. } | Work::Own { .. })
    }
}

impl Virtual {
    /// When it goes on, if it sleeps and nothing is to be done on it before.
    fn wakes(&self) -> Option<u64> {
        match self.state {
            State::Sleeps(until) if self.sleeps() && until < u64::MAX => Some(until),
            _ => None,
        }
    }

    /// Whether it does nothing until its time comes, or somebody wakes it.
    fn sleeps(&self) -> bool {
        matches!(self.state, State::Sleeps(_)) && self.inbox.is_none() && !self.woken
    }

    fn is_idle(&self) -> bool {
        self.state == State::Idle && self.inbox.is_none()
    }

    /// Whether work may begin on it although it runs something, or sleeps.
    fn is_interruptible(&self) -> bool {
        matches!(self.state, State::Ready | State::Sleeps(_)) && self.inbox.is_none()
    }
}

/// Where work could begin; the same for all work of a point.
#[derive(Copy, Clone, Debug)]
pub(super) struct Room {
    /// Whether a CPU other than the thread's own is idle.
    idle: bool,
    /// Whether the thread's own is.
    idle_own: bool,
    /// The lowest level of those that run something and may be interrupted.
    lowest: Irql,
    /// When the first of what runs began.
    since: u64,
    /// Whether somebody waits for what others do.
    waits: bool,
}

impl Room {
    const NONE: Room =
        Room { idle: false, idle_own: false, lowest: Irql(u8::MAX), since: u64::MAX, waits: false };

    /// An idle CPU of this number has place.
    #[inline]
    fn rest(&mut self, number: usize, cpu: &Virtual) {
        if cpu.inbox.is_none() {
            *(if number == 0 { &mut self.idle_own } else { &mut self.idle }) = true;
        }
    }

    /// On a CPU that runs something, or sleeps, work may begin above its level.
    #[inline]
    fn interrupt(&mut self, cpu: &Virtual) {
        if cpu.inbox.is_none() {
            self.lowest = self.lowest.min(cpu.irql);
        }
    }

    #[inline]
    fn has_place(&self, work: Work) -> bool {
        self.idle || (!work.is_thread() && (self.idle_own || self.lowest < work.level()))
    }
}

impl Ndis {
    /// [`list`](Inner::list) at a point. Where nobody waits for what others do, the list stays what it is at the next point.
    #[inline(never)]
    pub(super) fn list_at_point(
        &self,
        adversary: &Adversary,
        inner: &mut Inner,
        me: usize,
        access: Access,
    ) {
        let (at, free) = (At::Point(access), |lock| self.locks.is_free(lock));
        let (room, any) = inner.list(me, (at, false), adversary.settings.latency, free);
        // With an idle CPU all work has a place, at whatever level the others run.
        let irql = (any && !room.idle).then_some(inner.cpus[me].irql);
        let lone = inner.steps.len() == 1 && !adversary.asks_lone;
        inner.listed = (!room.waits).then_some(Listed { cpu: me, irql, lone });
    }
}

impl Inner {
    /// Lists in `steps` and `ways` what can happen while CPU `me` is at such a point; the first is what
    /// happens without an adversary. Where work could begin, and whether any could. With `rests` none does for its own sake.
    pub(super) fn list(
        &mut self,
        me: usize,
        (at, rests): (At, bool),
        latency: u64,
        free: impl Fn(u32) -> bool,
    ) -> (Room, bool) {
        self.listed = None;
        self.steps.clear();
        self.ways.clear();
        let mut preempts = false;
        if let At::Point(access) = at {
            self.offer(Way::Cpu(me), self.cpus[me].task, access, false);
            preempts = true;
        }
        // Who only polls is not the reason to go on, once he has done it for long enough.
        let tired = rests && !self.all;
        let (mut room, mut wakes) = (Room::NONE, None);
        let Inner { cpus, steps, ways, progress, .. } = self;
        for (number, cpu) in cpus.iter().enumerate() {
            let other = number != me;
            let can = match cpu.state {
                State::Idle => {
                    room.rest(number, cpu);
                    continue;
                }
                State::Ready => other,
                State::Lock(lock) => {
                    room.waits = true;
                    other && free(lock)
                }
                State::Waits(seen) => {
                    room.waits = true;
                    other && seen != *progress
                }
                State::Sleeps(_) => cpu.woken,
            };
            if matches!(cpu.state, State::Ready | State::Sleeps(_)) && (other || preempts) {
                room.interrupt(cpu);
            }
            if cpu.sleeps() {
                if let Some(at) = cpu.wakes()
                    && !(tired && cpu.on.is_some())
                {
                    wakes = Some(wakes.map_or(at, |first: u64| first.min(at)));
                }
            } else {
                room.since = room.since.min(cpu.since);
            }
            if can {
                ways.push(Way::Cpu(number));
                steps.push(Step { task: cpu.task, access: cpu.access, preempts });
            }
        }
        if let At::Lock(lock) = at
            && free(lock)
        {
            self.offer(Way::Cpu(me), self.cpus[me].task, self.cpus[me].access, false);
        }
        // A check for hang is of use in its order only, and never the reason to go on.
        let work = self.pending.iter().find(|pending| !pending.background).map(|p| p.at);
        let rests = tired || (work.is_none() && !self.all);
        if rests && wakes.is_none() {
            return (room, false);
        }
        let first = work.into_iter().chain(wakes).min();
        let last = first.map_or(u64::MAX, |first| first.saturating_add(latency)).min(self.until);
        // In the order of time, as far as nobody wants it otherwise.
        let sooner = wakes.is_some_and(|wakes| work.is_none_or(|work| wakes < work));
        for last in [last.min(room.since.saturating_add(latency)), last] {
            if sooner {
                self.list_sleepers(last, tired, preempts);
            }
            if !rests {
                self.list_work(room, last, preempts);
            }
            if !sooner && wakes.is_some() {
                self.list_sleepers(last, tired, preempts);
            }
            if !self.steps.is_empty() {
                break;
            }
            // Whoever is busy waits: time goes on all the same.
        }
        if self.steps.is_empty() && (self.until == u64::MAX || !matches!(at, At::Idle)) {
            // What is due has no place before.
            self.list_sleepers(wakes.unwrap_or(0), tired, preempts);
        }
        (room, true)
    }

    /// The CPUs that sleep no longer than until `last`; those that poll are `tired` of it or not.
    fn list_sleepers(&mut self, last: u64, tired: bool, preempts: bool) {
        for number in 0..self.cpus.len() {
            let cpu = &self.cpus[number];
            if tired && cpu.on.is_some() {
                continue;
            }
            if cpu.wakes().is_some_and(|wakes| wakes <= last) {
                let task = cpu.task;
                self.offer(Way::Cpu(number), task, Access::ANY, preempts);
            }
        }
    }

    /// The list, if it is what it would be if CPU `me` listed it now, at this level, but for what it does next.
    #[inline(always)]
    #[allow(clippy::inline_always)] // at each point
    pub(super) fn listed_for(&self, me: usize, irql: Irql) -> Option<Listed> {
        let same =
            |listed: &Listed| listed.cpu == me && listed.irql.is_none_or(|listed| listed == irql);
        self.listed.filter(same)
    }

    /// The work that is due up to `last`.
    fn list_work(&mut self, room: Room, last: u64, preempts: bool) {
        for (index, pending) in self.pending.iter().enumerate() {
            if pending.at > last {
                break;
            }
            let in_order = !pending.background || index == 0;
            if in_order && room.has_place(pending.work) {
                self.ways.push(Way::Work(index));
                self.steps.push(Step { task: pending.task, access: Access::ANY, preempts });
            }
        }
    }

    fn offer(&mut self, way: Way, task: u32, access: Access, preempts: bool) {
        self.ways.push(way);
        self.steps.push(Step { task, access, preempts });
    }

    /// The CPUs on which `pending` could begin, idle ones first.
    pub(super) fn places(
        &self,
        me: usize,
        at: At,
        pending: &Pending,
    ) -> impl Iterator<Item = usize> + use<'_> {
        let (thread, level) = (pending.work.is_thread(), pending.work.level());
        // One idle CPU is like another. The caller's own counts while it is in `run`.
        let idle = (1..self.cpus.len()).find(|number| self.cpus[*number].is_idle());
        let idle = idle.or_else(|| (!thread && self.cpus[0].is_idle()).then_some(0));
        let runs = matches!(at, At::Point(_));
        let busy = move |number: &usize| {
            let cpu = &self.cpus[*number];
            !thread && (*number != me || runs) && cpu.is_interruptible() && cpu.irql < level
        };
        idle.into_iter().chain((0..self.cpus.len()).filter(busy))
    }
}
