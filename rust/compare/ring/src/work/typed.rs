//! The whole way of typed tokens: send, pend, push, drain, regain; and the bare ring that it stands on.

use ndiswan::FinalStatus;
use ndiswan::handoff::{Consumer, Ledger, Packet, Pool, Producer};
use ndiswan::ring::{self, Completion, Config};
use ndiswan_compare::rounds::cpu_time;

use crate::queue::{BATCH, CAPACITY};

const STATUS: FinalStatus = FinalStatus::HARD_ERRORS;

/// A packet came back with another status. A branch that is never taken, since a sum would be a chain from packet to packet.
#[cold]
fn wrong() {
    panic!("expected each packet as it was completed");
}

/// How tokens travel.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum Travel {
    /// One by one.
    Alone,
    /// Batches of them in vectors, each token a value of its own.
    Vectors,
    /// Batches of them in lists: a step is made with all tokens of a list.
    Lists,
}

/// Nanoseconds a packet, of tokens alone.
pub fn typed(travel: Travel, entries: u64) -> f64 {
    way(&Pool::new(CAPACITY as u32, u64::from), travel, entries)
}

/// The same with the ledger on.
pub fn with_ledger(travel: Travel, entries: u64) -> f64 {
    let pool = Pool::with_ledger(CAPACITY as u32, u64::from);
    let time = way(&pool, travel, entries);
    assert_eq!(pool.broken(), 0, "nothing was broken");
    time
}

fn way<L: Ledger>(pool: &Pool<u64, L>, travel: Travel, entries: u64) -> f64 {
    let (producer, mut consumer) = (pool.producer(), pool.consumer().expect("the only one"));
    // Once around, so that every place has been touched.
    one_by_one(pool, &producer, &mut consumer, CAPACITY as u64);
    let begin = cpu_time();
    match travel {
        Travel::Alone => one_by_one(pool, &producer, &mut consumer, entries),
        Travel::Vectors => in_vectors(pool, &producer, &mut consumer, entries),
        Travel::Lists => in_lists(pool, &producer, &mut consumer, entries),
    }
    (cpu_time() - begin) as f64 / entries as f64
}

fn one_by_one<'p, L: Ledger>(
    pool: &'p Pool<u64, L>,
    producer: &Producer<'p, u64, L>,
    consumer: &mut Consumer<'p, u64, L>,
    entries: u64,
) {
    let mut packet = pool.packet().expect("all are free");
    for _ in 0..entries {
        producer.push(packet.send().pend(), STATUS);
        let status;
        (packet, status) = loop {
            if let Some(back) = consumer.pop() {
                break back;
            }
        };
        if status != STATUS {
            wrong();
        }
    }
}

/// Both sides keep what they have in a vector, as a protocol and a miniport may.
#[inline(never)]
fn in_vectors<'p, L: Ledger>(
    pool: &'p Pool<u64, L>,
    producer: &Producer<'p, u64, L>,
    consumer: &mut Consumer<'p, u64, L>,
    entries: u64,
) {
    let mut packets: Vec<(Packet<'p, u64, L>, FinalStatus)> =
        (0..BATCH).map(|_| (pool.packet().expect("they are free"), STATUS)).collect();
    for _ in 0..entries / BATCH as u64 {
        // Each with the status that it came with, from the first time round to the last.
        producer.push_from(&mut packets, |(packet, status)| (packet.send().pend(), status));
        while packets.len() < BATCH {
            consumer.drain_into(BATCH, &mut packets);
        }
    }
    let same = packets.iter().all(|(_, status)| *status == STATUS);
    assert!(same, "each packet came back as it was completed");
}

/// The same in a list, with all of which each step is made.
#[inline(never)]
fn in_lists<'p, L: Ledger>(
    pool: &'p Pool<u64, L>,
    producer: &Producer<'p, u64, L>,
    consumer: &mut Consumer<'p, u64, L>,
    entries: u64,
) {
    let mut packets = pool.packets(0);
    for packet in std::iter::from_fn(|| pool.packet()).take(BATCH) {
        packets.push(packet, STATUS).expect("it is of the same pool");
    }
    for _ in 0..entries / BATCH as u64 {
        // As above.
        packets = producer.push_list(packets.send().pend(), |_, status| status);
        while packets.len() < BATCH {
            consumer.drain_list(BATCH, &mut packets).expect("they are of the same pool");
        }
    }
    packets.for_each(|_, status| assert_eq!(status, STATUS, "as it was completed"));
}

/// The same entries through the same ring, without tokens.
pub fn bare(batch: usize, entries: u64) -> f64 {
    let (ring, mut consumer) = ring::ring::<Completion>(Config::new(CAPACITY));
    let producer = ring.producer();
    let mut one_by_one = |entries: u64| {
        for _ in 0..entries {
            producer.push(Completion { slot: 7, status: STATUS });
            let entry = loop {
                if let Some(entry) = consumer.pop() {
                    break entry;
                }
            };
            if entry.status != STATUS {
                wrong();
            }
        }
    };
    one_by_one(CAPACITY as u64);
    let begin = cpu_time();
    if batch == 1 {
        one_by_one(entries);
    } else {
        let mut buffer = [Completion { slot: 0, status: STATUS }; BATCH];
        for round in 0..entries / BATCH as u64 {
            for (index, entry) in buffer.iter_mut().enumerate() {
                entry.slot = (index as u32) ^ (round as u32 & 1);
            }
            producer.push_batch(&buffer);
            let mut seen = 0;
            while seen < BATCH {
                seen += consumer.drain(BATCH, |entry| {
                    if entry.status != STATUS {
                        wrong();
                    }
                });
            }
        }
    }
    (cpu_time() - begin) as f64 / entries as f64
}
