//! Which value a world answers with, for the explorers that have no better idea than chance.
//!
//! An execution in which everything fails all the time gets nowhere, and one fault often hides the
//! other. So each execution has a rate of faults of its own, and half of the executions leave out
//! whole kinds of faults: *swarm testing* (Groce, Zhang, Eide, Chen and Regehr, ISSTA 2012), which
//! found more bugs by leaving features out than by having all of them in every test.

use super::rng::{Rng, mix};

/// The rates that executions have, in 256ths. Half of the time is the middle one, and the plain
/// answer is the most frequent one over all.
const RATES: [u32; 6] = [0, 16, 64, 128, 128, 208];

/// The values of one execution.
#[derive(Clone, Debug)]
pub(super) struct Values {
    rate: u32,
    /// Kinds are hashed into 64 classes; a class is on if its bit is set.
    on: u64,
}

impl Values {
    pub(super) fn new() -> Values {
        Values { rate: 128, on: u64::MAX }
    }

    /// Draws the rate and the kinds of an execution.
    pub(super) fn begin(&mut self, rng: &mut Rng) {
        self.rate = RATES[rng.index(RATES.len())];
        self.on = if rng.chance(128) { u64::MAX } else { rng.bits() };
    }

    /// A value below `n`. The smallest and the largest one that is no 0 come more often than their
    /// share: limits are off by one.
    #[inline]
    pub(super) fn draw(&self, rng: &mut Rng, what: u32, n: u32) -> u32 {
        if self.on >> (mix(0, u64::from(what)) & 63) & 1 == 0 || !rng.chance(self.rate) {
            return 0;
        }
        match rng.index(8) {
            0 => 1,
            1 => n - 1,
            _ => 1 + rng.below(u64::from(n - 1)) as u32,
        }
    }
}
