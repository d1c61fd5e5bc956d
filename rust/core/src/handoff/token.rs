//! What is inside of every token: the permit, and the packet's life.

use super::ledger::{Book, Ledger, Step};
use super::record::Broken;
use crate::ring::{Permit, PermitLane, Places, Reader};
use crate::rule::Rule;
use crate::status::FinalStatus;

/// A pool's memory.
pub(super) type Memory<T, L> = Places<T, Book<L>>;
/// A thread's lane.
pub(super) type Lane<'p, T, L> = PermitLane<'p, T, Book<L>>;
/// The end at which packets come out.
pub(super) type Out<'p, T, L> = Reader<'p, T, Book<L>>;

/// A packet that somebody has. Which steps may be made is its owner's to know.
#[derive(Debug)]
pub(super) struct Token<'p, T, L: Ledger> {
    permit: Permit<'p, T, Book<L>>,
    life: L::Life,
}

impl<'p, T, L: Ledger> Token<'p, T, L> {
    /// One that nobody had, out of the pool or out of the ring.
    #[inline]
    pub(super) fn new(permit: Permit<'p, T, Book<L>>, step: Step) -> Self {
        let life = L::life(&permit.shared().pages[permit.index() as usize]);
        Token { permit, life }.step(step)
    }

    #[inline]
    pub(super) fn step(self, step: Step) -> Self {
        let life = L::step(self.permit.shared(), self.permit.index(), step, self.life);
        Token { life, ..self }
    }

    #[inline]
    pub(super) fn permit(self) -> Permit<'p, T, Book<L>> {
        self.permit
    }

    #[inline]
    pub(super) fn index(&self) -> u32 {
        self.permit.index()
    }

    #[inline]
    pub(super) fn body(&self) -> &T {
        self.permit.get()
    }

    #[inline]
    pub(super) fn body_mut(&mut self) -> &mut T {
        self.permit.get_mut()
    }

    /// It was owed, and is owed no more.
    #[cold]
    pub(super) fn lost(self) {
        let (packet, life) = (self.index(), L::known(self.life));
        let (rule, step) = (Rule::Lost, Step::Drop);
        self.permit.shared().record.put(Broken { rule, packet, life, step, found: None });
        self.step(step).permit.push(FinalStatus::FAILURE);
    }
}
