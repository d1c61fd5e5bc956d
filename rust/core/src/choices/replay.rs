//! The same answers once more.
//!
//! Strict, the replay of a record: from the first question that is not the recorded one, all
//! answers are 0, and [`Replay::diverged`] says where that was. Lenient, for a shrinker that has
//! taken some answers out: a question with another number of answers gets the nearest one that it
//! has, since most of the answers behind it still mean what they meant.
//!
//! A record that ends early is no divergence: choices behind the last one that is not 0 need not be
//! written down.

use super::{Choice, Ended, Explorer, Step};

/// A recorded execution.
#[derive(Clone, Debug)]
pub struct Replay {
    choices: Vec<Choice>,
    next: usize,
    lenient: bool,
    diverged: Option<Diverged>,
}

/// Where an execution asked something else than the recorded one.
#[derive(Copy, Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "choice {at} has {asked} answers, and had {recorded} when it was recorded: the scenario, the \
     driver or the library is another one, or the driver reads something that is not in the record \
     (the time, a random number)"
)]
pub struct Diverged {
    /// The choice's number, from 0.
    pub at: usize,
    /// How many answers the record says there are.
    pub recorded: u32,
    /// How many there were.
    pub asked: u32,
}

impl Replay {
    /// Answers as recorded; 0 behind the record's end, and from the first divergence on.
    pub fn new(choices: Vec<Choice>) -> Replay {
        Replay { choices, next: 0, lenient: false, diverged: None }
    }

    /// Answers as recorded, with the last answer there is where the recorded one is too large.
    pub fn lenient(choices: Vec<Choice>) -> Replay {
        Replay { lenient: true, ..Replay::new(choices) }
    }

    /// The first question of this execution that was not the recorded one.
    pub fn diverged(&self) -> Option<Diverged> {
        self.diverged
    }

    /// The recorded answers that nobody has asked for yet. After an execution, one that is not 0
    /// says that the recorded execution went on longer.
    pub fn unused(&self) -> &[Choice] {
        &self.choices[self.next.min(self.choices.len())..]
    }

    fn answer(&mut self, asked: u32) -> u32 {
        let at = self.next;
        let Some(&Choice { n: recorded, chosen }) = self.choices.get(at) else {
            return 0;
        };
        self.next += 1;
        if asked != recorded && self.diverged.is_none() {
            self.diverged = Some(Diverged { at, recorded, asked });
        }
        match self.diverged {
            Some(_) if !self.lenient => 0,
            _ => chosen.min(asked - 1),
        }
    }
}

impl Explorer for Replay {
    fn begin(&mut self) {
        self.next = 0;
        self.diverged = None;
    }

    fn step(&mut self, steps: &[Step]) -> usize {
        if steps.len() < 2 {
            return 0;
        }
        self.answer(steps.len() as u32) as usize
    }

    fn asks_lone(&self) -> bool {
        false
    }

    fn value(&mut self, n: u32) -> u32 {
        self.answer(n)
    }

    /// Always `false`: one execution is all there is.
    fn end(&mut self, _ended: &Ended<'_>) -> bool {
        false
    }
}
