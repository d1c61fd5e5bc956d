//! What is written down of a packet, if anything is: its state by the contract, and its life.
//!
//! A token knows its packet's life, and by its type the state that it must be in. So a step
//! compares what is written with what the token believes and writes what follows from the belief: what it
//! read is not needed to go on, and the processor does not wait for it.

use std::fmt;

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
    fn believed(self, life: Life) -> PacketState {
        match self {
            Step::Allocate => life.with(Owner::Pool),
            Step::Send | Step::Free => life.with(Owner::Protocol),
            Step::Pend | Step::Done | Step::Drop => life.with(Owner::Miniport),
            Step::Complete => {
                let called = life.with(Owner::Miniport);
                called.returned(life.number(), Status::PENDING).unwrap_or(called)
            }
            Step::Deliver => life.with(Owner::Returning),
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

/// The number of a life, in the half of a word in which a state has it: it comes out of a state and goes into the next
/// one as it is. The other half is as the last step left it.
#[doc(hidden)]
#[derive(Copy, Clone, Debug)]
pub struct Life(u64);

const LIFE: u64 = !0 << 32;

impl Life {
    #[inline]
    fn of(state: PacketState) -> Life {
        Life(state.word())
    }

    #[inline]
    fn number(self) -> u32 {
        (self.0 >> 32) as u32
    }

    #[inline]
    fn with(self, owner: Owner) -> PacketState {
        PacketState::from_word(self.0 & LIFE | owner as u64)
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
    type Page: Default + Send + fmt::Debug;
    /// What a token knows of its packet's life.
    #[doc(hidden)]
    type Life: Copy + Send + Sync + fmt::Debug;

    /// Makes the step of who has not known the packet's life, which is returned.
    #[doc(hidden)]
    fn meet(page: &mut Self::Page, step: Step, report: impl Report) -> Self::Life;

    /// The life as a report tells it.
    #[doc(hidden)]
    fn known(life: Self::Life) -> Option<u32>;

    /// Makes a step, and tells if it broke a rule; returns the life after it.
    #[doc(hidden)]
    fn step(page: &mut Self::Page, step: Step, life: Self::Life, report: impl Report)
    -> Self::Life;

    /// Makes the steps from the protocol's hand into the ring, if the first would find what it should; the others find what
    /// the one before them wrote.
    #[doc(hidden)]
    fn completed(page: &mut Self::Page, life: Self::Life) -> bool;
}

/// Where a step that was wrong is told.
#[doc(hidden)]
pub trait Report {
    /// By whom: which packet of whose pool.
    fn put(self, step: Step, life: Life, found: PacketState);
}

impl Broken {
    /// A step that the contract, or the packet's token, did not expect in the state `found`.
    pub(super) fn new(step: Step, packet: u32, life: Life, found: PacketState) -> Broken {
        let life = life.number();
        // Where the contract has no objection to the step as such, it is not the token's packet any more.
        let rule = step.of(found, life).err().unwrap_or(Rule::Touch);
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
    fn meet((): &mut (), _: Step, _: impl Report) {}

    fn known((): ()) -> Option<u32> {
        None
    }

    #[inline]
    fn step((): &mut (), _: Step, (): (), _: impl Report) {}

    #[inline]
    fn completed((): &mut (), (): ()) -> bool {
        true
    }
}

/// A ledger: each step is checked.
#[derive(Debug)]
pub enum WithLedger {}

/// A packet's state, beside its body, and as its body who has the token's alone.
#[doc(hidden)]
#[derive(Debug, Default)]
pub struct Page(pub(super) PacketState);

impl Ledger for WithLedger {
    type Page = Page;
    type Life = Life;

    #[inline]
    fn meet(page: &mut Page, step: Step, report: impl Report) -> Life {
        let found = page.0;
        let life = Life::of(found);
        if step.of(found, life.number()).is_err() {
            report.put(step, life, found);
        }
        page.after(step, life)
    }

    fn known(life: Life) -> Option<u32> {
        Some(life.number())
    }

    #[inline]
    fn step(page: &mut Page, step: Step, life: Life, report: impl Report) -> Life {
        if !step.agrees(page.0, step.believed(life)) {
            report.put(step, life, page.0);
        }
        page.after(step, life)
    }

    #[inline]
    fn completed(page: &mut Page, life: Life) -> bool {
        // It was the protocol's, as its last step left it.
        debug_assert!(life.with(Owner::Protocol).word() == life.0, "{life:?}");
        let is_right = page.0.word() == life.0;
        if is_right {
            page.0 = PacketState::from_word(life.0.wrapping_add(ROUND));
        }
        is_right
    }
}

/// What the steps from the protocol's hand into the ring add to a state, the same in each life: to the life one, the next
/// owner, and PENDING. A test compares it with the steps.
pub(super) const ROUND: u64 =
    (1 << 32) + (Owner::Returning as u64 - Owner::Protocol as u64) + (1 << 4);

impl Page {
    /// By type the token is right, so what it believes is what is true, and its step is made in either case. Where
    /// several stand in one function, the compiler knows what was written last, and of their checks the first is left.
    #[inline]
    fn after(&mut self, step: Step, life: Life) -> Life {
        let believed = step.believed(life);
        let state = step.of(believed, life.number()).unwrap_or(believed);
        self.0 = state;
        Life::of(state)
    }
}
