//! Atomics, barriers and parking; the only file that another takes the place of when a model
//! checker runs the ring (`rust/ring-models`).

pub(super) use std::sync::Arc;
pub(super) use std::sync::atomic::{AtomicBool, AtomicU64};

pub(super) use parking::{Parker, Unparker, pair};

pub(super) use super::barrier::{can_heavy, heavy, light};
pub(super) use crate::short_lock::{Short, ShortGuard};

/// Each ordering that the proof needs, by the name that the proof calls it.
pub(super) mod order {
    use std::sync::atomic::Ordering;

    /// A slot's last word, by the producer.
    pub(crate) const fn publish() -> Ordering {
        Ordering::Release
    }
    /// The same of the first slot of a batch, for all of it.
    pub(crate) const fn publish_all() -> Ordering {
        Ordering::Release
    }
    /// A slot's last word, by the consumer.
    pub(crate) const fn observe() -> Ordering {
        Ordering::Acquire
    }
    /// The same of the first slot of a block, for all of it.
    pub(crate) const fn observe_all() -> Ordering {
        Ordering::Acquire
    }
    /// The next position of the overflow lane.
    pub(crate) const fn ticket() -> Ordering {
        Ordering::AcqRel
    }
    /// How many positions are taken in the overflow lane of an open ring.
    pub(crate) const fn see_ticket() -> Ordering {
        Ordering::Acquire
    }
    /// A thread number becomes ours.
    pub(crate) const fn claim() -> Ordering {
        Ordering::Acquire
    }
    /// A thread number is free again.
    pub(crate) const fn give_up() -> Ordering {
        Ordering::Release
    }
    /// A producer tells that a lane is in use again.
    pub(crate) const fn rouse() -> Ordering {
        Ordering::AcqRel
    }
    /// The consumer takes what producers told it.
    pub(crate) const fn listen() -> Ordering {
        Ordering::AcqRel
    }
    /// How far a lane was read, by the consumer of a ring without permits.
    pub(crate) const fn free() -> Ordering {
        Ordering::Release
    }
    /// How far a lane was read, by its producer.
    pub(crate) const fn see_free() -> Ordering {
        Ordering::Acquire
    }
}

/// Words of two cache lines, which the hardware fetches together: lanes do not share them.
pub(super) const LINE: usize = 16;
/// Threads that have a lane of their own, where nobody says how many.
pub(super) const LANES: usize = 32;
/// Slots that the consumer may take with one look.
pub(super) const BLOCK: usize = 8;
/// How many of them are read before the first of these is handed out.
pub(super) const SOME: usize = 4;
/// Entries of one lane before it is the next one's turn.
pub(super) const TURN: usize = 64;
/// After so many looks a lane in which nothing was found is not looked at any more.
pub(super) const SWEEP: u32 = 1024;
/// So few idle lanes are no burden to a consumer that has nothing to do.
pub(super) const FEW: usize = 8;
/// How often a consumer pauses and looks again before it parks: some microseconds in all.
pub(super) const PAUSES: u32 = 6;

/// A word of a slot.
pub(super) type Word = AtomicU64;

/// The caller writes the slot that ends with this word: a model checker looks whether it may.
#[inline(always)]
#[allow(clippy::inline_always)] // nothing at all
pub(super) fn writing(_: &Word) {}

/// The caller reads it.
#[inline(always)]
#[allow(clippy::inline_always)] // nothing at all
pub(super) fn reading(_: &Word) {}

/// Somebody will want this soon: its line is asked for, and nobody waits for it.
#[inline(always)]
#[allow(clippy::inline_always)] // one instruction
pub(crate) fn soon<T>(place: *const T) {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: it is a hint, for which any address will do.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(place.cast()) };
    }
    #[cfg(not(all(target_arch = "x86_64", not(miri))))]
    let _ = place;
}

/// Words that are zero. Memory of the system comes zeroed, and a page that nobody touches stays out
/// of it, so the lanes of threads that never come cost address space only.
pub(super) fn words(count: usize) -> Box<[Word]> {
    bytemuck::allocation::zeroed_slice_box(count)
}

/// Bits that are zero.
pub(super) fn bits(words: usize) -> Box<[AtomicU64]> {
    bytemuck::allocation::zeroed_slice_box(words)
}

/// What a model checker knows a body by.
pub(super) type Mark = ();

/// The caller has a body to itself: a model checker looks whether that is so.
#[inline(always)]
#[allow(clippy::inline_always)] // nothing at all
pub(super) fn touching((): &Mark) {}
