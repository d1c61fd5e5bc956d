//! The examples, and which of them is worth another try.
//!
//! An example has more energy the more new edges it reached, the longer nothing had been found
//! before it (an edge that took long to find is a rare one), and the fewer times it was tried.

use super::super::rng::Rng;
use super::example::Example;

/// Examples that are kept.
const MOST: usize = 512;

#[derive(Clone, Debug)]
struct Kept {
    example: Example,
    /// What it has of its own, in units that mean nothing but more or less.
    worth: u64,
    tried: u64,
}

impl Kept {
    fn energy(&self) -> u64 {
        self.worth / (1 + self.tried)
    }
}

#[derive(Clone, Debug, Default)]
pub(super) struct Corpus {
    kept: Vec<Kept>,
    executions: u64,
    /// The execution that found the last new edge.
    found: u64,
}

impl Corpus {
    pub(super) fn len(&self) -> usize {
        self.kept.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    pub(super) fn executed(&mut self) {
        self.executions += 1;
    }

    pub(super) fn add(&mut self, rng: &mut Rng, example: &Example, new_edges: usize) {
        let waited = self.executions - self.found;
        self.found = self.executions;
        // Twice the time is as good as one edge more.
        let worth = (1 + new_edges.min(16) as u64 + u64::from(waited.max(1).ilog2())) << 16;
        let kept = Kept { example: example.clone(), worth, tried: 0 };
        if self.kept.len() < MOST {
            self.kept.push(kept);
        } else {
            let weakest = self.best_of(rng, 8, |a, b| a.energy() < b.energy());
            self.kept[weakest] = kept;
        }
    }

    /// One with much energy, which costs it some: the best of two to five that chance takes. One
    /// try in four is the newest one's.
    pub(super) fn choose(&mut self, rng: &mut Rng) -> &Example {
        let index = if rng.chance(64) {
            self.kept.len() - 1
        } else {
            let of = 2 + rng.index(4);
            self.best_of(rng, of, |a, b| a.energy() > b.energy())
        };
        let chosen = &mut self.kept[index];
        chosen.tried += 1;
        &chosen.example
    }

    pub(super) fn any(&self, rng: &mut Rng) -> &Example {
        &self.kept[rng.index(self.kept.len())].example
    }

    fn best_of(&self, rng: &mut Rng, of: usize, better: fn(&Kept, &Kept) -> bool) -> usize {
        let mut best = rng.index(self.kept.len());
        for _ in 1..of {
            let other = rng.index(self.kept.len());
            if better(&self.kept[other], &self.kept[best]) {
                best = other;
            }
        }
        best
    }
}
