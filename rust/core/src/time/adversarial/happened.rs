//! What happened in a world and is not counted yet, and a number that stands for all that happened.

use std::hash::{Hash, Hasher};

use crate::coverage::Coverage;
use crate::event::Event;

/// The events of a while, which are counted together.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) events: Vec<Event>,
    /// The CPUs in the order in which they appeared: their numbers depend on what ran before.
    cpus: Vec<u32>,
    words: Words,
}

impl Told {
    pub(super) fn new(room: Vec<Event>) -> Told {
        Told { events: room, ..Told::default() }
    }

    /// Counts what is there, and takes it out.
    pub(super) fn count(&mut self, coverage: &mut Coverage) {
        for event in &self.events {
            let known = self.cpus.iter().position(|cpu| *cpu == event.cpu).unwrap_or_else(|| {
                self.cpus.push(event.cpu);
                self.cpus.len() - 1
            });
            Event { cpu: known as u32, site: 0, ..*event }.hash(&mut self.words);
        }
        coverage.see_all(&mut self.events);
    }

    /// Of all that was counted.
    pub(super) fn fingerprint(&self) -> u64 {
        self.words.finish()
    }
}

/// FxHash, of the Rust compiler: a multiplication for each word. Only compared with others of the same process.
#[derive(Debug, Default)]
struct Words(u64);

impl Hasher for Words {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u8(&mut self, word: u8) {
        self.write_u64(u64::from(word));
    }

    fn write_u16(&mut self, word: u16) {
        self.write_u64(u64::from(word));
    }

    fn write_u32(&mut self, word: u32) {
        self.write_u64(u64::from(word));
    }

    fn write_u64(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
    }

    fn write_usize(&mut self, word: usize) {
        self.write_u64(word as u64);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
