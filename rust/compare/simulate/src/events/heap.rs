//! What one writes first: std's binary heap of tuples.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::Set;

/// How it is called in a table.
pub const NAME: &str = "BinaryHeap of tuples";

/// Time, number, link.
#[derive(Debug)]
pub struct Heap(BinaryHeap<Reverse<(u64, u64, u32)>>);

impl Set for Heap {
    fn new(_: u32) -> Heap {
        Heap(BinaryHeap::new())
    }

    fn push(&mut self, at: u64, number: u64, link: u32) {
        self.0.push(Reverse((at, number, link)));
    }

    fn pop(&mut self) -> Option<(u64, u64, u32)> {
        self.0.pop().map(|Reverse(event)| event)
    }
}
