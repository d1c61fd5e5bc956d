//! Where packets come back.

use std::time::Duration;

use super::ledger::{Ledger, NoLedger, Step};
use super::packet::Packet;
use super::token::{Out, Token};
use crate::ring::Waited;
use crate::status::FinalStatus;

/// The end at which packets come back, with the status that they were completed with: the packets of one thread in the
/// order in which it completed them, those of several in any. There is one at a time.
#[derive(Debug)]
pub struct Consumer<'p, T, L: Ledger = NoLedger>(pub(super) Out<'p, T, L>);

impl<'p, T, L: Ledger> Consumer<'p, T, L> {
    /// The next packet, if there is one.
    #[inline]
    pub fn pop(&mut self) -> Option<(Packet<'p, T, L>, FinalStatus)> {
        let (permit, status) = self.0.pop()?;
        Some((Packet::new(Token::new(permit, Step::Deliver)), status))
    }

    /// Hands up to `most` packets to `with`; returns how many. If `with` panics, the others stay.
    #[inline]
    pub fn drain(
        &mut self,
        most: usize,
        mut with: impl FnMut(Packet<'p, T, L>, FinalStatus),
    ) -> usize {
        self.0.drain(most, |permit, status| {
            with(Packet::new(Token::new(permit, Step::Deliver)), status);
        })
    }

    /// The same into a vector: the shortest way for many.
    #[inline]
    pub fn drain_into(
        &mut self,
        most: usize,
        out: &mut Vec<(Packet<'p, T, L>, FinalStatus)>,
    ) -> usize {
        self.0.drain_into(most, out, |permit, status| {
            (Packet::new(Token::new(permit, Step::Deliver)), status)
        })
    }

    /// Waits until there is a packet, the time is over, or the pool is [closed](super::Pool::close) and there is
    /// none.
    pub fn wait(&mut self, timeout: Option<Duration>) -> Waited {
        self.0.wait(timeout)
    }
}
