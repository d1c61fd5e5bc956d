//! What travels in a ring of permits, in one word: which place, and the final status.
//!
//! ```text
//! bits  0–31  the final status
//! bits 32–61  the index of the place
//! bits 62–63  clear: they are lost in a slot, where the ring has two
//! ```

use std::mem::transmute;

use super::entry::Entry;
use crate::status::FinalStatus;

/// Which place, as it stands in an entry: the index in the upper half of a word. It comes out of the ring so and goes in
/// so, and is taken apart where the place is used; a packet that is sent round and round waits for nothing but that.
#[derive(Copy, Clone, Debug)]
pub(super) struct At(u64);

impl At {
    /// `index` is at most 2³⁰ − 1.
    #[inline]
    pub(super) fn new(index: u32) -> At {
        At(u64::from(index) << 32)
    }

    #[inline]
    pub(super) fn index(self) -> u32 {
        (self.0 >> 32) as u32
    }
}

/// A [`Completion`](super::entry::Completion) of a pool that knows its indices: nothing has to be masked.
#[derive(Copy, Clone, Debug)]
pub(super) struct Ticket(u64);

impl Ticket {
    /// Any at all.
    pub(super) const NONE: Ticket = Ticket(0);

    #[inline]
    pub(super) fn new(at: At, status: FinalStatus) -> Ticket {
        Ticket(at.0 | u64::from(status.get().0))
    }

    #[inline]
    pub(super) fn at(self) -> At {
        At(self.0 & !u64::from(u32::MAX))
    }

    #[inline]
    pub(super) fn status(self) -> FinalStatus {
        // SAFETY: a final status is a number, and this one was put in as one (`new`; `NONE` has that of SUCCESS).
        unsafe { transmute::<u32, FinalStatus>(self.0 as u32) }
    }
}

impl Entry for Ticket {
    const WORDS: usize = 1;

    #[inline]
    fn word(self, _: usize) -> u64 {
        self.0
    }

    #[inline]
    fn from_words(word: impl Fn(usize) -> u64) -> Self {
        Ticket(word(0))
    }
}
