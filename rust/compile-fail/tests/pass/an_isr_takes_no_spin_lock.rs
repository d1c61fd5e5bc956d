//! The handler at DISPATCH does that.
#![allow(dead_code)]

use ndiswan::{Cx, Dispatch, Link, Packet, SpinLock};

fn handle_interrupt(cx: &mut Cx<Dispatch>, lock: &SpinLock<u32>) -> u32 {
    *lock.lock(cx)
}

fn send(cx: &mut Cx<Dispatch>, link: &Link, packet: Packet) {
    let _ = link.send(cx, packet);
}

fn main() {}
