use super::make::make;
use super::*;
use crate::status::{FinalStatus, Status};

fn completion(slot: u32) -> Completion {
    Completion { slot, status: FinalStatus::SUCCESS }
}

#[test]
fn what_one_producer_pushes_comes_out_in_order() {
    let (ring, mut consumer) = ring(Config::new(3));
    for lap in 0..10u32 {
        for slot in 0..3 {
            let status = FinalStatus::new(Status(0xC000_0000 + lap)).unwrap();
            ring.push(Completion { slot, status });
        }
        let mut out = Vec::new();
        assert_eq!(consumer.drain_into(2, &mut out), 2);
        assert_eq!(consumer.drain_into(9, &mut out), 1);
        assert_eq!(out.iter().map(|c| c.slot).collect::<Vec<_>>(), [0, 1, 2]);
        assert!(out.iter().all(|c| c.status.get().0 == 0xC000_0000 + lap));
        assert_eq!(consumer.pop(), None);
    }
}

#[test]
fn four_producers_with_as_many_packets_as_places_lose_nothing() {
    const EACH: u32 = 20_000;
    let (ring, mut consumer) = ring(Config::new(8));
    let (permits_in, permits_out) = std::sync::mpsc::channel::<u32>();
    let permits_out = std::sync::Mutex::new(permits_out);
    for slot in 0..8 {
        permits_in.send(slot).unwrap();
    }
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..EACH {
                    let slot = permits_out.lock().unwrap().recv().unwrap();
                    ring.push(completion(slot));
                }
            });
        }
        let mut seen = [0u32; 8];
        let mut total = 0;
        while total < 4 * EACH {
            if let Some(completion) = consumer.pop() {
                seen[completion.slot as usize] += 1;
                total += 1;
                permits_in.send(completion.slot).unwrap();
            } else {
                std::thread::yield_now();
            }
        }
        assert_eq!(seen.iter().sum::<u32>(), 4 * EACH);
    });
    assert_eq!(consumer.pop(), None);
}

fn record(handle: u64) -> Record {
    Record { handle, status: u32::MAX - handle as u32, tag: handle as u32 ^ 0x8000_0000 }
}

#[test]
fn each_kind_of_entry_comes_out_as_it_went_in() {
    let (ring_of_records, mut records) = ring(Config::new(4));
    let (ring_of_short, mut short) = ring(Config::new(4));
    for handle in [0, 1, u64::MAX, 1 << 63, 0x0123_4567_89AB_CDEF] {
        ring_of_records.push(record(handle));
        assert_eq!(records.pop(), Some(record(handle)));
        let entry = ShortRecord { handle, status: 0xC000_0001, tag: handle as u32 >> 2 };
        ring_of_short.push(entry);
        assert_eq!(short.pop(), Some(entry));
    }
}

#[test]
fn an_entry_that_has_the_rings_bits_set_loses_them_and_nothing_else() {
    let (ring, mut consumer) = ring(Config::new(16));
    let entry = |handle| ShortRecord { handle, status: 7, tag: u32::MAX };
    let kept = |handle| ShortRecord { tag: u32::MAX >> 2, ..entry(handle) };
    // Two laps, since a bit that stayed would say that an entry of the next one is there.
    for _ in 0..2 {
        ring.push(entry(0));
        ring.push_each((1..3).map(entry).collect::<Vec<_>>().into_iter());
        ring.push_batch(&(3..15).map(entry).collect::<Vec<_>>());
        let mut out = Vec::new();
        for _ in 0..16 {
            consumer.drain_into(9, &mut out);
        }
        assert_eq!(out, (0..15).map(kept).collect::<Vec<_>>());
        assert_eq!(consumer.pop(), None);
    }
}

#[test]
fn positions_wrap_around_at_two_to_the_64_without_a_word() {
    for capacity in [1, 2, 5, 64] {
        // Two laps before the end of the 64 bits.
        let (ring, mut consumer) = make::<Record, Permits>(Config { capacity, lanes: 1 }, u64::MAX);
        let (mut next_in, mut next_out) = (0, 0);
        for round in 0..capacity as u64 * 6 {
            let count = (round as usize % capacity) + 1;
            let batch: Vec<_> = (0..count as u64).map(|n| record(next_in + n)).collect();
            next_in += count as u64;
            ring.push_batch(&batch);
            while let Some(entry) = consumer.pop() {
                assert_eq!(entry, record(next_out));
                next_out += 1;
            }
            assert_eq!(next_out, next_in);
        }
        assert!(next_in > 4 * capacity as u64, "it went past the end");
    }
}

#[test]
fn batches_of_any_length_come_out_by_drains_of_any_size() {
    for capacity in [1, 4, 8, 16, 64] {
        for most in [1, 3, 8, 9, 40, usize::MAX] {
            let (ring, mut consumer) = make::<Record, Permits>(Config { capacity, lanes: 1 }, 5);
            let (mut next_in, mut next_out) = (0, 0);
            for count in (0..=capacity as u64).chain((0..=capacity as u64).rev()) {
                ring.push_batch(&(next_in..next_in + count).map(record).collect::<Vec<_>>());
                next_in += count;
                while next_out < next_in {
                    let before = next_out;
                    let taken = consumer.drain(most, |entry| {
                        assert_eq!(entry, record(next_out));
                        next_out += 1;
                    });
                    assert_eq!(taken as u64, next_out - before);
                    assert_eq!(taken as u64, (most as u64).min(next_in - before));
                }
                assert_eq!(consumer.drain(most, |entry| panic!("{entry:?}")), 0);
            }
        }
    }
}

#[test]
fn a_batch_that_is_made_while_it_is_pushed_comes_out_as_one_that_was_there() {
    // In a lane of its own, across the end of the memory and of the counter, and in the one that all share.
    for (lanes, laps) in [(1, 0), (1, u64::MAX), (0, 0)] {
        let (ring, mut consumer) = make::<Record, Permits>(Config { capacity: 8, lanes }, laps);
        let mut next = 0;
        for count in (0..=8).cycle().take(100) {
            let entries: Vec<_> = (next..next + count).map(record).collect();
            next += count;
            ring.push_each(entries.iter().copied());
            let mut out = Vec::new();
            consumer.drain_into(9, &mut out);
            assert_eq!(out, entries, "{lanes} lanes");
        }
    }
}

#[test]
fn a_panic_while_a_batch_is_made_leaves_what_was_made_in_the_ring() {
    for lanes in [0, 1] {
        let (ring, mut consumer) = ring(Config { capacity: 8, lanes });
        let made = [0, 1, 2, 3, 4, 5].iter().map(|&handle| {
            assert!(handle != 3, "as the test wants it");
            record(handle)
        });
        let push = std::panic::AssertUnwindSafe(|| ring.push_each(made));
        assert!(std::panic::catch_unwind(push).is_err());
        ring.push(record(9));
        let mut out = Vec::new();
        consumer.drain_into(9, &mut out);
        assert_eq!(out, [0, 1, 2, 9].map(record), "{lanes} lanes");
    }
}

#[test]
fn a_panic_of_the_callback_leaves_the_rest_in_the_ring() {
    let (ring, mut consumer) = ring(Config::new(32));
    ring.push_batch(&(0..32).map(record).collect::<Vec<_>>());
    let mut seen = Vec::new();
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        consumer.drain(32, |entry| {
            seen.push(entry);
            assert!(entry.handle != 12, "as the test wants it");
        })
    }));
    assert!(result.is_err());
    assert_eq!(consumer.drain_into(32, &mut seen), 19);
    assert_eq!(seen, (0..32).map(record).collect::<Vec<_>>());
}

#[test]
fn finishing_hands_over_what_is_inside() {
    let (ring, consumer) = ring(Config::new(300));
    let batch: Vec<_> = (0..200).map(record).collect();
    std::thread::scope(|scope| {
        scope.spawn(|| ring.push_batch(&batch[..100]));
    });
    ring.push_batch(&batch[100..]);
    let mut seen = Vec::new();
    consumer.finish(|entry| seen.push(entry.handle));
    seen.sort_unstable();
    assert_eq!(seen, (0..200).collect::<Vec<_>>());
    assert!(ring.is_closed());
}

#[test]
fn an_open_ring_gives_the_entry_back_when_it_is_full_and_when_it_is_closed() {
    for lanes in [0, 1] {
        let (ring, mut consumer) = open_ring(Config { capacity: 4, lanes });
        assert_eq!(ring.try_push_batch(&[record(0), record(1), record(2)]), 3);
        assert_eq!(ring.try_push_batch(&[record(3), record(9)]), 1);
        assert_eq!(ring.try_push(record(9)), Err(Full::Full(record(9))));
        assert_eq!(consumer.pop(), Some(record(0)));
        assert_eq!(ring.try_push(record(4)), Ok(()));
        assert_eq!(ring.try_push(record(9)), Err(Full::Full(record(9))));
        ring.close();
        assert_eq!(ring.try_push(record(9)), Err(Full::Closed(record(9))));
        let mut out = Vec::new();
        assert_eq!(consumer.drain_into(9, &mut out), 4);
        assert_eq!(out, [1, 2, 3, 4].map(record));
        assert_eq!(consumer.wait(None), Waited::Closed);
    }
}

#[test]
fn a_sleeping_consumer_is_woken_by_a_push_and_by_closing() {
    let (ring, mut consumer) = ring(Config::new(4));
    assert_eq!(consumer.wait(Some(std::time::Duration::from_millis(1))), Waited::TimedOut);
    std::thread::scope(|scope| {
        let consumer = scope.spawn(move || {
            let mut got = 0;
            while consumer.wait(None) == Waited::Ready {
                got += consumer.drain(usize::MAX, |_| {});
            }
            got
        });
        for handle in 0..3 {
            std::thread::sleep(std::time::Duration::from_millis(5));
            ring.push(record(handle));
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
        ring.close();
        assert_eq!(consumer.join().unwrap(), 3);
    });
}

#[test]
fn threads_beyond_the_lanes_share_one_and_keep_their_order() {
    const THREADS: u64 = 8;
    const EACH: u64 = 1000;
    let (ring, mut consumer) = ring(Config { capacity: (THREADS * EACH) as usize, lanes: 2 });
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let ring = &ring;
            scope.spawn(move || (0..EACH).for_each(|n| ring.push(record(thread << 32 | n))));
        }
    });
    let mut next = [0; THREADS as usize];
    consumer.drain(usize::MAX, |entry| {
        let thread = (entry.handle >> 32) as usize;
        assert_eq!(entry.handle & 0xFFFF_FFFF, next[thread]);
        next[thread] += 1;
    });
    assert_eq!(next, [EACH; THREADS as usize]);
}

#[test]
fn a_lane_goes_on_where_the_thread_before_left_it() {
    let (ring, mut consumer) = ring(Config::new(2));
    for handle in 0..100 {
        // Each thread ends, and the next one gets its number.
        std::thread::scope(|scope| {
            scope.spawn(|| ring.push(record(handle)));
        });
        assert_eq!(consumer.pop(), Some(record(handle)));
    }
}

#[test]
fn a_lane_that_was_let_go_is_found_again() {
    let (ring, mut consumer) = ring(Config::new(2));
    let (go, gone) = std::sync::mpsc::channel::<u64>();
    let (done, is_done) = std::sync::mpsc::channel();
    std::thread::scope(|scope| {
        let other = &ring;
        scope.spawn(move || {
            for handle in gone {
                other.push(record(handle));
                done.send(()).unwrap();
            }
        });
        for round in 0..3 {
            go.send(round).unwrap();
            is_done.recv().unwrap();
            assert_eq!(consumer.pop(), Some(record(round)));
            // So often that the other thread's lane is swept.
            for _ in 0..5000 {
                ring.push(record(7));
                assert_eq!(consumer.drain(2, |entry| assert_eq!(entry, record(7))), 1);
            }
        }
        drop(go);
    });
}

mod against_a_model;
mod stopped;
mod stress;
