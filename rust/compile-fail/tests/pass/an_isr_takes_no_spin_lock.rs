//! The handler at DISPATCH does that.
#![allow(dead_code)]

use std::sync::Arc;

use ndiswan::{Cx, Dispatch, Link, Packet, SpinLock};

fn handle_interrupt(cx: &mut Cx<Dispatch>, lock: &SpinLock<u32>) -> u32 {
    *lock.lock(cx)
}

fn send(cx: &mut Cx<Dispatch>, link: &Arc<Link>, packet: Packet) {
    let _ = link.send(cx, packet);
}

fn main() {}
