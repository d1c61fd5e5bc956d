//! Producers on one side, one consumer on the other.
//!
//! *Closed*: every producer has its share of the pool's packets and sends one only when it has it; the consumer says
//! after at most 32 entries how many of each producer's it has seen, in a word a producer that only the consumer
//! writes. So a permit costs the same for every queue, and no queue is ever full. *Open*: nobody counts, and a
//! producer that finds the queue full tries again.
//!
//! A run ends after so many entries or so much time, whatever is first: a queue that collapses costs no more of the
//! run than another.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::start::Start;
use super::{STATUS, Sample};
use crate::pin::{Watch, to_core};
use crate::queue::{BATCH, Consumer, Entry, Producer, Queue, Way};
use crate::wait::Wait;

/// The most producers.
pub const MOST: usize = 8;
/// How long a run may take.
pub const LIMIT: Duration = Duration::from_millis(100);

/// What flows.
#[derive(Copy, Clone, Debug)]
pub struct Flow<'a> {
    /// How many producers.
    pub producers: usize,
    /// Entries that are pushed at once, 1 or [`BATCH`].
    pub push: usize,
    /// Entries that are taken out at once, 1 or [`BATCH`].
    pub take: usize,
    /// Packets in flight, or nothing where the loop is open.
    pub pool: Option<u64>,
    /// Places in the queue.
    pub capacity: usize,
    /// Entries of all producers.
    pub entries: u64,
    /// One core for each thread, or none where there are more threads than cores.
    pub cores: &'a [usize],
}

/// How many of a producer's entries came out; alone on its lines.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Seen(AtomicU64);

struct Shared<'a> {
    flow: Flow<'a>,
    seen: [Seen; MOST],
    stop: AtomicBool,
    ended: AtomicUsize,
    start: Start,
}

impl Shared<'_> {
    fn wait(&self) -> Wait {
        if self.flow.cores.is_empty() { Wait::crowded() } else { Wait::alone() }
    }
}

/// Runs it, and checks that each producer's entries came out in order.
pub fn flow<Q: Queue>(flow: Flow<'_>) -> Sample {
    let mut queue = Q::make(flow.capacity, flow.producers);
    let (producers, consumer) = queue.split(flow.producers);
    let start = Start::new(flow.producers + 1);
    let shared = Shared {
        flow,
        seen: Default::default(),
        stop: AtomicBool::new(false),
        ended: AtomicUsize::new(0),
        start,
    };
    let shared = &shared;
    thread::scope(|scope| {
        let inward = producers.into_iter().enumerate().map(|(number, producer)| {
            scope.spawn(move || {
                to_core(flow.cores, number + 1);
                let busy = produce(shared, producer.enter(), number);
                shared.ended.fetch_add(1, Ordering::Release);
                busy
            })
        });
        let inward: Vec<_> = inward.collect();
        let outward = scope.spawn(move || {
            to_core(flow.cores, 0);
            consume(shared, consumer)
        });
        let mut sample = outward.join().expect("the consumer");
        for producer in inward {
            sample.busy = sample.busy.min(producer.join().expect("a producer"));
        }
        sample
    })
}

fn produce<P: Producer>(shared: &Shared<'_>, mut producer: P, number: usize) -> f64 {
    let flow = shared.flow;
    let share = flow.entries / flow.producers as u64;
    let quota = flow.pool.map_or(u64::MAX, |pool| pool / flow.producers as u64);
    let step = flow.push as u64;
    let mut buffer = [Entry { handle: 0, status: STATUS, tag: number as u32 }; BATCH];
    let mut seen = 0;
    let mut wait = shared.wait();
    shared.start.wait(shared.wait());
    let watch = Watch::start();
    let mut sent = 0;
    while sent < share {
        while sent + step - seen > quota {
            seen = shared.seen[number].0.load(Ordering::Acquire);
            if sent + step - seen <= quota {
                break;
            }
            if shared.stop.load(Ordering::Relaxed) {
                return watch.share();
            }
            wait.pause();
        }
        // A push that waits inside never says that the queue is full.
        if flow.pool.is_none() && shared.stop.load(Ordering::Relaxed) {
            return watch.share();
        }
        wait.reset();
        for entry in &mut buffer[..flow.push] {
            entry.handle = sent;
            sent += 1;
        }
        let mut pushed = 0;
        while pushed < flow.push {
            let rest = &buffer[pushed..flow.push];
            pushed += match (flow.push, flow.pool) {
                (1, Some(_)) => usize::from(producer.push(rest[0])),
                (1, None) => usize::from(producer.try_push(rest[0])),
                (_, Some(_)) => producer.push_batch(rest),
                (_, None) => producer.try_push_batch(rest),
            };
            if pushed < flow.push {
                if shared.stop.load(Ordering::Relaxed) {
                    return watch.share();
                }
                wait.pause();
            }
        }
    }
    watch.share()
}

fn consume<C: Consumer>(shared: &Shared<'_>, mut consumer: C) -> Sample {
    let flow = shared.flow;
    let all = flow.entries / flow.producers as u64 * flow.producers as u64;
    let mut seen = [0; MOST];
    let mut wrong = 0;
    let mut wait = shared.wait();
    shared.start.wait(shared.wait());
    let watch = Watch::start();
    let begin = Instant::now();
    let mut taken = 0;
    let mut told = 0;
    for turn in 1u64.. {
        let mut check = |entry: Entry| {
            let number = entry.tag as usize % MOST;
            wrong |= entry.handle ^ seen[number];
            seen[number] += 1;
        };
        let before = taken;
        if flow.take == 1 {
            while taken < before + BATCH as u64 {
                let Some(entry) = consumer.pop() else { break };
                check(entry);
                taken += 1;
            }
        } else {
            taken += consumer.drain(BATCH, check) as u64;
        }
        if taken == before {
            wait.pause();
        } else {
            wait.reset();
            if flow.pool.is_some() {
                for (word, count) in shared.seen.iter().zip(&seen).take(flow.producers) {
                    word.0.store(*count, Ordering::Release);
                }
            }
            told += taken - before;
        }
        if taken >= all || (turn % 64 == 0 && begin.elapsed() > LIMIT) {
            break;
        }
    }
    let took = begin.elapsed();
    let busy = watch.share();
    shared.stop.store(true, Ordering::Relaxed);
    assert_eq!((wrong, told), (0, taken), "each producer's entries came out in order");
    // Who waits for a place inside of a push has to find one.
    while shared.ended.load(Ordering::Acquire) < flow.producers {
        if consumer.drain(BATCH, |_| ()) == 0 {
            wait.pause();
        }
    }
    Sample { ns: took.as_nanos() as f64 / taken.max(1) as f64, busy }
}
