//! One thread: in, out; one by one or in batches.

use ndiswan_compare::rounds::cpu_time;

use super::{STATUS, Sample};
use crate::queue::{BATCH, Consumer, Entry, Producer, Queue, Way};

/// Puts in and takes out `entries` entries and checks what comes out. Time is the thread's processor time.
pub fn single<Q: Queue>(capacity: usize, batch: usize, entries: u64) -> Sample {
    let mut queue = Q::make(capacity, 1);
    let (mut ways, mut consumer) = queue.split(1);
    let producer = &mut ways.remove(0).enter();
    // Once around, so that every place has been touched.
    trips(producer, &mut consumer, 1, 0, capacity as u64);
    let begin = cpu_time();
    trips(producer, &mut consumer, batch, capacity as u64, entries);
    Sample { ns: (cpu_time() - begin) as f64 / entries as f64, busy: 1.0 }
}

/// The round trips alone, for entries numbered from `first` on.
pub fn trips<P: Producer, C: Consumer>(
    producer: &mut P,
    consumer: &mut C,
    batch: usize,
    first: u64,
    entries: u64,
) {
    let mut wrong = 0;
    if batch == 1 {
        for handle in first..first + entries {
            while !producer.push(Entry { handle, status: STATUS, tag: 0 }) {}
            let entry = loop {
                if let Some(entry) = consumer.pop() {
                    break entry;
                }
            };
            wrong |= entry.handle ^ handle;
        }
    } else {
        let mut buffer = [Entry { handle: 0, status: STATUS, tag: 0 }; BATCH];
        let mut sent = first;
        let mut seen = first;
        while sent < first + entries {
            for entry in &mut buffer {
                entry.handle = sent;
                sent += 1;
            }
            let mut pushed = 0;
            while pushed < BATCH {
                pushed += producer.push_batch(&buffer[pushed..]);
            }
            while seen < sent {
                consumer.drain(BATCH, |entry| {
                    wrong |= entry.handle ^ seen;
                    seen += 1;
                });
            }
        }
    }
    assert_eq!(wrong, 0, "entries came out as they went in");
}
