//! A lane, as its producer sees it: which position is next, and what follows when the lane was
//! cold.

use std::sync::atomic::Ordering::Relaxed;

use super::entry::Entry;
use super::producer::Full;
use super::slots::{Slots, Track};
use super::sync::{Arc, AtomicBool, AtomicU64, light, order};
use super::wake::Wake;

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

    /// Slots of a lane.
    pub(super) fn capacity(&self) -> usize {
        self.lanes[0].track.capacity() as usize
    }

    /// The lane of the thread with this number.
    #[inline]
    pub(super) fn lane_of(&self, number: usize) -> &Lane<E> {
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
    pub(super) fn push(&self, lane: &Lane<E>, entry: E) {
        let position = lane.reserve(1);
        lane.track.write(position, entry);
        self.written(lane);
    }

    #[inline]
    pub(super) fn push_batch(&self, lane: &Lane<E>, entries: &[E]) {
        self.push_made(lane, entries, |_, entry| *entry);
    }

    /// The same for entries that are made of what is given; that does not panic.
    #[inline]
    pub(super) fn push_made<T>(
        &self,
        lane: &Lane<E>,
        entries: &[T],
        entry: impl Fn(usize, &T) -> E,
    ) {
        let first = lane.reserve(entries.len() as u64);
        lane.track.write_all(first, entries, entry);
        self.written(lane);
    }

    /// Here nothing is reserved before it is there, since `entries` may panic; so the lane's owner
    /// moves the tail at the end.
    #[inline]
    pub(super) fn push_each(
        &self,
        lane: &Lane<E>,
        entries: impl ExactSizeIterator<Item = E> + Clone,
    ) {
        /// How far the lane was written, kept also when `entries` panics.
        struct Run<'a, E: Entry> {
            shared: &'a Shared<E>,
            lane: &'a Lane<E>,
            tail: u64,
        }
        impl<E: Entry> Drop for Run<'_, E> {
            fn drop(&mut self) {
                self.lane.tail.store(self.tail, Relaxed);
                self.shared.written(self.lane);
            }
        }
        if lane.is_shared {
            return entries.for_each(|entry| self.push(lane, entry));
        }
        let mut run = Run { shared: self, lane, tail: lane.tail.load(Relaxed) };
        lane.track.write_each(&mut run.tail, entries);
    }

    #[inline]
    pub(super) fn try_push(&self, lane: &Lane<E>, entry: E) -> Result<(), Full<E>> {
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

    pub(super) fn try_push_batch(&self, lane: &Lane<E>, entries: &[E]) -> usize {
        if entries.is_empty() || self.wake.is_closed() {
            return 0;
        }
        let most = entries.len() as u64;
        let Some((first, count)) = self.try_reserve(lane, most) else { return 0 };
        lane.track.write_all(first, &entries[..count as usize], |_, entry| *entry);
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
                debug_assert!(head.wrapping_sub(position) < 1 << 63, "beyond the head it saw");
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
