//! The slots of all lanes, in one piece of memory: how a position becomes a place and a phase.

use std::marker::PhantomData;
use std::sync::atomic::Ordering::Relaxed;

use super::entry::{Entry, PHASE};
use super::sync::{AtomicU64, Shadow, order, shadows, zeroed};

/// Words of two cache lines, which the hardware fetches together: lanes do not share them.
const LINE: usize = 16;

#[derive(Debug)]
pub(super) struct Slots<E> {
    words: Box<[AtomicU64]>,
    shadows: Box<[Shadow]>,
    /// Words before the first lane, so that it begins at a line.
    origin: usize,
    /// Words from lane to lane.
    stride: usize,
    /// Slots of a lane, less one.
    mask: u64,
    /// Where a position's lap begins.
    shift: u32,
    entry: PhantomData<fn() -> E>,
}

impl<E: Entry> Slots<E> {
    pub(super) fn new(lanes: usize, capacity: usize) -> Slots<E> {
        let capacity = capacity.max(1).next_power_of_two();
        let stride = (capacity * E::WORDS).next_multiple_of(LINE);
        let words = zeroed(stride * lanes + LINE);
        let origin = words.as_ptr().align_offset(LINE * 8).min(LINE);
        Slots {
            words,
            shadows: shadows(capacity * lanes),
            origin,
            stride,
            mask: capacity as u64 - 1,
            shift: capacity.trailing_zeros(),
            entry: PhantomData,
        }
    }

    /// Slots of a lane.
    pub(super) fn capacity(&self) -> u64 {
        self.mask + 1
    }

    /// The words of a position's slot.
    #[inline]
    fn slot(&self, lane: usize, position: u64) -> &[AtomicU64] {
        let first = self.origin + lane * self.stride + (position & self.mask) as usize * E::WORDS;
        &self.words[first..first + E::WORDS]
    }

    /// The phase bit of a position's lap: set in the first, since memory begins with zeros.
    #[inline]
    fn phase(&self, position: u64) -> u64 {
        !(position >> self.shift) << 63
    }

    fn shadow(&self, lane: usize, position: u64) -> &Shadow {
        &self.shadows[lane * (self.mask as usize + 1) + (position & self.mask) as usize]
    }

    /// Writes the slot of `position`, which is the caller's alone.
    #[inline]
    pub(super) fn write(&self, lane: usize, position: u64, entry: E) {
        self.shadow(lane, position).write();
        let slot = self.slot(lane, position);
        let last = E::WORDS - 1;
        for (index, word) in slot[..last].iter().enumerate() {
            word.store(entry.word(index), Relaxed);
        }
        slot[last].store(entry.word(last) | self.phase(position), order::publish());
    }

    /// Whether the entry of `position` is there.
    #[inline]
    pub(super) fn is_there(&self, lane: usize, position: u64) -> bool {
        let last = self.slot(lane, position)[E::WORDS - 1].load(order::observe());
        (last ^ self.phase(position)) & PHASE == 0
    }

    /// The entry of `position`, if it is there.
    #[inline]
    pub(super) fn read(&self, lane: usize, position: u64) -> Option<E> {
        let slot = self.slot(lane, position);
        let last = slot[E::WORDS - 1].load(order::observe());
        if (last ^ self.phase(position)) & PHASE != 0 {
            return None;
        }
        self.shadow(lane, position).read();
        let word = |index: usize| {
            if index == E::WORDS - 1 { last & !PHASE } else { slot[index].load(Relaxed) }
        };
        Some(E::from_words(word))
    }
}
