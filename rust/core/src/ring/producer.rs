//! The producers' side: which lane, which position, and what follows when the lane was cold.

use std::marker::PhantomData;
use std::rc::Rc;
use std::sync::atomic::Ordering::Relaxed;

use super::entry::{Completion, Entry};
use super::registry::Number;
use super::slots::{Slots, Track};
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
pub(super) struct Lane<E> {
    /// The next position: written by the lane's owner; in the overflow lane taken by all.
    tail: AtomicU64,
    /// How far the consumer was known to be (open rings).
    seen: AtomicU64,
    track: Track<E>,
    index: u32,
    /// It is the one that all share who have none of their own.
    is_shared: bool,
    /// The consumer does not look here: whoever pushes has to tell it.
    pub(super) cold: AtomicBool,
}

/// How far the consumer has read a lane (open rings).
#[derive(Debug)]
#[repr(align(128))]
pub(super) struct Head(pub(super) AtomicU64);

#[derive(Debug)]
pub(super) struct Shared<E> {
    /// The threads' lanes, then the overflow lane.
    pub(super) lanes: Box<[Lane<E>]>,
    pub(super) heads: Box<[Head]>,
    pub(super) wake: Wake,
    pub(super) start: u64,
    pub(super) slots: Arc<Slots<E>>,
}

impl<E: Entry> Shared<E> {
    pub(super) fn new(lanes: usize, capacity: usize, open: bool, start: u64, wake: Wake) -> Self {
        let slots = Slots::new(lanes, capacity);
        let lane = |index| Lane {
            tail: AtomicU64::new(start),
            seen: AtomicU64::new(start),
            track: slots.track(index),
            index: index as u32,
            is_shared: index == lanes - 1,
            cold: AtomicBool::new(true),
        };
        let head = |_| Head(AtomicU64::new(start));
        Shared {
            lanes: (0..lanes).map(lane).collect(),
            heads: (0..if open { lanes } else { 0 }).map(head).collect(),
            wake,
            start,
            slots,
        }
    }

    /// The lane of the thread with this number.
    #[inline]
    fn lane_of(&self, number: usize) -> &Lane<E> {
        self.lanes.get(number).unwrap_or(&self.lanes[self.lanes.len() - 1])
    }

    /// After slots were written: if the consumer does not look at the lane, it is told.
    #[inline]
    fn written(&self, lane: &Lane<E>) {
        light();
        if lane.cold.load(Relaxed) {
            self.rouse(lane);
        }
    }

    #[cold]
    #[inline(never)]
    fn rouse(&self, lane: &Lane<E>) {
        // First this, then the word to the consumer, which makes it cold again only after it has
        // heard that.
        lane.cold.store(false, Relaxed);
        self.wake.rouse(lane.index as usize);
    }

    #[inline]
    fn push(&self, lane: &Lane<E>, entry: E) {
        let position = lane.reserve(1);
        lane.track.write(position, entry);
        self.written(lane);
    }

    #[inline]
    fn push_batch(&self, lane: &Lane<E>, entries: &[E]) {
        let first = lane.reserve(entries.len() as u64);
        lane.track.write_all(first, entries);
        self.written(lane);
    }

    #[inline]
    fn try_push(&self, lane: &Lane<E>, entry: E) -> Result<(), Full<E>> {
        if self.wake.is_closed() {
            return Err(Full::Closed(entry));
        }
        match self.try_reserve(lane, 1) {
            Some((position, _)) => lane.track.write(position, entry),
            None => return Err(Full::Full(entry)),
        }
        self.written(lane);
        Ok(())
    }

    fn try_push_batch(&self, lane: &Lane<E>, entries: &[E]) -> usize {
        if entries.is_empty() || self.wake.is_closed() {
            return 0;
        }
        let most = entries.len() as u64;
        let Some((first, count)) = self.try_reserve(lane, most) else { return 0 };
        lane.track.write_all(first, &entries[..count as usize]);
        self.written(lane);
        count as usize
    }

    fn head(&self, lane: &Lane<E>) -> u64 {
        // What the consumer read before it wrote this, it is done with.
        self.heads[lane.index as usize].0.load(order::see_free())
    }

    /// Positions of an open ring's lane: as many as there is room for, up to `most`.
    #[inline]
    fn try_reserve(&self, lane: &Lane<E>, most: u64) -> Option<(u64, u64)> {
        if lane.is_shared {
            return self.try_reserve_shared(lane, most);
        }
        let capacity = lane.track.capacity();
        let position = lane.tail.load(Relaxed);
        let mut used = position.wrapping_sub(lane.seen.load(Relaxed));
        if capacity - used < most {
            let head = self.head(lane);
            lane.seen.store(head, Relaxed);
            used = position.wrapping_sub(head);
        }
        let count = (capacity - used).min(most);
        lane.tail.store(position.wrapping_add(count), Relaxed);
        (count > 0).then_some((position, count))
    }

    /// The same where others want positions too: the only loop in which a push can be overtaken,
    /// and each time it is, another one got in.
    fn try_reserve_shared(&self, lane: &Lane<E>, most: u64) -> Option<(u64, u64)> {
        // Who made the tail what it is saw a head that allowed it, and we see at least that one: so
        // if the two are further apart than a lap, the head is beyond an old tail.
        let mut position = lane.tail.load(order::see_ticket());
        loop {
            let head = self.head(lane);
            let Some(room) = lane.track.capacity().checked_sub(position.wrapping_sub(head)) else {
                position = head;
                continue;
            };
            let count = room.min(most);
            if count == 0 {
                return None;
            }
            let next = position.wrapping_add(count);
            let (taken, seen) = (order::ticket(), order::see_ticket());
            match lane.tail.compare_exchange(position, next, taken, seen) {
                Ok(_) => return Some((position, count)),
                Err(now) => position = now,
            }
        }
    }
}

impl<E: Entry> Lane<E> {
    /// `count` positions, which are the caller's alone.
    #[inline]
    fn reserve(&self, count: u64) -> u64 {
        if self.is_shared {
            return self.tail.fetch_add(count, order::ticket());
        }
        let position = self.tail.load(Relaxed);
        self.tail.store(position.wrapping_add(count), Relaxed);
        position
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
        self.shared.lanes[0].track.capacity() as usize
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
    fn here(&self) -> &Lane<E> {
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
    lane: &'a Lane<E>,
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
