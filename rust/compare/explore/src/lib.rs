//! Drivers that two explorers run, ours and shuttle, each from the same source.
//!
//! A driver is written against [`nic::Nic`], which has what NDIS gives to a miniport and no more.
//! `ours` is that over the engine, with Rust handlers; `shuttled` is the smallest model of it that
//! shuttle can schedule. What a point is differs: see the decision note on exploring beside others.

pub mod bugs;
mod counted;
pub mod drivers;
pub mod nic;
pub mod ours;
pub mod shuttled;
pub mod speed;
