//! What lanes cost in which nothing happens: the same round trips beside threads that have pushed once and are silent.

use std::sync::{Barrier, Mutex};
use std::thread;

use ndiswan_compare::rounds::cpu_time;

use super::STATUS;
use super::single::trips;
use crate::pin::to_core;
use crate::queue::{BATCH, Consumer, Entry, Producer, Queue, Way};

/// Nanoseconds an entry with nobody else and beside `idle` threads, for each of `rounds` rounds of `entries` entries.
pub fn idle<Q: Queue>(idle: usize, batch: usize, rounds: usize, entries: u64) -> Vec<(f64, f64)> {
    const CAPACITY: usize = crate::queue::CAPACITY;
    let (mut alone, mut beside) = (Q::make(CAPACITY, 1), Q::make(CAPACITY, idle + 1));
    let (mut alone_in, mut alone_out) = alone.split(1);
    let (mut beside_in, mut beside_out) = beside.split(idle + 1);
    let (mut alone_in, mut mine) = (alone_in.remove(0).enter(), beside_in.remove(0).enter());
    let (pushed, done) = (Mutex::new(0), Barrier::new(idle + 1));
    let mut result = Vec::new();
    thread::scope(|scope| {
        let (pushed, done) = (&pushed, &done);
        for way in beside_in {
            let body = move || {
                to_core(&[], 0);
                let mut producer = way.enter();
                // One at a time, so that a shared queue is never full.
                let mut count = pushed.lock().expect("nobody panics with it");
                while !producer.push(Entry { handle: *count, status: STATUS, tag: 1 }) {}
                *count += 1;
                drop(count);
                done.wait();
            };
            let made = thread::Builder::new().stack_size(64 << 10).spawn_scoped(scope, body);
            made.expect("a thread that does nothing");
        }
        let mut seen = 0;
        while seen < idle {
            seen += beside_out.drain(BATCH, |entry| assert_eq!(entry.tag, 1));
            thread::yield_now();
        }
        let mut first = 0;
        for round in 0..=rounds {
            let mut one = |beside: bool| {
                let begin = cpu_time();
                if beside {
                    trips(&mut mine, &mut beside_out, batch, first, entries);
                } else {
                    trips(&mut alone_in, &mut alone_out, batch, first, entries);
                }
                (cpu_time() - begin) as f64 / entries as f64
            };
            let (other, here) = if round % 2 == 0 {
                let other = one(false);
                (other, one(true))
            } else {
                let here = one(true);
                (one(false), here)
            };
            if round > 0 {
                result.push((other, here));
            }
            first += entries;
        }
        done.wait();
    });
    result
}
