//! The producers' side: two doors, and a thread's way to its lane.

use std::marker::PhantomData;
use std::rc::Rc;

use super::entry::{Completion, Entry};
use super::lane::{Lane, Shared};
use super::registry::Number;
use super::sync::Arc;
use super::thread;

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
        self.shared.capacity()
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
    /// has it from the consumer by a synchronizing hand-over. In the engine the permit is the packet;
    /// where the type is to say it, take [`handoff`](crate::handoff), whose tokens are permits.
    #[inline]
    pub fn push(&self, entry: E) {
        self.shared.push(self.here(), entry);
    }

    /// Puts several entries in, with one reservation; the caller has a permit for each.
    #[inline]
    pub fn push_batch(&self, entries: &[E]) {
        self.shared.push_batch(self.here(), entries);
    }

    /// The same for entries that `entry` makes of what is given and of its number, which does not panic: their places are reserved before.
    #[inline]
    pub(crate) fn push_made<T>(&self, given: &[T], entry: impl Fn(usize, &T) -> E) {
        self.shared.push_made(self.here(), given, entry);
    }

    /// Puts in what `entries` gives, as it comes, so that the batch needs no memory of its own; the
    /// caller has a permit for each. `entries` does not push into this ring itself. If it panics,
    /// what it gave before is in the ring.
    #[inline]
    pub fn push_each(&self, entries: impl ExactSizeIterator<Item = E> + Clone) {
        self.shared.push_each(self.here(), entries);
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
