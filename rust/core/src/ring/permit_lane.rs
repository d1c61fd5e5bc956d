//! Where a thread puts permits in: its own lane of their ring.

use super::permit::{Base, Permit};
use super::producer::{Permits, Producer};
use super::take_all::{PIECE, take_all};
use super::ticket::Ticket;
use crate::status::FinalStatus;

/// A thread's own lane.
#[derive(Debug)]
pub(crate) struct PermitLane<'p, T, P, S> {
    pub(super) base: Base<'p, T, P, S>,
    pub(super) lane: Producer<'p, Ticket, Permits>,
}

impl<'p, T, P, S> PermitLane<'p, T, P, S> {
    /// Puts a permit in; one of another ring goes into its own.
    #[inline]
    pub(crate) fn push(&self, permit: Permit<'p, T, P, S>, status: FinalStatus) {
        if let Some(ticket) = self.ticket(permit, status) {
            self.lane.push(ticket);
        }
    }

    /// What goes into this lane; a permit of another ring goes into its own.
    #[inline]
    fn ticket(&self, permit: Permit<'p, T, P, S>, status: FinalStatus) -> Option<Ticket> {
        if self.base == permit.base() {
            return Some(Ticket::new(permit.at(), status));
        }
        permit.push(status);
        None
    }

    /// Puts many in, up to 32 with one reservation.
    #[inline]
    pub(crate) fn push_many(
        &self,
        permits: impl Iterator<Item = (Permit<'p, T, P, S>, FinalStatus)>,
    ) {
        let mut piece = Piece { lane: &self.lane, entries: [Ticket::NONE; PIECE], count: 0 };
        for (permit, status) in permits {
            if let Some(ticket) = self.ticket(permit, status) {
                piece.push(ticket);
            }
        }
    }

    /// The same with what `with` makes of the values, all of which are taken. If that panics, the values that are left
    /// are dropped.
    #[inline]
    pub(crate) fn push_from<V>(
        &self,
        values: &mut Vec<V>,
        mut with: impl FnMut(V) -> (Permit<'p, T, P, S>, FinalStatus),
    ) {
        take_all(&self.lane, values, Ticket::NONE, |value| {
            let (permit, status) = with(value);
            self.ticket(permit, status)
        });
    }
}

/// Entries on their way into a lane. They get there also if what makes the next one panics.
struct Piece<'a> {
    lane: &'a Producer<'a, Ticket, Permits>,
    entries: [Ticket; PIECE],
    count: usize,
}

impl Piece<'_> {
    #[inline]
    fn push(&mut self, entry: Ticket) {
        self.entries[self.count] = entry;
        self.count += 1;
        if self.count == PIECE {
            self.flush();
        }
    }

    fn flush(&mut self) {
        self.lane.push_batch(&self.entries[..self.count]);
        self.count = 0;
    }
}

impl Drop for Piece<'_> {
    fn drop(&mut self) {
        self.flush();
    }
}
