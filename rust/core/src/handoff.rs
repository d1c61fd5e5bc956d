//! The hand-off alone: tokens and the ring, and nothing else of the engine.
//!
//! ```text
//!         packet            send             pend               push                      pop, drain
//! Pool ──────────▶ Packet ────────▶ Sending ──────▶ Pending ───────────▶ the ring ──────────────────▶ Packet, status
//!      ◀──────────   ▲                 │
//!         drop       └──── complete ───┘
//! ```
//!
//! A pool has so many packets, each with a body of the user's. Who has a packet's token has the packet:
//! nobody else can reach its body, so there is no lock and nothing is counted. Names and rules are
//! the contract's, as in [`crate::disposition`]; what is not there is what the engine adds to them: windows,
//! links, levels, locks, histories, callbacks.
//!
//! - **A push cannot fail**, and does not wait. A [`Pending`] *is* the permit that the
//!   [ring](crate::ring) asks for: there are as many as it has places, one cannot be copied, and pushing uses
//!   it up.
//! - **A packet comes back once.** Completing twice, sending what is in flight and touching it do not
//!   compile.
//! - **A token that is dropped is not lost.** A [`Sending`] or a [`Pending`] that is let go, by a panic too, comes
//!   out of the ring with `FAILURE`, and that is on [record](Pool::record) as `LOST`. A
//!   [`Packet`] that is let go is the pool's again.
//! - **Many go in lists** ([`Packets`], [`Sendings`], [`Pendings`]), which are moved as tokens are, each step made with all of
//!   them: the shortest way. A list that is dropped is so many tokens that are dropped.
//! - **A ledger can look on** ([`Pool::with_ledger`]): each step is then checked against the contract's
//!   own functions ([`PacketState`](crate::contract::packet::PacketState)). The types forbid what it
//!   looks for, so it finds what went past them: memory that was overwritten, `unsafe` that was wrong.
//!   Without one it is not there at all.
//!
//! ```
//! use ndiswan::FinalStatus;
//! use ndiswan::handoff::Pool;
//!
//! let pool = Pool::new(2, |_| String::new());
//! let mut packet = pool.packet().expect("nobody has one yet");
//! packet.push_str("hello");
//!
//! std::thread::scope(|scope| {
//!     let pending = packet.send().pend();
//!     scope.spawn(move || pending.complete(FinalStatus::SUCCESS));
//! });
//!
//! let mut consumer = pool.consumer().expect("there is no other one");
//! let (packet, status) = consumer.pop().expect("it was completed");
//! assert_eq!((packet.as_str(), status), ("hello", FinalStatus::SUCCESS));
//! ```
//!
//! The same with a list:
//!
//! ```
//! use ndiswan::FinalStatus;
//! use ndiswan::handoff::Pool;
//!
//! let pool = Pool::with_ledger(64, |index| index);
//! let mut packets = pool.packets(32);
//! packets.for_each(|body, _| *body += 1);
//!
//! let (producer, mut consumer) = (pool.producer(), pool.consumer().expect("there is no other one"));
//! let mut packets = producer.push_list(packets.send().pend(), |body, _| match *body {
//!     7 => FinalStatus::FAILURE,
//!     _ => FinalStatus::SUCCESS,
//! });
//! assert_eq!(consumer.drain_list(32, &mut packets), Ok(32));
//! let (last, status) = packets.pop().expect("they are back");
//! assert_eq!((*last, status, pool.broken()), (32, FinalStatus::SUCCESS, 0));
//! ```
//!
//! Tokens and lists borrow their pool. For threads that outlive the function which made it, leak it
//! (`Box::leak`) or keep it in a `static`.

mod consumer;
mod ledger;
mod packet;
mod packets;
mod pool;
mod producer;
mod record;
mod token;

pub use consumer::Consumer;
pub use ledger::{Ledger, NoLedger, Step, WithLedger};
pub use packet::{Packet, Pending, Sending, Sent};
pub use packets::{OtherPool, Packets, Pendings, Sendings};
pub use pool::Pool;
pub use producer::Producer;
pub use record::Broken;

#[cfg(test)]
mod tests;
