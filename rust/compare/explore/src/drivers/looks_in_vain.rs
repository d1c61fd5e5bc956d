//! Drivers that look three times, and then do it all the same; an interrupt that is acknowledged too late.

use super::Memory;
use crate::nic::{Driver, Nic};

const WATCHDOG: u32 = 0;
const CARD: u32 = 1;

#[derive(Debug)]
struct Frame<P> {
    sending: Option<P>,
    queue: Vec<P>,
    tag: u32,
}

/// The watchdog looks at the frame without the lock, and again with it; after three looks it takes the
/// one it saw (`insists-watchdog`).
#[derive(Debug)]
pub struct GivesUpAnyway<N: Nic> {
    frame: Memory<Frame<N::Packet>>,
}

impl<P> Default for Frame<P> {
    fn default() -> Frame<P> {
        Frame { sending: None, queue: Vec::new(), tag: 0 }
    }
}

impl<P: Copy> Frame<P> {
    /// The next frame; whether there is one.
    fn next(&mut self) -> bool {
        if self.sending.is_none() && !self.queue.is_empty() {
            self.sending = Some(self.queue.remove(0));
            self.tag += 1;
            return true;
        }
        false
    }
}

impl<N: Nic> GivesUpAnyway<N> {
    fn finish(&self, nic: &N, well: bool) {
        let (packet, more) = nic.locked(0, || {
            let mut frame = self.frame.get();
            let packet = frame.sending.take();
            (packet, frame.next())
        });
        if more {
            nic.set_timer(CARD);
        }
        if let Some(packet) = packet {
            nic.complete(packet, well);
        }
    }
}

impl<N: Nic> Driver<N> for GivesUpAnyway<N> {
    const TIMERS: u32 = 2;

    fn new() -> Self {
        GivesUpAnyway { frame: Memory::default() }
    }

    fn send(&self, nic: &N, packet: N::Packet) {
        let started = nic.locked(0, || {
            let mut frame = self.frame.get();
            frame.queue.push(packet);
            frame.next()
        });
        if started {
            nic.set_timer(CARD);
            nic.set_timer(WATCHDOG);
        }
    }

    fn timer(&self, nic: &N, timer: u32) {
        if timer == CARD {
            self.finish(nic, true);
            return;
        }
        let mut seen = None;
        for _ in 0..3 {
            nic.look();
            let tag = {
                let frame = self.frame.get();
                seen = frame.sending;
                frame.tag
            };
            if seen.is_none() || nic.locked(0, || self.frame.get().tag == tag) {
                if seen.is_some() {
                    self.finish(nic, false);
                }
                return;
            }
        }
        if let Some(packet) = seen {
            nic.complete(packet, false);
        }
    }
}

#[derive(Debug)]
struct Card<P> {
    started: Vec<P>,
    status: Vec<P>,
    latched: bool,
}

/// The interrupt is acknowledged when the work is done (`missed-interrupt`): the card raises no other one
/// until then, and what is out meanwhile stays in its status register for ever.
#[derive(Debug)]
pub struct AcknowledgesLast<N: Nic> {
    card: Memory<Card<N::Packet>>,
}

impl<P> Default for Card<P> {
    fn default() -> Card<P> {
        Card { started: Vec::new(), status: Vec::new(), latched: false }
    }
}

impl<N: Nic> Driver<N> for AcknowledgesLast<N> {
    const TIMERS: u32 = 4;

    fn new() -> Self {
        AcknowledgesLast { card: Memory::default() }
    }

    fn send(&self, nic: &N, packet: N::Packet) {
        let number = nic.locked(0, || {
            let mut card = self.card.get();
            card.started.push(packet);
            card.started.len() - 1
        });
        nic.set_timer(number as u32);
    }

    /// The hardware: this frame is out.
    fn timer(&self, nic: &N, timer: u32) {
        let raise = {
            let mut card = self.card.get();
            let packet = card.started[timer as usize];
            card.status.push(packet);
            !std::mem::replace(&mut card.latched, true)
        };
        if raise {
            nic.interrupt();
        }
    }

    fn interrupt(&self, nic: &N) {
        let out = nic.locked(0, || std::mem::take(&mut self.card.get().status));
        for packet in out {
            nic.complete(packet, true);
        }
        nic.look();
        self.card.get().latched = false;
    }
}
