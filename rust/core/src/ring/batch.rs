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

use super::entry::{Entry, MORE, PHASE, marked, unmarked};
use super::slots::Track;
use super::sync::{BLOCK, Word, order, reading, soon, writing};

/// How far ahead of what it takes the consumer asks for lines, in entries.
const AHEAD: u64 = 4 * BLOCK as u64;

impl<E: Entry> Track<E> {
    /// Writes the slots from `position` on, which are the caller's alone; the first one last. `entry` makes each of what is given and of
    /// its number, and does not panic.
    #[inline]
    pub(super) fn write_all<T>(
        &self,
        position: u64,
        entries: &[T],
        entry: impl Fn(usize, &T) -> E,
    ) {
        let Some((head, followers)) = entries.split_first() else { return };
        let room = self.room(position);
        let with_more = (entries.len() + 1).saturating_sub(BLOCK);
        let flags = if with_more > 0 { MORE } else { 0 } | self.phase(position);
        if entries.len() <= room {
            // Where the caller has just made the entries, the compiler would have all their words in registers, of
            // which there are not so many, and would store them twice.
            if E::WORDS > 1 {
                black_box(entries.as_ptr());
            }
            let slots = self.piece(position, entries.len());
            let (more, last) = followers.split_at(with_more.saturating_sub(1));
            let (_, slots) = slots.split_at(E::WORDS);
            let (blocks, others) = slots.split_at(more.len() * E::WORDS);
            Self::put(blocks, more, |n, given| entry(n + 1, given), flags);
            let first = more.len() + 1;
            Self::put(others, last, |n, given| entry(n + first, given), flags & PHASE);
        } else {
            self.follow(position, entries, &entry, with_more);
        }
        let head = entry(0, head);
        let word = self.word(position, Self::LAST);
        writing(word);
        for index in 0..Self::LAST {
            self.word(position, index).store(head.word(index), Relaxed);
        }
        word.store(marked(head.word(Self::LAST), flags), order::publish_all());
    }

    /// Writes the followers of a batch that goes over the end of the memory; the first `with_more` entries say that
    /// there are more.
    #[cold]
    #[inline(never)]
    fn follow<T>(
        &self,
        position: u64,
        entries: &[T],
        entry: impl Fn(usize, &T) -> E,
        with_more: usize,
    ) {
        for (n, given) in entries.iter().enumerate().skip(1) {
            let position = position.wrapping_add(n as u64);
            let flags = self.phase(position) | if n < with_more { MORE } else { 0 };
            let given = std::slice::from_ref(given);
            Self::put(self.piece(position, 1), given, |_, given| entry(n, given), flags);
        }
    }

    /// Writes followers into their slots.
    #[inline(always)]
    #[allow(clippy::inline_always)] // a loop
    fn put<T>(slots: &[Word], entries: &[T], entry: impl Fn(usize, &T) -> E, flags: u64) {
        for (n, (slot, given)) in slots.chunks_exact(E::WORDS).zip(entries).enumerate() {
            let entry = entry(n, given);
            writing(&slot[Self::LAST]);
            for (index, word) in slot[..Self::LAST].iter().enumerate() {
                word.store(entry.word(index), Relaxed);
            }
            slot[Self::LAST].store(marked(entry.word(Self::LAST), flags), Relaxed);
        }
    }

    /// The slots from `position` on, up to `most` or the end of the memory, and their phase.
    #[inline]
    pub(super) fn ahead(&self, position: u64, most: u64) -> (&[Word], u64) {
        let count = self.room(position).min(most as usize);
        (self.piece(position, count), self.phase(position))
    }

    /// Whether the slots begin with one that is marked, and so with a block.
    #[inline]
    pub(super) fn is_block(slots: &[Word], phase: u64) -> bool {
        slots.len() >= BLOCK * E::WORDS
            && slots[Self::LAST].load(order::observe_all()) & (PHASE | MORE) == phase | MORE
    }

    /// Some entries of a block that is there.
    #[inline]
    pub(super) fn some<const N: usize>(slots: &[Word]) -> [E; N] {
        let entry = |n: usize| {
            let slot = &slots[n * E::WORDS..][..E::WORDS];
            reading(&slot[Self::LAST]);
            E::from_words(|index| {
                let word = slot[index].load(Relaxed);
                if index == Self::LAST { unmarked(word) } else { word }
            })
        };
        // All are read before the first is handed out, so that the compiler may keep what belongs to
        // the consumer's callback in registers.
        std::array::from_fn(entry)
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
            if index == Self::LAST { unmarked(last) } else { slot[index].load(Relaxed) }
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
