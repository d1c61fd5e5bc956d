//! The completion race: the scenario in which speed is measured; `benchmarks/exploring/race.py` is the same in Python.

use super::{Memory, sends_and_reset};
use crate::nic::{Driver, Nic, Play};

/// Four sends, then a reset while some of them are on the line.
pub const PLAY: Play = sends_and_reset(4);

#[derive(Debug)]
struct Owed<P> {
    queue: Vec<P>,
    /// How many are off the queue and not completed yet; the reset counts as one.
    taken: usize,
    resetting: bool,
}

impl<P> Default for Owed<P> {
    fn default() -> Owed<P> {
        Owed { queue: Vec::new(), taken: 0, resetting: false }
    }
}

impl<P> Owed<P> {
    /// So many are back; whether that ends the reset.
    fn put_down(&mut self, count: usize) -> bool {
        self.taken -= count;
        let over = self.resetting && self.taken == 0;
        self.resetting &= !over;
        over
    }
}

/// A good driver: its timer completes what it finds, a reset the rest, and it ends when all are back.
#[derive(Debug)]
pub struct Race<N: Nic> {
    owed: Memory<Owed<N::Packet>>,
}

impl<N: Nic> Race<N> {
    fn take(&self, nic: &N, for_reset: bool) -> Vec<N::Packet> {
        nic.locked(0, || {
            let mut owed = self.owed.get();
            owed.resetting |= for_reset;
            owed.taken += owed.queue.len() + usize::from(for_reset);
            std::mem::take(&mut owed.queue)
        })
    }
}

impl<N: Nic> Driver<N> for Race<N> {
    fn new() -> Race<N> {
        Race { owed: Memory::default() }
    }

    fn send(&self, nic: &N, packet: N::Packet) {
        nic.locked(0, || self.owed.get().queue.push(packet));
        nic.set_timer(0);
    }

    fn timer(&self, nic: &N, _: u32) {
        let packets = self.take(nic, false);
        for packet in &packets {
            nic.complete(*packet, true);
        }
        if nic.locked(0, || self.owed.get().put_down(packets.len())) {
            nic.reset_complete();
        }
    }

    fn reset(&self, nic: &N) -> bool {
        let packets = self.take(nic, true);
        for packet in &packets {
            nic.complete(*packet, false);
        }
        nic.locked(0, || self.owed.get().put_down(packets.len() + 1))
    }
}
