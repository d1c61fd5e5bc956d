//! A packet that is under way cannot be sent once more.
// says: use of moved value: `packet`
#![allow(dead_code)]

use std::sync::Arc;

use ndiswan::{Cx, Link, Packet, Passive};

fn twice(link: &Arc<Link>, cx: &mut Cx<Passive>, packet: Packet) {
    let _ = link.send(cx, packet);
    let _ = link.send(cx, packet);
}

fn main() {}
