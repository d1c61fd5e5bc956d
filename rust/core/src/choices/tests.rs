//! Explorers are tested on a small world of tasks that touch shared cells (`tests/toy.rs`), in which
//! everything can be counted.

mod after;
mod bounded;
mod bugs;
mod bytes;
mod exhaustive;
mod guarantees;
mod needles;
mod portfolio;
mod replay;
mod shrink;
mod token;
mod toy;
