//! The path from the root of the tree of all executions to the one that is run.
//!
//! ```text
//! frames   | steps | steps | value | steps |     one for each question
//! options  |a b c  |a b    |       |b c    |     the steps of each, one after the other
//! asleep   |       |c      |       |c      |     what need not be taken there
//! ```
//!
//! Three vectors that grow and shrink at their ends: once they have their size nothing is allocated.

use std::ops::Range;

use super::super::Step;
use super::sleep::{Asleep, falls_asleep};

/// A step that may be taken at a point.
#[derive(Copy, Clone, Debug)]
pub(super) struct Opt {
    pub(super) step: Step,
    /// Everything that begins with it has been explored.
    pub(super) done: bool,
    /// Its task could go on after it.
    pub(super) goes_on: bool,
}

/// A question, and the answer of this execution.
#[derive(Copy, Clone, Debug)]
struct Frame {
    /// Its first option; a value has none.
    first: usize,
    asleep: usize,
    /// How many preemptions there were before.
    cost: u32,
    /// How many values; 0 if it asks for a step.
    values: u32,
    chosen: u32,
}

/// How many preemptions an execution may have.
#[derive(Copy, Clone, Debug, Default)]
pub(super) struct Bound {
    pub(super) most: u32,
    /// Something was left out for having more.
    pub(super) cut: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Path {
    frames: Vec<Frame>,
    options: Vec<Opt>,
    asleep: Vec<Asleep>,
    /// The question that comes next in this execution.
    at: usize,
    /// The last point before it.
    last: Option<usize>,
    /// Whatever follows leads where another execution leads: it is finished, and not branched.
    redundant: bool,
    sleeping: bool,
    pub(super) bound: Bound,
    /// The same answers led to other questions.
    pub(super) unsteady: bool,
}

impl Path {
    pub(super) fn new(sleeping: bool) -> Path {
        Path {
            frames: Vec::new(),
            options: Vec::new(),
            asleep: Vec::new(),
            at: 0,
            last: None,
            redundant: false,
            sleeping,
            bound: Bound::default(),
            unsteady: false,
        }
    }

    pub(super) fn begin(&mut self) {
        (self.at, self.last, self.redundant) = (0, None, false);
    }

    pub(super) fn raise_the_bound(&mut self) {
        self.bound = Bound { most: self.bound.most + 1, cut: false };
    }

    pub(super) fn step(&mut self, steps: &[Step]) -> usize {
        if self.redundant {
            return 0;
        }
        if let Some(&Frame { values, chosen, .. }) = self.frames.get(self.at) {
            let options = self.options[self.options_of(self.at)].iter();
            if values == 0 && options.map(|option| &option.step).eq(steps) {
                self.last = Some(self.at);
                self.at += 1;
                return chosen as usize;
            }
            self.lose_the_way();
        }
        self.enter(steps)
    }

    pub(super) fn value(&mut self, n: u32) -> u32 {
        if self.redundant {
            return 0;
        }
        if let Some(&Frame { values, chosen, .. }) = self.frames.get(self.at) {
            if values == n {
                self.at += 1;
                return chosen;
            }
            self.lose_the_way();
        }
        let (first, asleep) = (self.options.len(), self.asleep.len());
        self.frames.push(Frame { first, asleep, cost: 0, values: n, chosen: 0 });
        self.at += 1;
        0
    }

    /// Changes the last answer that has an alternative; `false` if there is none.
    pub(super) fn advance(&mut self) -> bool {
        if self.at < self.frames.len() {
            self.lose_the_way();
        }
        while let Some(depth) = self.frames.len().checked_sub(1) {
            let Frame { first, values, chosen, .. } = self.frames[depth];
            let next = if values == 0 {
                self.options[first + chosen as usize].done = true;
                self.next_step(depth, chosen + 1)
            } else {
                Some(chosen + 1).filter(|next| *next < values)
            };
            if let Some(next) = next {
                self.frames[depth].chosen = next;
                return true;
            }
            self.forget(depth);
        }
        false
    }

    /// A point that was not reached before.
    fn enter(&mut self, steps: &[Step]) -> usize {
        let (first, asleep) = (self.options.len(), self.asleep.len());
        let mut cost = 0;
        if let Some(last) = self.last {
            let parent = self.frames[last];
            let taken = parent.first + parent.chosen as usize;
            // That another one would preempt says that the one who was taken can go on.
            self.options[taken].goes_on |= steps.iter().any(|step| step.preempts);
            cost = parent.cost + u32::from(self.options[taken].step.preempts);
            if self.sleeping {
                self.inherit(last);
            }
        }
        self.options.extend(steps.iter().map(|&step| Opt { step, done: false, goes_on: false }));
        self.frames.push(Frame { first, asleep, cost, values: 0, chosen: 0 });
        if let Some(chosen) = self.next_step(self.at, 0) {
            self.frames[self.at].chosen = chosen;
            self.last = Some(self.at);
            self.at += 1;
            return chosen as usize;
        }
        self.forget(self.at);
        self.redundant = true;
        0
    }

    /// What is asleep after the step that was taken at `parent`, put on top of the stack.
    fn inherit(&mut self, parent: usize) {
        let options = &self.options[self.options_of(parent)];
        let chosen = self.frames[parent].chosen as usize;
        let taken = &options[chosen];
        for index in self.asleep_at(parent) {
            let asleep = self.asleep[index];
            if asleep.stays_asleep(&taken.step) {
                self.asleep.push(asleep);
            }
        }
        for option in &options[..chosen] {
            if falls_asleep(option, taken, options) {
                self.asleep.push(Asleep::new(&option.step));
            }
        }
    }

    /// The first step of a point, from `from` on, that is neither asleep nor too many preemptions.
    fn next_step(&mut self, depth: usize, from: u32) -> Option<u32> {
        let options = &self.options[self.options_of(depth)];
        let asleep = &self.asleep[self.asleep_at(depth)];
        let cost = self.frames[depth].cost;
        for (option, index) in options.iter().zip(0..).skip(from as usize) {
            if asleep.iter().any(|asleep| asleep.covers(option, options)) {
                continue;
            }
            if cost + u32::from(option.step.preempts) <= self.bound.most {
                return Some(index);
            }
            self.bound.cut = true;
        }
        None
    }

    fn options_of(&self, depth: usize) -> Range<usize> {
        let end = self.frames.get(depth + 1).map_or(self.options.len(), |next| next.first);
        self.frames[depth].first..end
    }

    fn asleep_at(&self, depth: usize) -> Range<usize> {
        let end = self.frames.get(depth + 1).map_or(self.asleep.len(), |next| next.asleep);
        self.frames[depth].asleep..end
    }

    /// The question is another one than the last time; what was planned from here on is void.
    fn lose_the_way(&mut self) {
        self.unsteady = true;
        self.forget(self.at);
    }

    /// Drops the frames from `depth` on.
    fn forget(&mut self, depth: usize) {
        if let Some(&Frame { first, asleep, .. }) = self.frames.get(depth) {
            self.options.truncate(first);
            self.asleep.truncate(asleep);
            self.frames.truncate(depth);
        }
    }
}
