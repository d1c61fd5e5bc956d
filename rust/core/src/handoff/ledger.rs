//! What is written down of a packet, if anything is: its state by the contract, and its life.
//!
//! A token knows its packet's life, and by its type the state that it must be in. So a step
//! compares what is written with what the token believes and writes what follows from the belief: what it
//! read is not needed to go on, and the processor does not wait for it.

use std::fmt;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use super::record::Broken;
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

    /// Whether a packet that is in `found` is in the state that is believed. How the last life went is known to the
    /// ledger alone, and where none is under way that is not looked at.
    #[inline]
    fn agrees(self, found: PacketState, believed: PacketState) -> bool {
        match self {
            Step::Pend | Step::Done | Step::Complete => found == believed,
            _ => found.without_past() == believed,
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

    /// Makes the step of who has not known the packet's life, which is returned.
    #[doc(hidden)]
    fn meet(page: &Self::Page, step: Step, report: impl FnOnce(Wrong)) -> Self::Life;

    /// The life as a report tells it.
    #[doc(hidden)]
    fn known(life: Self::Life) -> Option<u32>;

    /// Makes a step, and tells if it broke a rule; returns the life after it.
    #[doc(hidden)]
    fn step(
        page: &Self::Page,
        step: Step,
        life: Self::Life,
        report: impl FnOnce(Wrong),
    ) -> Self::Life;
}

/// A step that was wrong.
#[doc(hidden)]
#[derive(Debug)]
pub struct Wrong {
    rule: Rule,
    life: u32,
    step: Step,
    found: PacketState,
}

impl Wrong {
    pub(super) fn of(self, packet: u32) -> Broken {
        let Wrong { rule, life, step, found } = self;
        Broken { rule, packet, life: Some(life), step, found: Some(found) }
    }
}

/// No ledger: the types alone.
#[derive(Debug)]
pub enum NoLedger {}

impl Ledger for NoLedger {
    type Page = ();
    type Life = ();

    #[inline]
    fn meet((): &(), _: Step, _: impl FnOnce(Wrong)) {}

    fn known((): ()) -> Option<u32> {
        None
    }

    #[inline]
    fn step((): &(), _: Step, (): (), _: impl FnOnce(Wrong)) {}
}

/// A ledger: each step is checked.
#[derive(Debug)]
pub enum WithLedger {}

/// A packet's state, beside its body.
#[doc(hidden)]
#[derive(Debug, Default)]
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
    fn meet(page: &Page, step: Step, report: impl FnOnce(Wrong)) -> u32 {
        let found = page.state();
        let life = found.generation();
        if let Ok(next) = step.of(found, life) {
            page.write(next);
            next.generation()
        } else {
            wrong(page, step, life, found, report)
        }
    }

    fn known(life: u32) -> Option<u32> {
        Some(life)
    }

    #[inline]
    fn step(page: &Page, step: Step, life: u32, report: impl FnOnce(Wrong)) -> u32 {
        let (found, believed) = (page.state(), step.believed(life));
        match step.of(believed, life) {
            Ok(next) if step.agrees(found, believed) => {
                page.write(next);
                next.generation()
            }
            _ => wrong(page, step, life, found, report),
        }
    }
}

/// Repairs, and reports. By type the token is right, so what it believes is what is true.
#[cold]
#[inline(never)]
fn wrong(
    page: &Page,
    step: Step,
    life: u32,
    found: PacketState,
    report: impl FnOnce(Wrong),
) -> u32 {
    let believed = step.believed(life);
    let next = step.of(believed, life).unwrap_or(believed);
    page.write(next);
    // Where the contract has no objection to the step as such, it is not the token's packet any more.
    let rule = step.of(found, life).err().unwrap_or(Rule::Touch);
    report(Wrong { rule, life, step, found });
    next.generation()
}
