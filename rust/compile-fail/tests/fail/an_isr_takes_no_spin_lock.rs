//! Above DISPATCH_LEVEL no spin lock is acquired, and nothing is sent.
// says: the trait bound `Dirql: AtMostDispatch` is not satisfied
#![allow(dead_code)]

use std::sync::Arc;

use ndiswan::{Cx, Dirql, Link, Packet, SpinLock};

fn isr(cx: &mut Cx<Dirql>, lock: &SpinLock<u32>) -> u32 {
    *lock.lock(cx)
}

fn send(cx: &mut Cx<Dirql>, link: &Arc<Link>, packet: Packet) {
    let _ = link.send(cx, packet);
}

fn main() {}
