//! Exhaustive, up to a bound on preemptions.
//!
//! Musuvathi and Qadeer, "Iterative context bounding for systematic testing of multithreaded
//! programs", PLDI 2007: most bugs need few preemptions, so first all executions with none are run,
//! then all with at most one, and so on. The search is stateless (Godefroid, "Model checking for
//! programming languages using VeriSoft", POPL 1997): it keeps the answers of one execution, and
//! the next one changes the last answer that has an alternative left. Values are enumerated like
//! steps; they cost no preemption.
//!
//! When a bound is exhausted there is a [`Certificate`]. It relies on this: the same answers lead to
//! the same questions (which is checked: where it does not hold there is no certificate), and
//! `preempts` is true just for those who take over from a task that could go on.
//!
//! Of executions that differ in the order of independent steps only, *sleep sets* leave most out
//! (`bounded/sleep.rs`). They rely on one thing more, which nobody checks: that until the next point
//! a step touches what its [`Access`](super::Access) says and nothing else that is shared. A driver
//! that keeps a count in a variable of its own does touch something else. So sleep sets are to be
//! asked for, and are for drivers that share nothing but packets, locks and what else the library
//! sees.

mod path;
mod sleep;

use path::{Bound, Path};

use super::{Certificate, Ended, Explorer, Step};

/// The exhaustive search.
#[derive(Clone, Debug)]
pub struct Bounded {
    path: Path,
    at_most: u32,
    executions: u64,
    certificate: Option<Certificate>,
}

impl Default for Bounded {
    fn default() -> Bounded {
        Bounded::new()
    }
}

impl Bounded {
    /// A search that leaves nothing out and goes on until everything is exhausted.
    pub fn new() -> Bounded {
        Bounded { path: Path::new(false), at_most: u32::MAX, executions: 0, certificate: None }
    }

    /// The same, ending when all executions with at most so many preemptions are exhausted.
    #[must_use]
    pub fn up_to(self, bound: u32) -> Bounded {
        Bounded { at_most: bound, ..self }
    }

    /// A search with sleep sets, for programs whose steps touch what they say and nothing else.
    pub fn with_sleep_sets() -> Bounded {
        Bounded { path: Path::new(true), ..Bounded::new() }
    }

    /// The number of preemptions up to which executions are being run.
    pub fn bound(&self) -> u32 {
        self.path.bound.most
    }
}

impl Explorer for Bounded {
    fn begin(&mut self) {
        self.path.begin();
    }

    fn step(&mut self, steps: &[Step]) -> usize {
        self.path.step(steps)
    }

    fn value(&mut self, n: u32) -> u32 {
        self.path.value(n)
    }

    /// `false` when the last bound is exhausted, or nothing is left beyond it.
    fn end(&mut self, _ended: &Ended<'_>) -> bool {
        self.executions += 1;
        if self.path.advance() {
            return true;
        }
        let Bound { most: bound, cut } = self.path.bound;
        let (executions, complete) = (self.executions, !cut);
        self.certificate = Some(Certificate { bound, executions, complete });
        if !cut || bound == self.at_most {
            return false;
        }
        self.path.raise_the_bound();
        true
    }

    /// None, too, once the same answers led elsewhere: what was exhausted until then may not have been.
    fn certificate(&self) -> Option<Certificate> {
        self.certificate.filter(|_| !self.path.unsteady)
    }

    fn is_unsteady(&self) -> bool {
        self.path.unsteady
    }
}
