//! Leaving the atomics out while one thread is alone in its world.
//!
//! Simulated time runs on one thread, and other threads *may* call at any moment. So the thread that
//! made a world works in *spans*: between the beginning and the end of one it changes what is shared
//! by plain loads and stores. Another thread that wants to change anything ends this for good first:
//!
//! ```text
//! owner, a span                        another thread, before its first change
//!     inside = 1                           state = ENDING
//!     light barrier                        heavy barrier
//!     state == ALONE?  no: atomics         wait until inside == 0        (Acquire)
//!     … plain loads and stores …           state = SHARED                (Release)
//!     inside = 0           (Release)       … atomics, as everybody from now on …
//! ```
//!
//! It is Dekker's pattern with the barriers of `ring/barrier.rs`; loom looks at it in `rust/ring-models`
//! (`loomed/bias.rs`). Either the other thread sees `inside` and waits, or the owner sees `state` and takes
//! the atomics. No driver's function runs inside of a span, so the wait is one of some nanoseconds. What the
//! owner wrote is seen by the other thread since it read the 0 that the owner stored after it; what the
//! other one writes, it writes by atomics and under locks, and the owner reads it by the same from then on.
//!
//! A lock that is taken in a span is taken by a store. It is a lock all the same: a guard may outlive the
//! span, and who comes then finds it locked.
//!
//! In adversarial time all virtual CPUs are one thread, each on a stack of its own, and a stack is left at a point. The
//! straight ways have no points, so they are not gone there; but a lock that is taken, or a packet's step, is a span without
//! one ([`Bias::briefly`]), and no other stack runs in it.

use std::cell::{RefCell, UnsafeCell};
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, Ordering};

use crate::cx::Cpu;
use crate::ring::barrier::{can_heavy, heavy, light};

const ALONE: u8 = 0;
/// Alone, but in adversarial time: it takes locks without atomics, and does not go the straight ways, which have no points.
const LOCKS: u8 = 1;
const ENDING: u8 = 2;
const SHARED: u8 = 3;

/// Whether the thread that made a world is alone in it.
#[derive(Debug)]
pub(crate) struct Bias {
    owner: u32,
    state: AtomicU8,
    /// How many spans the owner is in; written by the owner only.
    inside: AtomicU32,
    /// Whether the owner is in one that takes a lock and is over at once; likewise. It is no count, so that it is not read before
    /// it is written: each lock of a world would wait for the one before it.
    at_once: AtomicBool,
}

/// A span: nobody but this thread changes anything of the world until it is dropped.
#[derive(Debug)]
pub(crate) struct Alone<'a> {
    bias: &'a Bias,
    /// It stays on its thread.
    _thread: std::marker::PhantomData<*const ()>,
}

impl Drop for Alone<'_> {
    #[inline]
    fn drop(&mut self) {
        let inside = self.bias.inside.load(Ordering::Relaxed);
        self.bias.inside.store(inside - 1, Ordering::Release);
    }
}

impl Bias {
    /// For a world that the calling thread makes; `alone` if other threads are no part of its nature.
    pub(crate) fn new(alone: bool) -> Arc<Bias> {
        Bias::of(if alone { ALONE } else { SHARED })
    }

    /// For a world in adversarial time that the calling thread makes: all of its CPUs are this thread, and what happens has
    /// points, so that only locks and steps are in spans.
    pub(crate) fn of_locks() -> Arc<Bias> {
        Bias::of(LOCKS)
    }

    /// The same for all worlds of the calling thread, which come one after the other, until another thread comes into one of them:
    /// what is handed on from one to the next counts no reference. A span of it is one of each of them.
    pub(crate) fn of_worlds() -> Arc<Bias> {
        thread_local! {
            static KNOWN: RefCell<Option<Arc<Bias>>> = const { RefCell::new(None) };
        }
        let known = |known: &RefCell<Option<Arc<Bias>>>| {
            let mut known = known.borrow_mut();
            if known.as_ref().is_none_or(|bias| !bias.is_of_locks()) {
                *known = Some(Bias::of_locks());
            }
            known.clone()
        };
        // A thread that ends has none any more.
        KNOWN.try_with(known).ok().flatten().unwrap_or_else(Bias::of_locks)
    }

    /// Whether it is [such a one](Self::of_locks), and no other thread has come.
    pub(crate) fn is_of_locks(&self) -> bool {
        self.state.load(Ordering::Relaxed) == LOCKS
    }

    fn of(state: u8) -> Arc<Bias> {
        let state = if can_heavy() { state } else { SHARED };
        Arc::new(Bias {
            owner: Cpu::thread(),
            state: AtomicU8::new(state),
            inside: AtomicU32::new(0),
            at_once: AtomicBool::new(false),
        })
    }

    /// Begins a span, if the calling thread, whose CPU this is, is alone in the world.
    #[inline(always)]
    #[allow(clippy::inline_always)] // eight instructions of a path that counts them
    pub(crate) fn alone(&self, cpu: &Cpu) -> Option<Alone<'_>> {
        self.begin(cpu.thread, ALONE)
    }

    /// The same for a span that takes a lock or makes a step and nothing else, which a world in adversarial time has too.
    #[inline(always)]
    #[allow(clippy::inline_always)] // see `alone`
    pub(crate) fn briefly(&self, thread: u32) -> Option<Alone<'_>> {
        self.begin(thread, LOCKS)
    }

    /// Does something in a span of that kind, in which no other one of this kind begins.
    #[inline(always)]
    #[allow(clippy::inline_always)] // see `alone`
    fn at_once<R>(&self, thread: u32, f: impl FnOnce() -> Option<R>) -> Option<R> {
        if thread != self.owner {
            return None;
        }
        self.at_once.store(true, Ordering::Relaxed);
        light();
        let done = if self.state.load(Ordering::Relaxed) <= LOCKS { f() } else { None };
        self.at_once.store(false, Ordering::Release);
        done
    }

    /// [`briefly`](Self::briefly) for who does not know his CPU.
    #[inline]
    pub(crate) fn briefly_here(&self) -> Option<Alone<'_>> {
        if self.state.load(Ordering::Relaxed) > LOCKS {
            return None;
        }
        self.briefly(Cpu::thread())
    }

    #[inline(always)]
    #[allow(clippy::inline_always)] // see `alone`
    fn begin(&self, thread: u32, most: u8) -> Option<Alone<'_>> {
        if thread != self.owner {
            return None;
        }
        let inside = self.inside.load(Ordering::Relaxed);
        self.inside.store(inside + 1, Ordering::Relaxed);
        light();
        let span = Alone { bias: self, _thread: std::marker::PhantomData };
        (self.state.load(Ordering::Relaxed) <= most).then_some(span)
    }

    /// Before a change by atomics: if another thread than the owner makes it, the owner is alone no more.
    #[inline]
    pub(crate) fn shared(&self) {
        if self.state.load(Ordering::Acquire) != SHARED && Cpu::thread() != self.owner {
            self.end();
        }
    }

    #[cold]
    fn end(&self) {
        self.state.fetch_max(ENDING, Ordering::SeqCst);
        heavy();
        while self.inside.load(Ordering::Acquire) != 0 || self.at_once.load(Ordering::Acquire) {
            std::thread::yield_now();
        }
        self.state.store(SHARED, Ordering::Release);
    }
}

/// A lock that nobody holds while a driver's function runs, but for a packet's body, which a driver that
/// owns the packet may be looking at. Who waits spins, and gives its processor away meanwhile.
#[repr(C)] // whose it is and whether it is locked, then what is behind it
pub(crate) struct Biased<T: ?Sized> {
    bias: Arc<Bias>,
    locked: AtomicBool,
    value: UnsafeCell<T>,
}

// SAFETY: the value is reached through a guard, or through `&mut`. A guard is made by who set `locked`:
// by an atomic exchange, or by a store in a span, in which (see above) no other thread sets it. So there is
// one guard at a time; the value moves from thread to thread with it, hence `T: Send`.
unsafe impl<T: ?Sized + Send> Sync for Biased<T> {}

/// What is behind it.
pub(crate) struct BiasedGuard<'a, T: ?Sized> {
    lock: &'a Biased<T>,
    /// As the guards of other locks: it stays on its thread.
    _thread: std::marker::PhantomData<*const ()>,
}

impl<T> Biased<T> {
    pub(crate) fn new(bias: &Arc<Bias>, value: T) -> Biased<T> {
        let (bias, locked) = (Arc::clone(bias), AtomicBool::new(false));
        Biased { bias, locked, value: UnsafeCell::new(value) }
    }
}

impl<T: ?Sized> Biased<T> {
    /// Whose world it is in.
    pub(crate) fn bias(&self) -> &Bias {
        &self.bias
    }

    /// Belongs to another world from now on, with another value, and nobody holds it.
    pub(crate) fn renew(&mut self, bias: &Arc<Bias>, value: impl FnOnce(&mut T)) {
        if !Arc::ptr_eq(&self.bias, bias) {
            self.bias = Arc::clone(bias);
        }
        *self.locked.get_mut() = false;
        value(self.value.get_mut());
    }

    pub(crate) fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }

    #[inline]
    pub(crate) fn lock(&self) -> BiasedGuard<'_, T> {
        if self.bias.state.load(Ordering::Relaxed) <= LOCKS
            && let Some(guard) = self.bias.at_once(Cpu::thread(), || self.lock_straight())
        {
            return guard;
        }
        self.lock_slowly()
    }

    #[cold]
    #[inline(never)]
    fn lock_slowly(&self) -> BiasedGuard<'_, T> {
        self.bias.shared();
        while self.locked.swap(true, Ordering::Acquire) {
            while self.locked.load(Ordering::Relaxed) {
                std::thread::yield_now();
            }
        }
        BiasedGuard { lock: self, _thread: std::marker::PhantomData }
    }

    /// The same for a thread whose CPU this is, which may be alone in the world.
    #[inline]
    pub(crate) fn lock_on(&self, cpu: &Cpu) -> BiasedGuard<'_, T> {
        let straight = self.bias.at_once(cpu.thread, || self.lock_straight());
        straight.unwrap_or_else(|| self.lock_slowly())
    }

    /// The same in a span of this world; `None` if it is locked.
    #[inline(always)]
    #[allow(clippy::inline_always)] // see `Bias::alone`
    pub(crate) fn lock_in(&self, span: &Alone<'_>) -> Option<BiasedGuard<'_, T>> {
        if !std::ptr::eq(span.bias, &raw const *self.bias) {
            return None;
        }
        self.lock_straight()
    }

    /// In a span of its own world; `None` if it is locked.
    #[inline(always)]
    #[allow(clippy::inline_always)] // see `Bias::alone`
    fn lock_straight(&self) -> Option<BiasedGuard<'_, T>> {
        if self.locked.load(Ordering::Relaxed) {
            return None;
        }
        self.locked.store(true, Ordering::Relaxed);
        Some(BiasedGuard { lock: self, _thread: std::marker::PhantomData })
    }
}

impl<T: ?Sized> Drop for BiasedGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.lock.locked.store(false, Ordering::Release);
    }
}

impl<T: ?Sized> Deref for BiasedGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: this is the one guard there is (see `Sync` above), so nobody writes the value
        // but through it.
        unsafe { &*self.lock.value.get() }
    }
}

impl<T: ?Sized> DerefMut for BiasedGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as above, and the guard is borrowed for as long as the reference lives.
        unsafe { &mut *self.lock.value.get() }
    }
}

impl<T: std::fmt::Debug> std::fmt::Debug for Biased<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Biased").field(&*self.lock()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One more, by the owner as it likes best.
    fn add(count: &Biased<u64>, cpu: &Cpu) -> bool {
        if let Some(span) = count.bias().alone(cpu) {
            *count.lock_in(&span).expect("nobody keeps it locked") += 1;
            return true;
        }
        *count.lock() += 1;
        false
    }

    #[test]
    fn nothing_is_lost_when_another_thread_comes_in_the_middle() {
        const EACH: u64 = 20_000;
        for _ in 0..20 {
            let (count, begun) = (Biased::new(&Bias::new(true), 0), AtomicBool::new(false));
            let straight = std::thread::scope(|scope| {
                scope.spawn(|| {
                    while !begun.load(Ordering::Relaxed) {
                        std::thread::yield_now();
                    }
                    for _ in 0..EACH {
                        *count.lock() += 1;
                    }
                });
                let cpu = Cpu::current();
                let look = |at| begun.store(at > EACH / 10, Ordering::Relaxed);
                (0..EACH).inspect(|at| look(*at)).filter(|_| add(&count, &cpu)).count()
            });
            assert_eq!(*count.lock(), 2 * EACH, "{straight} of them without an atomic");
            assert!(count.bias().alone(&Cpu::current()).is_none(), "alone no more, for good");
        }
    }

    #[test]
    fn a_guard_that_outlives_its_span_keeps_others_out() {
        let value = Biased::new(&Bias::new(true), 1);
        let cpu = Cpu::current();
        let Some(span) = value.bias().alone(&cpu) else { return }; // no membarrier here
        let mut guard = value.lock_in(&span).unwrap();
        assert!(value.lock_in(&span).is_none(), "not twice");
        drop(span);
        std::thread::scope(|scope| {
            let other = scope.spawn(|| *value.lock());
            std::thread::sleep(std::time::Duration::from_millis(20));
            *guard = 2;
            drop(guard);
            assert_eq!(other.join().unwrap(), 2);
        });
    }

    #[test]
    fn a_span_of_one_world_locks_nothing_of_another() {
        let (ours, theirs) = (Bias::new(true), Bias::new(true));
        let value = Biased::new(&theirs, ());
        let cpu = Cpu::current();
        let Some(span) = ours.alone(&cpu) else { return }; // no membarrier here
        assert!(value.lock_in(&span).is_none());
    }

    #[test]
    fn worlds_of_a_thread_have_one_bias_until_another_thread_comes() {
        let first = Bias::of_worlds();
        if !first.is_of_locks() {
            return; // no membarrier here
        }
        assert!(Arc::ptr_eq(&first, &Bias::of_worlds()));
        let theirs = std::thread::scope(|scope| {
            let other = || {
                first.shared();
                Bias::of_worlds()
            };
            scope.spawn(other).join().unwrap()
        });
        let next = Bias::of_worlds();
        assert!(!Arc::ptr_eq(&first, &next) && !Arc::ptr_eq(&theirs, &next));
        assert!(!first.is_of_locks() && next.is_of_locks());
    }
}
