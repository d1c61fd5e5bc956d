//! Queues that are shared by reference and know pushing and popping one entry, nothing else.

use crate::queue::{Consumer, Entry, Producer, Queue};

/// A reference to a queue, as either end of it.
#[derive(Debug)]
pub struct End<'a, Q>(&'a Q);

/// Implements the three traits for a queue that is used through `&self` from everywhere.
macro_rules! shared {
    ($(#[$about:meta])* $name:ident $(<const $n:ident>)?, $inner:ty, $text:literal, $make:expr, $push:expr, $pop:expr) => {
        $(#[$about])*
        pub struct $name $(<const $n: usize>)? ($inner);

        impl $(<const $n: usize>)? Queue for $name $(<$n>)? {
            const NAME: &'static str = $text;
            type Way<'a> = End<'a, Self>;
            type Consumer<'a> = End<'a, Self>;

            fn make(capacity: usize, _: usize) -> Self {
                $name($make(capacity))
            }

            fn split(&mut self, producers: usize) -> (Vec<End<'_, Self>>, End<'_, Self>) {
                let this = &*self;
                ((0..producers).map(|_| End(this)).collect(), End(this))
            }
        }

        impl $(<const $n: usize>)? Producer for End<'_, $name $(<$n>)?> {
            #[inline]
            fn push(&mut self, entry: Entry) -> bool {
                let push: fn(&$inner, Entry) -> bool = $push;
                push(&self.0.0, entry)
            }
        }

        impl $(<const $n: usize>)? Consumer for End<'_, $name $(<$n>)?> {
            #[inline]
            fn pop(&mut self) -> Option<Entry> {
                let pop: fn(&$inner) -> Option<Entry> = $pop;
                pop(&self.0.0)
            }
        }
    };
}

shared!(
    /// The queue that most people take.
    ArrayQueue,
    crossbeam_queue::ArrayQueue<Entry>,
    "crossbeam ArrayQueue",
    crossbeam_queue::ArrayQueue::new,
    |queue, entry| queue.push(entry).is_ok(),
    |queue| queue.pop()
);
shared!(
    /// What `async-channel` is made of.
    Concurrent,
    concurrent_queue::ConcurrentQueue<Entry>,
    "concurrent-queue",
    concurrent_queue::ConcurrentQueue::bounded,
    |queue, entry| queue.push(entry).is_ok(),
    |queue| queue.pop().ok()
);
shared!(
    /// Entries are written in place.
    ThingBuf,
    thingbuf::ThingBuf<Entry>,
    "thingbuf",
    thingbuf::ThingBuf::new,
    |queue, entry| queue.push_with(|place| *place = entry).is_ok(),
    |queue| queue.pop_with(|place| *place)
);
// Its authors call it deprecated because a stopped thread stops the others, which is what is compared here.
#[allow(deprecated)]
mod without_memory {
    use super::{Consumer, End, Entry, Producer, Queue};

    shared!(
        /// Made for machines without memory to spare; its capacity is a constant.
        Heapless<const N>,
        Box<heapless::mpmc::Queue<Entry, N>>,
        "heapless",
        |capacity: usize| {
            assert!(capacity <= N, "expected at most {N} entries, got {capacity}");
            Box::new(heapless::mpmc::Queue::new())
        },
        |queue, entry| queue.enqueue(entry).is_ok(),
        |queue| queue.dequeue()
    );
}
pub use without_memory::Heapless;
