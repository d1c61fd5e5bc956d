//! A packet that is under way cannot be sent once more.
#![allow(dead_code)]

use ndiswan::{Cx, Link, Packet, Passive};

fn twice(link: &Link, cx: &mut Cx<Passive>, packet: Packet) {
    let _ = link.send(cx, packet);
    let _ = link.send(cx, packet);
}

fn main() {}
