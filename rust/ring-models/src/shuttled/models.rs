//! Four producers with few permits, a consumer that sweeps and sleeps, threads that come and go.

use std::sync::atomic::{AtomicUsize, Ordering};

use shuttle::sync::atomic::AtomicU64;
use shuttle::thread;

use super::entry::ShortRecord;
use super::idle::Waited;
use super::make::{Config, make};
use super::producer::Permits;
use super::sync::Arc;
use crate::history::{Call, Did, Recorder, is_linearizable, is_linearizable_but_for_nothing};

type Ring = super::producer::Ring<ShortRecord, Permits>;
type Consumer = super::consumer::Consumer<ShortRecord, Permits>;

const PRODUCERS: usize = 4;
const EACH: usize = 4;
const PERMITS: u64 = 3;

#[derive(Debug, Default)]
struct Tally {
    slept: AtomicUsize,
    empty: AtomicUsize,
}

fn entry(producer: usize, n: usize) -> ShortRecord {
    ShortRecord { handle: producer as u64, status: !n as u32, tag: n as u32 }
}

/// A producer pushes its entries, each when it has a permit for it.
fn produce(ring: &Ring, permits: &AtomicU64, recorder: &Recorder, producer: usize) {
    for n in 0..EACH {
        let less = |permits: u64| permits.checked_sub(1);
        while permits.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less).is_err() {
            thread::yield_now();
        }
        let begin = recorder.now();
        ring.push(entry(producer, n));
        recorder.note(producer, begin, [Did::Push]);
    }
}

fn model(lanes: usize, tally: &Tally) -> Vec<Vec<Call>> {
    let (ring, mut consumer): (Ring, Consumer) =
        make(Config { capacity: PERMITS as usize, lanes }, u64::MAX);
    let permits = Arc::new(AtomicU64::new(PERMITS));
    let recorder = Arc::new(Recorder::new(PRODUCERS + 1));
    let threads: Vec<_> = (0..PRODUCERS)
        .map(|producer| {
            let (ring, permits, recorder) = (ring.clone(), permits.clone(), recorder.clone());
            thread::spawn(move || produce(&ring, &permits, &recorder, producer))
        })
        .collect();
    let mut count = 0;
    while count < PRODUCERS * EACH {
        let begin = recorder.now();
        let got = consumer.pop();
        let took = |got: ShortRecord| {
            assert_eq!(got, entry(got.handle as usize, got.tag as usize), "whole");
            Did::Took { producer: got.handle as usize, n: got.tag as usize }
        };
        recorder.note(PRODUCERS, begin, [got.map_or(Did::FoundNothing, took)]);
        if got.is_some() {
            count += 1;
            permits.fetch_add(1, Ordering::SeqCst);
        } else {
            tally.empty.fetch_add(1, Ordering::Relaxed);
            if count % 2 == 0 {
                tally.slept.fetch_add(1, Ordering::Relaxed);
                assert_eq!(consumer.wait(None), Waited::Ready);
            } else {
                thread::yield_now();
            }
        }
    }
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(consumer.pop(), None, "each once");
    let history = recorder.history();
    let is_good = if lanes > PRODUCERS { is_linearizable } else { is_linearizable_but_for_nothing };
    assert!(is_good(&history), "{history:?}");
    history
}

fn check(run: impl Fn(Arc<Tally>, usize)) {
    for lanes in [0, 2, 8] {
        let tally = Arc::new(Tally::default());
        run(Arc::clone(&tally), lanes);
        let (slept, empty) = (&tally.slept, &tally.empty);
        let (slept, empty) = (slept.load(Ordering::Relaxed), empty.load(Ordering::Relaxed));
        assert!(slept > 100 && empty > slept, "it slept {slept} and looked {empty} times");
    }
}

/// The checker sees the one thing that is not so in a lane that is shared, and sees it here.
#[test]
#[should_panic(expected = "FoundNothing")]
fn in_a_shared_lane_a_push_under_way_hides_those_behind_it() {
    let run = || {
        let history = model(0, &Tally::default());
        assert!(is_linearizable(&history), "{history:?}");
    };
    shuttle::check_random(run, 1000);
}

#[test]
fn four_producers_in_random_schedules_are_a_queue_each() {
    check(|tally, lanes| shuttle::check_random(move || drop(model(lanes, &tally)), 1000));
}

#[test]
fn four_producers_in_the_schedules_of_pct_are_a_queue_each() {
    check(|tally, lanes| shuttle::check_pct(move || drop(model(lanes, &tally)), 1000, 4));
}
