//! A random walk, with a will to go on.
//!
//! A walk that takes each step with the same probability changes the task at nearly every event:
//! with two tasks, a run of ten events of one of them comes once in a thousand executions. Most
//! bugs need a few preemptions in the right places and *none* elsewhere (Musuvathi and Qadeer,
//! PLDI 2007), so such a walk hardly ever sees them. Therefore the walk is *sticky*: with some
//! probability it goes on with `steps[0]`, else it takes any step. Which probability is best
//! depends on the length of the execution and on the bug; each execution draws one, from none at
//! all to 31 in 32. If values are asked for, some executions go on for sure: what a fault does by
//! itself is seen there, also where a long execution needs that nothing comes in between.

use super::rng::Rng;
use super::values::Values;
use super::{Ended, Explorer, Step};

/// Probabilities to go on, in 256ths.
pub(super) const STICKY: [u32; 6] = [0, 128, 192, 224, 240, 248];
/// To go on for sure.
const ALWAYS: u32 = 256;

/// The random walk.
#[derive(Clone, Debug)]
pub struct Random {
    rng: Rng,
    values: Values,
    fixed: Option<u32>,
    go_on: u32,
    /// Whether the last execution asked for a value; where none does, all that go on for sure are the same one.
    asked: bool,
}

impl Random {
    /// A walk that draws how sticky it is for each execution.
    pub fn new(seed: u64) -> Random {
        Random { rng: Rng::new(seed), values: Values::new(), fixed: None, go_on: 0, asked: false }
    }

    /// A walk that goes on with `steps[0]` in `of_256` of 256 cases; with 0 it is uniform.
    pub fn sticky(seed: u64, of_256: u8) -> Random {
        Random { fixed: Some(u32::from(of_256)), ..Random::new(seed) }
    }
}

impl Explorer for Random {
    fn begin(&mut self) {
        let kinds = STICKY.len() + usize::from(std::mem::take(&mut self.asked));
        let drawn = STICKY.get(self.rng.index(kinds)).copied().unwrap_or(ALWAYS);
        self.go_on = self.fixed.unwrap_or(drawn);
        self.values.begin(&mut self.rng);
    }

    fn step(&mut self, steps: &[Step]) -> usize {
        if steps.len() < 2 || self.rng.chance(self.go_on) {
            return 0;
        }
        self.rng.index(steps.len())
    }

    fn asks_lone(&self) -> bool {
        false
    }

    fn value(&mut self, n: u32) -> u32 {
        self.value_of(n, n)
    }

    fn value_of(&mut self, what: u32, n: u32) -> u32 {
        self.asked = true;
        self.values.draw(&mut self.rng, what, n)
    }

    fn end(&mut self, _ended: &Ended<'_>) -> bool {
        true
    }
}
