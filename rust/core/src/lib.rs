//! The NDIS 5.x WAN send/complete contract as software that runs.
//!
//! A protocol hands a packet to a miniport; the miniport answers at once, or returns PENDING and
//! owes exactly one completion. In Rust the packet is a token that moves, and what the contract
//! forbids does not compile; for drivers in other languages a ledger gives the type back at the
//! call. Start with [`Ndis`], [`Miniport`] and [`Protocol`]; the rules are in [`rule`].
#![deny(unsafe_code)]

pub mod alive;
#[allow(unsafe_code)] // a lock that one thread takes by a store, argued there
mod biased;
pub mod capture;
pub mod choices;
pub mod contract;
pub mod coverage;
pub mod cx;
mod dispatch;
pub mod disposition;
mod driver;
pub mod event;
pub mod explore;
pub mod face;
pub mod handoff;
pub mod hdlc;
mod history;
pub mod info;
mod late;
mod ledger;
pub mod miniport;
// What is drawn is a number with a fraction, what is kept are whole nanoseconds; and the loop calls ten small functions, which the
// compiler, left to itself, calls.
#[allow(clippy::cast_precision_loss, clippy::cast_sign_loss, clippy::inline_always)]
pub mod model;
pub mod ndis;
pub mod oid;
pub mod packet;
pub mod policy;
mod pool;
pub mod program;
pub mod protocol;
#[allow(unsafe_code)] // one system call, argued in `ring/barrier.rs`
pub mod ring;
pub mod rule;
mod short_lock;
pub mod spin_lock;
pub mod status;
pub mod story;
pub mod time;
pub mod trace;
pub mod violation;
mod words;

pub use cx::{Cx, Dirql, Dispatch, Irql, Passive, UpToDispatch, at_passive};
pub use disposition::{Disposition, Held, MiniportView, Packet, Pending, Sending};
pub use event::{Entry, Event, Name};
pub use face::Face;
pub use info::WanInfo;
pub use late::Late;
pub use miniport::{Deserialized, Miniport, Mode, Serialized};
pub use ndis::{Adapter, Config, Delivery, Link, LinkSettings, Ndis, OnViolation, Sent, Verify};
pub use policy::Policy;
pub use protocol::Protocol;
pub use rule::Rule;
pub use spin_lock::{SpinLock, SpinLockGuard};
pub use status::{FinalStatus, Status};
pub use time::TimeKind;
pub use violation::Violation;

/// The README's example is compiled and run as one of the documentation.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;
