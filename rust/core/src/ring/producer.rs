//! The producers' side: which lane, which position, and what follows when the lane was cold.

use std::marker::PhantomData;
use std::rc::Rc;
use std::sync::atomic::Ordering::Relaxed;

use super::entry::{Completion, Entry};
use super::registry::Number;
use super::slots::Slots;
use super::sync::{Arc, AtomicBool, AtomicU64, light, order};
use super::thread;
use super::wake::Wake;

/// Entries carry permits, as many as the ring has places: a push finds room, always.
#[derive(Debug)]
pub struct Permits;

/// Whoever wants may try to push, and can be told that there is no room.
#[derive(Debug)]
pub struct Open;

/// Through which door entries come into a ring: [`Permits`] or [`Open`]. A ring has one of them,
/// since an entry without a permit would take the place of one with.
pub trait Door: Send + 'static {
    /// Whether producers have to look how far the consumer is.
    const OPEN: bool;
}

impl Door for Permits {
    const OPEN: bool = false;
}

impl Door for Open {
    const OPEN: bool = true;
}

/// No room, or nobody who reads any more: here is the entry again.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum Full<E> {
    /// The lane has no room until the consumer has read.
    Full(E),
    /// The ring is closed.
    Closed(E),
}

/// A producer's own lines of its lane. The consumer touches them only to make the lane cold.
#[derive(Debug)]
#[repr(align(128))]
pub(super) struct Lane {
    /// The next position: written by the lane's owner; in the overflow lane taken by all.
    tail: AtomicU64,
    /// How far the consumer was known to be (open rings).
    seen: AtomicU64,
    /// The consumer does not look here: whoever pushes has to tell it.
    pub(super) cold: AtomicBool,
}

/// How far the consumer has read a lane (open rings).
#[derive(Debug)]
#[repr(align(128))]
pub(super) struct Head(pub(super) AtomicU64);

#[derive(Debug)]
pub(super) struct Shared<E> {
    pub(super) slots: Slots<E>,
    /// The threads' lanes, then the overflow lane.
    pub(super) lanes: Box<[Lane]>,
    pub(super) heads: Box<[Head]>,
    pub(super) wake: Wake,
    pub(super) start: u64,
}

impl<E: Entry> Shared<E> {
    pub(super) fn new(lanes: usize, capacity: usize, open: bool, start: u64, wake: Wake) -> Self {
        let lane = |_| Lane {
            tail: AtomicU64::new(start),
            seen: AtomicU64::new(start),
            cold: AtomicBool::new(true),
        };
        let head = |_| Head(AtomicU64::new(start));
        Shared {
            slots: Slots::new(lanes, capacity),
            lanes: (0..lanes).map(lane).collect(),
            heads: (0..if open { lanes } else { 0 }).map(head).collect(),
            wake,
            start,
        }
    }

    /// The lane that all share who have none of their own.
    fn overflow(&self) -> usize {
        self.lanes.len() - 1
    }

    /// The lane of the thread with this number.
    #[inline]
    fn lane_of(&self, number: usize) -> usize {
        number.min(self.overflow())
    }

    /// `count` positions of the lane, which are the caller's alone.
    #[inline]
    fn reserve(&self, lane: usize, count: u64) -> u64 {
        let tail = &self.lanes[lane].tail;
        if lane == self.overflow() {
            return tail.fetch_add(count, order::ticket());
        }
        let position = tail.load(Relaxed);
        tail.store(position.wrapping_add(count), Relaxed);
        position
    }

    /// After slots were written: if the consumer does not look at the lane, it is told.
    #[inline]
    fn written(&self, lane: usize) {
        light();
        let cold = &self.lanes[lane].cold;
        if cold.load(Relaxed) {
            // First this, then the word to the consumer, which makes it cold again only after it
            // has heard that.
            cold.store(false, Relaxed);
            self.wake.rouse(lane);
        }
    }

    #[inline]
    fn push(&self, lane: usize, entry: E) {
        let position = self.reserve(lane, 1);
        self.slots.write(lane, position, entry);
        self.written(lane);
    }

    #[inline]
    fn push_batch(&self, lane: usize, entries: &[E]) {
        let first = self.reserve(lane, entries.len() as u64);
        for (position, &entry) in entries.iter().enumerate() {
            self.slots.write(lane, first.wrapping_add(position as u64), entry);
        }
        self.written(lane);
    }

    /// Positions of an open ring's lane: as many as there is room for, up to `most`.
    fn try_reserve(&self, lane: usize, most: u64) -> Option<(u64, u64)> {
        if lane == self.overflow() {
            return self.try_reserve_shared(lane, most);
        }
        let Lane { tail, seen, .. } = &self.lanes[lane];
        let position = tail.load(Relaxed);
        let mut used = position.wrapping_sub(seen.load(Relaxed));
        let capacity = self.slots.capacity();
        if capacity - used < most {
            // What the consumer read before it wrote this, it is done with.
            let head = self.heads[lane].0.load(order::see_free());
            seen.store(head, Relaxed);
            used = position.wrapping_sub(head);
        }
        let count = (capacity - used).min(most);
        tail.store(position.wrapping_add(count), Relaxed);
        (count > 0).then_some((position, count))
    }

    /// The same where others want positions too: the only loop in which a push can be overtaken,
    /// and each time it is, another one got in.
    fn try_reserve_shared(&self, lane: usize, most: u64) -> Option<(u64, u64)> {
        let tail = &self.lanes[lane].tail;
        let mut position = tail.load(Relaxed);
        loop {
            let used = position.wrapping_sub(self.heads[lane].0.load(order::see_free()));
            // More than there are places: the position is an old one.
            let room = self.slots.capacity().checked_sub(used);
            let count = room.unwrap_or(1).min(most);
            if count == 0 {
                return None;
            }
            let next = position.wrapping_add(count);
            if room.is_none() {
                position = tail.load(Relaxed);
                continue;
            }
            match tail.compare_exchange(position, next, order::ticket(), Relaxed) {
                Ok(_) => return Some((position, count)),
                Err(now) => position = now,
            }
        }
    }

    fn try_push(&self, lane: usize, entry: E) -> Result<(), Full<E>> {
        if self.wake.is_closed() {
            return Err(Full::Closed(entry));
        }
        let Some((position, _)) = self.try_reserve(lane, 1) else { return Err(Full::Full(entry)) };
        self.slots.write(lane, position, entry);
        self.written(lane);
        Ok(())
    }

    fn try_push_batch(&self, lane: usize, entries: &[E]) -> usize {
        if entries.is_empty() || self.wake.is_closed() {
            return 0;
        }
        let most = entries.len() as u64;
        let Some((first, count)) = self.try_reserve(lane, most) else { return 0 };
        for (position, &entry) in entries[..count as usize].iter().enumerate() {
            self.slots.write(lane, first.wrapping_add(position as u64), entry);
        }
        self.written(lane);
        count as usize
    }
}

/// The producers' end of a ring; any number of threads share it.
#[derive(Debug)]
pub struct Ring<E: Entry = Completion, D: Door = Permits> {
    pub(super) shared: Arc<Shared<E>>,
    pub(super) door: PhantomData<fn() -> D>,
}

impl<E: Entry, D: Door> Clone for Ring<E, D> {
    fn clone(&self) -> Self {
        Ring { shared: Arc::clone(&self.shared), door: PhantomData }
    }
}

impl<E: Entry, D: Door> Ring<E, D> {
    /// The calling thread's lane, looked up once for many pushes.
    pub fn producer(&self) -> Producer<'_, E, D> {
        self.producer_of(thread::hold())
    }

    fn producer_of(&self, number: Option<Rc<Number>>) -> Producer<'_, E, D> {
        let lane = self.shared.lane_of(number.as_ref().map_or(usize::MAX, |number| number.get()));
        Producer { shared: &self.shared, lane, _number: number, door: PhantomData }
    }

    /// Entries of a lane; in a ring with permits, at least the permits.
    pub fn capacity(&self) -> usize {
        self.shared.slots.capacity() as usize
    }

    /// Nothing more is to come: a consumer that waits is woken, and [`Open`] rings take nothing.
    pub fn close(&self) {
        self.shared.wake.close();
    }

    /// Whether it was closed.
    pub fn is_closed(&self) -> bool {
        self.shared.wake.is_closed()
    }

    #[inline]
    fn here(&self) -> usize {
        self.shared.lane_of(thread::number())
    }
}

impl<E: Entry> Ring<E, Permits> {
    /// Puts an entry in; it cannot fail. The caller has a permit: at most as many entries as the
    /// ring's capacity are in it at once, and whoever pushes for a permit that came out of the ring
    /// has it from the consumer by a synchronizing hand-over. In the engine the permit is the packet.
    #[inline]
    pub fn push(&self, entry: E) {
        self.shared.push(self.here(), entry);
    }

    /// Puts several entries in, with one reservation; the caller has a permit for each.
    #[inline]
    pub fn push_batch(&self, entries: &[E]) {
        self.shared.push_batch(self.here(), entries);
    }
}

impl<E: Entry> Ring<E, Open> {
    /// Puts an entry in if the calling thread's lane has room.
    ///
    /// # Errors
    /// [`Full`], with the entry.
    #[inline]
    pub fn try_push(&self, entry: E) -> Result<(), Full<E>> {
        self.shared.try_push(self.here(), entry)
    }

    /// Puts in as many of the entries as there is room for, from the first on; returns how many.
    #[inline]
    pub fn try_push_batch(&self, entries: &[E]) -> usize {
        self.shared.try_push_batch(self.here(), entries)
    }
}

/// A thread's own lane of a ring. It stays on its thread.
#[derive(Debug)]
pub struct Producer<'a, E: Entry = Completion, D: Door = Permits> {
    shared: &'a Shared<E>,
    lane: usize,
    /// No other thread gets this number, and so this lane, before it is dropped.
    _number: Option<Rc<Number>>,
    door: PhantomData<fn() -> D>,
}

impl<E: Entry> Producer<'_, E, Permits> {
    /// As [`Ring::push`].
    #[inline]
    pub fn push(&self, entry: E) {
        self.shared.push(self.lane, entry);
    }

    /// As [`Ring::push_batch`].
    #[inline]
    pub fn push_batch(&self, entries: &[E]) {
        self.shared.push_batch(self.lane, entries);
    }
}

impl<E: Entry> Producer<'_, E, Open> {
    /// As [`Ring::try_push`].
    ///
    /// # Errors
    /// [`Full`], with the entry.
    #[inline]
    pub fn try_push(&self, entry: E) -> Result<(), Full<E>> {
        self.shared.try_push(self.lane, entry)
    }

    /// As [`Ring::try_push_batch`].
    #[inline]
    pub fn try_push_batch(&self, entries: &[E]) -> usize {
        self.shared.try_push_batch(self.lane, entries)
    }
}
