//! The completion ring under model checkers.
//!
//! The sources are those of `rust/core/src/ring`, taken in by path; only `sync.rs`, which knows
//! what an atomic, a barrier and a parked thread are, and `thread.rs`, which knows where a thread's
//! number is kept, are others.

#[cfg(test)]
use ndiswan::status;

#[cfg(test)]
mod loomed;
