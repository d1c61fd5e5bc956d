//! Real threads: every entry comes out once, in its producer's order, with a permit that was free.

use std::sync::atomic::{AtomicU64, Ordering};

use super::super::{Config, Consumer, Record, Ring, Waited, ring};

const PRODUCERS: usize = 4;
/// Permits of a producer: few, so that each place is used again and again.
const PERMITS: u64 = 32;

/// How many of a producer's permits came back, on a line of its own.
#[derive(Default)]
#[repr(align(128))]
struct Back(AtomicU64);

/// The n-th entry of a producer, which has the n-th permit, all going round.
fn entry(producer: usize, n: u64) -> Record {
    Record { handle: n << 8 | producer as u64, status: n as u32, tag: (n % PERMITS) as u32 }
}

fn produce(ring: &Ring<Record>, producer: usize, count: u64, back: &Back) {
    // Two in four have their lane looked up for each push, and two push in batches.
    let lane = ring.producer();
    let batch = if producer.is_multiple_of(2) { 1 } else { 8 };
    let mut entries = Vec::new();
    let mut pushed = 0;
    while pushed < count {
        let free = back.0.load(Ordering::Acquire) + PERMITS - pushed;
        if free == 0 {
            std::thread::yield_now();
            continue;
        }
        let n = free.min(batch).min(count - pushed);
        match (n, producer < 2) {
            (1, true) => lane.push(entry(producer, pushed)),
            (1, false) => ring.push(entry(producer, pushed)),
            (_, by_lane) => {
                entries.clear();
                entries.extend((pushed..pushed + n).map(|n| entry(producer, n)));
                if by_lane { lane.push_batch(&entries) } else { ring.push_batch(&entries) }
            }
        }
        pushed += n;
    }
}

fn consume(consumer: &mut Consumer<Record>, each: u64, backs: &[Back]) {
    let mut next = [0; PRODUCERS];
    let mut note = |got: Record| {
        let producer = (got.handle & 0xFF) as usize;
        assert_eq!(got, entry(producer, next[producer]), "whole, and in order");
        next[producer] += 1;
        backs[producer].0.store(next[producer], Ordering::Release);
    };
    let total = each * PRODUCERS as u64;
    let (mut count, mut rounds) = (0, 0u64);
    while count < total {
        rounds += 1;
        let got = match rounds % 3 {
            0 => consumer.pop().map_or(0, |got| {
                note(got);
                1
            }),
            1 => consumer.drain(16, &mut note),
            _ => consumer.drain(usize::MAX, &mut note),
        };
        count += got as u64;
        if got == 0 && count < total {
            assert_eq!(consumer.wait(None), Waited::Ready);
        }
    }
    assert_eq!(consumer.pop(), None, "and nothing else");
    assert_eq!(next, [each; PRODUCERS]);
}

fn every_entry_comes_out_once(total: u64, lanes: usize) {
    let each = total / PRODUCERS as u64;
    let capacity = PRODUCERS * PERMITS as usize;
    let (ring, mut consumer) = ring(Config { capacity, lanes });
    let backs: [Back; PRODUCERS] = Default::default();
    std::thread::scope(|scope| {
        for (producer, back) in backs.iter().enumerate() {
            let ring = &ring;
            scope.spawn(move || produce(ring, producer, each, back));
        }
        consume(&mut consumer, each, &backs);
    });
}

#[test]
fn ten_million_completions_of_four_threads_come_out_once_each_and_in_order() {
    every_entry_comes_out_once(9_000_000, 32);
    // Two with a lane of their own at most, the others in the overflow lane.
    every_entry_comes_out_once(1_000_000, 2);
}

#[test]
#[ignore = "soak: a billion completions; make soak"]
fn soak_a_billion_completions_of_four_threads_come_out_once_each_and_in_order() {
    every_entry_comes_out_once(900_000_000, 32);
    every_entry_comes_out_once(100_000_000, 2);
}

/// A payload that is written without a word to anybody: only the ring makes that no race.
#[test]
fn what_an_entry_points_to_is_handed_over_with_it() {
    const EACH: u64 = 20_000;
    let (ring, mut consumer) = ring(Config { capacity: 2 * EACH as usize, lanes: 1 });
    let mut sum = 0;
    std::thread::scope(|scope| {
        for producer in 0..2 {
            let ring = &ring;
            scope.spawn(move || {
                for n in 0..EACH {
                    let payload = Box::new([n, producer]);
                    let handle = Box::into_raw(payload) as u64;
                    ring.push(Record { handle, ..Record::default() });
                }
            });
        }
        let mut count = 0;
        while count < 2 * EACH {
            assert_eq!(consumer.wait(None), Waited::Ready);
            count += consumer.drain(usize::MAX, |got| {
                // SAFETY: it was made by `Box::into_raw` above, and comes out once.
                let mut payload = unsafe { Box::from_raw(got.handle as *mut [u64; 2]) };
                payload[0] += payload[1];
                sum += payload[0];
            }) as u64;
        }
    });
    assert_eq!(sum, EACH * (EACH - 1) + EACH);
}
