//! It can when it is back.
#![allow(dead_code)]

use std::sync::Arc;

use ndiswan::{Cx, Link, Packet, Passive, Sent};

fn again(link: &Arc<Link>, cx: &mut Cx<Passive>, packet: Packet) {
    if let Ok(Sent::Done(packet, _)) = link.send(cx, packet) {
        let _ = link.send(cx, packet);
    }
}

fn main() {}
