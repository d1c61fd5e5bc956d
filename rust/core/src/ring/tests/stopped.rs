//! A producer that is stopped in the middle of a push.

use std::sync::Barrier;

use super::super::entry::Entry;
use super::super::{Config, ring};

/// An entry that stops its producer between the position and the slot, for as long as the test wants.
#[derive(Copy, Clone, Debug)]
struct Stops(Option<&'static Stop>, u32);

/// It is there, and it may go on.
type Stop = (Barrier, Barrier);

impl Entry for Stops {
    const WORDS: usize = 1;

    fn word(self, _: usize) -> u64 {
        if let Some((reached, go_on)) = self.0 {
            reached.wait();
            go_on.wait();
        }
        u64::from(self.1)
    }

    fn from_words(word: impl Fn(usize) -> u64) -> Self {
        Stops(None, word(0) as u32)
    }
}

fn stop_one(lanes: usize, stop: &'static Stop) -> (Vec<u32>, Vec<u32>) {
    let (ring, mut consumer) = ring(Config { capacity: 8, lanes });
    let mut meanwhile = Vec::new();
    std::thread::scope(|scope| {
        // This thread's lane comes first, so that the stopped one is another.
        ring.push(Stops(None, 1));
        let other = &ring;
        scope.spawn(move || {
            other.push(Stops(None, 2));
            other.push(Stops(Some(stop), 3));
        });
        stop.0.wait();
        ring.push(Stops(None, 4));
        std::thread::scope(|scope| {
            scope.spawn(|| other.push(Stops(None, 5)));
        });
        consumer.drain(8, |got| meanwhile.push(got.1));
        stop.1.wait();
    });
    let mut after = Vec::new();
    consumer.drain(8, |got| after.push(got.1));
    meanwhile.sort_unstable();
    after.sort_unstable();
    (meanwhile, after)
}

#[test]
fn a_producer_that_is_stopped_in_the_middle_delays_nobody_but_itself() {
    static STOP: Stop = (Barrier::new(2), Barrier::new(2));
    assert_eq!(stop_one(1000, &STOP), (vec![1, 2, 4, 5], vec![3]));
}

#[test]
fn in_the_overflow_lane_it_delays_those_behind_it_and_nothing_is_lost() {
    static STOP: Stop = (Barrier::new(2), Barrier::new(2));
    assert_eq!(stop_one(0, &STOP), (vec![1, 2], vec![3, 4, 5]));
}

#[test]
fn of_a_batch_under_way_nothing_is_seen() {
    static STOP: Stop = (Barrier::new(2), Barrier::new(2));
    // The head is written last: with it, all but itself is in place when the producer is stopped.
    for stopped in [0, 1, 13, 19] {
        let (ring, mut consumer) = ring(Config { capacity: 32, lanes: 2 });
        let (mut meanwhile, mut after) = (Vec::new(), Vec::new());
        std::thread::scope(|scope| {
            scope.spawn(|| {
                ring.push(Stops(None, 100));
                let entry = |n| Stops((n == stopped).then_some(&STOP), n);
                ring.push_batch(&(0..20).map(entry).collect::<Vec<_>>());
            });
            STOP.0.wait();
            consumer.drain(32, |got| meanwhile.push(got.1));
            STOP.1.wait();
        });
        consumer.drain(32, |got| after.push(got.1));
        assert_eq!(meanwhile, [100]);
        assert_eq!(after, (0..20).collect::<Vec<_>>());
    }
}
