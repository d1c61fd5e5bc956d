//! The built-in models of ndiswan beside others in Rust: one scenario, and what each needs for a packet.

pub mod crates;
pub mod events;
pub mod flat;
pub mod ours;
pub mod rivals;
pub mod table;
pub mod workload;
