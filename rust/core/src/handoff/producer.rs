//! Where packets are completed: a thread's own lane of the ring.

use super::ledger::{Ledger, NoLedger};
use super::packet::Pending;
use super::token::Lane;
use crate::status::FinalStatus;

/// A thread's way into a pool's ring, looked up once for many pushes. It stays on its thread.
#[derive(Debug)]
pub struct Producer<'p, T, L: Ledger = NoLedger>(pub(super) Lane<'p, T, L>);

impl<'p, T, L: Ledger> Producer<'p, T, L> {
    /// Completes a packet. It cannot fail and does not wait: the token is the permit. A packet of
    /// another pool goes into that one's ring.
    #[inline]
    pub fn push(&self, packet: Pending<'p, T, L>, status: FinalStatus) {
        self.0.push(packet.completed(), status);
    }

    /// Completes these in their order, up to 32 with one reservation.
    #[inline]
    pub fn push_many(&self, packets: impl IntoIterator<Item = (Pending<'p, T, L>, FinalStatus)>) {
        let packets = packets.into_iter();
        self.0.push_many(packets.map(|(packet, status)| (packet.completed(), status)));
    }

    /// Completes what `with` makes of each of these, in their order, and leaves the vector empty: the shortest way for
    /// many. If `with` panics, what is left is dropped.
    #[inline]
    pub fn push_from<V>(
        &self,
        packets: &mut Vec<V>,
        mut with: impl FnMut(V) -> (Pending<'p, T, L>, FinalStatus),
    ) {
        self.0.push_from(packets, |value| {
            let (packet, status) = with(value);
            (packet.completed(), status)
        });
    }
}
