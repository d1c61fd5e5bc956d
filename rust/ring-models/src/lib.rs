//! The completion ring under model checkers.
//!
//! The sources are those of `rust/core/src/ring`, taken in by path; only `sync.rs`, which knows
//! what an atomic, a barrier and a parked thread are, and `thread.rs`, which knows where a thread's
//! number is kept, are others.
//!
//! Loom sees every value that the memory model lets a load see, in small models. Shuttle takes each
//! load to see the newest, and goes far: what it runs is looked at as a history, too.

#![allow(clippy::duplicate_mod)] // the same files, once beside each checker's sync.rs

#[cfg(test)]
use ndiswan::status;

#[cfg(test)]
mod history;
#[cfg(test)]
mod loomed;
#[cfg(test)]
mod real;
#[cfg(test)]
mod shuttled;
