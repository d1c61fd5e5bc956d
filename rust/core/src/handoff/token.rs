//! What is inside of every token: the permit, and the packet's life.

use super::ledger::{Ledger, Life, Report, Step};
use super::record::{Broken, Record};
use crate::contract::packet::PacketState;
use crate::ring::{Permit, PermitLane, PermitList, Places, Reader, Whose};
use crate::rule::Rule;
use crate::status::FinalStatus;

/// A pool's memory.
pub(super) type Memory<T, L> = Places<T, <L as Ledger>::Page, Record>;
/// A thread's lane.
pub(super) type Lane<'p, T, L> = PermitLane<'p, T, <L as Ledger>::Page, Record>;
/// The right to a packet.
pub(super) type Right<'p, T, L> = Permit<'p, T, <L as Ledger>::Page, Record>;
/// The end at which packets come out.
pub(super) type Out<'p, T, L> = Reader<'p, T, <L as Ledger>::Page, Record>;

/// Packets in a list, each with its life. In a box, so that making a step is to hand on a pointer.
pub(super) type List<'p, T, L> =
    Box<PermitList<'p, T, <L as Ledger>::Page, Record, <L as Ledger>::Life>>;

/// A packet that somebody has. Which steps may be made is its owner's to know.
#[derive(Debug)]
pub(super) struct Token<'p, T, L: Ledger> {
    permit: Right<'p, T, L>,
    life: L::Life,
}

impl<'p, T, L: Ledger> Token<'p, T, L> {
    /// One that nobody had, out of the pool or out of the ring.
    #[inline]
    pub(super) fn new(mut permit: Right<'p, T, L>, step: Step) -> Self {
        let life = Self::life(&mut permit, step);
        Token { permit, life }
    }

    /// Makes the step of who has not known the packet's life.
    #[inline]
    pub(super) fn life(permit: &mut Right<'p, T, L>, step: Step) -> L::Life {
        let whose = permit.whose();
        L::meet(permit.page(), step, whose)
    }

    /// Makes a step of one whose token knew its life.
    #[inline]
    pub(super) fn made(permit: &mut Right<'p, T, L>, step: Step, life: L::Life) -> L::Life {
        let whose = permit.whose();
        L::step(permit.page(), step, life, whose)
    }

    /// What it was before it was taken apart.
    #[inline]
    pub(super) fn again(permit: Right<'p, T, L>, life: L::Life) -> Self {
        Token { permit, life }
    }

    #[inline]
    pub(super) fn parts(self) -> (Right<'p, T, L>, L::Life) {
        (self.permit, self.life)
    }

    #[inline]
    pub(super) fn step(mut self, step: Step) -> Self {
        self.life = Self::made(&mut self.permit, step, self.life);
        self
    }

    #[inline]
    pub(super) fn permit(self) -> Right<'p, T, L> {
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
        self.permit.whose().shared().put(Broken { rule, packet, life, step, found: None });
        self.step(step).permit.push(FinalStatus::FAILURE);
    }
}

impl<T, P> Report for Whose<'_, T, P, Record> {
    #[cold]
    #[inline(never)]
    fn put(self, step: Step, life: Life, found: PacketState) {
        self.shared().put(Broken::new(step, self.index(), life, found));
    }
}
