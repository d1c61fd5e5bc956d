//! Packets in lists, for steps of many at once.
//!
//! ```text
//!            send               pend               push_list                drain_list
//! Packets ────────▶ Sendings ────────▶ Pendings ─────────────▶ the ring ────────────────▶ Packets
//!    ▲                                     └── the list, empty ──────────────────────────────▲
//!    └── Pool::packets, push
//! ```
//!
//! What a list's packets did is written down when they leave the list: until then they are its own, and nobody could read
//! it. So the ledger looks at each of them twice in a round: when the list gets it, and when it is pushed or popped. What was
//! wrong with it meanwhile is then told as of the step after the one with which it came.

use std::fmt;

use super::consumer::Consumer;
use super::ledger::{Ledger, NoLedger, Step};
use super::packet::{Packet, Pending, Sending};
use super::pool::Pool;
use super::producer::Producer;
use super::token::{List, Right, Token};
use crate::ring::{LetGo, Owed};
use crate::status::FinalStatus;

/// A list has packets of one pool, and this is another one.
#[derive(Copy, Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "expected a list that is empty or has packets of the consumer's pool, got one with packets of another pool; \
     send them, or let them go, before others get in"
)]
pub struct OtherPool;

macro_rules! list {
    ($(#[$doc:meta])* $name:ident, $inner:ident, $token:ident, [$($step:ident),*]) => {
        $(#[$doc])*
        pub struct $name<'p, T, L: Ledger = NoLedger>(Owed<$inner<'p, T, L>>);

        /// A list that can be let go.
        struct $inner<'p, T, L: Ledger>(List<'p, T, L>);

        impl<'p, T, L: Ledger> $inner<'p, T, L> {
            fn pop(&mut self) -> Option<($token<'p, T, L>, FinalStatus)> {
                let (permit, status, life) = self.0.pop()?;
                let token = Token::again(permit, life)$(.step(Step::$step))*;
                Some(($token::new(token), status))
            }
        }

        impl<T, L: Ledger> LetGo for $inner<'_, T, L> {
            #[cold]
            fn let_go(mut self) {
                while self.pop().is_some() {}
            }
        }

        impl<'p, T, L: Ledger> $name<'p, T, L> {
            fn new(list: List<'p, T, L>) -> Self {
                $name(Owed::new($inner(list)))
            }

            /// How many there are.
            pub fn len(&self) -> usize {
                self.0.get().0.len()
            }

            /// Whether there are none.
            pub fn is_empty(&self) -> bool {
                self.len() == 0
            }

            /// Takes the last one out, with the status that it came back with.
            pub fn pop(&mut self) -> Option<($token<'p, T, L>, FinalStatus)> {
                self.0.get_mut().pop()
            }

            /// Shows the body of each to `with`, with the status that it came back with.
            pub fn for_each(&mut self, mut with: impl FnMut(&mut T, FinalStatus)) {
                self.0.get_mut().0.answer(|body, status| {
                    with(body, status);
                    status
                });
            }
        }

        impl<T, L: Ledger> fmt::Debug for $name<'_, T, L> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).field("len", &self.len()).finish_non_exhaustive()
            }
        }
    };
}

list! {
    /// Packets of one pool that the protocol has, each with the status that it came back with: the shortest way round
    /// for many. One takes a word here (with a ledger two), and as a token with its status four. Dropping
    /// the list gives them back to the pool.
    Packets, PacketList, Packet, []
}

list! {
    /// Packets that were sent and not answered yet. Those in a list that is dropped come home as LOST.
    #[must_use = "answer them with `pend`; dropped they come home as LOST"]
    Sendings, SendingList, Sending, [Send]
}

list! {
    /// Packets that were answered with PENDING; each owes one completion. Those in a list that is dropped come home as LOST.
    #[must_use = "each owes one completion; dropped they come home as LOST"]
    Pendings, PendingList, Pending, [Send, Pend]
}

impl<T, L: Ledger> Pool<T, L> {
    /// A list with up to `most` packets that nobody has, as if they had come back with `SUCCESS`.
    pub fn packets(&self, most: usize) -> Packets<'_, T, L> {
        let most = most.min(self.len());
        let mut packets = Packets::new(Box::new(self.0.list(most)));
        for packet in std::iter::from_fn(|| self.packet()).take(most) {
            // It is of this pool, so none comes back.
            drop(packets.push(packet, FinalStatus::SUCCESS));
        }
        packets
    }
}

impl<'p, T, L: Ledger> Packets<'p, T, L> {
    /// Puts a packet in, which is to be of the pool of those that are in.
    ///
    /// # Errors
    /// The packet, if it is of another pool.
    pub fn push(
        &mut self,
        packet: Packet<'p, T, L>,
        status: FinalStatus,
    ) -> Result<(), Packet<'p, T, L>> {
        let (permit, life) = packet.take().parts();
        let pushed = self.0.get_mut().0.push(permit, status, life);
        pushed.map_err(|permit| Packet::new(Token::again(permit, life)))
    }

    /// Gives all of them to the miniport.
    #[inline]
    pub fn send(self) -> Sendings<'p, T, L> {
        Sendings::new(self.0.take().0)
    }
}

impl<'p, T, L: Ledger> Sendings<'p, T, L> {
    /// Answers each with PENDING: the miniport owes one completion for each.
    #[inline]
    pub fn pend(self) -> Pendings<'p, T, L> {
        Pendings::new(self.0.take().0)
    }
}

impl<'p, T, L: Ledger> Producer<'p, T, L> {
    /// Completes all packets of a list, in their order, each with the status that `with` makes of its body and the status
    /// that it came back with last. What is returned is the list, without packets, for those that come back. If `with`
    /// panics, none is completed, and all come home as LOST.
    #[inline]
    pub fn push_list(
        &self,
        mut packets: Pendings<'p, T, L>,
        with: impl FnMut(&mut T, FinalStatus) -> FinalStatus,
    ) -> Packets<'p, T, L> {
        packets.0.get_mut().0.answer(with);
        let mut list = packets.0.take().0;
        list.each(|permit, life| L::completed(permit.page(), life), complete_one::<T, L>);
        self.0.push_list(&mut list);
        Packets::new(list)
    }
}

impl<'p, T, L: Ledger> Consumer<'p, T, L> {
    /// Puts up to `most` packets into a list; returns how many.
    ///
    /// # Errors
    /// [`OtherPool`], if packets of another pool are in the list.
    #[inline]
    pub fn drain_list(
        &mut self,
        most: usize,
        packets: &mut Packets<'p, T, L>,
    ) -> Result<usize, OtherPool> {
        let list = &mut packets.0.get_mut().0;
        let taken =
            self.0.drain_list(most, list, |permit| Token::<T, L>::life(permit, Step::Deliver));
        taken.ok_or(OtherPool)
    }
}

/// Makes the steps into the ring one by one, each checked: for packets of which the ledger may have something to say.
#[cold]
#[inline(never)]
fn complete_one<T, L: Ledger>(permit: &mut Right<'_, T, L>, life: L::Life) {
    let life = Token::<T, L>::made(permit, Step::Send, life);
    let life = Token::<T, L>::made(permit, Step::Pend, life);
    Token::<T, L>::made(permit, Step::Complete, life);
}
