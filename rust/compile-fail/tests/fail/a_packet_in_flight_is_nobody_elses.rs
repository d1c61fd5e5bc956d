//! While it is in flight the protocol can neither write to a packet nor send it again, and a pool does not end before its
//! tokens.
// says: borrow of moved value: `packet`
// says: use of moved value: `packet`
// says: `pool` does not live long enough
#![allow(dead_code)]

use ndiswan::handoff::{Packet, Pending, Pool};

fn written<'p>(mut packet: Packet<'p, u32>) -> Pending<'p, u32> {
    let pending = packet.send().pend();
    *packet = 3;
    pending
}

fn sent_again<'p>(packet: Packet<'p, u32>) -> [Pending<'p, u32>; 2] {
    [packet.send().pend(), packet.send().pend()]
}

fn outlived() {
    let owed = {
        let pool = Pool::new(1, |_| 0u32);
        pool.packet().map(|packet| packet.send().pend())
    };
    drop(owed);
}

fn main() {}
