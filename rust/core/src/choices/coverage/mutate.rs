//! What is changed in an example.

use super::super::rng::Rng;
use super::corpus::Corpus;
use super::example::{Example, Player, Turn, Value};

impl Player {
    /// Takes an example from the corpus and changes it. Answers where it is another one from: the
    /// first turn and the first value that were changed.
    pub(super) fn load(&mut self, rng: &mut Rng, corpus: &mut Corpus) -> (usize, usize) {
        self.rewind();
        self.example.copy(corpus.choose(rng));
        let changes = if rng.chance(64) { 2 + rng.index(6) } else { 1 };
        let mut first = (usize::MAX, usize::MAX);
        for _ in 0..changes {
            let (turn, value) = self.change(rng, corpus);
            first = (first.0.min(turn), first.1.min(value));
        }
        let Example { turns, values, .. } = &self.example;
        (first.0.min(turns.len()), first.1.min(values.len()))
    }

    fn change(&mut self, rng: &mut Rng, corpus: &Corpus) -> (usize, usize) {
        let example = &mut self.example;
        match rng.index(12) {
            0..=3 => (take_over(example, rng), usize::MAX),
            4 => (flip_turn(example, rng), usize::MAX),
            5 | 6 => (usize::MAX, flip_value(example, rng)),
            7 => (calm(example, rng), usize::MAX),
            8 => splice(example, corpus.any(rng), rng),
            9 | 10 => truncate(example, rng),
            _ => (usize::MAX, shift_values(example, rng)),
        }
    }
}

/// A place in a list of this length: in half of the cases soon after the example parted from the
/// one before it, where it found something and more may be.
fn place(rng: &mut Rng, parted: usize, length: usize) -> usize {
    let place = rng.index(length);
    let far = rng.index(6);
    let near = parted + rng.index(2 << far);
    if near < length && rng.chance(128) { near } else { place }
}

/// Somebody else runs at one point, for 1, 2, 4, ... points.
fn take_over(example: &mut Example, rng: &mut Rng) -> usize {
    let at = place(rng, example.parted.0, example.turns.len() + 1);
    let index = rng.bits() as u32;
    let points = (1 << rng.index(6)) - 1;
    example.turns.insert(at, Turn::TakeOver { index, points });
    at
}

fn flip_turn(example: &mut Example, rng: &mut Rng) -> usize {
    let at = place(rng, example.parted.0, example.turns.len());
    if let Some(turn) = example.turns.get_mut(at) {
        *turn = Turn::Any(rng.bits() as u32);
    }
    at
}

fn flip_value(example: &mut Example, rng: &mut Rng) -> usize {
    let at = place(rng, example.parted.1, example.values.len());
    if let Some(Value { n, value }) = example.values.get_mut(at) {
        *value = match rng.index(4) {
            0 => 0,
            1 => (*value + 1) % *n,
            2 => (*value + *n - 1) % *n,
            _ => rng.below(u64::from(*n)) as u32,
        };
    }
    at
}

/// Takes the switches out of a stretch.
fn calm(example: &mut Example, rng: &mut Rng) -> usize {
    let at = place(rng, example.parted.0, example.turns.len());
    let end = (at + (1 << rng.index(6))).min(example.turns.len());
    example.turns[at.min(end)..end].fill(Turn::Plain);
    at
}

/// The beginning of one and the end of another.
fn splice(example: &mut Example, other: &Example, rng: &mut Rng) -> (usize, usize) {
    let turn = rng.index(example.turns.len().min(other.turns.len()) + 1);
    example.turns.truncate(turn);
    example.turns.extend_from_slice(&other.turns[turn..]);
    let value = rng.index(example.values.len().min(other.values.len()) + 1);
    example.values.truncate(value);
    example.values.extend_from_slice(&other.values[value..]);
    (turn, value)
}

/// Leaves the end to chance: that of the turns, of the values, or of both.
fn truncate(example: &mut Example, rng: &mut Rng) -> (usize, usize) {
    let (mut turn, mut value) = (usize::MAX, usize::MAX);
    let which = rng.index(3);
    if which != 0 {
        turn = place(rng, example.parted.0, example.turns.len());
        example.turns.truncate(turn);
    }
    if which != 1 {
        value = place(rng, example.parted.1, example.values.len());
        example.values.truncate(value);
    }
    (turn, value)
}

/// Puts a value in, or takes one out: there is one packet more, or one fewer.
fn shift_values(example: &mut Example, rng: &mut Rng) -> usize {
    let at = place(rng, example.parted.1, example.values.len());
    if let Some(&twice) = example.values.get(at) {
        if rng.chance(128) {
            example.values.remove(at);
        } else {
            example.values.insert(at, twice);
        }
    }
    at
}
