//! An explorer that takes over where given answers end.
//!
//! Somebody has gone to a place by hand, and lets an explorer go on from there: each execution begins
//! with the same answers. What the explorer learns from is what it chose itself.

use super::replay::Replay;
use super::{Certificate, Choice, Ended, Explorer, Step};

/// Given answers, and an explorer behind them.
pub struct After {
    given: Replay,
    length: usize,
    then: Box<dyn Explorer>,
}

impl After {
    /// The answers `given`, and then those of `then`.
    pub fn new(given: Vec<Choice>, then: Box<dyn Explorer>) -> After {
        After { length: given.len(), given: Replay::new(given), then }
    }

    fn is_given(&self) -> bool {
        !self.given.unused().is_empty()
    }
}

impl Explorer for After {
    fn begin(&mut self) {
        self.given.begin();
        self.then.begin();
    }

    fn step(&mut self, steps: &[Step]) -> usize {
        if self.is_given() { self.given.step(steps) } else { self.then.step(steps) }
    }

    fn asks_lone(&self) -> bool {
        self.then.asks_lone()
    }

    fn value(&mut self, n: u32) -> u32 {
        if self.is_given() { self.given.value(n) } else { self.then.value(n) }
    }

    fn value_of(&mut self, what: u32, n: u32) -> u32 {
        if self.is_given() { self.given.value(n) } else { self.then.value_of(what, n) }
    }

    fn end(&mut self, ended: &Ended<'_>) -> bool {
        let choices = ended.choices.get(self.length..).unwrap_or_default();
        self.then.end(&Ended { choices, ..*ended })
    }

    fn suggest(&mut self, choices: &[Choice]) {
        if let Some(choices) = choices.get(self.length..) {
            self.then.suggest(choices);
        }
    }

    fn certificate(&self) -> Option<Certificate> {
        self.then.certificate()
    }

    fn is_unsteady(&self) -> bool {
        self.given.diverged().is_some() || self.then.is_unsteady()
    }
}
