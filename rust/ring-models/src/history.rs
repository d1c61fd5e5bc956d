//! Whether a recorded history could have happened one call after the other: a small checker for
//! linearizability, after Wing and Gong (1993), that remembers where it has been, as Lowe does (2017).
//!
//! The thing that the ring has to be: a queue for each producer, and a consumer that takes the head
//! of any queue that is not empty, or is told that all are.

use std::collections::HashSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// What a call did.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(crate) enum Did {
    /// This thread's next entry went in.
    Push,
    /// An entry of this producer's came out, its n-th.
    Took { producer: usize, n: usize },
    /// There was none.
    FoundNothing,
}

/// A call, and when it began and ended by a clock that all threads share.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Call {
    pub(crate) begin: u64,
    pub(crate) end: u64,
    pub(crate) did: Did,
}

/// Records calls while they happen. Its clock orders them: a read-modify-write each time, so that
/// what one call wrote is there for those that begin after its end.
#[derive(Debug)]
pub(crate) struct Recorder {
    clock: AtomicU64,
    threads: Vec<Mutex<Vec<Call>>>,
}

impl Recorder {
    pub(crate) fn new(threads: usize) -> Recorder {
        let threads = (0..threads).map(|_| Mutex::default()).collect();
        Recorder { clock: AtomicU64::new(0), threads }
    }

    pub(crate) fn now(&self) -> u64 {
        self.clock.fetch_add(1, Ordering::SeqCst)
    }

    pub(crate) fn note(&self, thread: usize, begin: u64, did: impl IntoIterator<Item = Did>) {
        let end = self.now();
        let mut calls = self.threads[thread].lock().unwrap();
        calls.extend(did.into_iter().map(|did| Call { begin, end, did }));
    }

    /// The calls of each thread, in its order.
    pub(crate) fn history(&self) -> Vec<Vec<Call>> {
        self.threads.iter().map(|calls| calls.lock().unwrap().clone()).collect()
    }
}

/// Whether there is an order of all calls that keeps the order of time (a call that ended before
/// another began comes first) and in which each did what a ring does. Thread `t` is producer `t`.
pub(crate) fn is_linearizable(history: &[Vec<Call>]) -> bool {
    // A state is how many calls of each thread have happened: what went in and out follows.
    let mut been = HashSet::new();
    let mut to_see = vec![vec![0; history.len()]];
    while let Some(done) = to_see.pop() {
        if !been.insert(done.clone()) {
            continue;
        }
        let next = |thread: usize| history[thread].get(done[thread]);
        let open: Vec<_> = (0..history.len()).filter(|&thread| next(thread).is_some()).collect();
        if open.is_empty() {
            return true;
        }
        let (pushed, taken) = inside(history, &done);
        let deadline = open.iter().filter_map(|&thread| next(thread)).map(|call| call.end).min();
        for thread in open {
            let Some(call) = next(thread) else { continue };
            let is_possible = match call.did {
                Did::Push => true,
                Did::Took { producer, n } => taken[producer] == n && n < pushed[producer],
                Did::FoundNothing => taken == pushed,
            };
            if is_possible && deadline.is_none_or(|deadline| call.begin <= deadline) {
                let mut after = done.clone();
                after[thread] += 1;
                to_see.push(after);
            }
        }
    }
    false
}

/// How many entries of each producer went in, and how many came out.
fn inside(history: &[Vec<Call>], done: &[usize]) -> (Vec<usize>, Vec<usize>) {
    let (mut pushed, mut taken) = (vec![0; history.len()], vec![0; history.len()]);
    for (thread, calls) in history.iter().enumerate() {
        for call in &calls[..done[thread]] {
            match call.did {
                Did::Push => pushed[thread] += 1,
                Did::Took { producer, .. } => taken[producer] += 1,
                Did::FoundNothing => {}
            }
        }
    }
    (pushed, taken)
}

/// The same for threads that share a lane. There a push that is under way hides those that came
/// after it, so that nothing was found says nothing; all else holds.
pub(crate) fn is_linearizable_but_for_nothing(history: &[Vec<Call>]) -> bool {
    let took = |calls: &Vec<Call>| {
        calls.iter().filter(|call| call.did != Did::FoundNothing).copied().collect()
    };
    is_linearizable(&history.iter().map(took).collect::<Vec<_>>())
}

fn call(begin: u64, end: u64, did: Did) -> Call {
    Call { begin, end, did }
}

const FIRST: Did = Did::Took { producer: 0, n: 0 };
const SECOND: Did = Did::Took { producer: 0, n: 1 };

#[test]
fn a_history_that_a_queue_a_producer_explains_is_let_through() {
    let producer = vec![call(0, 3, Did::Push), call(4, 7, Did::Push)];
    // While a push is under way, it may have happened or not.
    let consumer = vec![
        call(1, 2, Did::FoundNothing),
        call(5, 6, FIRST),
        call(8, 9, SECOND),
        call(10, 11, Did::FoundNothing),
    ];
    assert!(is_linearizable(&[producer, consumer]));
}

#[test]
fn a_history_that_nothing_explains_is_found() {
    let pushes = vec![call(0, 1, Did::Push), call(2, 3, Did::Push)];
    let wrong: [&[Call]; 5] = [
        // Overtaken.
        &[call(4, 5, SECOND), call(6, 7, FIRST)],
        // Twice.
        &[call(4, 5, FIRST), call(6, 7, FIRST)],
        // Not seen although it was there.
        &[call(4, 5, Did::FoundNothing), call(6, 7, FIRST)],
        // Gone.
        &[call(4, 5, FIRST), call(6, 7, Did::FoundNothing)],
        // Never pushed.
        &[call(4, 5, FIRST), call(6, 7, SECOND), call(8, 9, Did::Took { producer: 0, n: 2 })],
    ];
    for consumer in wrong {
        assert!(!is_linearizable(&[pushes.clone(), consumer.to_vec()]), "{consumer:?}");
    }
    // Before it was pushed.
    let late = vec![call(2, 3, Did::Push)];
    assert!(!is_linearizable(&[late, vec![call(0, 1, FIRST)]]));
}
