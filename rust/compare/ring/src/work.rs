//! The workloads, each written once over the traits of [`crate::queue`].

pub mod engine;
pub mod fill;
pub mod flow;
pub mod idle;
pub mod latency;
pub mod single;
pub mod start;
pub mod stopped;
pub mod typed;

/// What one run of a workload gave.
#[derive(Copy, Clone, Debug)]
pub struct Sample {
    /// Nanoseconds an entry.
    pub ns: f64,
    /// The part of the time that the busiest-waiting thread had its core, where every thread has one to itself: with
    /// less than nearly all of it, somebody else was measured.
    pub busy: f64,
}

/// The final status that the harness puts into its entries.
pub const STATUS: u32 = 0xC000_0001;
