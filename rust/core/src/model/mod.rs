//! Built-in links, cards and traffic: simulation without a driver of one's own, under the same contract.
//!
//! ```text
//!  Traffic ─ Queue ─ window ─ Card ═ Line ═ far end        one Link
//!     └────────── hand-back ────┘
//! ```
//!
//! A [`LinkSpec`] says what there is, a [`Simulation`] runs any number of them on several cores, and [`Counters`] and [`Stages`]
//! say what came of it. Time is whole nanoseconds. The same parameters and seed give the same events, on every machine and number
//! of cores, and the [`sink::Digest`] is their fingerprint.

pub mod batches;
pub mod card;
pub mod card_spec;
mod codel;
pub mod counters;
mod digest;
pub mod driver;
pub mod duration;
pub mod error;
pub mod event_set;
pub mod export;
mod far;
pub mod feed;
mod fifo;
pub mod framing;
pub mod heard;
pub mod histogram;
pub mod line;
pub mod link;
pub mod multilink;
pub mod queue;
pub mod random;
pub mod records;
mod same;
pub mod simulation;
pub mod sink;
pub mod size;
pub mod source;
pub mod spec;
#[cfg(test)]
mod tests;
pub mod traffic;

pub use card_spec::{CardSpec, Completes, Death, Moderation};
pub use counters::{Counters, Stages};
pub use driver::CardDriver;
pub use duration::Duration;
pub use error::ModelError;
pub use feed::Feed;
pub use framing::Framing;
pub use heard::Heard;
pub use histogram::Histogram;
pub use line::{LineSpec, Loss};
pub use link::{Link, Progress};
pub use multilink::{Member, MultilinkSpec};
pub use queue::{Discipline, QueueSpec};
pub use random::Stream;
pub use simulation::Simulation;
pub use size::Size;
pub use spec::{LinkSpec, Luck};
pub use traffic::{Arrivals, Traffic};
