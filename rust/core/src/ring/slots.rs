//! The slots of all lanes, in one piece of memory: how a position becomes a place and a phase, and
//! what is done with one slot. What is done with many: `batch.rs`.

use std::marker::PhantomData;
use std::ptr::NonNull;
use std::sync::atomic::Ordering::Relaxed;

use super::entry::{Entry, PHASE, marked, unmarked};
use super::sync::{Arc, LINE, Word, order, reading, words, writing};

/// The memory.
#[derive(Debug)]
pub(super) struct Slots<E> {
    words: Box<[Word]>,
    /// Words before the first lane, so that it begins at a line.
    origin: usize,
    /// Words from lane to lane.
    stride: usize,
    /// Slots of a lane, a power of two.
    capacity: u64,
    entry: PhantomData<fn() -> E>,
}

impl<E: Entry> Slots<E> {
    pub(super) fn new(lanes: usize, capacity: usize) -> Arc<Slots<E>> {
        let capacity = capacity.max(1).next_power_of_two();
        let stride = (capacity * E::WORDS).next_multiple_of(LINE);
        let words = words(stride * lanes + LINE);
        let origin = words.as_ptr().align_offset(LINE * 8).min(LINE);
        Arc::new(Slots { words, origin, stride, capacity: capacity as u64, entry: PhantomData })
    }

    /// The slots of one lane.
    pub(super) fn track(self: &Arc<Self>, lane: usize) -> Track<E> {
        let first = self.origin + lane * self.stride;
        let words = &self.words[first..first + self.capacity as usize * E::WORDS];
        let base = NonNull::from(words).cast();
        Track { base, mask: self.capacity - 1, slots: Arc::clone(self) }
    }
}

/// The slots of a lane.
#[derive(Debug)]
pub(super) struct Track<E> {
    base: NonNull<Word>,
    /// Slots, less one.
    mask: u64,
    /// Keeps the memory where it is.
    #[allow(dead_code)]
    slots: Arc<Slots<E>>,
}

// SAFETY: a track is a reference to atomics, and keeps their memory itself.
unsafe impl<E> Send for Track<E> {}
// SAFETY: as above.
unsafe impl<E> Sync for Track<E> {}

impl<E: Entry> Track<E> {
    pub(super) const LAST: usize = E::WORDS - 1;

    /// Slots of the lane.
    pub(super) fn capacity(&self) -> u64 {
        self.mask + 1
    }

    /// A word of a position's slot.
    #[inline]
    pub(super) fn word(&self, position: u64, index: usize) -> &Word {
        let first = (position & self.mask) as usize * E::WORDS;
        assert!(index < E::WORDS, "a word of a slot");
        // SAFETY: `base` points to `(mask + 1) * WORDS` words, which `slots` keeps; the rest is
        // asserted, and known to the compiler where it is called.
        unsafe { self.base.add(first + index).as_ref() }
    }

    /// The phase bit of a position's lap: set in the first, since memory begins with zeros.
    #[inline]
    pub(super) fn phase(&self, position: u64) -> u64 {
        u64::from(position & self.capacity() == 0)
    }

    /// Writes the slot of `position`, which is the caller's alone.
    #[inline]
    pub(super) fn write(&self, position: u64, entry: E) {
        let last = self.word(position, Self::LAST);
        writing(last);
        for index in 0..Self::LAST {
            self.word(position, index).store(entry.word(index), Relaxed);
        }
        let last_word = marked(entry.word(Self::LAST), self.phase(position));
        last.store(last_word, order::publish());
    }

    /// Slots from `position` on, up to the end of the memory.
    #[inline]
    pub(super) fn room(&self, position: u64) -> usize {
        (self.capacity() - (position & self.mask)) as usize
    }

    /// The words of `count` slots from `position` on, which end before the memory does.
    #[inline]
    pub(super) fn piece(&self, position: u64, count: usize) -> &[Word] {
        let first = (position & self.mask) as usize;
        assert!(count <= self.mask as usize + 1 - first, "a piece ends before the memory does");
        // SAFETY: `base` points to `(mask + 1) * WORDS` words, which `slots` keeps, and that many of
        // them are there from `first` on.
        unsafe {
            std::slice::from_raw_parts(self.base.add(first * E::WORDS).as_ptr(), count * E::WORDS)
        }
    }

    /// Whether the entry of `position` is there.
    #[inline]
    pub(super) fn is_there(&self, position: u64) -> bool {
        let last = self.word(position, Self::LAST).load(order::observe());
        (last ^ self.phase(position)) & PHASE == 0
    }

    /// The entry of `position`, if it is there.
    #[inline]
    pub(super) fn read(&self, position: u64) -> Option<E> {
        let word = self.word(position, Self::LAST);
        let last = word.load(order::observe());
        if (last ^ self.phase(position)) & PHASE != 0 {
            return None;
        }
        reading(word);
        let word = |index| self.word(position, index).load(Relaxed);
        Some(E::from_words(|index| if index == Self::LAST { unmarked(last) } else { word(index) }))
    }
}

impl<E: Entry> Track<E> {
    /// Writes what `entries` gives into the slots from `next` on, which are the caller's alone, and
    /// counts `next` up with each.
    #[inline]
    pub(super) fn write_each(
        &self,
        next: &mut u64,
        entries: impl ExactSizeIterator<Item = E> + Clone,
    ) {
        let count = entries.len() as u64;
        let before = *next;
        // By value and not by reference, so that it is one loop with one counter.
        self.write_piece(next, count, entries.clone());
        let done = next.wrapping_sub(before);
        if done < count {
            self.write_piece(next, count - done, entries.skip(done as usize));
        }
    }

    /// Up to the end of the memory.
    #[inline]
    fn write_piece(&self, next: &mut u64, count: u64, entries: impl Iterator<Item = E>) {
        let (slots, phase) = self.ahead(*next, count);
        for (slot, entry) in slots.chunks_exact(E::WORDS).zip(entries) {
            let last = &slot[Self::LAST];
            writing(last);
            for (index, word) in slot[..Self::LAST].iter().enumerate() {
                word.store(entry.word(index), Relaxed);
            }
            last.store(marked(entry.word(Self::LAST), phase), order::publish());
            *next = next.wrapping_add(1);
        }
    }
}
