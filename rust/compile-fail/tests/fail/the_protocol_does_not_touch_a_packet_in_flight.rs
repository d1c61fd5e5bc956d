//! Sending takes the packet, and every view of it has to be gone.
// says: borrow of moved value: `packet`
// says: cannot move out of `packet` because it is borrowed
#![allow(dead_code)]

use std::sync::Arc;

use ndiswan::{Cx, Link, Packet, Passive};

fn after(link: &Arc<Link>, cx: &mut Cx<Passive>, mut packet: Packet) {
    let _ = link.send(cx, packet);
    packet.get().data_mut()[0] = 0;
}

fn meanwhile(link: &Arc<Link>, cx: &mut Cx<Passive>, mut packet: Packet) {
    let mut body = packet.get();
    let _ = link.send(cx, packet);
    body.data_mut()[0] = 0;
}

fn main() {}
