//! SURW: the selectively uniform random walk.
//!
//! Zhao, Wolff, Mathur and Roychoudhury, "Selectively uniform concurrency testing", ASPLOS 2025. A
//! walk that draws tasks evenly runs the short ones out before the long ones have begun: with one
//! event against 25, an order in which the one comes late is next to never seen. A walk that draws
//! each task by the number of events that it still has ahead makes every *order* equally likely.
//!
//! Orders of all events are too many, so those of a few are made uniform, the *interesting* ones:
//! here the accesses to one shared object, another one in each execution, and now and then all
//! accesses. A task is drawn by the interesting events that it has left and becomes the only one
//! that may do one; all others run until they come to theirs, with a will to go on as in the random walk. What a task
//! has ahead includes what tasks that it will create have ahead.
//!
//! How many events there will be is not known before an execution; the one before it is counted.

mod census;

use census::Census;

use super::random::STICKY;
use super::rng::Rng;
use super::values::Values;
use super::{Ended, Explorer, Step};

/// An event that was counted, beside the chance that a task has one of which nothing is known.
const SURE: u64 = 16;

/// The selectively uniform random walk.
#[derive(Clone, Debug)]
pub struct Surw {
    rng: Rng,
    values: Values,
    census: Census,
    intended: Option<u32>,
    /// In how many of 256 cases who may go on goes on.
    go_on: u32,
}

impl Surw {
    /// A walk that knows nothing of the program yet; its first execution draws tasks evenly.
    pub fn new(seed: u64) -> Surw {
        let rng = Rng::new(seed);
        Surw { rng, values: Values::new(), census: Census::default(), intended: None, go_on: 0 }
    }

    /// The task that may do the next interesting event: drawn by what each has ahead.
    fn intend(&mut self, steps: &[Step]) -> u32 {
        // Who did nothing of interest in the execution that was counted may do it in this one.
        let share = |step: &Step| (SURE * self.census.ahead(step.task)).max(1);
        let mut drawn = self.rng.below(steps.iter().map(share).sum());
        for step in steps {
            let share = share(step);
            if drawn < share {
                return step.task;
            }
            drawn -= share;
        }
        steps[0].task
    }

    /// Tasks that are seen for the first time take what they have ahead from the one that created
    /// them, and with it their share of the chance that it was they who were drawn.
    fn welcome(&mut self, steps: &[Step]) {
        for step in steps {
            let Some((parent, share, of)) = self.census.appears(step.task) else { continue };
            if self.intended == Some(parent) && self.rng.below(of) < share {
                self.intended = Some(step.task);
            }
        }
    }

    fn pick(&mut self, steps: &[Step]) -> usize {
        let intended = match self.intended {
            Some(task) if steps.iter().any(|step| step.task == task) => task,
            _ => self.intend(steps),
        };
        self.intended = Some(intended);
        let may = |step: &Step| step.task == intended || !self.census.is_interesting(step.access);
        if may(&steps[0]) && self.rng.chance(self.go_on) {
            return 0;
        }
        let mut left = self.rng.index(steps.iter().filter(|step| may(step)).count());
        for (index, step) in steps.iter().enumerate() {
            if may(step) {
                if left == 0 {
                    return index;
                }
                left -= 1;
            }
        }
        0
    }
}

impl Explorer for Surw {
    fn begin(&mut self) {
        self.values.begin(&mut self.rng);
        self.census.begin();
        self.go_on = STICKY[self.rng.index(STICKY.len())];
        self.intended = None;
    }

    fn step(&mut self, steps: &[Step]) -> usize {
        self.welcome(steps);
        let index = if steps.len() < 2 { 0 } else { self.pick(steps) };
        let step = &steps[index];
        if self.census.happens(step) {
            self.intended = None;
        }
        index
    }

    fn value(&mut self, n: u32) -> u32 {
        self.value_of(n, n)
    }

    fn value_of(&mut self, what: u32, n: u32) -> u32 {
        self.values.draw(&mut self.rng, what, n)
    }

    fn end(&mut self, _ended: &Ended<'_>) -> bool {
        self.census.end(&mut self.rng);
        true
    }
}
