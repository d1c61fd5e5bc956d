//! What a slot holds: one to three words, of which the ring owns one bit.

use crate::status::{FinalStatus, Status};

/// The phase bit: the top bit of a slot's last word.
pub(super) const PHASE: u64 = 1 << 63;

/// What can travel through a ring.
///
/// A slot has [`WORDS`](Self::WORDS) words of 64 bits. All of them are the entry's but the top bit
/// of the last one, which is the ring's: [`word`](Self::word) leaves it clear, and the word that
/// [`from_words`](Self::from_words) gets has it clear again.
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
    /// Index in the pool, below 2³¹.
    pub slot: u32,
    /// The final status.
    pub status: FinalStatus,
}

impl Entry for Completion {
    const WORDS: usize = 1;

    #[inline]
    fn word(self, _: usize) -> u64 {
        debug_assert!(self.slot >> 31 == 0, "the top bit is the ring's");
        (u64::from(self.slot) << 32 | u64::from(self.status.get().0)) & !PHASE
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
    /// What the sender wants to know it by; its top bit is lost.
    pub tag: u32,
}

impl Entry for ShortRecord {
    const WORDS: usize = 2;

    #[inline]
    fn word(self, index: usize) -> u64 {
        let last = (u64::from(self.tag) << 32 | u64::from(self.status)) & !PHASE;
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
