//! What is changed in an example.

use super::super::rng::Rng;
use super::corpus::Corpus;
use super::example::{Example, Player, Turn, Value};

impl Player {
    /// Takes an example from the corpus and changes it.
    pub(super) fn load(&mut self, rng: &mut Rng, corpus: &mut Corpus) {
        self.rewind();
        self.example.copy(corpus.choose(rng));
        let changes = if rng.chance(64) { 2 + rng.index(6) } else { 1 };
        for _ in 0..changes {
            self.change(rng, corpus);
        }
    }

    fn change(&mut self, rng: &mut Rng, corpus: &Corpus) {
        let example = &mut self.example;
        match rng.index(10) {
            0..=2 => take_over(example, rng),
            3 => flip_turn(example, rng),
            4 | 5 => flip_value(example, rng),
            6 => calm(example, rng),
            7 => splice(example, corpus.any(rng), rng),
            8 => truncate(example, rng),
            _ => shift_values(example, rng),
        }
    }
}

/// Somebody else runs at one point, for 1, 2, 4, ... points.
fn take_over(example: &mut Example, rng: &mut Rng) {
    let at = rng.index(example.turns.len() + 1);
    let index = rng.bits() as u32;
    let points = (1 << rng.index(6)) - 1;
    example.turns.insert(at, Turn::TakeOver { index, points });
}

fn flip_turn(example: &mut Example, rng: &mut Rng) {
    if let Some(at) = somewhere(rng, example.turns.len()) {
        example.turns[at] = Turn::Any(rng.bits() as u32);
    }
}

fn flip_value(example: &mut Example, rng: &mut Rng) {
    if let Some(at) = somewhere(rng, example.values.len()) {
        let Value { n, value } = &mut example.values[at];
        *value = match rng.index(4) {
            0 => 0,
            1 => (*value + 1) % *n,
            2 => (*value + *n - 1) % *n,
            _ => rng.below(u64::from(*n)) as u32,
        };
    }
}

/// Takes the switches out of a stretch.
fn calm(example: &mut Example, rng: &mut Rng) {
    if let Some(at) = somewhere(rng, example.turns.len()) {
        let end = (at + (1 << rng.index(6))).min(example.turns.len());
        example.turns[at..end].fill(Turn::Plain);
    }
}

/// The beginning of one and the end of another.
fn splice(example: &mut Example, other: &Example, rng: &mut Rng) {
    let at = rng.index(example.turns.len().min(other.turns.len()) + 1);
    example.turns.truncate(at);
    example.turns.extend_from_slice(&other.turns[at..]);
    let at = rng.index(example.values.len().min(other.values.len()) + 1);
    example.values.truncate(at);
    example.values.extend_from_slice(&other.values[at..]);
}

/// Leaves the end to chance: that of the turns, of the values, or of both, as far along.
fn truncate(example: &mut Example, rng: &mut Rng) {
    let (along, which) = (rng.index(256), rng.index(3));
    if which != 0 {
        example.turns.truncate(example.turns.len() * along / 256);
    }
    if which != 1 {
        example.values.truncate(example.values.len() * along / 256);
    }
}

/// Puts a value in, or takes one out: there is one packet more, or one fewer.
fn shift_values(example: &mut Example, rng: &mut Rng) {
    if let Some(at) = somewhere(rng, example.values.len()) {
        if rng.chance(128) {
            example.values.remove(at);
        } else {
            let twice = example.values[at];
            example.values.insert(at, twice);
        }
    }
}

fn somewhere(rng: &mut Rng, length: usize) -> Option<usize> {
    (length > 0).then(|| rng.index(length))
}
