//! Simulators that others wrote, each at the same scenario.

pub mod desque;
pub mod nexosim;
