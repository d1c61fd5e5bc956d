//! Permits in a list, each as it stands in an entry: which place, and which status. And what their owner knows of each
//! besides, an `X`.
//!
//! A vector of tokens has the address of the places in each of them, and the status beside it. Here the address is the
//! list's, so a permit takes a word, which goes into the ring and comes out of it as it is.
//!
//! **A ticket in a list stands for a permit.** Each got there by a permit that was used up ([`PermitList::push`]) or out
//! of the ring ([`Reader::drain_list`]), and it leaves by becoming a permit again ([`PermitList::pop`]) or an entry
//! ([`PermitLane::push_list`]). A list cannot be copied. So of each index there is still one (`permit.rs`), and whoever
//! has the list exclusively has the permits of all tickets in it.

use std::marker::PhantomData;

use super::permit::{Base, Permit, Places, Reader};
use super::permit_lane::PermitLane;
use super::take_all::PIECE;
use super::ticket::Ticket;
use crate::status::FinalStatus;

/// Permits for places of one home. If nobody takes them out before the list is dropped they are forgotten: their owner does.
#[derive(Debug)]
pub(crate) struct PermitList<'p, T, P, S, X> {
    base: Base<'p, T, P, S>,
    tickets: Vec<Ticket>,
    /// As many.
    known: Vec<X>,
    /// As good as the bodies themselves, as a permit is.
    bodies: PhantomData<&'p mut T>,
}

impl<T, P: Default, S> Places<T, P, S> {
    /// A list with room for so many permits.
    pub(crate) fn list<X: Copy>(&self, room: usize) -> PermitList<'_, T, P, S, X> {
        let (tickets, known) = (Vec::with_capacity(room), Vec::with_capacity(room));
        PermitList { base: self.base(), tickets, known, bodies: PhantomData }
    }
}

impl<'p, T, P, S, X: Copy> PermitList<'p, T, P, S, X> {
    /// Whether it can take permits of that home: as long as it is empty, of any.
    #[inline]
    fn takes(&mut self, base: Base<'p, T, P, S>) -> bool {
        if self.tickets.is_empty() {
            self.base = base;
        }
        self.base == base
    }

    /// Puts one in; it comes back if those that are in are of another home.
    pub(crate) fn push(
        &mut self,
        permit: Permit<'p, T, P, S>,
        status: FinalStatus,
        known: X,
    ) -> Result<(), Permit<'p, T, P, S>> {
        if !self.takes(permit.base()) {
            return Err(permit);
        }
        self.tickets.push(Ticket::new(permit.at(), status));
        self.known.push(known);
        Ok(())
    }

    /// Takes the last one out.
    pub(crate) fn pop(&mut self) -> Option<(Permit<'p, T, P, S>, FinalStatus, X)> {
        let (ticket, known) = self.tickets.pop().zip(self.known.pop())?;
        // SAFETY: the ticket stood for a permit, and is in the list no more.
        let permit = unsafe { self.base.permit(ticket.at()) };
        Some((permit, ticket.status(), known))
    }

    pub(crate) fn len(&self) -> usize {
        self.tickets.len()
    }

    /// Shows each to `with`, in their order; from the first on to which that says no, to `or`, so that the loop has no
    /// call in it. A function of its own, or what its caller has in registers would leave none for the loop.
    #[inline(never)]
    pub(crate) fn each(
        &mut self,
        with: impl Fn(&mut Permit<'p, T, P, S>, X) -> bool,
        or: impl Fn(&mut Permit<'p, T, P, S>, X),
    ) {
        // SAFETY: the permit that a ticket stands for is in the list, which is borrowed exclusively, and is only lent.
        let lent = |ticket: &Ticket| unsafe { self.base.permit(ticket.at()) };
        let mut all = self.tickets.iter().zip(&self.known);
        if let Some(n) = all.position(|(ticket, known)| !with(&mut lent(ticket), *known)) {
            let rest = self.tickets.iter().zip(&self.known).skip(n);
            rest.for_each(|(ticket, known)| or(&mut lent(ticket), *known));
        }
    }

    /// Gives each the status that `with` says, which is told the one that it had.
    #[inline]
    pub(crate) fn answer(&mut self, mut with: impl FnMut(&mut T, FinalStatus) -> FinalStatus) {
        for ticket in &mut self.tickets {
            // SAFETY: the permit that it stands for is in the list, which is borrowed exclusively, and is only lent.
            let mut permit = unsafe { self.base.permit(ticket.at()) };
            *ticket = Ticket::new(ticket.at(), with(permit.get_mut(), ticket.status()));
        }
    }
}

impl<'p, T, P, S> PermitLane<'p, T, P, S> {
    /// Puts all of a list in, up to 32 with one reservation; those of another ring go into their own.
    #[inline]
    pub(crate) fn push_list<X: Copy>(&self, list: &mut PermitList<'p, T, P, S, X>) {
        if self.base == list.base {
            list.tickets.chunks(PIECE).for_each(|some| self.lane.push_batch(some));
        } else {
            for ticket in list.tickets.drain(..) {
                // SAFETY: the ticket stood for a permit, and is in the list no more.
                unsafe { list.base.permit(ticket.at()) }.push(ticket.status());
            }
        }
        // Tickets are entries now.
        list.tickets.clear();
        list.known.clear();
    }
}

impl<'p, T, P, S> Reader<'p, T, P, S> {
    /// Puts up to `most` of them into a list, each with what `with` says of it, which does not panic; returns how many.
    /// Nothing, if what is in the list is of another home. A function of its own as `each` is.
    #[inline(never)]
    pub(crate) fn drain_list<X: Copy>(
        &mut self,
        most: usize,
        list: &mut PermitList<'p, T, P, S, X>,
        mut with: impl FnMut(&mut Permit<'p, T, P, S>) -> X,
    ) -> Option<usize> {
        if !list.takes(self.base()) {
            return None;
        }
        let most = most.min(self.count());
        list.known.reserve(most);
        let before = list.known.len();
        let mut room = list.known.spare_capacity_mut().as_mut_ptr();
        let taken = self.drain_into(most, &mut list.tickets, |mut permit, status| {
            // SAFETY: there is room for `most`, and no more are drained.
            unsafe {
                (*room).write(with(&mut permit));
                room = room.add(1);
            }
            Ticket::new(permit.at(), status)
        });
        // SAFETY: as many as were taken, and not more than there was room for, have been written.
        unsafe { list.known.set_len(before + taken) };
        Some(taken)
    }
}
