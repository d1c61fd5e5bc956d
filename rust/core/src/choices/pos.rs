//! POS: partial order sampling.
//!
//! Yuan, Yang and Gu, "Partial order aware concurrency sampling", CAV 2018. Each *event* that is
//! pending has a random priority, and the highest one happens. Events that race with it (the same
//! object, one of them writes) get a new priority, so that having lost one race says nothing about
//! the next one. A walk that draws tasks again at every event spends its draws on orders that make
//! no difference; here a draw is spent where the order of two events does.
//!
//! Of some events nobody knows what they touch: an interrupt begins, and what it will do is not known. If that races
//! with everything, all is drawn anew at each event, and nothing runs for long beside it; if with nothing, some orders
//! are rare. Half of the executions take it for the one, half for the other.

use super::rng::Rng;
use super::values::Values;
use super::{Access, Ended, Explorer, Step};

/// An event that is pending.
#[derive(Copy, Clone, Debug)]
struct Pending {
    task: u32,
    access: Access,
    priority: u64,
}

/// Partial order sampling.
#[derive(Clone, Debug)]
pub struct Pos {
    rng: Rng,
    values: Values,
    pending: Vec<Pending>,
    /// Whether what touches nobody knows what races with everything, in this execution.
    wary: bool,
}

impl Pos {
    /// A sampler; the seed is all that it is given.
    pub fn new(seed: u64) -> Pos {
        let pending = Vec::with_capacity(16);
        Pos { rng: Rng::new(seed), values: Values::new(), pending, wary: true }
    }

    /// The priority of a step's event, which is drawn when the event is seen first.
    fn priority(&mut self, step: &Step) -> u64 {
        let known = self.pending.iter().find(|p| p.task == step.task && p.access == step.access);
        if let Some(known) = known {
            return known.priority;
        }
        let priority = self.rng.bits();
        self.pending.push(Pending { task: step.task, access: step.access, priority });
        priority
    }
}

impl Explorer for Pos {
    fn begin(&mut self) {
        self.values.begin(&mut self.rng);
        self.pending.clear();
        self.wary = self.rng.chance(128);
    }

    fn step(&mut self, steps: &[Step]) -> usize {
        let (mut best, mut highest, mut equal) = (0, 0, 0);
        for (index, step) in steps.iter().enumerate() {
            let priority = self.priority(step);
            if priority == highest {
                // One event that may happen at several places: any of them.
                equal += 1;
                if self.rng.index(equal) == 0 {
                    best = index;
                }
            } else if priority > highest {
                (best, highest, equal) = (index, priority, 1);
            }
        }
        let Step { task, access, .. } = steps[best];
        let (wary, any) = (self.wary, Access::ANY);
        let races =
            |other: Access| other.conflicts(access) && (wary || (other != any && access != any));
        self.pending.retain(|p| p.task != task && !races(p.access));
        best
    }

    fn value(&mut self, n: u32) -> u32 {
        self.value_of(n, n)
    }

    fn value_of(&mut self, what: u32, n: u32) -> u32 {
        self.values.draw(&mut self.rng, what, n)
    }

    fn end(&mut self, _ended: &Ended<'_>) -> bool {
        true
    }
}
