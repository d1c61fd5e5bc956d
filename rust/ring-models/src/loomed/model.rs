//! What the models have in common.

use std::sync::atomic::{AtomicUsize, Ordering};

use loom::sync::atomic::AtomicU64;

use super::consumer::Consumer;
use super::entry::ShortRecord;
use super::producer::{Door, Permits, Ring};
use super::sync::{Arc, sow};

/// How often something happened, over all schedules.
#[derive(Debug, Default)]
pub(super) struct Tally(AtomicUsize);

impl Tally {
    pub(super) fn count(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn get(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// Whether the asymmetric barrier is there, and with it lanes that become cold again.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(super) enum Barriers {
    With,
    Without,
}

/// What says which ordering is to be too weak.
const WEAKENED: &str = "NDISWAN_RING_WEAKENED";

/// Runs a model in each of its schedules; how many there were. At most three times in each is a
/// thread stopped where it could go on, which is where loom's authors saw bugs to be found.
pub(super) fn explore(barriers: Barriers, model: impl Fn() + Send + Sync + 'static) -> usize {
    let schedules = Arc::new(Tally::default());
    let counted = Arc::clone(&schedules);
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.max_branches = 5000;
    sow(std::env::var(WEAKENED).ok(), barriers == Barriers::With);
    builder.check(move || {
        counted.count();
        model();
    });
    schedules.get()
}

/// Runs another test of this program with one ordering made too weak, and sees that loom finds out.
/// In a process of its own, since a model that fails may take the process with it.
pub(super) fn assert_caught(test: &str, weakened: &str) {
    let program = std::env::current_exe().unwrap();
    let run = std::process::Command::new(program)
        .args([&format!("loomed::{test}"), "--exact", "--nocapture"])
        .env(WEAKENED, weakened)
        .env("RUST_BACKTRACE", "0")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&run.stderr);
    let found =
        ["Causality violation", "deadlock;", "each once", "whole, and in its", "beyond the head"];
    let is_found = found.iter().any(|found| said.contains(found));
    assert!(!run.status.success() && is_found, "{test} with {weakened} weak:\n{said}");
}

/// The entry that a producer pushes as its n-th.
pub(super) const fn entry(producer: u32, n: u32) -> ShortRecord {
    ShortRecord { handle: (producer as u64) << 32 | n as u64, status: !n, tag: n }
}

/// What came out: whole entries, each producer's in its order.
#[derive(Debug, Default)]
pub(super) struct Seen {
    next: [u32; 3],
    pub(super) count: u32,
}

impl Seen {
    pub(super) fn note(&mut self, got: ShortRecord) {
        let producer = (got.handle >> 32) as u32;
        let next = &mut self.next[producer as usize];
        assert_eq!(got, entry(producer, *next), "whole, and in its producer's order");
        *next += 1;
        self.count += 1;
    }

    /// Takes out what is there, with other threads coming between.
    pub(super) fn poll<D: Door>(&mut self, consumer: &mut Consumer<ShortRecord, D>, times: u32) {
        for _ in 0..times {
            match consumer.pop() {
                Some(got) => self.note(got),
                None => loom::thread::yield_now(),
            }
        }
    }
}

/// Permits that go round: the consumer gives back, producers take if there is one.
#[derive(Debug)]
pub(super) struct Credits(AtomicU64);

impl Credits {
    pub(super) fn new(count: u64) -> Credits {
        Credits(AtomicU64::new(count))
    }

    pub(super) fn take(&self) -> bool {
        let less = |count: u64| count.checked_sub(1);
        self.0.fetch_update(Ordering::AcqRel, Ordering::Acquire, less).is_ok()
    }

    pub(super) fn give(&self) {
        self.0.fetch_add(1, Ordering::AcqRel);
    }
}

pub(super) type Rings = (Ring<ShortRecord, Permits>, Consumer<ShortRecord, Permits>);
