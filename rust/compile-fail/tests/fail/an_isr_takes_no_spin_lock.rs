//! Above DISPATCH_LEVEL no spin lock is acquired, and nothing is sent.
#![allow(dead_code)]

use ndiswan::{Cx, Dirql, Link, Packet, SpinLock};

fn isr(cx: &mut Cx<Dirql>, lock: &SpinLock<u32>) -> u32 {
    *lock.lock(cx)
}

fn send(cx: &mut Cx<Dirql>, link: &Link, packet: Packet) {
    let _ = link.send(cx, packet);
}

fn main() {}
