//! What a slot holds: one to three words, of which the ring owns two bits.

use crate::status::{FinalStatus, Status};

/// The phase bit: the lowest bit of a slot's last word.
pub(super) const PHASE: u64 = 1;
/// The bit above it: the slots after this one are there as well, as many as make a block with it.
pub(super) const MORE: u64 = 2;

/// A slot's last word, of the entry's and the ring's two bits. (By a shift and not by a mask: the processor
/// does both in one instruction, and the compiler has nothing that it could do to the parts of a word before
/// it puts them together.)
#[inline]
pub(super) fn marked(word: u64, bits: u64) -> u64 {
    (word << 2).wrapping_add(bits)
}

/// The entry's part of it.
#[inline]
pub(super) fn unmarked(last: u64) -> u64 {
    last >> 2
}

/// What can travel through a ring.
///
/// A slot has [`WORDS`](Self::WORDS) words of 64 bits. All of them are the entry's but two bits of the
/// last one, which are the ring's: the two top bits of what [`word`](Self::word) says there are lost, and
/// [`from_words`](Self::from_words) finds them clear. (An entry that does not clear them itself is
/// copied faster: its words can be loaded as they lie in memory.)
pub trait Entry: Copy + Send + 'static {
    /// Words of a slot, at least one.
    const WORDS: usize;

    /// The word at `index`, below [`WORDS`](Self::WORDS).
    fn word(self, index: usize) -> u64;

    /// The entry that has these words.
    fn from_words(word: impl Fn(usize) -> u64) -> Self;
}

/// A completed packet's way back: its slot and its final status. One word.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct Completion {
    /// Index in the pool, below 2³⁰.
    pub slot: u32,
    /// The final status.
    pub status: FinalStatus,
}

impl Entry for Completion {
    const WORDS: usize = 1;

    #[inline]
    fn word(self, _: usize) -> u64 {
        debug_assert!(self.slot >> 30 == 0, "the two top bits are the ring's");
        u64::from(self.slot) << 32 | u64::from(self.status.get().0)
    }

    #[inline]
    fn from_words(word: impl Fn(usize) -> u64) -> Self {
        let word = word(0);
        // What was put in as a final status is one.
        let status = FinalStatus::new(Status(word as u32)).unwrap_or(FinalStatus::FAILURE);
        Completion { slot: (word >> 32) as u32, status }
    }
}

/// A completion as a simulation keeps it, in 16 bytes: two words.
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq)]
pub struct ShortRecord {
    /// What was completed.
    pub handle: u64,
    /// How.
    pub status: u32,
    /// What the sender wants to know it by; its two top bits are lost.
    pub tag: u32,
}

impl Entry for ShortRecord {
    const WORDS: usize = 2;

    #[inline]
    fn word(self, index: usize) -> u64 {
        let last = u64::from(self.tag) << 32 | u64::from(self.status);
        if index == 0 { self.handle } else { last }
    }

    #[inline]
    fn from_words(word: impl Fn(usize) -> u64) -> Self {
        let last = word(1);
        ShortRecord { handle: word(0), status: last as u32, tag: (last >> 32) as u32 }
    }
}

/// A completion as a simulation keeps it, every bit of it: three words.
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq)]
pub struct Record {
    /// What was completed.
    pub handle: u64,
    /// How.
    pub status: u32,
    /// What the sender wants to know it by.
    pub tag: u32,
}

impl Entry for Record {
    const WORDS: usize = 3;

    #[inline]
    fn word(self, index: usize) -> u64 {
        match index {
            0 => self.handle,
            1 => u64::from(self.tag),
            _ => u64::from(self.status),
        }
    }

    #[inline]
    fn from_words(word: impl Fn(usize) -> u64) -> Self {
        Record { handle: word(0), status: word(2) as u32, tag: word(1) as u32 }
    }
}
