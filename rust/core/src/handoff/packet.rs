//! The tokens.

use std::fmt;
use std::ops::{Deref, DerefMut};

use super::ledger::{Ledger, NoLedger, Step};
use super::token::{Memory, Token};
use crate::ring::Permit;
use crate::status::FinalStatus;

/// Each token can be let go, which is a step too, so it is taken out of its wrapper by `take`.
macro_rules! token {
    ($(#[$doc:meta])* $name:ident, $dropped:expr) => {
        $(#[$doc])*
        pub struct $name<'p, T, L: Ledger = NoLedger>(Option<Token<'p, T, L>>);

        impl<'p, T, L: Ledger> $name<'p, T, L> {
            #[inline]
            pub(super) fn new(token: Token<'p, T, L>) -> Self {
                $name(Some(token))
            }

            #[inline]
            fn token(&self) -> &Token<'p, T, L> {
                self.0.as_ref().expect("there until it is used up")
            }

            #[inline]
            pub(super) fn take(mut self) -> Token<'p, T, L> {
                self.0.take().expect("there until it is used up")
            }

            /// The packet's index in its pool.
            #[inline]
            pub fn index(&self) -> u32 {
                self.token().index()
            }
        }

        impl<T, L: Ledger> Drop for $name<'_, T, L> {
            #[inline]
            fn drop(&mut self) {
                if let Some(token) = self.0.take() {
                    $dropped(token);
                }
            }
        }

        impl<T, L: Ledger> Deref for $name<'_, T, L> {
            type Target = T;

            #[inline]
            fn deref(&self) -> &T {
                self.token().body()
            }
        }

        impl<T, L: Ledger> DerefMut for $name<'_, T, L> {
            #[inline]
            fn deref_mut(&mut self) -> &mut T {
                self.0.as_mut().expect("there until it is used up").body_mut()
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
    Packet, |token: Token<'_, T, L>| Memory::give(token.step(Step::Free).permit())
}

token! {
    /// A packet that was sent and not answered yet: the miniport's, to read and to rewrite.
    #[must_use = "answer it with `complete` or `pend`; dropped it comes home as LOST"]
    Sending, |token: Token<'_, T, L>| token.lost()
}

token! {
    /// A packet that was answered with PENDING: the miniport's for as long as it likes, on any thread. It owes
    /// one completion, and is the permit for it.
    #[must_use = "owes one completion; dropped it comes home as LOST"]
    Pending, |token: Token<'_, T, L>| token.lost()
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
    pub(super) fn completed(self) -> Permit<'p, T, super::ledger::Book<L>> {
        self.take().step(Step::Complete).permit()
    }
}
