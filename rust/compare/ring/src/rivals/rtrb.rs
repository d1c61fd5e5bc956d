//! rtrb: one producer only, the reference for what that restriction buys.

use crate::queue::{Consumer, Entry, Producer, Queue};

/// A ring for one producer and one consumer.
pub struct Rtrb(Option<(::rtrb::Producer<Entry>, ::rtrb::Consumer<Entry>)>);

impl Queue for Rtrb {
    const NAME: &'static str = "rtrb (SPSC)";
    const MOST_PRODUCERS: usize = 1;
    type Way<'a> = ::rtrb::Producer<Entry>;
    type Consumer<'a> = ::rtrb::Consumer<Entry>;

    fn make(capacity: usize, _: usize) -> Self {
        Rtrb(Some(::rtrb::RingBuffer::new(capacity)))
    }

    fn split(&mut self, _: usize) -> (Vec<::rtrb::Producer<Entry>>, ::rtrb::Consumer<Entry>) {
        let (producer, consumer) = self.0.take().expect("split once");
        (vec![producer], consumer)
    }
}

impl Producer for ::rtrb::Producer<Entry> {
    #[inline]
    fn push(&mut self, entry: Entry) -> bool {
        ::rtrb::Producer::push(self, entry).is_ok()
    }

    #[inline]
    fn push_batch(&mut self, entries: &[Entry]) -> usize {
        self.push_partial_slice(entries).0.len()
    }
}

impl Consumer for ::rtrb::Consumer<Entry> {
    #[inline]
    fn pop(&mut self) -> Option<Entry> {
        ::rtrb::Consumer::pop(self).ok()
    }

    #[inline]
    fn drain(&mut self, most: usize, mut to: impl FnMut(Entry)) -> usize {
        // What is known to be there is asked for first, so that the producer's line is read only when it has to be.
        let there = if self.cached_slots() >= most { most } else { self.slots().min(most) };
        if there == 0 {
            return 0;
        }
        let Ok(chunk) = self.read_chunk(there) else { return 0 };
        let (first, second) = chunk.as_slices();
        first.iter().chain(second).for_each(|entry| to(*entry));
        chunk.commit_all();
        there
    }
}
