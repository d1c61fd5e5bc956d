//! How a lane that nobody looks at any more tells that there is something in it, and how a
//! consumer that sleeps is woken.
//!
//! ```text
//! summary   sleeping:1  nudge:1  word 61 … word 0      producers set bits, the consumer swaps it with 0
//! words[w]  lane 64w+63 … lane 64w                     the same
//! ```
//!
//! Both are written only by the first push after a lane became cold, so while the lanes that are
//! in use stay in use, the consumer reads a line that nobody writes.

use std::sync::atomic::Ordering::Relaxed;

use super::sync::{AtomicBool, AtomicU64, Unparker, bits, order};

const SLEEPING: u64 = 1 << 63;
const NUDGE: u64 = 1 << 62;

/// The most lanes that a ring can have, the overflow lane included.
pub(super) const MOST_LANES: usize = 62 * 64;

#[derive(Debug)]
pub(super) struct Wake {
    summary: AtomicU64,
    words: Box<[AtomicU64]>,
    closed: AtomicBool,
    unparker: Unparker,
}

impl Wake {
    pub(super) fn new(lanes: usize, unparker: Unparker) -> Wake {
        let (summary, closed) = (AtomicU64::new(0), AtomicBool::new(false));
        Wake { summary, words: bits(lanes.div_ceil(64)), closed, unparker }
    }

    /// A producer found its lane cold, and has made it warm: the consumer looks at it from now on.
    #[cold]
    pub(super) fn rouse(&self, lane: usize) {
        self.words[lane / 64].fetch_or(1 << (lane % 64), order::rouse());
        self.tell(1 << (lane / 64));
    }

    fn tell(&self, bit: u64) {
        // One word says both who has something and who sleeps, so that neither can miss the other.
        if self.summary.fetch_or(bit, order::rouse()) & SLEEPING != 0 {
            self.unparker.unpark();
        }
    }

    /// Whether there is something to [`listen`](Self::listen) to.
    #[inline]
    pub(super) fn is_told(&self) -> bool {
        self.summary.load(Relaxed) != 0
    }

    /// The lanes that came into use since the last time.
    pub(super) fn listen(&self, mut lane: impl FnMut(usize)) {
        let mut summary = self.summary.swap(0, order::listen()) & !(SLEEPING | NUDGE);
        while summary != 0 {
            let index = summary.trailing_zeros() as usize;
            summary &= summary - 1;
            let mut word = self.words[index].swap(0, order::listen());
            while word != 0 {
                lane(index * 64 + word.trailing_zeros() as usize);
                word &= word - 1;
            }
        }
    }

    /// The consumer is about to park: false if it was told something meanwhile.
    pub(super) fn fall_asleep(&self) -> bool {
        let told = self.summary.fetch_or(SLEEPING, order::listen()) & !SLEEPING != 0;
        // Closing is told once, and may have been heard together with something else.
        !told && !self.is_closed()
    }

    /// Nothing more is wanted; wakes the consumer.
    pub(super) fn close(&self) {
        self.closed.store(true, order::publish());
        self.tell(NUDGE);
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(order::observe())
    }
}
