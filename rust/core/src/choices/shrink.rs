//! The smallest choices that still fail.
//!
//! Of two executions that fail alike the smaller one has fewer choices that are not 0 (each is a
//! context switch, a fault or a size that is not the plain one), then it is shorter (fewer packets,
//! fewer operations), then its choices are smaller one by one. The shrinker knows nothing else: it
//! proposes choices, runs them, and keeps what failed if what was *really used* is smaller. Delta
//! debugging (Zeller and Hildebrandt, IEEE Transactions on Software Engineering, 2002) on the
//! choices instead of the input (MacIver and Donaldson, ECOOP 2020).
//!
//! The result was run and seen to fail, always, also when time is up. If it is not, the result is
//! *1-minimal*: to take one choice out, to make one 0 or smaller, or to exchange two neighbours
//! gives nothing that is smaller and fails.

mod passes;

use std::cmp::Ordering;
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::{Duration, Instant};

use super::Choice;

/// When to stop.
#[derive(Copy, Clone, Debug)]
pub struct Limits {
    /// Executions, the first one included.
    pub executions: u64,
    /// Time; looked at between executions.
    pub time: Duration,
}

impl Default for Limits {
    /// Ten seconds, and as many executions as fit.
    fn default() -> Limits {
        Limits { executions: u64::MAX, time: Duration::from_secs(10) }
    }
}

/// What came of it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Shrunk {
    /// The smallest choices that were seen to fail, without 0s at the end. If not even the first
    /// ones failed, those, unchanged.
    pub choices: Vec<Choice>,
    /// Whether the first ones failed; if not, the failure does not depend on choices alone.
    pub reproduced: bool,
    /// Whether nothing is left to try, so that the result is 1-minimal.
    pub minimal: bool,
    /// How many executions it took.
    pub executions: u64,
}

/// Shrinks choices that fail.
///
/// `run` runs an execution with the choices and answers `None` if it did not fail in the same way,
/// else the choices that were really used. It should answer leniently
/// ([`Replay::lenient`](super::replay::Replay::lenient)), so that what stands behind a choice that
/// was taken out keeps its meaning.
pub fn shrink(
    choices: &[Choice],
    run: impl FnMut(&[Choice]) -> Option<Vec<Choice>>,
    limits: Limits,
) -> Shrunk {
    let mut search = Search {
        best: choices.to_vec(),
        run,
        tried: HashSet::new(),
        executions: 0,
        limits,
        begun: Instant::now(),
        out: false,
    };
    let reproduced = search.reproduces();
    if reproduced {
        search.until_nothing_helps();
    }
    let Search { best, executions, out, .. } = search;
    Shrunk { choices: best, reproduced, minimal: reproduced && !out, executions }
}

/// A search for something smaller.
struct Search<R> {
    /// The smallest choices that were run, failed, and were used to the last one.
    best: Vec<Choice>,
    run: R,
    /// What was tried already, hashed: of a million sequences two are taken for one with a
    /// probability of 10^-8, and all that is lost is one try.
    tried: HashSet<u64>,
    executions: u64,
    limits: Limits,
    begun: Instant,
    /// A limit is reached.
    out: bool,
}

impl<R: FnMut(&[Choice]) -> Option<Vec<Choice>>> Search<R> {
    /// Runs the first choices.
    fn reproduces(&mut self) -> bool {
        let Some(used) = self.run(&self.best.clone()) else { return false };
        let used = trimmed(used);
        if used != self.best && self.run(&used).is_some() {
            self.best = used;
        }
        true
    }

    /// Changes the best choices so far, and keeps the change if they are smaller and fail.
    fn attempt(&mut self, change: impl FnOnce(&mut Vec<Choice>)) -> bool {
        // Of thousands of choices, what is tried without being run takes time as well.
        self.out |= self.begun.elapsed() >= self.limits.time;
        if self.out {
            return false;
        }
        let mut candidate = self.best.clone();
        change(&mut candidate);
        let candidate = trimmed(candidate);
        let Some(used) = self.fails(&candidate) else { return false };
        // What was really used may be another sequence; then that one has to be seen to fail.
        if used != candidate && self.fails(&used).as_ref() != Some(&used) {
            return false;
        }
        self.best = used;
        true
    }

    /// If the candidate is smaller, is new and fails: what was used of it.
    fn fails(&mut self, candidate: &[Choice]) -> Option<Vec<Choice>> {
        if size(candidate)
            .cmp(&size(&self.best))
            .then_with(|| by_value(candidate, &self.best))
            .is_ge()
            || !self.tried.insert(hash(candidate))
        {
            return None;
        }
        self.run(candidate).map(trimmed)
    }

    fn run(&mut self, choices: &[Choice]) -> Option<Vec<Choice>> {
        let Limits { executions, time } = self.limits;
        if self.executions >= executions || self.begun.elapsed() >= time {
            self.out = true;
            return None;
        }
        self.executions += 1;
        (self.run)(choices)
    }
}

/// How many choices are not 0, and how many there are.
fn size(choices: &[Choice]) -> (usize, usize) {
    (choices.iter().filter(|choice| choice.chosen != 0).count(), choices.len())
}

fn by_value(a: &[Choice], b: &[Choice]) -> Ordering {
    a.iter().map(|choice| choice.chosen).cmp(b.iter().map(|choice| choice.chosen))
}

fn hash(choices: &[Choice]) -> u64 {
    let mut hasher = DefaultHasher::new();
    choices.hash(&mut hasher);
    hasher.finish()
}

/// Without the 0s at the end, which are what comes anyway.
fn trimmed(mut choices: Vec<Choice>) -> Vec<Choice> {
    let end = choices.iter().rposition(|choice| choice.chosen != 0).map_or(0, |last| last + 1);
    choices.truncate(end);
    choices
}
