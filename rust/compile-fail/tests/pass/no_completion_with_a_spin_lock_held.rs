//! First the lock is released, then the packet is completed.
#![allow(dead_code)]

use ndiswan::{Cx, Deserialized, Dispatch, FinalStatus, Pending, SpinLock};

fn timer(cx: &mut Cx<Dispatch>, queue: &SpinLock<Vec<Pending<Deserialized>>>) {
    let waiting = std::mem::take(&mut *queue.lock(cx));
    for packet in waiting {
        packet.complete(cx, FinalStatus::SUCCESS);
    }
}

fn main() {}
