//! Lanes that were let go, a consumer that sleeps, a ring that is closed.

use loom::thread;

use super::idle::Waited;
use super::make::{Config, make};
use super::model::{Barriers, Rings, Seen, Tally, assert_caught, entry, explore};
use super::sync::Arc;

/// A consumer that sleeps whenever it finds nothing, and a producer that pushes meanwhile: each
/// push finds the lane hot, or cold, or about to become so. A wake-up that is lost is a deadlock.
fn sleeper(lanes: usize, slept: &Tally) {
    let (ring, mut consumer): Rings = make(Config { capacity: 2, lanes }, 0);
    let producer = thread::spawn(move || {
        ring.push(entry(0, 0));
        ring.push(entry(0, 1));
    });
    let mut seen = Seen::default();
    let mut waits = 0;
    while seen.count < 2 {
        waits += 1;
        assert_eq!(consumer.wait(None), Waited::Ready);
        consumer.drain(9, |got| seen.note(got));
    }
    if waits == 2 {
        slept.count();
    }
    producer.join().unwrap();
}

#[test]
fn a_consumer_that_sleeps_misses_no_push() {
    for lanes in [0, 1] {
        let slept = Arc::new(Tally::default());
        let counted = Arc::clone(&slept);
        let schedules = explore(Barriers::With, move || sleeper(lanes, &counted));
        println!("{schedules} schedules, {} with two waits", slept.get());
        assert!(slept.get() > 10 && slept.get() < schedules, "{} of {schedules}", slept.get());
    }
}

#[test]
fn loom_sees_half_a_barrier() {
    assert_caught("waking::a_consumer_that_sleeps_misses_no_push", "light");
    assert_caught("waking::a_consumer_that_sleeps_misses_no_push", "heavy");
}

#[test]
fn loom_sees_a_word_to_the_sleeper_that_is_told_or_heard_relaxed() {
    assert_caught("waking::a_consumer_that_sleeps_misses_no_push", "rouse");
    assert_caught("waking::a_consumer_that_sleeps_misses_no_push", "listen");
}

/// A consumer that never sleeps, and lets go of a lane at once when it finds nothing there, while
/// its producer goes on.
fn swept(early: &Tally) {
    let (ring, mut consumer): Rings = make(Config { capacity: 4, lanes: 2 }, 0);
    let other = ring.clone();
    let producer = thread::spawn(move || {
        other.push(entry(0, 0));
        other.push(entry(0, 1));
    });
    let mut seen = Seen::default();
    for n in 0..2 {
        // Something in another lane, so that looks are worth a sweep.
        ring.push(entry(1, n));
        seen.poll(&mut consumer, 2);
    }
    if seen.count > 2 {
        early.count();
    }
    producer.join().unwrap();
    consumer.finish(|got| seen.note(got));
    assert_eq!(seen.count, 4, "each once");
}

#[test]
fn a_lane_that_is_let_go_while_its_producer_pushes_is_found_again() {
    let early = Arc::new(Tally::default());
    let counted = Arc::clone(&early);
    let schedules = explore(Barriers::With, move || swept(&counted));
    println!("{schedules} schedules, {} with early pops", early.get());
    assert!(early.get() > 10 && early.get() < schedules, "{} of {schedules}", early.get());
}

#[test]
fn loom_sees_half_a_barrier_in_a_sweep() {
    const MODEL: &str = "waking::a_lane_that_is_let_go_while_its_producer_pushes_is_found_again";
    assert_caught(MODEL, "light");
    assert_caught(MODEL, "heavy");
}

/// Closing wakes a consumer that waits, after what was pushed before.
fn closing(waited: &Tally) {
    let (ring, mut consumer): Rings = make(Config { capacity: 1, lanes: 1 }, 0);
    let producer = thread::spawn(move || {
        ring.push(entry(0, 0));
        ring.close();
    });
    let mut seen = Seen::default();
    while consumer.wait(None) == Waited::Ready {
        waited.count();
        consumer.drain(9, |got| seen.note(got));
    }
    assert_eq!(seen.count, 1, "what was pushed before closing is there");
    producer.join().unwrap();
}

#[test]
fn closing_wakes_the_consumer_and_hides_nothing() {
    let waited = Arc::new(Tally::default());
    let counted = Arc::clone(&waited);
    let schedules = explore(Barriers::With, move || closing(&counted));
    println!("{schedules} schedules");
    assert!(waited.get() >= schedules, "{} of {schedules}", waited.get());
}
