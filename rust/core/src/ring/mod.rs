//! The completion ring: completions of any thread on their way to one dispatcher.
//!
//! ```text
//! ring      lane 0   lane 1   …   lane n−1   overflow       a thread's number says which lane is its own
//!
//! lane      tail u64 · cold bool                            the producer's line
//!           slots [ slot 0 | slot 1 | … | slot C−1 ]        C = 2^k places, at least the ring's permits
//! slot      word 0 … word W−2   last word                   W = 1, 2 or 3 words of 64 bits
//! last      entry:62  more:1  phase:1
//!
//! consumer  head u64 of each lane · the lanes that it looks at (hot)
//! wake      summary u64 · a bit a lane                      lanes that came into use; the sleeper
//! ```
//!
//! | field | who writes it | its range |
//! |---|---|---|
//! | `tail` | the lane's owner, by load and store; in the overflow lane everybody, by `fetch_add` | the next position, all 64 bits |
//! | slot | the producer that has its position; last word last, Release; of a batch the first slot last, Release, the others before it, Relaxed | an entry |
//! | phase | the same; `1` in even laps, `0` in odd ones | memory begins with 0: "not yet" for lap 0 |
//! | more | the same; `1` where the slots up to the next `BLOCK` are of the same batch | a block to take at once |
//! | `head` | the consumer, for itself; in an open ring also for producers, Release | the next position to read |
//! | `cold` | `true` the consumer, `false` the producer | whether the consumer looks at the lane |
//! | `summary`, bits | producers that found their lane cold, by `fetch_or`; the consumer swaps them with 0 | |
//!
//! Position `p` has the slot `p mod C` and the lap `p div C`. The consumer at `head` knows that the entry is there
//! when the slot's phase is that of `head`'s lap: one load (Acquire), of a line that it needs anyway.
//! Nobody reads the other side's index.
//!
//! **A batch is there when its first entry is**, and one store says so. The consumer reads in order,
//! so it looks at no follower before it has found the head, and what it found there (Acquire) the
//! producer stored (Release) after the followers. So it sees them whole: one by one, or a block of
//! them with one look at a slot that says "more". Nobody else writes there meanwhile: the positions
//! of a batch are one producer's, next to each other, also in the overflow lane, and what follows
//! about laps holds for each of them. A block that would go over the end of the memory is taken one
//! by one. The words of followers are atomics too, since a caller that pushes more than it has
//! permits for may spoil entries, but not memory.
//!
//! **It cannot be full** (rings with permits). Who pushes has a permit, from before the position is
//! taken until the consumer has read the slot; there are at most `C`. A producer that writes position
//! `p` would write over what was not read only if the consumer were still at or before `p − C`. Of
//! the `C + 1` positions `p − C … p`, two were taken with one permit, at `i < j`. The permit came
//! back between, so the consumer had read `i`, and, since it reads in order, `p − C` before that.
//!
//! **And that is not only so, it is known to the producer.** The read of `p − C` comes before the
//! read of `i` (the consumer's order), which happens before the push at `j` (the permit is handed
//! over by something that synchronizes: in the engine the packet's own word), which happens before
//! the write at `p`: in a lane of its own by program order, or by the hand-over of the number (Release
//! when a thread gives it up, Acquire when another claims it); in the overflow lane by the chain of
//! `fetch_add`s (AcqRel). So no slot is written while it is read, and all stores to a slot have an order.
//!
//! **Lapping cannot confuse it.** By the above the consumer at `h` finds in the slot either the entry
//! of `h − C`, which it has read, or that of `h`, never that of `h + C`. These two differ in the
//! phase, so one bit is enough. At 2⁶⁴ positions wrap around without a jump, since `2C` divides 2⁶⁴:
//! at an entry a nanosecond that is after 584 years, and the tests begin two laps before.
//!
//! **A push is wait-free**: a store into a lane of one's own, or one `fetch_add` and a store; no
//! loop, no answer but done. What follows when the lane is cold is two `fetch_or`s and perhaps a
//! system call that wakes. A thread's first push claims a number, in a bounded number of steps. A
//! producer that is stopped between position and slot delays nobody but itself; in the overflow
//! lane it delays those who came after it there.
//!
//! **Order.** The entries of one thread come out in its order; across threads, in any. (A thread
//! that pushes from a destructor of a thread-local, after the ring's own has run, does so by the
//! overflow lane, and there its order begins anew.)
//!
//! **Idle lanes** cost nothing: the consumer looks at hot lanes only. A lane becomes cold when
//! nothing was found in it for long, or all do when the consumer goes to sleep, and the first push
//! after that tells the consumer. That a push and a lane becoming cold do not miss each other takes
//! a full barrier on both sides; see `barrier.rs` for how the producers' costs nothing.
//!
//! Where the orderings stand under their names: `sync.rs`. Where each is made too weak and a model
//! checker must find out: `rust/ring-models`.

pub(crate) mod barrier;
mod batch;
mod consumer;
mod entry;
mod idle;
mod lane;
mod make;
mod owed;
mod permit;
mod permit_lane;
mod permit_list;
mod producer;
mod registry;
mod slots;
mod sync;
mod take_all;
mod thread;
mod ticket;
mod wake;

pub use consumer::Consumer;
pub use entry::{Completion, Entry, Record, ShortRecord};
pub use idle::Waited;
pub use make::{Config, open_ring, ring};
pub(crate) use owed::{LetGo, Owed};
pub(crate) use permit::{Permit, Places, Reader, Whose};
pub(crate) use permit_lane::PermitLane;
pub(crate) use permit_list::PermitList;
pub use producer::{Door, Full, Open, Permits, Producer, Ring};
pub(crate) use sync::soon;

#[cfg(test)]
mod tests;
