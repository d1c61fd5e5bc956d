//! Many slots at once: one store publishes a batch, one load finds a block of it.
//!
//! ```text
//! batch     [ head | follower | … | follower | last | … | last ]     n slots
//! MORE         1        1       1       1        0      0     0      in all but the last BLOCK − 1
//! written   last of all, Release · before it, Relaxed, from the second on
//! ```
//!
//! The consumer comes to a batch by its head. What it finds there (Acquire) was stored after the
//! followers were written, so from then on they are there, whether it takes them one by one or by
//! blocks. Where it finds MORE it takes that slot and the `BLOCK − 1` after it without a look at
//! their phases: the producer set it only where they belong to the same batch.

use std::hint::black_box;
use std::sync::atomic::Ordering::Relaxed;

use super::entry::{ENTRY, Entry, MORE, PHASE};
use super::slots::Track;
use super::sync::{BLOCK, Word, order, reading, soon, writing};

/// How far ahead of what it takes the consumer asks for lines, in entries.
const AHEAD: u64 = 4 * BLOCK as u64;

impl<E: Entry> Track<E> {
    /// Writes the slots from `position` on, which are the caller's alone; the first one last.
    #[inline]
    pub(super) fn write_all(&self, position: u64, entries: &[E]) {
        let Some((head, followers)) = entries.split_first() else { return };
        // The compiler is not to know it: it would clear the bits in each part of an entry before it
        // makes a word of the parts, and load them one by one.
        let mask = black_box(ENTRY);
        let with_more = (entries.len() + 1).saturating_sub(BLOCK);
        let (more, last) = followers.split_at(with_more.saturating_sub(1));
        let first = position.wrapping_add(1);
        self.follow(first, more, mask, MORE);
        self.follow(first.wrapping_add(more.len() as u64), last, mask, 0);
        let flags = self.phase(position) | if with_more > 0 { MORE } else { 0 };
        let word = self.word(position, Self::LAST);
        writing(word);
        for index in 0..Self::LAST {
            self.word(position, index).store(head.word(index), Relaxed);
        }
        word.store(head.word(Self::LAST) & ENTRY | flags, order::publish_all());
    }

    /// Writes followers: up to the end of the memory, then from its beginning, so that place and
    /// phase are found once a piece and not once an entry.
    #[inline(always)]
    #[allow(clippy::inline_always)] // twice in one function, where `more` is a constant
    fn follow(&self, mut position: u64, mut entries: &[E], mask: u64, more: u64) {
        while !entries.is_empty() {
            let (now, later) = entries.split_at(self.room(position).min(entries.len()));
            let flags = self.phase(position) | more;
            let slots = self.piece(position, now.len()).chunks_exact(E::WORDS);
            for (slot, entry) in slots.zip(now) {
                writing(&slot[Self::LAST]);
                for (index, word) in slot[..Self::LAST].iter().enumerate() {
                    word.store(entry.word(index), Relaxed);
                }
                slot[Self::LAST].store(entry.word(Self::LAST) & mask | flags, Relaxed);
            }
            position = position.wrapping_add(now.len() as u64);
            entries = later;
        }
    }

    /// The slots from `position` on, up to `most` or the end of the memory, and their phase.
    #[inline]
    pub(super) fn ahead(&self, position: u64, most: u64) -> (&[Word], u64) {
        let count = self.room(position).min(most as usize);
        (self.piece(position, count), self.phase(position))
    }

    /// A block of entries, if the slots begin with one that is marked.
    #[inline]
    pub(super) fn block(slots: &[Word], phase: u64) -> Option<[E; BLOCK]> {
        if slots.len() < BLOCK * E::WORDS {
            return None;
        }
        let last = slots[Self::LAST].load(order::observe_all());
        if last & !ENTRY != phase | MORE {
            return None;
        }
        let entry = |n: usize| {
            let slot = &slots[n * E::WORDS..][..E::WORDS];
            reading(&slot[Self::LAST]);
            E::from_words(|index| {
                let word = slot[index].load(Relaxed);
                if index == Self::LAST { word & ENTRY } else { word }
            })
        };
        // All are read before the first is handed out, so that the compiler may keep what belongs to
        // the consumer's callback in registers.
        Some(std::array::from_fn(entry))
    }

    /// What is in a slot, if it is of this phase.
    #[inline]
    pub(super) fn entry(slot: &[Word], phase: u64) -> Option<E> {
        let word = &slot[Self::LAST];
        let last = word.load(order::observe());
        if (last ^ phase) & PHASE != 0 {
            return None;
        }
        reading(word);
        Some(E::from_words(|index| {
            if index == Self::LAST { last & ENTRY } else { slot[index].load(Relaxed) }
        }))
    }

    /// Asks for the lines of the block that is to be taken some blocks after the one at `position`.
    #[inline]
    pub(super) fn ask_ahead(&self, position: u64) {
        let word: *const Word = self.word(position.wrapping_add(AHEAD), 0);
        for line in 0..(BLOCK * E::WORDS).div_ceil(8) {
            soon(word.wrapping_add(8 * line));
        }
    }
}
