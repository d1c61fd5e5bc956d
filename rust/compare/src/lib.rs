//! How a comparison is measured and told, for the programs in `bin/`.
//!
//! All sides run in turn in every round, each round begins with another one, and the ratio is taken
//! per round: what else the machine does meets all sides alike. Time is the thread's processor time.

pub mod report;
pub mod rounds;
pub mod slot;
