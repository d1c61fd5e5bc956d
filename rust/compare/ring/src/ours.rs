//! Our ring, as one more queue.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::queue::{Consumer, Entry, Producer, Queue};

#[derive(Default)]
struct Place {
    turn: AtomicU64,
    a: AtomicU64,
    b: AtomicU64,
}

/// Stand-in: a fetch-add ring.
pub struct Ours {
    places: Box<[Place]>,
    tail: AtomicU64,
}

/// A way in.
pub struct In<'a>(&'a Ours);
/// The way out.
pub struct Out<'a>(&'a Ours, u64);

impl Queue for Ours {
    const NAME: &'static str = "ndiswan";
    type Producer<'a> = In<'a>;
    type Consumer<'a> = Out<'a>;

    fn make(capacity: usize, _: usize) -> Self {
        Ours { places: (0..capacity).map(|_| Place::default()).collect(), tail: AtomicU64::new(0) }
    }

    fn split(&mut self, producers: usize) -> (Vec<In<'_>>, Out<'_>) {
        let this = &*self;
        ((0..producers).map(|_| In(this)).collect(), Out(this, 0))
    }
}

impl Producer for In<'_> {
    #[inline]
    fn push(&mut self, entry: Entry) -> bool {
        let ticket = self.0.tail.fetch_add(1, Ordering::AcqRel);
        let place = &self.0.places[ticket as usize & (self.0.places.len() - 1)];
        place.a.store(entry.handle, Ordering::Relaxed);
        place.b.store(u64::from(entry.status) << 32 | u64::from(entry.tag), Ordering::Relaxed);
        place.turn.store(ticket + 1, Ordering::Release);
        true
    }
}

impl Consumer for Out<'_> {
    #[inline]
    fn pop(&mut self) -> Option<Entry> {
        let place = &self.0.places[self.1 as usize & (self.0.places.len() - 1)];
        if place.turn.load(Ordering::Acquire) != self.1 + 1 {
            return None;
        }
        self.1 += 1;
        let b = place.b.load(Ordering::Relaxed);
        Some(Entry {
            handle: place.a.load(Ordering::Relaxed),
            status: (b >> 32) as u32,
            tag: b as u32,
        })
    }
}
