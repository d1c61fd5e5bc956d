//! The tokens.

use std::fmt;
use std::ops::{Deref, DerefMut};

use super::ledger::{Ledger, NoLedger, Step};
use super::token::{Right, Token};
use crate::ring::{LetGo, Owed};
use crate::status::FinalStatus;

macro_rules! token {
    ($(#[$doc:meta])* $name:ident, $inner:ident, $dropped:expr) => {
        /// A token that can be let go.
        struct $inner<'p, T, L: Ledger>(Token<'p, T, L>);

        impl<T, L: Ledger> LetGo for $inner<'_, T, L> {
            #[inline]
            fn let_go(self) {
                $dropped(self.0);
            }
        }

        $(#[$doc])*
        pub struct $name<'p, T, L: Ledger = NoLedger>(Owed<$inner<'p, T, L>>);

        impl<'p, T, L: Ledger> $name<'p, T, L> {
            #[inline]
            pub(super) fn new(token: Token<'p, T, L>) -> Self {
                $name(Owed::new($inner(token)))
            }

            #[inline]
            pub(super) fn take(self) -> Token<'p, T, L> {
                self.0.take().0
            }

            /// The packet's index in its pool.
            #[inline]
            pub fn index(&self) -> u32 {
                self.0.get().0.index()
            }
        }

        impl<T, L: Ledger> Deref for $name<'_, T, L> {
            type Target = T;

            #[inline]
            fn deref(&self) -> &T {
                self.0.get().0.body()
            }
        }

        impl<T, L: Ledger> DerefMut for $name<'_, T, L> {
            #[inline]
            fn deref_mut(&mut self) -> &mut T {
                self.0.get_mut().0.body_mut()
            }
        }

        impl<T: fmt::Debug, L: Ledger> fmt::Debug for $name<'_, T, L> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut shown = f.debug_struct(stringify!($name));
                shown.field("index", &self.index()).field("body", &**self).finish()
            }
        }
    };
}

token! {
    /// A packet that the protocol owns; it dereferences to its body. Dropping it gives it back to the pool.
    #[must_use = "dropping a packet gives it back to the pool"]
    Packet, PacketToken, |token: Token<'_, T, L>| token.step(Step::Free).permit().give()
}

token! {
    /// A packet that was sent and not answered yet: the miniport's, to read and to rewrite.
    #[must_use = "answer it with `complete` or `pend`; dropped it comes home as LOST"]
    Sending, SendingToken, |token: Token<'_, T, L>| token.lost()
}

token! {
    /// A packet that was answered with PENDING: the miniport's for as long as it likes, on any thread. It owes
    /// one completion, and is the permit for it.
    #[must_use = "owes one completion; dropped it comes home as LOST"]
    Pending, PendingToken, |token: Token<'_, T, L>| token.lost()
}

/// How a send was answered: what a miniport's function returns.
#[derive(Debug)]
pub enum Sent<'p, T, L: Ledger = NoLedger> {
    /// The ring will bring the packet back.
    Pending,
    /// It is finished, and here is the packet.
    Done(Packet<'p, T, L>, FinalStatus),
}

impl<'p, T, L: Ledger> Packet<'p, T, L> {
    /// Gives it to the miniport.
    #[inline]
    pub fn send(self) -> Sending<'p, T, L> {
        Sending::new(self.take().step(Step::Send))
    }
}

impl<'p, T, L: Ledger> Sending<'p, T, L> {
    /// Answers with a final status: the protocol has its packet back at once, and nothing is owed.
    #[inline]
    pub fn complete(self, status: FinalStatus) -> Sent<'p, T, L> {
        Sent::Done(Packet::new(self.take().step(Step::Done)), status)
    }

    /// Answers with PENDING: the miniport owes one completion, and its function returns [`Sent::Pending`].
    #[inline]
    pub fn pend(self) -> Pending<'p, T, L> {
        Pending::new(self.take().step(Step::Pend))
    }
}

impl<'p, T, L: Ledger> Pending<'p, T, L> {
    /// Gives the packet back with its final status. A thread that does that often has a
    /// [`Producer`](super::Producer).
    #[inline]
    pub fn complete(self, status: FinalStatus) {
        self.completed().push(status);
    }

    #[inline]
    pub(super) fn completed(self) -> Right<'p, T, L> {
        self.take().step(Step::Complete).permit()
    }
}
