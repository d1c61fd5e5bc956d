//! The completion ring beside other people's queues, for the program in `bin/ring.rs`.
//!
//! Every queue is an implementation of the three traits in [`queue`], and every workload in [`work`] is
//! written once over these traits. What a packet's permit costs is the harness's, the same for all.

pub mod cases;
pub mod extra;
pub mod options;
pub mod ours;
pub mod pin;
pub mod queue;
pub mod rivals;
pub mod rows;
pub mod side;
pub mod wait;
pub mod watchdog;
pub mod work;
