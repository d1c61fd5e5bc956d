//! A guard keeps the context borrowed, and completing needs the context.
// says: cannot borrow `*cx` as mutable more than once at a time
#![allow(dead_code)]

use ndiswan::{Cx, Deserialized, Dispatch, FinalStatus, Pending, SpinLock};

fn timer(cx: &mut Cx<Dispatch>, queue: &SpinLock<Vec<Pending<Deserialized>>>) {
    let mut waiting = queue.lock(cx);
    while let Some(packet) = waiting.pop() {
        packet.complete(cx, FinalStatus::SUCCESS);
    }
}

fn main() {}
