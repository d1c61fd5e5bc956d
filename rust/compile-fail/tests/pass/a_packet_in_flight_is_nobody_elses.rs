//! Who has the token writes.
#![allow(dead_code)]

use ndiswan::handoff::{Packet, Pending, Pool};

fn written<'p>(mut packet: Packet<'p, u32>) -> Pending<'p, u32> {
    *packet = 3;
    let mut pending = packet.send().pend();
    *pending += 1;
    pending
}

fn as_long_as_the_pool() {
    let pool = Pool::new(1, |_| 0u32);
    let owed = pool.packet().map(|packet| packet.send().pend());
    drop(owed);
}

fn main() {}
