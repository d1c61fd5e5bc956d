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
//! [`Permit::give`] and the two pushes alone, each of which uses a permit up. A permit cannot be copied, the
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
use super::taking::Taking;
use crate::status::FinalStatus;

/// More places than that would not fit into an entry.
const MOST: u32 = (1 << 30) - 1;
/// Entries that are put in together.
const PIECE: usize = 32;

/// What a permit is the right to, and a page on which something is written about it.
#[derive(Debug)]
struct Place<T, P> {
    page: P,
    body: UnsafeCell<T>,
    mark: Mark,
}

// SAFETY: a body is reached through its permit alone, of which there is one (see above). So what is
// shared with another thread by sharing places is that bodies may move there; pages are really shared.
unsafe impl<T: Send, P: Sync> Sync for Place<T, P> {}

/// Places, the permits for them, and the ring in which these travel. `S` is whatever else the holder of
/// a permit wants to find.
#[derive(Debug)]
pub(crate) struct Places<T, P, S> {
    #[allow(clippy::struct_field_names)] // it is the places
    places: Box<[Place<T, P>]>,
    free: Short<Vec<u32>>,
    ring: Ring<Completion, Permits>,
    consumer: Short<Consumer>,
    pub(crate) shared: S,
}

impl<T, P: Default, S> Places<T, P, S> {
    /// So many places, but not more than 2³⁰ − 1, each with what `body` makes of its index.
    pub(crate) fn new(count: u32, mut body: impl FnMut(u32) -> T, shared: S) -> Self {
        let count = count.min(MOST);
        let place = |index| {
            let (page, body) = (P::default(), UnsafeCell::new(body(index)));
            Place { page, body, mark: Mark::default() }
        };
        let (ring, consumer) = ring(Config::new(count as usize));
        Places {
            places: (0..count).map(place).collect(),
            // The last one is the first one taken.
            free: Short::new((0..count).rev().collect()),
            ring,
            consumer: Short::new(consumer),
            shared,
        }
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.places.len()
    }

    /// How many nobody uses.
    pub(crate) fn free(&self) -> usize {
        self.free.lock().len()
    }

    /// A permit that nobody uses.
    pub(crate) fn take(&self) -> Option<Permit<'_, T, P, S>> {
        let index = self.free.lock().pop()?;
        Some(Permit { places: self, index, body: PhantomData })
    }

    /// The end at which permits come out, if nobody else has it.
    pub(crate) fn reader(&self) -> Option<Reader<'_, T, P, S>> {
        Some(Reader { places: self, consumer: self.consumer.try_lock()? })
    }

    /// The calling thread's lane.
    pub(crate) fn lane(&self) -> PermitLane<'_, T, P, S> {
        PermitLane { places: self, lane: self.ring.producer() }
    }

    /// No more is to come: who waits is woken.
    pub(crate) fn close(&self) {
        self.ring.close();
    }
}

/// The right to a body, and to push once.
#[derive(Debug)]
pub(crate) struct Permit<'p, T, P, S> {
    places: &'p Places<T, P, S>,
    index: u32,
    /// As good as the body itself: to be sent or shared only where that may be.
    body: PhantomData<&'p mut T>,
}

impl<'p, T, P, S> Permit<'p, T, P, S> {
    #[inline]
    pub(crate) fn index(&self) -> u32 {
        self.index
    }

    #[inline]
    pub(crate) fn shared(&self) -> &'p S {
        &self.places.shared
    }

    #[inline]
    fn place(&self) -> &'p Place<T, P> {
        let places = &self.places.places;
        debug_assert!((self.index as usize) < places.len());
        // SAFETY: a permit's index is that of a place, from the beginning on, when they were all put
        // into `free`; and the ring gives it back as it was put in.
        unsafe { places.get_unchecked(self.index as usize) }
    }

    #[inline]
    pub(crate) fn page(&self) -> &'p P {
        &self.place().page
    }

    #[inline]
    pub(crate) fn get(&self) -> &T {
        // SAFETY: this is the only permit for this body (see above), and while it is borrowed shared nobody
        // can borrow it exclusively.
        unsafe { &*self.place().body.get() }
    }

    #[inline]
    pub(crate) fn get_mut(&mut self) -> &mut T {
        let place = self.place();
        touching(&place.mark);
        // SAFETY: this is the only permit for this body (see above), and it is borrowed exclusively.
        unsafe { &mut *place.body.get() }
    }

    /// Nobody uses it any more.
    pub(crate) fn give(self) {
        // There is room for each index: nothing is allocated.
        self.places.free.lock().push(self.index);
    }

    /// Puts it into its ring, by the calling thread's lane.
    #[inline]
    pub(crate) fn push(self, status: FinalStatus) {
        self.places.ring.push(Completion { slot: self.index, status });
    }
}

/// A thread's own lane.
#[derive(Debug)]
pub(crate) struct PermitLane<'p, T, P, S> {
    places: &'p Places<T, P, S>,
    lane: Producer<'p, Completion, Permits>,
}

impl<'p, T, P, S> PermitLane<'p, T, P, S> {
    fn is_of(&self, permit: &Permit<'p, T, P, S>) -> bool {
        std::ptr::eq(self.places, permit.places)
    }

    /// Puts a permit in; one of another ring goes into its own.
    #[inline]
    pub(crate) fn push(&self, permit: Permit<'p, T, P, S>, status: FinalStatus) {
        if self.is_of(&permit) {
            self.lane.push(Completion { slot: permit.index, status });
        } else {
            permit.push(status);
        }
    }

    /// Puts many in, up to 32 with one reservation.
    #[inline]
    pub(crate) fn push_many(
        &self,
        permits: impl Iterator<Item = (Permit<'p, T, P, S>, FinalStatus)>,
    ) {
        let mut entries = NONE;
        let mut piece = Piece { lane: &self.lane, entries: &mut entries, count: 0 };
        for (permit, status) in permits {
            if self.is_of(&permit) {
                piece.push(Completion { slot: permit.index, status });
            } else {
                permit.push(status);
            }
        }
    }

    /// The same with what `with` makes of the values, all of which are taken. If that panics, the values that are left
    /// are dropped.
    #[inline]
    pub(crate) fn push_from<V>(
        &self,
        values: &mut Vec<V>,
        with: impl FnMut(V) -> (Permit<'p, T, P, S>, FinalStatus),
    ) {
        self.push_many(Taking::new(values).map(with));
    }
}

const NONE: [Completion; PIECE] = [Completion { slot: 0, status: FinalStatus::SUCCESS }; PIECE];

/// Entries on their way into a lane. They get there also if what makes the next one panics.
struct Piece<'a> {
    lane: &'a Producer<'a, Completion, Permits>,
    entries: &'a mut [Completion; PIECE],
    count: usize,
}

// Inlined always: with an address the count would be kept in memory (see `taking.rs`).
#[allow(clippy::inline_always)]
impl Piece<'_> {
    #[inline(always)]
    fn push(&mut self, entry: Completion) {
        self.entries[self.count % PIECE] = entry;
        self.count += 1;
        if self.count == PIECE {
            self.lane.push_batch(&self.entries[..]);
            self.count = 0;
        }
    }
}

impl Drop for Piece<'_> {
    #[inline(always)]
    #[allow(clippy::inline_always)] // as above
    fn drop(&mut self) {
        if self.count > 0 {
            flush(self.lane, &self.entries[..self.count.min(PIECE)]);
        }
    }
}

#[inline(never)]
fn flush(lane: &Producer<'_, Completion, Permits>, entries: &[Completion]) {
    lane.push_batch(entries);
}

/// The end at which permits come out.
#[derive(Debug)]
pub(crate) struct Reader<'p, T, P, S> {
    places: &'p Places<T, P, S>,
    consumer: ShortGuard<'p, Consumer>,
}

impl<'p, T, P, S> Reader<'p, T, P, S> {
    #[inline]
    fn permit(
        places: &'p Places<T, P, S>,
        entry: Completion,
    ) -> (Permit<'p, T, P, S>, FinalStatus) {
        (Permit { places, index: entry.slot, body: PhantomData }, entry.status)
    }

    /// The next permit, with the status that it was pushed with.
    #[inline]
    pub(crate) fn pop(&mut self) -> Option<(Permit<'p, T, P, S>, FinalStatus)> {
        let entry = self.consumer.pop()?;
        Some(Self::permit(self.places, entry))
    }

    /// Hands up to `most` of them to `with`; returns how many. If that panics, the others stay.
    #[inline]
    pub(crate) fn drain(
        &mut self,
        most: usize,
        mut with: impl FnMut(Permit<'p, T, P, S>, FinalStatus),
    ) -> usize {
        let places = self.places;
        self.consumer.drain(most, |entry| {
            let (permit, status) = Self::permit(places, entry);
            with(permit, status);
        })
    }

    /// The same into a vector, each as `with` makes it, which does not panic. Room is made before, so that nothing
    /// that the loop does can fail, and it need not know at each entry how far it has come.
    #[inline]
    pub(crate) fn drain_into<V>(
        &mut self,
        most: usize,
        out: &mut Vec<V>,
        with: impl Fn(Permit<'p, T, P, S>, FinalStatus) -> V,
    ) -> usize {
        let most = most.min(self.places.places.len());
        out.reserve(most);
        let (before, places) = (out.len(), self.places);
        let mut room = out.spare_capacity_mut().as_mut_ptr();
        let taken = self.consumer.drain(most, |entry| {
            let (permit, status) = Self::permit(places, entry);
            // SAFETY: there is room for `most`, and no more are drained.
            unsafe {
                (*room).write(with(permit, status));
                room = room.add(1);
            }
        });
        // SAFETY: as many as were taken, and not more than there was room for, have been written.
        unsafe { out.set_len(before + taken) };
        taken
    }

    /// As [`Consumer::wait`].
    pub(crate) fn wait(&mut self, timeout: Option<Duration>) -> Waited {
        self.consumer.wait(timeout)
    }
}
