//! The packet is the protocol's until it sends, and again in its answer.
#![allow(dead_code)]

use std::sync::Arc;

use ndiswan::{Cx, Link, Packet, Passive, Sent};

fn before(link: &Arc<Link>, cx: &mut Cx<Passive>, mut packet: Packet) {
    packet.get().data_mut()[0] = 0;
    if let Ok(Sent::Done(mut packet, _)) = link.send(cx, packet) {
        packet.get().data_mut()[0] = 0;
    }
}

fn main() {}
