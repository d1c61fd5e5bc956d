//! Making a ring.

use std::marker::PhantomData;

use super::consumer::Consumer;
use super::entry::Entry;
use super::lane::Shared;
use super::producer::{Door, Open, Permits, Ring};
use super::sync::{Arc, LANES, pair};
use super::thread;
use super::wake::{MOST_LANES, Wake};

/// How big a ring is.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct Config {
    /// Entries of a lane, rounded up to a power of two. In a ring with permits: the permits.
    pub capacity: usize,
    /// Threads that have a lane of their own; further ones share one.
    pub lanes: usize,
}

impl Config {
    /// A ring for a pool of `packets` packets.
    pub fn new(packets: usize) -> Config {
        Config { capacity: packets, lanes: LANES }
    }
}

/// Makes a ring for entries that carry permits.
pub fn ring<E: Entry>(config: Config) -> (Ring<E, Permits>, Consumer<E, Permits>) {
    make(config, 0)
}

/// Makes a ring for entries without permits, which can be full.
pub fn open_ring<E: Entry>(config: Config) -> (Ring<E, Open>, Consumer<E, Open>) {
    make(config, 0)
}

pub(super) fn make<E: Entry, D: Door>(config: Config, laps: u64) -> (Ring<E, D>, Consumer<E, D>) {
    thread::prepare();
    let lanes = config.lanes.min(MOST_LANES - 1) + 1;
    let (parker, unparker) = pair();
    // A first lap has an even number, or memory that was never written would look like entries.
    let start = laps.wrapping_mul(2 * config.capacity.max(1).next_power_of_two() as u64);
    let wake = Wake::new(lanes, unparker);
    let shared = Arc::new(Shared::new(lanes, config.capacity, D::OPEN, start, wake));
    let ring = Ring { shared: Arc::clone(&shared), door: PhantomData };
    (ring, Consumer::new(shared, parker))
}
