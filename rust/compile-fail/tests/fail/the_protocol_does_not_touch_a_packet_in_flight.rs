//! Sending takes the packet, and every view of it has to be gone.
#![allow(dead_code)]

use ndiswan::{Cx, Link, Packet, Passive};

fn after(link: &Link, cx: &mut Cx<Passive>, mut packet: Packet) {
    let _ = link.send(cx, packet);
    packet.get().data_mut()[0] = 0;
}

fn meanwhile(link: &Link, cx: &mut Cx<Passive>, mut packet: Packet) {
    let mut body = packet.get();
    let _ = link.send(cx, packet);
    body.data_mut()[0] = 0;
}

fn main() {}
