//! What somebody at the far end of a built-in card's line hears: each frame with its bytes, at the moment at which it arrives or is
//! lost.
//!
//! The card has names and lengths only. So the bytes of a frame are copied when it is sent, since a card that copies gives the packet
//! back before its last bit is out, and wait here until the clock is where they arrive.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use super::card::{Frame, NEVER};

/// A frame at the far end.
#[derive(Clone, Debug, Eq, PartialEq, Ord, PartialOrd)]
pub struct Heard {
    /// When, in nanoseconds: it arrived, or its last bit was out and did not arrive.
    pub at: u64,
    /// The number of its packet, from 0 in the order of sending.
    pub seq: u64,
    /// Whether the line lost it.
    pub lost: bool,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Frames in the card, by the numbers of their packets, and those that are on the way.
#[derive(Debug, Default)]
pub(super) struct Ear {
    sent: BTreeMap<u64, Vec<u8>>,
    on_the_way: BinaryHeap<Reverse<Heard>>,
}

impl Ear {
    pub(super) fn sent(&mut self, seq: u64, bytes: Vec<u8>) {
        self.sent.insert(seq, bytes);
    }

    /// The last bit of a frame is out; it arrives at `at`, or is lost.
    pub(super) fn left(&mut self, frame: &Frame, at: Option<u64>) {
        let Some(bytes) = self.sent.remove(&frame.seq) else { return };
        let (lost, at) = (at.is_none(), at.unwrap_or(frame.finish));
        self.on_the_way.push(Reverse(Heard { at, seq: frame.seq, lost, bytes }));
    }

    /// The card has none of them any more: what was in it is on the line for nobody.
    pub(super) fn forget_sent(&mut self) {
        self.sent.clear();
    }

    /// When the next is heard; [`NEVER`] if none is on the way.
    pub(super) fn due(&self) -> u64 {
        self.on_the_way.peek().map_or(NEVER, |Reverse(heard)| heard.at)
    }

    /// The next one, if it is heard by `now`.
    pub(super) fn next(&mut self, now: u64) -> Option<Heard> {
        if self.due() > now {
            return None;
        }
        self.on_the_way.pop().map(|Reverse(heard)| heard)
    }
}
