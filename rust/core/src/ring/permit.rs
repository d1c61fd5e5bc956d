//! Permits as values: the right to push once, and with it the right to a body.
//!
//! ```text
//!          take                     push                     pop
//! free  ────────▶  Permit(index)  ────────▶  ring  entry  ────────▶  Permit(index)
//!       ◀────────
//!          give
//! ```
//!
//! **Of each index there is one, in one of the three places.** At the start every index is free, once.
//! A permit is made in two places: [`Places::take`] makes it of an index that it takes off the free ones,
//! and [`Reader::pop`] of an entry that it takes out of the ring. And an index is put there by
//! [`Places::give`] and the two pushes alone, each of which uses a permit up. A permit cannot be copied, the
//! ring is nobody else's, and it hands out each entry once, as long as there are no more of them than
//! it has places (`ring/mod.rs`): there are as many permits as bodies, and at least as many places.
//!
//! **So a push cannot fail, and a body needs no lock**: who has the permit is the only one who can reach
//! the body, as with a `Box`. What one holder wrote the next one sees: a permit goes from thread to
//! thread as a value, which synchronizes, through the ring (Release, Acquire), or through the
//! free list's lock.
//!
//! A permit that is forgotten (`mem::forget`) is lost, and its place with it; nothing else happens.

use std::cell::UnsafeCell;
use std::marker::PhantomData;
use std::time::Duration;

use super::consumer::Consumer;
use super::entry::Completion;
use super::idle::Waited;
use super::make::{Config, ring};
use super::producer::{Permits, Producer, Ring};
use super::sync::{Mark, Short, ShortGuard, touching};
use crate::status::FinalStatus;

/// More places than that would not fit into an entry.
const MOST: u32 = (1 << 30) - 1;
/// Entries that are put in together.
const PIECE: usize = 32;

/// What a permit is the right to.
#[derive(Debug)]
struct Body<T> {
    value: UnsafeCell<T>,
    mark: Mark,
}

// SAFETY: a body is reached through its permit alone, of which there is one (see above). So what is
// shared with another thread by sharing bodies is that they may move there.
unsafe impl<T: Send> Sync for Body<T> {}

/// Bodies, the permits for them, and the ring in which these travel. `S` is whatever else the holder of
/// a permit wants to find.
#[derive(Debug)]
pub(crate) struct Places<T, S> {
    bodies: Box<[Body<T>]>,
    free: Short<Vec<u32>>,
    ring: Ring<Completion, Permits>,
    consumer: Short<Consumer>,
    pub(crate) shared: S,
}

impl<T, S> Places<T, S> {
    /// So many places, but not more than 2³⁰ − 1, each with what `body` makes of its index.
    pub(crate) fn new(count: u32, mut body: impl FnMut(u32) -> T, shared: S) -> Self {
        let count = count.min(MOST);
        let body = |index| Body { value: UnsafeCell::new(body(index)), mark: Mark::default() };
        let (ring, consumer) = ring(Config::new(count as usize));
        Places {
            bodies: (0..count).map(body).collect(),
            // The last one is the first one taken.
            free: Short::new((0..count).rev().collect()),
            ring,
            consumer: Short::new(consumer),
            shared,
        }
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.bodies.len()
    }

    /// How many nobody uses.
    pub(crate) fn free(&self) -> usize {
        self.free.lock().len()
    }

    /// A permit that nobody uses.
    pub(crate) fn take(&self) -> Option<Permit<'_, T, S>> {
        let index = self.free.lock().pop()?;
        Some(Permit { places: self, index, body: PhantomData })
    }

    /// Nobody uses this one any more.
    pub(crate) fn give(permit: Permit<'_, T, S>) {
        // There is room for each index: nothing is allocated.
        permit.places.free.lock().push(permit.index);
    }

    /// The end at which permits come out, if nobody else has it.
    pub(crate) fn reader(&self) -> Option<Reader<'_, T, S>> {
        Some(Reader { places: self, consumer: self.consumer.try_lock()? })
    }

    /// The calling thread's lane.
    pub(crate) fn lane(&self) -> PermitLane<'_, T, S> {
        PermitLane { places: self, lane: self.ring.producer() }
    }

    /// No more is to come: who waits is woken.
    pub(crate) fn close(&self) {
        self.ring.close();
    }
}

/// The right to a body, and to push once.
#[derive(Debug)]
pub(crate) struct Permit<'p, T, S> {
    places: &'p Places<T, S>,
    index: u32,
    /// As good as the body itself: to be sent or shared only where that may be.
    body: PhantomData<&'p mut T>,
}

impl<'p, T, S> Permit<'p, T, S> {
    #[inline]
    pub(crate) fn index(&self) -> u32 {
        self.index
    }

    #[inline]
    pub(crate) fn shared(&self) -> &'p S {
        &self.places.shared
    }

    #[inline]
    pub(crate) fn get(&self) -> &T {
        let body = &self.places.bodies[self.index as usize];
        // SAFETY: this is the only permit for this body (see above), and while it is borrowed shared nobody
        // can borrow it exclusively.
        unsafe { &*body.value.get() }
    }

    #[inline]
    pub(crate) fn get_mut(&mut self) -> &mut T {
        let body = &self.places.bodies[self.index as usize];
        touching(&body.mark);
        // SAFETY: this is the only permit for this body (see above), and it is borrowed exclusively.
        unsafe { &mut *body.value.get() }
    }

    /// Puts it into its ring, by the calling thread's lane.
    #[inline]
    pub(crate) fn push(self, status: FinalStatus) {
        self.places.ring.push(Completion { slot: self.index, status });
    }
}

/// A thread's own lane.
#[derive(Debug)]
pub(crate) struct PermitLane<'p, T, S> {
    places: &'p Places<T, S>,
    lane: Producer<'p, Completion, Permits>,
}

impl<'p, T, S> PermitLane<'p, T, S> {
    fn is_of(&self, permit: &Permit<'p, T, S>) -> bool {
        std::ptr::eq(self.places, permit.places)
    }

    /// Puts a permit in; one of another ring goes into its own.
    #[inline]
    pub(crate) fn push(&self, permit: Permit<'p, T, S>, status: FinalStatus) {
        if self.is_of(&permit) {
            self.lane.push(Completion { slot: permit.index, status });
        } else {
            permit.push(status);
        }
    }

    /// Puts many in, up to 32 with one reservation.
    #[inline]
    pub(crate) fn push_many(&self, permits: impl Iterator<Item = (Permit<'p, T, S>, FinalStatus)>) {
        let mut piece = Piece::new(&self.lane);
        for (permit, status) in permits {
            if self.is_of(&permit) {
                piece.push(Completion { slot: permit.index, status });
            } else {
                permit.push(status);
            }
        }
    }
}

/// Entries on their way into a lane. They get there also if what makes the next one panics.
struct Piece<'a> {
    lane: &'a Producer<'a, Completion, Permits>,
    entries: [Completion; PIECE],
    count: usize,
}

impl<'a> Piece<'a> {
    #[inline]
    fn new(lane: &'a Producer<'a, Completion, Permits>) -> Self {
        let none = Completion { slot: 0, status: FinalStatus::SUCCESS };
        Piece { lane, entries: [none; PIECE], count: 0 }
    }

    #[inline]
    fn push(&mut self, entry: Completion) {
        self.entries[self.count] = entry;
        self.count += 1;
        if self.count == PIECE {
            self.flush();
        }
    }

    #[inline]
    fn flush(&mut self) {
        self.lane.push_batch(&self.entries[..self.count]);
        self.count = 0;
    }
}

impl Drop for Piece<'_> {
    #[inline]
    fn drop(&mut self) {
        if self.count > 0 {
            self.flush();
        }
    }
}

/// The end at which permits come out.
#[derive(Debug)]
pub(crate) struct Reader<'p, T, S> {
    places: &'p Places<T, S>,
    consumer: ShortGuard<'p, Consumer>,
}

impl<'p, T, S> Reader<'p, T, S> {
    #[inline]
    fn permit(places: &'p Places<T, S>, entry: Completion) -> (Permit<'p, T, S>, FinalStatus) {
        (Permit { places, index: entry.slot, body: PhantomData }, entry.status)
    }

    /// The next permit, with the status that it was pushed with.
    #[inline]
    pub(crate) fn pop(&mut self) -> Option<(Permit<'p, T, S>, FinalStatus)> {
        let entry = self.consumer.pop()?;
        Some(Self::permit(self.places, entry))
    }

    /// Hands up to `most` of them to `with`; returns how many. If that panics, the others stay.
    #[inline]
    pub(crate) fn drain(
        &mut self,
        most: usize,
        mut with: impl FnMut(Permit<'p, T, S>, FinalStatus),
    ) -> usize {
        let places = self.places;
        self.consumer.drain(most, |entry| {
            let (permit, status) = Self::permit(places, entry);
            with(permit, status);
        })
    }

    /// As [`Consumer::wait`].
    pub(crate) fn wait(&mut self, timeout: Option<Duration>) -> Waited {
        self.consumer.wait(timeout)
    }
}
