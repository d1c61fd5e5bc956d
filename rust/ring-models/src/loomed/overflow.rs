//! The overflow lane, which threads share that have none of their own, and the door for entries
//! without permits.

use loom::thread;

use super::consumer::Consumer;
use super::entry::ShortRecord;
use super::make::{Config, make};
use super::model::{Barriers, Credits, Rings, Seen, Tally, assert_caught, entry, explore};
use super::producer::{Open, Ring};
use super::sync::Arc;

/// Two producers in one lane: one pushes twice, the other a batch of two.
fn two_producers(early: &Tally) {
    let (ring, mut consumer): Rings = make(Config { capacity: 4, lanes: 0 }, 0);
    let one_by_one = {
        let ring = ring.clone();
        thread::spawn(move || {
            ring.push(entry(0, 0));
            ring.push(entry(0, 1));
        })
    };
    let batch = thread::spawn(move || ring.push_batch(&[entry(1, 0), entry(1, 1)]));
    let mut seen = Seen::default();
    seen.poll(&mut consumer, 2);
    if seen.count > 0 {
        early.count();
    }
    one_by_one.join().unwrap();
    batch.join().unwrap();
    consumer.finish(|got| seen.note(got));
    assert_eq!(seen.count, 4, "each once");
}

#[test]
fn threads_that_share_a_lane_lose_nothing_and_keep_their_order() {
    let early = Arc::new(Tally::default());
    let counted = Arc::clone(&early);
    let schedules = explore(Barriers::Without, move || two_producers(&counted));
    println!("{schedules} schedules, {} with early pops", early.get());
    assert!(early.get() > 100, "{}", early.get());
}

/// A lap of the shared lane: one permit goes round while another waits with its thread, which
/// never heard of the consumer. What it writes over was read, and only the tickets say so.
fn lap(lapped: &Tally) {
    let (ring, mut consumer): Rings = make(Config { capacity: 2, lanes: 0 }, u64::MAX);
    let credits = Arc::new(Credits::new(0));
    let patient = {
        let ring = ring.clone();
        thread::spawn(move || ring.push(entry(1, 0)))
    };
    let busy = {
        let credits = Arc::clone(&credits);
        thread::spawn(move || {
            ring.push(entry(0, 0));
            if credits.take() {
                ring.push(entry(0, 1));
                return 2;
            }
            1
        })
    };
    let mut seen = Seen::default();
    if let Some(got) = consumer.pop() {
        seen.note(got);
        if got == entry(0, 0) {
            credits.give();
        }
    } else {
        thread::yield_now();
    }
    let pushed = busy.join().unwrap() + 1;
    patient.join().unwrap();
    consumer.finish(|got| seen.note(got));
    assert_eq!(seen.count, pushed, "each once");
    if pushed == 3 {
        lapped.count();
    }
}

#[test]
fn a_shared_lane_is_lapped_only_where_it_was_read() {
    let lapped = Arc::new(Tally::default());
    let counted = Arc::clone(&lapped);
    let schedules = explore(Barriers::Without, move || lap(&counted));
    println!("{schedules} schedules, {} with a lap", lapped.get());
    assert!(lapped.get() > 10, "{}", lapped.get());
}

#[test]
fn loom_sees_tickets_that_are_taken_relaxed() {
    assert_caught("overflow::a_shared_lane_is_lapped_only_where_it_was_read", "ticket");
}

/// Producers without permits, who may find the ring full; in a lane each, or in one.
fn open(lanes: usize, full: &Tally, again: &Tally) {
    let (ring, mut consumer): (Ring<_, Open>, Consumer<ShortRecord, Open>) =
        make(Config { capacity: 1, lanes }, u64::MAX);
    let producer = |number: u32| {
        let ring = ring.clone();
        thread::spawn(move || {
            let mut n = 0;
            for _ in 0..2 {
                match ring.try_push(entry(number, n)) {
                    Ok(()) => n += 1,
                    Err(_) => thread::yield_now(),
                }
            }
            n
        })
    };
    let (first, second) = (producer(0), producer(1));
    let mut seen = Seen::default();
    seen.poll(&mut consumer, 2);
    let pushed = first.join().unwrap() + second.join().unwrap();
    if pushed < 4 {
        full.count();
    }
    if pushed > lanes.max(1) as u32 {
        again.count();
    }
    while let Some(got) = consumer.pop() {
        seen.note(got);
    }
    assert_eq!(seen.count, pushed, "each that was taken once");
}

#[test]
fn an_open_ring_takes_what_it_has_room_for() {
    for lanes in [0, 2] {
        let tallies = Arc::new((Tally::default(), Tally::default()));
        let counted = Arc::clone(&tallies);
        let schedules = explore(Barriers::Without, move || open(lanes, &counted.0, &counted.1));
        let (full, again) = (tallies.0.get(), tallies.1.get());
        println!("{schedules} schedules, {full} with a full ring, {again} with a place used again");
        assert!(full > 10 && again > 10, "{full} {again}");
    }
}

#[test]
fn loom_sees_room_that_is_made_or_seen_relaxed() {
    const MODEL: &str = "overflow::an_open_ring_takes_what_it_has_room_for";
    assert_caught(MODEL, "free");
    assert_caught(MODEL, "see_free");
}

#[test]
fn loom_sees_positions_that_are_looked_up_relaxed() {
    assert_caught("overflow::an_open_ring_takes_what_it_has_room_for", "see_ticket");
}
