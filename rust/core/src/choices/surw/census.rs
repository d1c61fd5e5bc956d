//! What SURW knows of a program: which task does how many interesting events, and who creates whom.

use super::super::rng::Rng;
use super::super::{Access, Step};

/// Tasks beyond this number are not counted; a program that has so many is not made uniform.
const TASKS: usize = 1 << 12;
/// Events beyond this number of one execution are not counted.
const EVENTS: usize = 1 << 14;
const NOBODY: u32 = u32::MAX;

/// One task: what was learnt of it, and what is so in this execution.
#[derive(Copy, Clone, Debug)]
struct Task {
    /// Who created it, in the execution that was counted.
    parent: u32,
    /// Interesting events in the execution that was counted.
    counted: u32,
    /// Interesting events ahead, those of tasks that it has still to create included.
    ahead: u32,
    /// Who created it, in this execution.
    parent_now: u32,
    appeared: bool,
}

const NEW: Task =
    Task { parent: NOBODY, counted: 0, ahead: 0, parent_now: NOBODY, appeared: false };

#[derive(Clone, Debug)]
pub(super) struct Census {
    tasks: Vec<Task>,
    /// What happened in this execution.
    events: Vec<(u32, Access)>,
    last: u32,
    /// The interesting object; 0 is all of them.
    object: u64,
}

impl Default for Census {
    fn default() -> Census {
        Census { tasks: Vec::new(), events: Vec::new(), last: NOBODY, object: 0 }
    }
}

impl Census {
    pub(super) fn begin(&mut self) {
        self.events.clear();
        self.last = NOBODY;
        for task in &mut self.tasks {
            (task.ahead, task.parent_now, task.appeared) = (task.counted, NOBODY, false);
        }
        // Numbers are given in order of creation, so a child's number is above its parent's.
        for child in (0..self.tasks.len()).rev() {
            let Task { parent, ahead, .. } = self.tasks[child];
            if let Some(parent) = self.tasks[..child].get_mut(parent as usize) {
                parent.ahead += ahead;
            }
        }
    }

    pub(super) fn is_interesting(&self, access: Access) -> bool {
        access.object != 0 && (self.object == 0 || access.object == self.object)
    }

    /// What the task has ahead, as far as is known.
    pub(super) fn ahead(&self, task: u32) -> u64 {
        self.tasks.get(task as usize).map_or(0, |task| u64::from(task.ahead))
    }

    /// A task is there. If it is new, and was created by one that is known: by whom, what it takes
    /// with it, and of how much.
    pub(super) fn appears(&mut self, task: u32) -> Option<(u32, u64, u64)> {
        let index = task as usize;
        if index >= TASKS {
            return None;
        }
        if index >= self.tasks.len() {
            self.tasks.resize(index + 1, NEW);
        }
        let last = self.last;
        let child = &mut self.tasks[index];
        if child.appeared {
            return None;
        }
        (child.appeared, child.parent_now) = (true, last);
        let Task { parent: number, ahead: share, .. } = *child;
        let parent = self.tasks[..index].get_mut(number as usize)?;
        let of = parent.ahead;
        parent.ahead = of.saturating_sub(share);
        Some((number, u64::from(share), u64::from(of)))
    }

    /// A step is taken; says whether it was an interesting one.
    pub(super) fn happens(&mut self, step: &Step) -> bool {
        self.last = step.task;
        if step.access.object != 0 && self.events.len() < EVENTS {
            self.events.push((step.task, step.access));
        }
        let interesting = self.is_interesting(step.access);
        if interesting && let Some(task) = self.tasks.get_mut(step.task as usize) {
            task.ahead = task.ahead.saturating_sub(1);
        }
        interesting
    }

    /// Draws the object of the next execution and counts.
    pub(super) fn end(&mut self, rng: &mut Rng) {
        self.object = if rng.chance(64) { 0 } else { self.shared(rng).unwrap_or(0) };
        for task in &mut self.tasks {
            (task.parent, task.counted) = (task.parent_now, 0);
        }
        for &(task, access) in &self.events {
            if (self.object == 0 || access.object == self.object)
                && let Some(task) = self.tasks.get_mut(task as usize)
            {
                task.counted += 1;
            }
        }
    }

    /// An object that two tasks touched and one of them wrote: that of a random event, so that the
    /// busier one comes more often.
    fn shared(&self, rng: &mut Rng) -> Option<u64> {
        for _ in 0..8 {
            let &(task, access) = self.events.get(rng.index(self.events.len()))?;
            if self.events.iter().any(|(other, b)| *other != task && access.conflicts(*b)) {
                return Some(access.object);
            }
        }
        None
    }
}
