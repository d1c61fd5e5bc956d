//! Producers at once, and nobody takes anything out while the time is taken.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

use super::flow::LIMIT;
use super::start::Start;
use super::{STATUS, Sample};
use crate::pin::{Watch, to_core};
use crate::queue::{BATCH, Consumer, Entry, LARGE, Producer, Queue, Way};
use crate::wait::Wait;

/// Fills half of a large queue with two producers, so many times. What is between is done by the first of them: nobody
/// else needs a core.
pub fn fill<Q: Queue>(batch: usize, times: u64, cores: &[usize]) -> Sample {
    const PRODUCERS: usize = 2;
    let each = (LARGE / 2 / PRODUCERS) as u64;
    // Rounds after which each place has been touched, of a producer that has all of them to itself too: what follows is
    // not to be measured with a page of memory that comes for the first time.
    let touching = LARGE as u64 / each;
    let mut queue = Q::make(LARGE, PRODUCERS);
    let (mut producers, mut consumer) = queue.split(PRODUCERS);
    let (start, epoch) = (Start::new(PRODUCERS), Instant::now());
    let now = || epoch.elapsed().as_nanos() as u64;
    let (other_began, other_ended) = (AtomicU64::new(0), AtomicU64::new(0));
    let (second, first) = (producers.pop().expect("two"), producers.pop().expect("two"));
    let last = AtomicU64::new(touching + times);
    thread::scope(|scope| {
        let (start, last, other_from, other_to, now) =
            (&start, &last, &other_began, &other_ended, &now);
        let other = scope.spawn(move || {
            to_core(cores, 1);
            let mut second = second.enter();
            let mut busy = 0.0_f64;
            let mut round = 0;
            while round <= last.load(Ordering::Acquire) {
                start.wait(Wait::alone());
                let watch = Watch::start();
                other_from.store(now(), Ordering::Relaxed);
                push(&mut second, batch, each, 1);
                other_to.store(now(), Ordering::Relaxed);
                busy = busy.max(watch.share());
                start.wait(Wait::alone());
                start.wait(Wait::alone());
                round += 1;
            }
            busy
        });
        let mine = scope.spawn(move || {
            to_core(cores, 0);
            let mut first = first.enter();
            let (mut total, mut counted) = (0, 0);
            let begin = Instant::now();
            for round in 0.. {
                start.wait(Wait::alone());
                let from = now();
                push(&mut first, batch, each, 0);
                let to = now();
                start.wait(Wait::alone());
                if round >= touching {
                    let other =
                        (other_from.load(Ordering::Relaxed), other_to.load(Ordering::Relaxed));
                    total += to.max(other.1) - from.min(other.0);
                    counted += 1;
                }
                empty(&mut consumer, each * PRODUCERS as u64);
                let end = round >= touching + times || begin.elapsed() > LIMIT;
                if end {
                    last.store(round, Ordering::Release);
                }
                start.wait(Wait::alone());
                if end {
                    break;
                }
            }
            total as f64 / (counted.max(1) * each * PRODUCERS as u64) as f64
        });
        Sample { ns: mine.join().expect("a producer"), busy: other.join().expect("a producer") }
    })
}

fn push<P: Producer>(producer: &mut P, batch: usize, count: u64, number: u32) {
    let mut buffer = [Entry { handle: 0, status: STATUS, tag: number }; BATCH];
    let mut sent = 0;
    while sent < count {
        for entry in &mut buffer[..batch] {
            entry.handle = sent;
            sent += 1;
        }
        let mut pushed = 0;
        while pushed < batch {
            pushed += match batch {
                1 => usize::from(producer.push(buffer[0])),
                _ => producer.push_batch(&buffer[pushed..]),
            };
        }
    }
}

fn empty<C: Consumer>(consumer: &mut C, count: u64) {
    let mut taken = 0;
    while taken < count {
        taken += consumer.drain(BATCH, |_| ()) as u64;
    }
}
