//! Two paths think that they are the one to complete.

use std::collections::VecDeque;

use super::Memory;
use crate::nic::{Driver, Nic};

const WATCHDOG: u32 = 0;
const CARD: u32 = 1;

/// The watchdog looks up the frame under the lock, and lets go of it to talk to the card
/// (`double-timer-against-interrupt`).
#[derive(Debug)]
pub struct CancelsWithoutTheLock<N: Nic> {
    sending: Memory<Option<N::Packet>>,
}

impl<N: Nic> Driver<N> for CancelsWithoutTheLock<N> {
    const TIMERS: u32 = 2;

    fn new() -> Self {
        CancelsWithoutTheLock { sending: Memory::default() }
    }

    fn send(&self, nic: &N, packet: N::Packet) {
        nic.locked(0, || *self.sending.get() = Some(packet));
        nic.set_timer(CARD);
        nic.set_timer(WATCHDOG);
    }

    fn timer(&self, nic: &N, timer: u32) {
        if timer == CARD {
            nic.interrupt();
            return;
        }
        let Some(packet) = nic.locked(0, || *self.sending.get()) else { return };
        nic.look(); // the card is told to forget it
        nic.locked(0, || *self.sending.get() = None);
        nic.complete(packet, false);
    }

    fn interrupt(&self, nic: &N) {
        if let Some(packet) = nic.locked(0, || self.sending.get().take()) {
            nic.complete(packet, true);
        }
    }
}

/// The interrupt completes what is out, and takes it off the ring when it is back
/// (`double-reset-against-completion`).
#[derive(Debug)]
pub struct RemovesAfterwards<N: Nic> {
    ring: Memory<VecDeque<N::Packet>>,
}

impl<N: Nic> Driver<N> for RemovesAfterwards<N> {
    fn new() -> Self {
        RemovesAfterwards { ring: Memory::default() }
    }

    fn send(&self, nic: &N, packet: N::Packet) {
        nic.locked(0, || self.ring.get().push_back(packet));
        nic.set_timer(0);
    }

    fn timer(&self, nic: &N, _: u32) {
        nic.interrupt();
    }

    fn interrupt(&self, nic: &N) {
        while let Some(packet) = nic.locked(0, || self.ring.get().front().copied()) {
            nic.complete(packet, true);
            nic.locked(0, || self.ring.get().retain(|other| *other != packet));
        }
    }

    fn reset(&self, nic: &N) -> bool {
        let ring = nic.locked(0, || std::mem::take(&mut *self.ring.get()));
        for packet in ring {
            nic.complete(packet, false);
        }
        true
    }

    fn halt(&self, nic: &N) {
        self.interrupt(nic);
    }
}

/// What is to be completed is gathered in one list of the adapter (`double-shared-list`).
#[derive(Debug)]
pub struct SharesItsList<N: Nic> {
    ring: Memory<Vec<N::Packet>>,
    done: Memory<Vec<N::Packet>>,
}

impl<N: Nic> Driver<N> for SharesItsList<N> {
    const TIMERS: u32 = 2;

    fn new() -> Self {
        SharesItsList { ring: Memory::default(), done: Memory::default() }
    }

    fn send(&self, nic: &N, packet: N::Packet) {
        nic.locked(0, || self.ring.get().push(packet));
        nic.set_timer(0);
        nic.set_timer(1);
    }

    fn timer(&self, nic: &N, _: u32) {
        nic.locked(0, || self.done.get().append(&mut self.ring.get()));
        let done = self.done.get().clone();
        for packet in &done {
            nic.complete(*packet, true);
        }
        nic.look();
        self.done.get().retain(|packet| !done.contains(packet));
    }
}

/// Two locks, taken in one order by the send and in the other by the timer (`lock-order-of-two-adapters`).
#[derive(Debug)]
pub struct TwoOrders<N: Nic> {
    queue: Memory<Vec<N::Packet>>,
}

impl<N: Nic> Driver<N> for TwoOrders<N> {
    const LOCKS: usize = 2;

    fn new() -> Self {
        TwoOrders { queue: Memory::default() }
    }

    fn send(&self, nic: &N, packet: N::Packet) {
        nic.locked(0, || nic.locked(1, || self.queue.get().push(packet)));
        nic.set_timer(0);
    }

    fn timer(&self, nic: &N, _: u32) {
        let queue = nic.locked(1, || nic.locked(0, || std::mem::take(&mut *self.queue.get())));
        for packet in queue {
            nic.complete(packet, true);
        }
    }
}
