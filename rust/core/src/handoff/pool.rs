//! A pool of packets with their ring.

use super::consumer::Consumer;
use super::ledger::{Ledger, NoLedger, Step, WithLedger};
use super::packet::Packet;
use super::producer::Producer;
use super::record::{Broken, Record};
use super::token::{Memory, Token};

/// So many packets with a body `T` each, and the ring in which they come back. Nothing is allocated after it was
/// made. Shared by reference; tokens borrow it.
#[derive(Debug)]
pub struct Pool<T, L: Ledger = NoLedger>(pub(super) Memory<T, L>);

impl<T> Pool<T> {
    /// `packets` packets, at most 2³⁰ − 1, each with the body that `body` makes of its index.
    pub fn new(packets: u32, body: impl FnMut(u32) -> T) -> Self {
        Self::make(packets, body)
    }
}

impl<T> Pool<T, WithLedger> {
    /// The same with a ledger, which checks each step.
    pub fn with_ledger(packets: u32, body: impl FnMut(u32) -> T) -> Self {
        Self::make(packets, body)
    }
}

impl<T, L: Ledger> Pool<T, L> {
    fn make(packets: u32, body: impl FnMut(u32) -> T) -> Self {
        Pool(Memory::<T, L>::new(packets, body, Record::new()))
    }

    /// How many packets there are.
    pub fn len(&self) -> usize {
        self.0.count()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many of them nobody has.
    pub fn free(&self) -> usize {
        self.0.free()
    }

    /// A packet that nobody has, with the body as its last owner left it.
    pub fn packet(&self) -> Option<Packet<'_, T, L>> {
        Some(Packet::new(Token::new(self.0.take()?, Step::Allocate)))
    }

    /// The calling thread's way into the ring.
    pub fn producer(&self) -> Producer<'_, T, L> {
        Producer(self.0.lane())
    }

    /// The end at which packets come back, unless somebody has it.
    pub fn consumer(&self) -> Option<Consumer<'_, T, L>> {
        Some(Consumer(self.0.reader()?))
    }

    /// Wakes a consumer that waits: no more is to come. What comes all the same gets in.
    pub fn close(&self) {
        self.0.close();
    }

    /// How many rules were broken: tokens that were dropped, and what the ledger found.
    pub fn broken(&self) -> u64 {
        self.0.shared().count()
    }

    /// The first 256 of them.
    pub fn record(&self) -> Vec<Broken> {
        self.0.shared().to_vec()
    }
}
