//! Our ring, as one more queue: entries with permits where packets carry them, and through the open door where the loop is
//! open.

use ndiswan::ring::{self, Config, Door, Open, Permits, Ring};

use crate::queue::{Consumer, Entry, Producer, Queue, Way};

/// The ring, and its consumer until it is split off.
pub struct Ours<D: Door = Permits>(Ring<Entry, D>, Option<ring::Consumer<Entry, D>>);

/// What a thread finds its lane with.
pub struct In<'a, D: Door>(&'a Ring<Entry, D>);

fn config(capacity: usize, producers: usize) -> Config {
    let usual = Config::new(capacity);
    Config { lanes: usual.lanes.max(producers), ..usual }
}

macro_rules! ours {
    ($door:ty, $make:path) => {
        impl Queue for Ours<$door> {
            const NAME: &'static str = "ndiswan";
            type Way<'a> = In<'a, $door>;
            type Consumer<'a> = ring::Consumer<Entry, $door>;

            fn make(capacity: usize, producers: usize) -> Self {
                let (ring, consumer) = $make(config(capacity, producers));
                Ours(ring, Some(consumer))
            }

            fn split(&mut self, producers: usize) -> (Vec<Self::Way<'_>>, Self::Consumer<'_>) {
                let consumer = self.1.take().expect("split once");
                let ring = &self.0;
                ((0..producers).map(|_| In(ring)).collect(), consumer)
            }
        }

        impl<'a> Way for In<'a, $door> {
            type Producer = ring::Producer<'a, Entry, $door>;

            fn enter(self) -> Self::Producer {
                self.0.producer()
            }
        }

        impl Consumer for ring::Consumer<Entry, $door> {
            #[inline]
            fn pop(&mut self) -> Option<Entry> {
                ring::Consumer::pop(self)
            }

            #[inline]
            fn drain(&mut self, most: usize, to: impl FnMut(Entry)) -> usize {
                ring::Consumer::drain(self, most, to)
            }
        }
    };
}

ours!(Permits, ring::ring);
ours!(Open, ring::open_ring);

/// The words of the ring's own `ShortRecord`; here the layout is fixed as well, for the rivals in C.
impl ring::Entry for Entry {
    const WORDS: usize = 2;

    #[inline]
    fn word(self, index: usize) -> u64 {
        let last = u64::from(self.tag) << 32 | u64::from(self.status);
        if index == 0 { self.handle } else { last }
    }

    #[inline]
    fn from_words(word: impl Fn(usize) -> u64) -> Self {
        let last = word(1);
        Entry { handle: word(0), status: last as u32, tag: (last >> 32) as u32 }
    }
}

impl Producer for ring::Producer<'_, Entry, Permits> {
    #[inline]
    fn push(&mut self, entry: Entry) -> bool {
        ring::Producer::push(self, entry);
        true
    }

    #[inline]
    fn push_batch(&mut self, entries: &[Entry]) -> usize {
        ring::Producer::push_batch(self, entries);
        entries.len()
    }
}

impl Producer for ring::Producer<'_, Entry, Open> {
    #[inline]
    fn push(&mut self, entry: Entry) -> bool {
        ring::Producer::try_push(self, entry).is_ok()
    }

    #[inline]
    fn push_batch(&mut self, entries: &[Entry]) -> usize {
        ring::Producer::try_push_batch(self, entries)
    }
}
