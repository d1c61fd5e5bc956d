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
//! A list (`permit_list.rs`) is a fourth place: it has permits as entries. What it takes in or drains is nowhere else, what
//! it hands out or pushes is in it no more, and what it lends it lends one at a time.
//!
//! **So a push cannot fail, and a body needs no lock**: who has the permit is the only one who can reach
//! the body and its page, as with a `Box`. What one holder wrote the next one sees: a permit goes from thread to
//! thread as a value, which synchronizes, through the ring (Release, Acquire), or through the
//! free list's lock.
//!
//! A permit that is forgotten (`mem::forget`) is lost, and its place with it; nothing else happens.

use std::cell::UnsafeCell;
use std::marker::PhantomData;
use std::ptr::NonNull;
use std::sync::{Arc, Weak};
use std::time::Duration;

use super::consumer::Consumer;
use super::idle::Waited;
use super::make::{Config, ring};
use super::permit_lane::PermitLane;
use super::producer::{Permits, Ring};
use super::sync::{Mark, Short, ShortGuard, touching};
use super::ticket::{At, Ticket};
use crate::status::FinalStatus;

/// More places than that would not fit into an entry.
const MOST: u32 = (1 << 30) - 1;

/// What a permit is the right to: a body, and a page on which something is written about it.
#[derive(Debug)]
pub(super) struct Place<T, P, S> {
    page: UnsafeCell<P>,
    body: UnsafeCell<T>,
    mark: Mark,
    home: *const Home<T, P, S>,
}

// SAFETY: a body and its page are reached through their permit alone, of which there is one (see above). So what is
// shared with another thread by sharing places is that bodies and pages may move there; `home` is really shared.
unsafe impl<T: Send, P: Send, S: Sync> Sync for Place<T, P, S> {}
// SAFETY: as above, and what `home` points to is where this place is.
unsafe impl<T: Send, P: Send, S: Sync> Send for Place<T, P, S> {}

/// All places, and the ring in which the permits for them travel.
#[derive(Debug)]
struct Home<T, P, S> {
    all: Box<[Place<T, P, S>]>,
    free: Short<Vec<u32>>,
    ring: Ring<Ticket, Permits>,
    consumer: Short<Consumer<Ticket>>,
    shared: S,
}

impl<T, P, S> Home<T, P, S> {
    #[inline]
    fn base(&self) -> Base<'_, T, P, S> {
        Base(NonNull::from(&*self.all).cast(), PhantomData)
    }
}

/// Where a home's places begin. It is kept in a register, where the home itself would be asked again after each
/// write.
#[derive(Debug)]
pub(super) struct Base<'p, T, P, S>(
    pub(super) NonNull<Place<T, P, S>>,
    PhantomData<&'p [Place<T, P, S>]>,
);

// SAFETY: it is a reference to places.
unsafe impl<'p, T, P, S> Send for Base<'p, T, P, S> where &'p [Place<T, P, S>]: Send {}
// SAFETY: as above.
unsafe impl<'p, T, P, S> Sync for Base<'p, T, P, S> where &'p [Place<T, P, S>]: Sync {}

impl<T, P, S> PartialEq for Base<'_, T, P, S> {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<T, P, S> Copy for Base<'_, T, P, S> {}
impl<T, P, S> Clone for Base<'_, T, P, S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<'p, T, P, S> Base<'p, T, P, S> {
    /// The permit for a place of this home.
    ///
    /// # Safety
    /// Nobody has it: the index came out of the free ones, out of the ring, or out of a list. Where the list goes on having it
    /// the permit is lent, and gone before anybody else has the list.
    #[inline]
    pub(super) unsafe fn permit(self, at: At) -> Permit<'p, T, P, S> {
        Permit { whose: Whose { base: self, at }, body: PhantomData }
    }
}

/// Places, the permits for them, and the ring in which these travel. `S` is whatever else the holder of
/// a permit wants to find.
#[derive(Debug)]
pub(crate) struct Places<T, P, S>(Arc<Home<T, P, S>>);

impl<T, P: Default, S> Places<T, P, S> {
    /// So many places, but not more than 2³⁰ − 1, each with what `body` makes of its index.
    pub(crate) fn new(count: u32, mut body: impl FnMut(u32) -> T, shared: S) -> Self {
        let count = count.min(MOST);
        let (ring, consumer) = ring(Config::new(count as usize));
        Places(Arc::new_cyclic(|home: &Weak<Home<T, P, S>>| {
            let home = home.as_ptr();
            let place = |index| {
                let (page, body) = (UnsafeCell::default(), UnsafeCell::new(body(index)));
                Place { page, body, mark: Mark::default(), home }
            };
            Home {
                all: (0..count).map(place).collect(),
                // The last one is the first one taken.
                free: Short::new((0..count).rev().collect()),
                ring,
                consumer: Short::new(consumer),
                shared,
            }
        }))
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.0.all.len()
    }

    /// How many nobody uses.
    pub(crate) fn free(&self) -> usize {
        self.0.free.lock().len()
    }

    pub(crate) fn shared(&self) -> &S {
        &self.0.shared
    }

    /// A permit that nobody uses.
    pub(crate) fn take(&self) -> Option<Permit<'_, T, P, S>> {
        let index = self.0.free.lock().pop()?;
        // SAFETY: it was free.
        Some(unsafe { self.0.base().permit(At::new(index)) })
    }

    /// The end at which permits come out, if nobody else has it.
    pub(crate) fn reader(&self) -> Option<Reader<'_, T, P, S>> {
        Some(Reader { home: &self.0, consumer: self.0.consumer.try_lock()? })
    }

    /// The calling thread's lane.
    pub(crate) fn lane(&self) -> PermitLane<'_, T, P, S> {
        PermitLane { base: self.0.base(), lane: self.0.ring.producer() }
    }

    #[inline]
    pub(super) fn base(&self) -> Base<'_, T, P, S> {
        self.0.base()
    }

    /// No more is to come: who waits is woken.
    pub(crate) fn close(&self) {
        self.0.ring.close();
    }

    /// What stands on a page, whoever has the permit: for tests that forge it.
    #[cfg(test)]
    pub(crate) fn forge<R>(&self, index: u32, with: impl FnOnce(&mut P) -> R) -> R {
        // SAFETY: a test has one thread here, and is in no step of a token's meanwhile.
        with(unsafe { &mut *self.0.all[index as usize].page.get() })
    }
}

/// Which place of which home, and no right to anything.
#[derive(Debug)]
pub(crate) struct Whose<'p, T, P, S> {
    base: Base<'p, T, P, S>,
    at: At,
}

impl<'p, T, P, S> Whose<'p, T, P, S> {
    #[inline]
    pub(crate) fn index(&self) -> u32 {
        self.at.index()
    }

    #[inline]
    fn place(&self) -> &'p Place<T, P, S> {
        // SAFETY: an index is that of a place, from the beginning on, when they were all put into `free`; and the
        // ring gives it back as it was put in.
        unsafe { self.base.0.add(self.at.index() as usize).as_ref() }
    }

    #[inline]
    fn home(&self) -> &'p Home<T, P, S> {
        // SAFETY: a place is in its home, and is borrowed as long.
        unsafe { &*self.place().home }
    }

    #[inline]
    pub(crate) fn shared(&self) -> &'p S {
        &self.home().shared
    }
}

/// The right to a body, and to push once.
#[derive(Debug)]
pub(crate) struct Permit<'p, T, P, S> {
    whose: Whose<'p, T, P, S>,
    /// As good as the body itself: to be sent or shared only where that may be.
    body: PhantomData<&'p mut T>,
}

impl<'p, T, P, S> Permit<'p, T, P, S> {
    #[inline]
    pub(crate) fn whose(&self) -> Whose<'p, T, P, S> {
        Whose { ..self.whose }
    }

    #[inline]
    pub(crate) fn index(&self) -> u32 {
        self.whose.index()
    }

    #[inline]
    pub(super) fn base(&self) -> Base<'p, T, P, S> {
        self.whose.base
    }

    #[inline]
    pub(super) fn at(&self) -> At {
        self.whose.at
    }

    #[inline]
    pub(crate) fn page(&mut self) -> &mut P {
        let place = self.whose.place();
        touching(&place.mark);
        // SAFETY: this is the only permit for this page (see above), and it is borrowed exclusively.
        unsafe { &mut *place.page.get() }
    }

    #[inline]
    pub(crate) fn get(&self) -> &T {
        // SAFETY: this is the only permit for this body (see above), and while it is borrowed shared nobody
        // can borrow it exclusively.
        unsafe { &*self.whose.place().body.get() }
    }

    #[inline]
    pub(crate) fn get_mut(&mut self) -> &mut T {
        let place = self.whose.place();
        touching(&place.mark);
        // SAFETY: this is the only permit for this body (see above), and it is borrowed exclusively.
        unsafe { &mut *place.body.get() }
    }

    /// Nobody uses it any more.
    pub(crate) fn give(self) {
        // There is room for each index: nothing is allocated.
        self.whose.home().free.lock().push(self.whose.index());
    }

    /// Puts it into its ring, by the calling thread's lane.
    #[inline]
    pub(crate) fn push(self, status: FinalStatus) {
        self.whose.home().ring.push(Ticket::new(self.whose.at, status));
    }
}

/// The end at which permits come out.
#[derive(Debug)]
pub(crate) struct Reader<'p, T, P, S> {
    home: &'p Home<T, P, S>,
    consumer: ShortGuard<'p, Consumer<Ticket>>,
}

impl<'p, T, P, S> Reader<'p, T, P, S> {
    #[inline]
    pub(super) fn base(&self) -> Base<'p, T, P, S> {
        self.home.base()
    }

    /// How many permits there are.
    #[inline]
    pub(super) fn count(&self) -> usize {
        self.home.all.len()
    }

    /// The next permit, with the status that it was pushed with.
    #[inline]
    pub(crate) fn pop(&mut self) -> Option<(Permit<'p, T, P, S>, FinalStatus)> {
        let entry = self.consumer.pop()?;
        // SAFETY: it came out of the ring.
        Some((unsafe { self.base().permit(entry.at()) }, entry.status()))
    }

    /// Hands up to `most` of them to `with`; returns how many. If that panics, the others stay.
    #[inline]
    pub(crate) fn drain(
        &mut self,
        most: usize,
        mut with: impl FnMut(Permit<'p, T, P, S>, FinalStatus),
    ) -> usize {
        let base = self.base();
        // SAFETY: they came out of the ring.
        self.consumer.drain(most, |entry| with(unsafe { base.permit(entry.at()) }, entry.status()))
    }

    /// The same into a vector, each as `with` makes it, which does not panic. Room is made before, so that nothing
    /// that the loop does can fail, and it need not know at each entry how far it has come.
    #[inline]
    pub(crate) fn drain_into<V>(
        &mut self,
        most: usize,
        out: &mut Vec<V>,
        mut with: impl FnMut(Permit<'p, T, P, S>, FinalStatus) -> V,
    ) -> usize {
        let most = most.min(self.count());
        out.reserve(most);
        let (before, base) = (out.len(), self.base());
        let mut room = out.spare_capacity_mut().as_mut_ptr();
        let taken = self.consumer.drain(most, |entry| {
            // SAFETY: the permit came out of the ring. There is room for `most`, and no more are drained.
            unsafe {
                (*room).write(with(base.permit(entry.at()), entry.status()));
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
