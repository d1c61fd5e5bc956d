//! What `rust/core/src/ring/sync.rs` has, by loom: and each ordering can be weakened.

use std::cell::{Cell, RefCell};
use std::sync::atomic::Ordering;
use std::time::Duration;

pub(super) use loom::sync::atomic::{AtomicBool, AtomicU64};
// Loom's own would make a schedule of each clone; what it counts is no part of the proof.
pub(super) use std::sync::Arc;

std::thread_local! {
    // Loom runs all threads of a model on the one that calls it.
    static WEAKENED: RefCell<Option<String>> = const { RefCell::new(None) };
    static BARRIERS: Cell<bool> = const { Cell::new(true) };
}

/// What is too weak from now on, and whether there are barriers.
pub(super) fn sow(weakened: Option<String>, barriers: bool) {
    WEAKENED.set(weakened);
    BARRIERS.set(barriers);
}

fn is_weak(name: &str) -> bool {
    WEAKENED.with_borrow(|weakened| weakened.as_deref() == Some(name))
}

fn unless(name: &str, ordering: Ordering) -> Ordering {
    if is_weak(name) { Ordering::Relaxed } else { ordering }
}

pub(super) mod order {
    use super::{Ordering, unless};

    pub(crate) fn publish() -> Ordering {
        unless("publish", Ordering::Release)
    }
    pub(crate) fn publish_all() -> Ordering {
        unless("publish_all", Ordering::Release)
    }
    pub(crate) fn observe() -> Ordering {
        unless("observe", Ordering::Acquire)
    }
    pub(crate) fn observe_all() -> Ordering {
        unless("observe_all", Ordering::Acquire)
    }
    pub(crate) fn ticket() -> Ordering {
        unless("ticket", Ordering::AcqRel)
    }
    pub(crate) fn see_ticket() -> Ordering {
        unless("see_ticket", Ordering::Acquire)
    }
    pub(crate) fn claim() -> Ordering {
        unless("claim", Ordering::Acquire)
    }
    pub(crate) fn give_up() -> Ordering {
        unless("give_up", Ordering::Release)
    }
    pub(crate) fn rouse() -> Ordering {
        unless("rouse", Ordering::AcqRel)
    }
    pub(crate) fn listen() -> Ordering {
        unless("listen", Ordering::AcqRel)
    }
    pub(crate) fn free() -> Ordering {
        unless("free", Ordering::Release)
    }
    pub(crate) fn see_free() -> Ordering {
        unless("see_free", Ordering::Acquire)
    }
}

/// Both halves of the asymmetric barrier are full fences here: that `membarrier` makes them so is
/// the kernel's promise, not ours to prove. A full fence is more than the compiler's fence that
/// `light` is, and would hide orderings that are too weak, so what does not need it is explored
/// without.
pub(super) fn light() {
    if BARRIERS.get() && !is_weak("light") {
        loom::sync::atomic::fence(Ordering::SeqCst);
    }
}

pub(super) fn heavy() {
    if !is_weak("heavy") {
        loom::sync::atomic::fence(Ordering::SeqCst);
    }
}

pub(super) fn can_heavy() -> bool {
    BARRIERS.get()
}

/// A lane is swept at each look.
pub(super) const LINE: usize = 1;
pub(super) const LANES: usize = 2;
pub(super) const BLOCK: usize = 2;
pub(super) const SOME: usize = 1;
pub(super) const TURN: usize = 2;
pub(super) const SWEEP: u32 = 1;
pub(super) const FEW: usize = 0;
pub(super) const PAUSES: u32 = 0;

/// A word, with a cell that loom lets nobody write while another reads or writes it: who writes a
/// slot must come after who read it in the lap before.
#[derive(Debug)]
pub(super) struct Word {
    value: AtomicU64,
    shadow: loom::cell::UnsafeCell<()>,
}

impl Word {
    fn new() -> Word {
        Word { value: AtomicU64::new(0), shadow: loom::cell::UnsafeCell::new(()) }
    }

    pub(super) fn load(&self, ordering: Ordering) -> u64 {
        self.value.load(ordering)
    }

    pub(super) fn store(&self, value: u64, ordering: Ordering) {
        self.value.store(value, ordering);
    }
}

pub(super) fn writing(word: &Word) {
    word.shadow.with_mut(|_| ());
}

pub(super) fn reading(word: &Word) {
    word.shadow.with(|_| ());
}

pub(super) fn soon(_: *const Word) {}

pub(super) fn words(count: usize) -> Box<[Word]> {
    (0..count).map(|_| Word::new()).collect()
}

pub(super) fn bits(words: usize) -> Box<[AtomicU64]> {
    (0..words).map(|_| AtomicU64::new(0)).collect()
}

/// One end of a parking place: a token that is left, and taken.
#[derive(Clone, Debug)]
pub(super) struct Parker(Arc<loom::sync::Notify>);
pub(super) type Unparker = Parker;

pub(super) fn pair() -> (Parker, Unparker) {
    let place = Parker(Arc::new(loom::sync::Notify::new()));
    (place.clone(), place)
}

impl Parker {
    pub(super) fn park(&self) {
        self.0.wait();
    }

    pub(super) fn park_timeout(&self, _: Duration) -> bool {
        self.0.wait();
        true
    }

    pub(super) fn unpark(&self) {
        self.0.notify();
    }
}

/// The lock of a pool's free places.
#[derive(Debug)]
pub(super) struct Short<T>(loom::sync::Mutex<T>);
pub(super) type ShortGuard<'a, T> = loom::sync::MutexGuard<'a, T>;

impl<T> Short<T> {
    pub(super) fn new(value: T) -> Short<T> {
        Short(loom::sync::Mutex::new(value))
    }

    pub(super) fn lock(&self) -> ShortGuard<'_, T> {
        self.0.lock().unwrap()
    }

    pub(super) fn try_lock(&self) -> Option<ShortGuard<'_, T>> {
        self.0.try_lock().ok()
    }
}

/// What stands for a body: loom lets nobody touch it while another does.
#[derive(Debug)]
pub(super) struct Mark(loom::cell::UnsafeCell<()>);

impl Default for Mark {
    fn default() -> Mark {
        Mark(loom::cell::UnsafeCell::new(()))
    }
}

pub(super) fn touching(mark: &Mark) {
    mark.0.with_mut(|_| ());
}
