//! PCT: probabilistic concurrency testing.
//!
//! Burckhardt, Kothari, Musuvathi and Nagarakatte, "A randomized scheduler with probabilistic
//! guarantees of finding bugs", ASPLOS 2010. Each task has a random priority and the highest one
//! runs; at `d - 1` random points the task that would run falls below all others. A bug that needs
//! `d` ordering constraints is then found with a probability of at least `1 / (n k^(d-1))`, for `n`
//! tasks and `k` points.
//!
//! Points with one step are not counted: a priority that changes there has its effect at the next
//! point with two, so the bound holds with the smaller `k`. How many there will be is not known
//! before; it is taken to be as many as in the longest of the last executions.

use super::rng::{Rng, mix};
use super::values::Values;
use super::{Ended, Explorer, Step};

/// Initial priorities have this bit; those that fell are small numbers.
const INITIAL: u64 = 1 << 63;

/// PCT(d).
#[derive(Clone, Debug)]
pub struct Pct {
    rng: Rng,
    values: Values,
    length: Length,
    points: u64,
    /// The number that initial priorities are made from, so that no table of tasks is needed.
    priorities: u64,
    /// Where a task falls, and to which priority: the first is the next one to come, at the end.
    changes: Vec<(u64, u64)>,
    depth: usize,
    fallen: Vec<(u32, u64)>,
}

impl Pct {
    /// PCT for bugs of this depth, which is at least 1: with 1, tasks change only where they must.
    pub fn new(seed: u64, depth: u32) -> Pct {
        let depth = depth.max(1) as usize;
        Pct {
            rng: Rng::new(seed),
            values: Values::new(),
            length: Length::default(),
            points: 0,
            priorities: 0,
            changes: Vec::with_capacity(depth),
            depth,
            fallen: Vec::with_capacity(depth),
        }
    }

    fn priority(&self, task: u32) -> u64 {
        // The last fall counts.
        match self.fallen.iter().rev().find(|(fallen, _)| *fallen == task) {
            Some(&(_, priority)) => priority,
            None => INITIAL | mix(self.priorities, u64::from(task)),
        }
    }

    /// The step of the task with the highest priority; any of them, if it has several.
    fn highest(&mut self, steps: &[Step]) -> usize {
        let (mut best, mut priority, mut equal) = (0, self.priority(steps[0].task), 1);
        for (index, step) in steps.iter().enumerate().skip(1) {
            if step.task == steps[best].task {
                equal += 1;
                if self.rng.index(equal) == 0 {
                    best = index;
                }
                continue;
            }
            let other = self.priority(step.task);
            if other > priority {
                (best, priority, equal) = (index, other, 1);
            }
        }
        best
    }
}

impl Explorer for Pct {
    fn begin(&mut self) {
        self.values.begin(&mut self.rng);
        self.points = 0;
        self.priorities = self.rng.bits();
        self.fallen.clear();
        self.changes.clear();
        for level in 1..self.depth as u64 {
            self.changes.push((self.rng.below(self.length.longest()), level));
        }
        self.changes.sort_unstable_by(|a, b| b.cmp(a));
    }

    fn step(&mut self, steps: &[Step]) -> usize {
        if steps.len() < 2 {
            return 0;
        }
        let mut next = self.highest(steps);
        while let Some(&(at, level)) = self.changes.last() {
            if at > self.points {
                break;
            }
            self.changes.pop();
            self.fallen.push((steps[next].task, level));
            next = self.highest(steps);
        }
        self.points += 1;
        next
    }

    fn asks_lone(&self) -> bool {
        false
    }

    fn value(&mut self, n: u32) -> u32 {
        self.value_of(n, n)
    }

    fn value_of(&mut self, what: u32, n: u32) -> u32 {
        self.values.draw(&mut self.rng, what, n)
    }

    fn end(&mut self, _ended: &Ended<'_>) -> bool {
        self.length.learn(self.points);
        true
    }
}

/// How long executions are: the longest of this window and the one before, so that one that was
/// endless is forgotten.
#[derive(Clone, Debug, Default)]
struct Length {
    before: u64,
    now: u64,
    seen: u32,
}

impl Length {
    const WINDOW: u32 = 64;
    /// What is assumed of the first execution.
    const UNKNOWN: u64 = 32;

    fn longest(&self) -> u64 {
        match self.before.max(self.now) {
            0 => Length::UNKNOWN,
            longest => longest,
        }
    }

    fn learn(&mut self, length: u64) {
        self.now = self.now.max(length);
        self.seen += 1;
        if self.seen == Length::WINDOW {
            *self = Length { before: self.now, now: 0, seen: 0 };
        }
    }
}
