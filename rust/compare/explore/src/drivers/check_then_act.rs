//! What was looked at is no longer so when it is acted upon.

use super::Memory;
use crate::nic::{Driver, Nic};

/// The octets are counted once the frame is accepted (`touch-statistics-in-the-send`).
#[derive(Debug)]
pub struct CountsWhenQueued<N: Nic> {
    queue: Memory<Vec<N::Packet>>,
}

impl<N: Nic> Driver<N> for CountsWhenQueued<N> {
    fn new() -> Self {
        CountsWhenQueued { queue: Memory::default() }
    }

    fn send(&self, nic: &N, packet: N::Packet) {
        nic.locked(0, || self.queue.get().push(packet));
        nic.set_timer(0);
        nic.touch(packet);
    }

    fn timer(&self, nic: &N, _: u32) {
        let queue = nic.locked(0, || std::mem::take(&mut *self.queue.get()));
        for packet in queue {
            nic.complete(packet, true);
        }
    }
}

/// Whether the call is there is looked at before the lock is taken (`lost-behind-a-dead-line`).
#[derive(Debug)]
pub struct ChecksTheLineFirst<N: Nic> {
    queue: Memory<Vec<N::Packet>>,
    dead: Memory<bool>,
}

impl<N: Nic> ChecksTheLineFirst<N> {
    fn take(&self, nic: &N) {
        let queue = nic.locked(0, || std::mem::take(&mut *self.queue.get()));
        for packet in queue {
            nic.complete(packet, false);
        }
    }
}

impl<N: Nic> Driver<N> for ChecksTheLineFirst<N> {
    fn new() -> Self {
        ChecksTheLineFirst { queue: Memory::default(), dead: Memory::default() }
    }

    fn send(&self, nic: &N, packet: N::Packet) {
        nic.set_timer(0); // the remote side hangs up some time
        nic.look();
        if *self.dead.get() {
            nic.complete(packet, false);
            return;
        }
        nic.locked(0, || self.queue.get().push(packet));
    }

    fn timer(&self, nic: &N, _: u32) {
        *self.dead.get() = true;
        self.take(nic);
    }

    fn halt(&self, nic: &N) {
        if !*self.dead.get() {
            self.take(nic);
        }
    }
}

/// Whether it was the last packet of a reset is looked at after the lock (`reset-ends-twice`).
#[derive(Debug)]
pub struct LooksAfterItsLock<N: Nic> {
    queue: Memory<Vec<N::Packet>>,
    taken: Memory<usize>,
    resetting: Memory<bool>,
}

impl<N: Nic> LooksAfterItsLock<N> {
    fn take(&self, nic: &N, one_more: usize) -> Vec<N::Packet> {
        nic.locked(0, || {
            let queue = std::mem::take(&mut *self.queue.get());
            *self.taken.get() += queue.len() + one_more;
            queue
        })
    }

    fn put_down(&self, nic: &N, count: usize) -> bool {
        nic.locked(0, || *self.taken.get() -= count);
        nic.look();
        let over = *self.resetting.get() && *self.taken.get() == 0;
        nic.look();
        over && {
            *self.resetting.get() = false;
            true
        }
    }
}

impl<N: Nic> Driver<N> for LooksAfterItsLock<N> {
    fn new() -> Self {
        LooksAfterItsLock {
            queue: Memory::default(),
            taken: Memory::default(),
            resetting: Memory::default(),
        }
    }

    fn send(&self, nic: &N, packet: N::Packet) {
        nic.locked(0, || self.queue.get().push(packet));
        nic.set_timer(0);
    }

    fn timer(&self, nic: &N, _: u32) {
        let queue = self.take(nic, 0);
        for packet in &queue {
            nic.complete(*packet, true);
        }
        if !queue.is_empty() && self.put_down(nic, queue.len()) {
            nic.reset_complete();
        }
    }

    fn reset(&self, nic: &N) -> bool {
        *self.resetting.get() = true;
        let queue = self.take(nic, 1);
        for packet in &queue {
            nic.complete(*packet, false);
        }
        self.put_down(nic, queue.len() + 1)
    }
}
