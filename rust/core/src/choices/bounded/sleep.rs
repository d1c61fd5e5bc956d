//! Sleep sets: which steps need not be taken, because the same was seen in another order.
//!
//! Godefroid, "Partial-Order Methods for the Verification of Concurrent Systems", 1996. Say that at
//! one point everything that begins with `u` has been explored, and now `t` is taken. As long as
//! only steps follow that `u` does not conflict with, taking `u` leads where `u` before `t` has
//! led, so `u` is asleep.
//!
//! Under a bound that is not enough (Coons, Musuvathi and McKinley, "Bounded partial-order
//! reduction", OOPSLA 2013): the execution with `u` in front may have had more preemptions than the
//! one that is left out for it, and have been cut. So `u` falls asleep only if it costs nothing to
//! have it in front, where `p` is the task that ran before:
//!
//! ```text
//!  left out   p ....... t ... s u w       cost(p,t)              + cost(s,u) + cost(u,w)
//!  explored   p ... u . t ... s   w       cost(p,u) + cost(u,t)  + cost(s,w)
//! ```
//!
//! A change of task costs 1 if the task that it leaves could go on. `u` does not conflict with `s`,
//! so `s` can go on after `u` just if it could before, and `cost(s,w)` is never more than
//! `cost(s,u) + cost(u,w)`. What is left is `cost(p,u) + cost(u,t) <= cost(p,t)`, which is known
//! when `t` is taken. By induction over the order of the search, each execution within the bound
//! has an equivalent one that is explored with no more preemptions; the tests compare with a search
//! that leaves nothing out.

use super::super::{Access, Step};
use super::path::Opt;

/// A step that is asleep.
#[derive(Copy, Clone, Debug)]
pub(super) struct Asleep {
    task: u32,
    access: Access,
}

impl Asleep {
    pub(super) fn new(step: &Step) -> Asleep {
        Asleep { task: step.task, access: step.access }
    }

    /// Whether it is still asleep after this step.
    pub(super) fn stays_asleep(self, taken: &Step) -> bool {
        self.task != taken.task && !self.access.conflicts(taken.access)
    }

    /// Whether it is this one of the steps.
    pub(super) fn covers(self, option: &Opt, options: &[Opt]) -> bool {
        let step = &option.step;
        self.task == step.task && self.access == step.access && is_alone(option, options)
    }
}

/// Whether `u`, one of the options that were explored before, is asleep after `t` is taken.
pub(super) fn falls_asleep(u: &Opt, t: &Opt, options: &[Opt]) -> bool {
    let cost = |counts: bool| u8::from(counts);
    u.done
        && Asleep::new(&u.step).stays_asleep(&t.step)
        && cost(u.step.preempts) + cost(u.goes_on) <= cost(t.step.preempts)
        && is_alone(u, options)
}

/// Whether its task has no other step here. Work that may begin at several places has one for each,
/// and having explored one says nothing of the others.
fn is_alone(option: &Opt, options: &[Opt]) -> bool {
    options.iter().filter(|other| other.step.task == option.step.task).count() == 1
}
