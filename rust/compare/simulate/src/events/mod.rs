//! Event sets: K links, W packets pending on each, one after the other in the order of time.
//!
//! A pop and a push are an event of the scenario: a packet comes back and the next one of its link is sent. All sets have to give
//! the same order, which a checksum over times, numbers and links holds them to.

pub mod heap;
pub mod rings;

use ndiswan::model::event_set::EventSet as Ours;
use ndiswan_compare::report::Row;

use crate::table::{Runner, costs, row};
use crate::workload::{CYCLE, NS_PER_BYTE, sizes};

/// What is pending, in the order of time, then of age.
pub trait Set {
    /// Room for so many links.
    fn new(links: u32) -> Self;
    /// The packet with this number comes back on this link at `at`, not before those that were pushed for the link earlier.
    fn push(&mut self, at: u64, number: u64, link: u32);
    /// The next one.
    fn pop(&mut self) -> Option<(u64, u64, u32)>;
}

/// Links, packets pending on each, and what is asked.
const CASES: [(u32, u32, f64); 5] =
    [(1, 64, 3.0), (4, 64, 1.5), (16, 64, 1.5), (64, 64, 1.5), (4096, 16, 1.0)];
/// Events in a round.
const EVENTS: u64 = 200_000;

/// Links at work on a set.
struct Links<S> {
    set: S,
    sizes: Vec<u32>,
    free: Vec<u64>,
    number: u64,
    checksum: u64,
}

impl<S: Set> Links<S> {
    fn new(links: u32, pending: u32) -> Links<S> {
        let free = vec![0; links as usize];
        let mut all = Links { set: S::new(links), sizes: sizes(), free, number: 0, checksum: 0 };
        for _ in 0..pending {
            for link in 0..links {
                all.send(0, link);
            }
        }
        all
    }

    fn send(&mut self, now: u64, link: u32) {
        let size = self.sizes[self.number as usize % CYCLE];
        let free = &mut self.free[link as usize];
        *free = now.max(*free) + NS_PER_BYTE * u64::from(size);
        self.set.push(*free, self.number, link);
        self.number += 1;
    }

    fn run(&mut self, events: u64) {
        for _ in 0..events {
            let (now, number, link) = self.set.pop().expect("as many come as go");
            let word = now ^ number.rotate_left(40) ^ u64::from(link).rotate_left(20);
            self.checksum =
                (self.checksum.rotate_left(5) ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            self.send(now, link);
        }
    }
}

fn checksum<S: Set>(links: u32, pending: u32, events: u64) -> u64 {
    let mut all = Links::<S>::new(links, pending);
    all.run(events);
    all.checksum
}

/// Both sets give the same order.
pub fn check() {
    for (links, pending, _) in CASES {
        let ours = checksum::<Ours>(links, pending, 100_000);
        let heap = checksum::<heap::Heap>(links, pending, 100_000);
        assert_eq!(ours, heap, "the order of {links} links with {pending} packets each");
    }
}

/// The rows.
pub fn rows(rounds: usize) -> Vec<Row> {
    check();
    let runner = |ours: bool, links: u32, pending: u32| {
        if ours {
            let mut all = Links::<Ours>::new(links, pending);
            Runner::new("ndiswan", EVENTS, move |events| all.run(events))
        } else {
            let mut all = Links::<heap::Heap>::new(links, pending);
            Runner::new(heap::NAME, EVENTS, move |events| all.run(events))
        }
    };
    let both = CASES.iter().flat_map(|(links, pending, _)| {
        [runner(true, *links, *pending), runner(false, *links, *pending)]
    });
    let all = costs(both.collect(), rounds);
    let cases = CASES.iter().enumerate();
    let name = |links, pending| match links {
        1 => format!("event set: 1 link, {pending} pending"),
        _ => format!("event set: {links} links, {pending} pending on each"),
    };
    cases
        .map(|(n, (links, pending, target))| {
            row(name(*links, *pending), heap::NAME, &all, (2 * n, 2 * n + 1), Some(*target))
        })
        .collect()
}
