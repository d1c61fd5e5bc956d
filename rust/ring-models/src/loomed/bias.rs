//! The bias of `rust/core/src/biased.rs`, step by step: one thread changes a value by plain stores in spans, until another comes.
//!
//! The steps are written out here, since the source is bound to the engine's threads; the barriers' halves are fences, as in
//! `sync.rs`. The value is changed by a load and a store: an addition is lost if two threads are there at once, or one does not see
//! what the other left.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering as Counted};

use loom::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering, fence};
use loom::thread;

const ALONE: u8 = 0;
const ENDING: u8 = 1;
const SHARED: u8 = 2;

/// Which halves of the barrier there are.
#[derive(Copy, Clone)]
struct Halves {
    light: bool,
    heavy: bool,
}

struct World {
    state: AtomicU8,
    inside: AtomicU32,
    locked: AtomicBool,
    value: AtomicU64,
}

impl World {
    fn add(&self) {
        let value = self.value.load(Ordering::Relaxed);
        self.value.store(value + 1, Ordering::Relaxed);
    }

    /// `Biased::lock`, and what its guard's end does; false where it would wait, which is not looked at further.
    fn add_by_atomics(&self) -> bool {
        if self.locked.swap(true, Ordering::Acquire) {
            return false;
        }
        self.add();
        self.locked.store(false, Ordering::Release);
        true
    }

    /// `Bias::alone`, `Biased::lock_in`, and the ends of the guard and the span; or the atomics. Whether it went
    /// straight, and whether it added.
    fn owner_adds(&self, halves: Halves) -> (bool, bool) {
        self.inside.store(1, Ordering::Relaxed);
        if halves.light {
            fence(Ordering::SeqCst);
        }
        let alone = self.state.load(Ordering::Relaxed) == ALONE;
        let straight = alone && !self.locked.load(Ordering::Relaxed);
        if straight {
            self.locked.store(true, Ordering::Relaxed);
            self.add();
            self.locked.store(false, Ordering::Release);
        }
        self.inside.store(0, Ordering::Release);
        (straight, straight || self.add_by_atomics())
    }

    /// `Bias::shared`, then the lock; false where it would wait.
    fn other_adds(&self, halves: Halves) -> bool {
        if self.state.load(Ordering::Acquire) != SHARED {
            self.state.fetch_max(ENDING, Ordering::SeqCst);
            if halves.heavy {
                fence(Ordering::SeqCst);
            }
            if self.inside.load(Ordering::Acquire) != 0 {
                return false;
            }
            self.state.store(SHARED, Ordering::Release);
        }
        self.add_by_atomics()
    }
}

/// How often the owner went straight, in all schedules: never, once, twice.
fn explore(others: usize, halves: Halves) -> [usize; 3] {
    let seen: Arc<[AtomicUsize; 3]> = Arc::default();
    let counts = Arc::clone(&seen);
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(move || {
        let world = Arc::new(World {
            state: AtomicU8::new(ALONE),
            inside: AtomicU32::new(0),
            locked: AtomicBool::new(false),
            value: AtomicU64::new(0),
        });
        let come = |_| {
            let world = Arc::clone(&world);
            thread::spawn(move || world.other_adds(halves))
        };
        let others: Vec<_> = (0..others).map(come).collect();
        let adds = if others.len() > 1 { 1 } else { 2 };
        let did: Vec<_> = (0..adds).map(|_| world.owner_adds(halves)).collect();
        let straight = did.iter().filter(|(straight, _)| *straight).count();
        let expected = did.iter().filter(|(_, added)| *added).count()
            + others
                .into_iter()
                .filter_map(|other| other.join().ok())
                .filter(|added| *added)
                .count();
        let found = world.value.load(Ordering::Relaxed);
        assert!(found == expected as u64, "an addition was lost");
        counts[straight].fetch_add(1, Counted::Relaxed);
    });
    seen.each_ref().map(|count| count.load(Counted::Relaxed))
}

const BOTH: Halves = Halves { light: true, heavy: true };

#[test]
fn the_owner_and_another_thread_are_never_at_the_value_at_once() {
    let seen = explore(1, BOTH);
    println!("straight never, once, twice: {seen:?}");
    assert!(seen.iter().all(|count| *count > 0), "{seen:?}");
}

#[test]
fn two_others_that_come_together_are_let_in_one_by_one() {
    let seen = explore(2, BOTH);
    println!("straight never, once: {seen:?}");
    assert!(seen[0] > 0 && seen[1] > 0, "{seen:?}");
}

#[test]
#[should_panic(expected = "an addition was lost")]
fn loom_sees_an_owner_without_its_half() {
    explore(1, Halves { light: false, ..BOTH });
}

#[test]
#[should_panic(expected = "an addition was lost")]
fn loom_sees_another_without_its_half() {
    explore(1, Halves { heavy: false, ..BOTH });
}
