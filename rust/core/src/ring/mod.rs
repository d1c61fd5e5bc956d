//! The completion ring: completions of any thread on their way to one dispatcher.
//!
//! ```text
//! slots   [ entry | turn ] × capacity (a power of two, at least the packets of the pool)
//! tail    next ticket, u64, taken by producers with one fetch_add
//! head    next ticket to read, the consumer's alone
//! ```
//!
//! `entry` holds a packet's slot (high half) and its final status (low half). `turn` is written
//! by the producer of ticket `t` as `t + 1` after the entry, and read by the consumer: the entry of
//! ticket `t` is there when `turn == t + 1`.
//!
//! **It cannot be full.** A packet is in the ring at most once: it is pushed when its owner turns
//! from miniport to returning, and can be pushed again only after the consumer has popped it, it
//! was delivered, and sent again. With `capacity ≥ packets` a producer with ticket `t` would find
//! slot `t mod capacity` unread only if `capacity + 1` packets were in the ring at once. By the
//! pigeonhole some packet was popped and pushed again between the tickets `t − capacity` and `t`;
//! the consumer read in order, so it had read `t − capacity` before, and that read happens before
//! this write along: pop → delivery → send → push of that packet → the chain of `fetch_add`s
//! (AcqRel) up to ours. So a push is one `fetch_add` and two stores: wait-free, it cannot fail.
//!
//! Tickets are 64 bits wide: at a push a nanosecond they wrap after 584 years.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::status::{FinalStatus, Status};

/// A completed packet's way back: its slot and its final status.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct Completion {
    /// Index in the pool.
    pub slot: u32,
    /// The final status.
    pub status: FinalStatus,
}

#[derive(Debug, Default)]
struct Place {
    entry: AtomicU64,
    turn: AtomicU64,
}

#[derive(Debug)]
struct Shared {
    places: Box<[Place]>,
    mask: u64,
    tail: AtomicU64,
}

/// The producers' end; any number of threads share it.
#[derive(Debug, Clone)]
pub struct Producer(std::sync::Arc<Shared>);

/// The consumer's end: there is one, it is not `Clone`, and reading needs it exclusively.
#[derive(Debug)]
pub struct Consumer {
    shared: std::sync::Arc<Shared>,
    head: u64,
}

/// Makes a ring for a pool of `packets` packets.
pub fn ring(packets: usize) -> (Producer, Consumer) {
    let capacity = packets.max(1).next_power_of_two();
    let places = (0..capacity).map(|_| Place::default()).collect();
    let shared = Shared { places, mask: capacity as u64 - 1, tail: AtomicU64::new(0) };
    let shared = std::sync::Arc::new(shared);
    (Producer(std::sync::Arc::clone(&shared)), Consumer { shared, head: 0 })
}

impl Producer {
    /// Puts a completion in. The caller has just turned the packet's owner to returning, which is
    /// its permit: see the module for why the ring has room.
    pub(crate) fn push(&self, completion: Completion) {
        let ticket = self.0.tail.fetch_add(1, Ordering::AcqRel);
        let place = &self.0.places[(ticket & self.0.mask) as usize];
        let entry = u64::from(completion.slot) << 32 | u64::from(completion.status.get().0);
        place.entry.store(entry, Ordering::Relaxed);
        place.turn.store(ticket.wrapping_add(1), Ordering::Release);
    }
}

impl Consumer {
    /// Takes the oldest completion out, if it is there.
    pub fn pop(&mut self) -> Option<Completion> {
        let place = &self.shared.places[(self.head & self.shared.mask) as usize];
        if place.turn.load(Ordering::Acquire) != self.head.wrapping_add(1) {
            return None;
        }
        let entry = place.entry.load(Ordering::Relaxed);
        self.head = self.head.wrapping_add(1);
        // What was put in as a final status is one.
        let status = FinalStatus::new(Status(entry as u32)).unwrap_or(FinalStatus::FAILURE);
        Some(Completion { slot: (entry >> 32) as u32, status })
    }

    /// Takes out up to `most` completions, in order.
    pub fn drain(&mut self, most: usize, out: &mut Vec<Completion>) -> usize {
        let before = out.len();
        while out.len() - before < most {
            let Some(completion) = self.pop() else { break };
            out.push(completion);
        }
        out.len() - before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_producer_pushes_comes_out_in_order() {
        let (producer, mut consumer) = ring(3);
        for lap in 0..10u32 {
            for slot in 0..3 {
                let status = FinalStatus::new(Status(0xC000_0000 + lap)).unwrap();
                producer.push(Completion { slot, status });
            }
            let mut out = Vec::new();
            assert_eq!(consumer.drain(2, &mut out), 2);
            assert_eq!(consumer.drain(9, &mut out), 1);
            assert_eq!(out.iter().map(|c| c.slot).collect::<Vec<_>>(), [0, 1, 2]);
            assert!(out.iter().all(|c| c.status.get().0 == 0xC000_0000 + lap));
            assert_eq!(consumer.pop(), None);
        }
    }

    #[test]
    fn four_producers_with_as_many_packets_as_places_lose_nothing() {
        const EACH: u32 = 20_000;
        let (producer, mut consumer) = ring(8);
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
                        producer.push(Completion { slot, status: FinalStatus::SUCCESS });
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
}
