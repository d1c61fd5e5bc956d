//! Choices: who goes on, and what the world answers, decided by an explorer.
//!
//! ```text
//!                 step(&[Step]) -> which          the scheduler of adversarial time,
//!   Explorer  <-------------------------------    at each event of the contract
//!             <-------------------------------    `Ndis::choose`, the card, memory
//!                 value(n) -> below n
//! ```
//!
//! An execution is a function of the answers that it was given, so the answers are its name: a list
//! of [`Choice`]s replays it ([`replay::Replay`]), and fewer or smaller ones are a smaller story
//! ([`shrink`]). Everywhere **0 is the plain answer**: `steps[0]` is what happens
//! without an adversary, and the value 0 is a world without faults. An execution whose answers are
//! all 0 is the one that virtual time would have run.
//!
//! All randomness comes from one generator with a published algorithm ([`RNG`]), seeded with a
//! number, so the same seed makes the same choices on every machine and in every version.

mod access;
pub mod after;
pub mod bounded;
pub mod bytes;
pub mod coverage;
pub mod pct;
pub mod portfolio;
pub mod pos;
pub mod random;
pub mod replay;
mod rng;
mod shared;
pub mod shrink;
pub mod surw;
#[cfg(test)]
mod tests;
pub mod token;
mod values;

pub use shared::Shared;

/// The generator that every explorer draws from (Blackman and Vigna, ACM Transactions on
/// Mathematical Software, 2021), named in replay files.
pub const RNG: &str = "xoshiro256++";

/// One way in which a run may go on. `steps[0]` is what happens without an adversary.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct Step {
    /// Who: a virtual CPU's thread, or a piece of work (timer, DPC, interrupt) that has not begun.
    /// Numbers are given in order of creation, so the same choices give the same numbers.
    pub task: u32,
    /// What it does first: for independence, POS and SURW.
    pub access: Access,
    /// Whether it takes the processor from a task that could go on.
    pub preempts: bool,
}

/// What a step touches that others may touch too.
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq)]
pub struct Access {
    /// A packet, a lock, an adapter, by number; 0 is nothing that is shared.
    pub object: u64,
    /// Whether it changes the object.
    pub write: bool,
}

impl Access {
    /// Whether the order of the two matters: the same shared object, and one of them writes.
    #[inline]
    pub fn conflicts(self, other: Access) -> bool {
        let any = Access::ANY.object;
        let same = self.object == other.object || self.object == any || other.object == any;
        self.object != 0 && other.object != 0 && same && (self.write || other.write)
    }
}

/// An answer that was given: which of how many.
#[derive(Copy, Clone, Debug, Eq, Hash, PartialEq)]
pub struct Choice {
    /// How many answers there were; at least 2.
    pub n: u32,
    /// The one that was given; below `n`.
    pub chosen: u32,
}

/// What came of an execution.
#[derive(Copy, Clone, Debug)]
pub struct Ended<'a> {
    /// The answers that were given, in order.
    pub choices: &'a [Choice],
    /// How many ownership edges it reached that no execution before it had reached.
    pub new_edges: usize,
    /// Whether a rule was broken, or what else counts as a failure.
    pub failed: bool,
    /// How many points it had, those with one step included.
    pub steps: u64,
}

/// What has been shown when a search ended: nothing fails with so few preemptions.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct Certificate {
    /// Every execution with at most this many preemptions, whatever its values, has been run; with
    /// sleep sets, or one that differs from it in the order of independent steps only.
    pub bound: u32,
    /// How many executions it took, from the first one on.
    pub executions: u64,
    /// Whether no execution has more preemptions than that, so that there is nothing else.
    pub complete: bool,
}

/// Who decides. One explorer makes the choices of many executions, one after the other.
pub trait Explorer: Send {
    /// An execution begins.
    fn begin(&mut self);

    /// Which of the steps is next. Called at every point, with at least one step, but see
    /// [`asks_lone`](Self::asks_lone); only an answer
    /// that was one of two or more is recorded as a [`Choice`].
    fn step(&mut self, steps: &[Step]) -> usize;

    /// Whether [`step`](Self::step) is to be called with one step too. Asked after [`begin`](Self::begin), for the execution;
    /// who says no answers 0 there and remembers nothing.
    fn asks_lone(&self) -> bool {
        true
    }

    /// A value below `n`, which is at least 2; 0 is the plain one.
    fn value(&mut self, n: u32) -> u32;

    /// As [`value`](Self::value), of which it is also known what the value is for: `what` is a
    /// number of the caller's for one kind of fault or of data. Swarm testing needs it, which
    /// leaves whole kinds out of an execution; an explorer that does not care need not say so.
    fn value_of(&mut self, what: u32, n: u32) -> u32 {
        let _ = what;
        self.value(n)
    }

    /// The execution is over. `false`: there is nothing left to explore.
    fn end(&mut self, ended: &Ended<'_>) -> bool;

    /// Choices that were interesting elsewhere: in an earlier campaign, on another machine. An
    /// explorer that learns from examples runs them first.
    fn suggest(&mut self, choices: &[Choice]) {
        let _ = choices;
    }

    /// What has been exhausted so far, by an explorer that exhausts anything.
    fn certificate(&self) -> Option<Certificate> {
        None
    }

    /// Whether the same answers led to other questions, as far as an explorer that repeats answers has seen.
    fn is_unsteady(&self) -> bool {
        false
    }
}

/// What [`make`] gives can be shared as it is.
impl Explorer for Box<dyn Explorer> {
    fn begin(&mut self) {
        (**self).begin();
    }

    fn step(&mut self, steps: &[Step]) -> usize {
        (**self).step(steps)
    }

    fn asks_lone(&self) -> bool {
        (**self).asks_lone()
    }

    fn value(&mut self, n: u32) -> u32 {
        (**self).value(n)
    }

    fn value_of(&mut self, what: u32, n: u32) -> u32 {
        (**self).value_of(what, n)
    }

    fn end(&mut self, ended: &Ended<'_>) -> bool {
        (**self).end(ended)
    }

    fn suggest(&mut self, choices: &[Choice]) {
        (**self).suggest(choices);
    }

    fn certificate(&self) -> Option<Certificate> {
        (**self).certificate()
    }

    fn is_unsteady(&self) -> bool {
        (**self).is_unsteady()
    }
}

/// The names that [`make`] knows. `pct` is PCT(3); `pct1` to `pct9` are there as well, and
/// `bounded-sleep`, which is [`bounded`] with sleep sets.
pub const NAMES: [&str; 7] = ["random", "pct", "pos", "surw", "bounded", "coverage", "portfolio"];

/// The explorer of that name, or `None` if there is none; see [`NAMES`].
pub fn make(name: &str, seed: u64) -> Option<Box<dyn Explorer>> {
    Some(match name {
        "random" => Box::new(random::Random::new(seed)),
        "pct" => Box::new(pct::Pct::new(seed, 3)),
        "pos" => Box::new(pos::Pos::new(seed)),
        "surw" => Box::new(surw::Surw::new(seed)),
        "bounded" => Box::new(bounded::Bounded::new()),
        "bounded-sleep" => Box::new(bounded::Bounded::with_sleep_sets()),
        "coverage" => Box::new(coverage::Coverage::new(seed)),
        "portfolio" => Box::new(portfolio::Portfolio::new(seed)),
        _ => match name.strip_prefix("pct")?.as_bytes() {
            [digit @ b'1'..=b'9'] => Box::new(pct::Pct::new(seed, u32::from(digit - b'0'))),
            _ => return None,
        },
    })
}
