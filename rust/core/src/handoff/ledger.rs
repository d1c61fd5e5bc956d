//! What is written down of a packet, if anything is: its state by the contract, and its life.
//!
//! A token knows its packet's life, and by its type the state that it must be in. So a step
//! compares what is written with what the token believes and writes what follows from the belief: what it
//! read is not needed to go on, and the processor does not wait for it.

use std::fmt;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use super::record::{Broken, Record};
use crate::contract::packet::{Owner, PacketState};
use crate::event::TakenBack;
use crate::rule::Rule;
use crate::status::Status;

/// A step of a packet on its way.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum Step {
    /// The protocol takes it out of the pool.
    Allocate,
    /// The protocol sends it, and the miniport has it: the next life begins.
    Send,
    /// The miniport answers with PENDING.
    Pend,
    /// The miniport answers with a final status, and the protocol has it back.
    Done,
    /// The miniport completes it: it is pushed.
    Complete,
    /// The miniport's token was dropped: it is pushed with FAILURE.
    Drop,
    /// The protocol gets it out of the ring.
    Deliver,
    /// The protocol gives it back to the pool.
    Free,
}

impl Step {
    /// What the one who makes this step takes the state to be, in the life `life`.
    #[inline]
    fn believed(self, life: u32) -> PacketState {
        match self {
            Step::Allocate => PacketState::new(Owner::Pool, life),
            Step::Send | Step::Free => PacketState::new(Owner::Protocol, life),
            Step::Pend | Step::Done | Step::Drop => PacketState::new(Owner::Miniport, life),
            Step::Complete => {
                let called = PacketState::new(Owner::Miniport, life);
                called.returned(life, Status::PENDING).unwrap_or(called)
            }
            Step::Deliver => PacketState::new(Owner::Returning, life),
        }
    }

    /// The state after it, by the contract.
    #[inline]
    fn of(self, state: PacketState, life: u32) -> Result<PacketState, Rule> {
        match self {
            Step::Allocate => state.allocate(),
            Step::Send => state.send().and_then(PacketState::submit),
            Step::Pend => state.returned(life, Status::PENDING),
            Step::Done => state.returned(life, Status::SUCCESS).and_then(PacketState::deliver),
            Step::Complete => state.complete(life),
            Step::Drop => state.take_back(TakenBack::Dropped),
            Step::Deliver => state.deliver(),
            Step::Free => state.free(),
        }
    }

    /// Whether a packet that is in `found` may be in the state `believed`. How the life before ended is known
    /// to the ledger alone, so where no life is under way that is not looked at.
    #[inline]
    fn agrees(self, found: PacketState, believed: PacketState) -> bool {
        match self {
            Step::Pend | Step::Done | Step::Complete => found == believed,
            // The rest is seen by the step.
            _ => found.generation() == believed.generation(),
        }
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::NoLedger {}
    impl Sealed for super::WithLedger {}
}

/// Whether a pool keeps a ledger: [`NoLedger`] or [`WithLedger`].
pub trait Ledger: sealed::Sealed + Sized + 'static {
    /// What is written down of each packet.
    #[doc(hidden)]
    type Page: Default + Send + Sync + fmt::Debug;
    /// What a token knows of its packet's life.
    #[doc(hidden)]
    type Life: Copy + Send + Sync + fmt::Debug;

    /// The life that a packet is in, for who has not known it.
    #[doc(hidden)]
    fn life(page: &Self::Page) -> Self::Life;

    /// The life as a report tells it.
    #[doc(hidden)]
    fn known(life: Self::Life) -> Option<u32>;

    /// Makes a step; returns the life after it.
    #[doc(hidden)]
    fn step(book: &Book<Self>, index: u32, step: Step, life: Self::Life) -> Self::Life;
}

/// A pool's pages, and what was found.
#[doc(hidden)]
#[derive(Debug)]
pub struct Book<L: Ledger> {
    pub(super) pages: Box<[L::Page]>,
    pub(super) record: Record,
}

/// No ledger: the types alone.
#[derive(Debug)]
pub enum NoLedger {}

impl Ledger for NoLedger {
    type Page = ();
    type Life = ();

    #[inline]
    fn life((): &()) {}

    fn known((): ()) -> Option<u32> {
        None
    }

    #[inline]
    fn step(_: &Book<Self>, _: u32, _: Step, (): ()) {}
}

/// A ledger: each step is checked.
#[derive(Debug)]
pub enum WithLedger {}

/// A packet's state, in a line of its own, since each packet may be with another thread.
#[doc(hidden)]
#[derive(Debug, Default)]
#[repr(align(64))]
pub struct Page(AtomicU64);

impl Page {
    #[inline]
    pub(super) fn state(&self) -> PacketState {
        PacketState::from_word(self.0.load(Relaxed))
    }

    // The token's way from thread to thread orders this, too; and who has the token is the only
    // one who writes.
    #[inline]
    pub(super) fn write(&self, state: PacketState) {
        self.0.store(state.word(), Relaxed);
    }
}

impl Ledger for WithLedger {
    type Page = Page;
    type Life = u32;

    #[inline]
    fn life(page: &Page) -> u32 {
        page.state().generation()
    }

    fn known(life: u32) -> Option<u32> {
        Some(life)
    }

    #[inline]
    fn step(book: &Book<Self>, index: u32, step: Step, life: u32) -> u32 {
        let page = &book.pages[index as usize];
        let (found, believed) = (page.state(), step.believed(life));
        if !step.agrees(found, believed) || step.of(found, life).is_err() {
            broken(book, index, step, life, found);
        }
        // By type the token is right. So this is how what is broken is repaired, too.
        let next = step.of(believed, life).unwrap_or(believed);
        page.write(next);
        next.generation()
    }
}

#[cold]
#[inline(never)]
fn broken(book: &Book<WithLedger>, index: u32, step: Step, life: u32, found: PacketState) {
    // Where the contract has no objection to the step as such, it is not the token's packet any more.
    let rule = step.of(found, life).err().unwrap_or(Rule::Touch);
    book.record.put(Broken { rule, packet: index, life: Some(life), step, found: Some(found) });
}
