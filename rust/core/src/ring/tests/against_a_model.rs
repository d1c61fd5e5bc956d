//! Random calls, against a queue a producer.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, Sender, channel};

use proptest::prelude::*;

use super::super::{Config, Record, Ring, Waited, ring};

const PRODUCERS: usize = 3;
const CAPACITY: usize = 8;

#[derive(Clone, Debug)]
enum Call {
    Push {
        producer: usize,
        count: usize,
    },
    /// The producer's thread ends, and another takes its place, with an order of its own.
    Replace {
        producer: usize,
    },
    Pop,
    Drain {
        most: usize,
    },
    /// Without a time to wait: lanes become cold.
    Wait,
    /// So many empty looks that idle lanes are let go of.
    Look,
}

fn call() -> impl Strategy<Value = Call> {
    prop_oneof![
        5 => (0..PRODUCERS, 1..4usize).prop_map(|(producer, count)| Call::Push { producer, count }),
        1 => (0..PRODUCERS).prop_map(|producer| Call::Replace { producer }),
        3 => Just(Call::Pop),
        3 => (0..6usize).prop_map(|most| Call::Drain { most }),
        1 => Just(Call::Wait),
        1 => Just(Call::Look),
    ]
}

/// A thread that pushes what it is sent, and says when it has.
struct Worker {
    orders: Option<Sender<Vec<Record>>>,
    done: Receiver<()>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Worker {
    fn new(ring: Ring<Record>) -> Worker {
        let ((orders, todo), (tell, done)) = (channel::<Vec<Record>>(), channel());
        let thread = std::thread::spawn(move || {
            for entries in todo {
                match *entries {
                    [one] => ring.push(one),
                    [_, _] => ring.push_each(entries.iter().copied()),
                    _ => ring.push_batch(&entries),
                }
                tell.send(()).unwrap();
            }
        });
        Worker { orders: Some(orders), done, thread: Some(thread) }
    }

    fn push(&self, entries: Vec<Record>) {
        self.orders.as_ref().unwrap().send(entries).unwrap();
        self.done.recv().unwrap();
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.orders = None;
        self.thread.take().unwrap().join().unwrap();
    }
}

fn agree(lanes: usize, calls: &[Call]) -> Result<(), TestCaseError> {
    let (ring, mut consumer) = ring::<Record>(Config { capacity: CAPACITY, lanes });
    let mut workers: Vec<_> = (0..PRODUCERS).map(|_| Worker::new(ring.clone())).collect();
    // A queue for each thread that there was, and which thread the producer is now.
    let mut model: Vec<VecDeque<Record>> = vec![VecDeque::new(); PRODUCERS];
    let mut thread: [usize; PRODUCERS] = std::array::from_fn(|producer| producer);
    let (mut next, mut inside) = (0, 0);
    let take = |model: &mut Vec<VecDeque<Record>>, got: Record| {
        let oldest = model[got.tag as usize].pop_front();
        prop_assert_eq!(Some(got), oldest, "the oldest of its producer");
        Ok(())
    };
    for call in calls {
        match *call {
            Call::Push { producer, count } => {
                let count = count.min(CAPACITY - inside);
                let tag = thread[producer] as u32;
                let entry = |n| Record { handle: n, status: !n as u32, tag };
                let entries: Vec<_> = (next..next + count as u64).map(entry).collect();
                next += count as u64;
                inside += count;
                model[thread[producer]].extend(&entries);
                workers[producer].push(entries);
            }
            Call::Replace { producer } => {
                workers[producer] = Worker::new(ring.clone());
                thread[producer] = model.len();
                model.push(VecDeque::new());
            }
            Call::Pop => match consumer.pop() {
                None => prop_assert_eq!(inside, 0),
                Some(got) => {
                    take(&mut model, got)?;
                    inside -= 1;
                }
            },
            Call::Drain { most } => {
                let mut out = Vec::new();
                prop_assert_eq!(consumer.drain_into(most, &mut out), most.min(inside));
                inside -= out.len();
                for got in out {
                    take(&mut model, got)?;
                }
            }
            Call::Wait => {
                let expected = if inside > 0 { Waited::Ready } else { Waited::TimedOut };
                prop_assert_eq!(consumer.wait(Some(std::time::Duration::ZERO)), expected);
            }
            Call::Look => {
                for _ in 0..1100 {
                    let _: usize = consumer.drain(0, |_| {});
                }
            }
        }
    }
    drop(workers);
    consumer.finish(|got| {
        take(&mut model, got).unwrap();
        inside -= 1;
    });
    prop_assert_eq!(inside, 0, "everything came out");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_calls_do_what_a_queue_for_each_producer_does(
        lanes in 0..64usize,
        calls in proptest::collection::vec(call(), 0..60),
    ) {
        agree(lanes, &calls)?;
    }
}
