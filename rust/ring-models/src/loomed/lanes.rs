//! Lanes of their own: order, laps, hand-over of a number.

use loom::thread;

use super::entry::ShortRecord;
use super::make::{Config, make};
use super::model::{Barriers, Credits, Rings, Seen, Tally, assert_caught, entry, explore};
use super::producer::Ring;
use super::sync::Arc;

const BATCH: [ShortRecord; 2] = [entry(1, 0), entry(1, 1)];

/// Two producers with a lane each: one pushes twice, the other a batch of two.
fn two_producers(early: &Tally, push: fn(&Ring<ShortRecord>)) {
    let (ring, mut consumer): Rings = make(Config { capacity: 4, lanes: 2 }, 0);
    let one_by_one = {
        let ring = ring.clone();
        thread::spawn(move || {
            ring.push(entry(0, 0));
            ring.push(entry(0, 1));
        })
    };
    let batch = thread::spawn(move || push(&ring));
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

/// Every schedule of them, in enough of which something came out before the end.
fn explore_two_producers(push: fn(&Ring<ShortRecord>)) {
    let early = Arc::new(Tally::default());
    let counted = Arc::clone(&early);
    let schedules = explore(Barriers::Without, move || two_producers(&counted, push));
    println!("{schedules} schedules, {} with early pops", early.get());
    assert!(schedules > 1000, "{schedules}");
    assert!(early.get() > 100, "{}", early.get());
}

#[test]
fn what_two_producers_push_comes_out_whole_once_and_in_each_ones_order() {
    explore_two_producers(|ring| ring.push_batch(&BATCH));
}

#[test]
fn a_batch_that_is_made_while_it_is_pushed_does_too() {
    explore_two_producers(|ring| ring.push_each(BATCH.into_iter()));
}

#[test]
fn loom_sees_a_slot_that_is_published_or_observed_relaxed() {
    const MODEL: &str =
        "lanes::what_two_producers_push_comes_out_whole_once_and_in_each_ones_order";
    assert_caught(MODEL, "publish");
    assert_caught(MODEL, "observe");
    assert_caught("lanes::a_batch_that_is_made_while_it_is_pushed_does_too", "publish");
}

/// One entry, by which the consumer comes to know the lane; a batch of two, where the first one is
/// written last and says that the second is there as well; and one of three, over the end of the
/// memory, in places that were read.
fn batches(lanes: usize, block: &Tally, again: &Tally) {
    let (ring, mut consumer): Rings = make(Config { capacity: 4, lanes }, u64::MAX);
    let credits = Arc::new(Credits::new(1));
    let producer = {
        let credits = Arc::clone(&credits);
        thread::spawn(move || {
            ring.push(entry(0, 0));
            ring.push_batch(&[entry(0, 1), entry(0, 2)]);
            if credits.take() && credits.take() && credits.take() {
                ring.push_batch(&[entry(0, 3), entry(0, 4), entry(0, 5)]);
                return 6;
            }
            3
        })
    };
    let mut seen = Seen::default();
    for most in [1, 2, 2] {
        let taken = consumer.drain(most, |got| seen.note(got));
        (0..taken).for_each(|_| credits.give());
        if taken == 2 {
            block.count();
        } else {
            thread::yield_now();
        }
    }
    let pushed = producer.join().unwrap();
    consumer.finish(|got| seen.note(got));
    assert_eq!(seen.count, pushed, "each once");
    if pushed == 6 {
        again.count();
    }
}

#[test]
fn a_batch_is_there_when_its_first_entry_is() {
    for lanes in [0, 1] {
        let tallies = Arc::new((Tally::default(), Tally::default()));
        let counted = Arc::clone(&tallies);
        let schedules = explore(Barriers::Without, move || batches(lanes, &counted.0, &counted.1));
        let (block, again) = (tallies.0.get(), tallies.1.get());
        println!("{schedules} schedules, {block} blocks, {again} with places used again");
        assert!(block > 10 && block < 2 * schedules, "{block} of {schedules}");
        assert!(again > 10 && again < schedules, "{again} of {schedules}");
    }
}

#[test]
fn loom_sees_a_batch_that_is_published_or_observed_relaxed() {
    const MODEL: &str = "lanes::a_batch_is_there_when_its_first_entry_is";
    assert_caught(MODEL, "publish_all");
    assert_caught(MODEL, "observe_all");
}

/// One place, which is used again and again across the end of the counter.
fn laps(lapped: &Tally) {
    // One lap and a half before 2⁶⁴.
    let (ring, mut consumer): Rings = make(Config { capacity: 1, lanes: 1 }, u64::MAX);
    let credits = Arc::new(Credits::new(1));
    let producer = {
        let credits = Arc::clone(&credits);
        thread::spawn(move || {
            let mut n = 0;
            for _ in 0..4 {
                if credits.take() {
                    ring.push(entry(0, n));
                    n += 1;
                } else {
                    thread::yield_now();
                }
            }
            n
        })
    };
    let mut seen = Seen::default();
    for _ in 0..3 {
        if let Some(got) = consumer.pop() {
            seen.note(got);
            credits.give();
        } else {
            thread::yield_now();
        }
    }
    let pushed = producer.join().unwrap();
    consumer.finish(|got| seen.note(got));
    assert_eq!(seen.count, pushed, "each once");
    if pushed > 2 {
        lapped.count();
    }
}

#[test]
fn a_place_is_used_again_across_the_end_of_the_counter() {
    let lapped = Arc::new(Tally::default());
    let counted = Arc::clone(&lapped);
    let schedules = explore(Barriers::Without, move || laps(&counted));
    println!("{schedules} schedules, {} with wrap-around", lapped.get());
    assert!(lapped.get() > 10, "{}", lapped.get());
}

/// A thread ends, and another one gets its number and its lane.
fn hand_over(same: &Tally) {
    let (ring, mut consumer): Rings = make(Config { capacity: 2, lanes: 2 }, 0);
    let push = |n| {
        let ring = ring.clone();
        thread::spawn(move || {
            let producer = ring.producer();
            producer.push(entry(n, 0));
            super::thread::number()
        })
    };
    let (first, second) = (push(0), push(1));
    let mut seen = Seen::default();
    seen.poll(&mut consumer, 1);
    let (first, second) = (first.join().unwrap(), second.join().unwrap());
    if first == second {
        same.count();
    }
    consumer.finish(|got| seen.note(got));
    assert_eq!(seen.count, 2, "each once");
}

#[test]
fn a_lane_goes_from_thread_to_thread_without_a_loss() {
    let same = Arc::new(Tally::default());
    let counted = Arc::clone(&same);
    let schedules = explore(Barriers::Without, move || hand_over(&counted));
    println!("{schedules} schedules, {} with one number for both", same.get());
    assert!(same.get() > 10 && same.get() < schedules, "{} of {schedules}", same.get());
}

#[test]
fn loom_sees_a_number_that_is_given_up_or_claimed_relaxed() {
    const MODEL: &str = "lanes::a_lane_goes_from_thread_to_thread_without_a_loss";
    assert_caught(MODEL, "give_up");
    assert_caught(MODEL, "claim");
}
