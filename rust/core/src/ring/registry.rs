//! Small numbers for threads, so that each can have a lane of its own in every ring.

use super::sync::{Arc, AtomicU64, bits, order};

/// Which numbers are taken: one bit each.
#[derive(Debug)]
pub(super) struct Registry {
    words: Box<[AtomicU64]>,
}

/// A number that is ours until this is dropped.
#[derive(Debug)]
pub(super) struct Number {
    registry: Arc<Registry>,
    number: usize,
}

impl Registry {
    /// Numbers from 0 to below `64 * words`.
    pub(super) fn new(words: usize) -> Registry {
        Registry { words: bits(words) }
    }

    /// A number that no other thread has, or `None` if all are taken, or as many others as there
    /// are words came first each time: bounded, so that a push stays wait-free.
    pub(super) fn claim(self: &Arc<Self>) -> Option<Number> {
        let mut patience = 64;
        for (index, word) in self.words.iter().enumerate() {
            let mut taken = word.load(std::sync::atomic::Ordering::Relaxed);
            while taken != u64::MAX && patience > 0 {
                let bit = !taken & taken.wrapping_add(1);
                // What the number's last owner wrote into its lanes is ours to go on with.
                taken = word.fetch_or(bit, order::claim());
                if taken & bit == 0 {
                    let number = index * 64 + bit.trailing_zeros() as usize;
                    return Some(Number { registry: Arc::clone(self), number });
                }
                patience -= 1;
            }
        }
        None
    }
}

impl Number {
    pub(super) fn get(&self) -> usize {
        self.number
    }
}

impl Drop for Number {
    fn drop(&mut self) {
        let bit = 1 << (self.number % 64);
        self.registry.words[self.number / 64].fetch_and(!bit, order::give_up());
    }
}
