//! Histories of real threads on the ring as it is built.

use std::time::Duration;

use ndiswan::ring::{Config, ShortRecord, ring};

use super::history::{Did, Recorder, is_linearizable, is_linearizable_but_for_nothing};

const PRODUCERS: usize = 3;
const EACH: usize = 12;

fn entry(producer: usize, n: usize) -> ShortRecord {
    ShortRecord { handle: producer as u64, status: 0, tag: n as u32 }
}

fn took(got: ShortRecord) -> Did {
    Did::Took { producer: got.handle as usize, n: got.tag as usize }
}

/// One run; how many looks found nothing.
fn run(lanes: usize) -> usize {
    let (ring, mut consumer) = ring(Config { capacity: PRODUCERS * EACH, lanes });
    let recorder = Recorder::new(PRODUCERS + 1);
    std::thread::scope(|scope| {
        for producer in 0..PRODUCERS {
            let (ring, recorder) = (&ring, &recorder);
            scope.spawn(move || {
                for n in (0..EACH).step_by(3) {
                    let begin = recorder.now();
                    ring.push(entry(producer, n));
                    recorder.note(producer, begin, [Did::Push]);
                    let begin = recorder.now();
                    ring.push_batch(&[entry(producer, n + 1), entry(producer, n + 2)]);
                    recorder.note(producer, begin, [Did::Push; 2]);
                }
            });
        }
        let (mut count, mut empty) = (0, 0);
        while count < PRODUCERS * EACH {
            let begin = recorder.now();
            let did = consumer.pop().map_or(Did::FoundNothing, took);
            recorder.note(PRODUCERS, begin, [did]);
            if did == Did::FoundNothing {
                empty += 1;
                if empty % 4 == 0 {
                    // Lanes become cold, and the next push has to tell.
                    consumer.wait(Some(Duration::from_micros(1)));
                } else {
                    std::thread::yield_now();
                }
            } else {
                count += 1;
            }
        }
    });
    let history = recorder.history();
    let is_good = if lanes > PRODUCERS { is_linearizable } else { is_linearizable_but_for_nothing };
    assert!(is_good(&history), "{history:?}");
    history[PRODUCERS].len() - PRODUCERS * EACH
}

#[test]
fn histories_of_real_threads_are_those_of_a_queue_for_each_producer() {
    let mut empty = 0;
    for _ in 0..50 {
        for lanes in [0, 2, 32] {
            empty += run(lanes);
        }
    }
    assert!(empty > 20, "the consumer looked while others pushed: {empty}");
}
