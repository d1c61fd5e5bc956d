//! Whoever has pended cannot answer with another status.
// says: use of moved value: `packet`
#![allow(dead_code)]

use ndiswan::{Disposition, FinalStatus, Sending, Serialized};

fn wan_send<'call>(packet: Sending<'call, Serialized>) -> Disposition<'call> {
    let (_answer, pending) = packet.pend();
    std::mem::forget(pending);
    packet.complete(FinalStatus::FAILURE)
}

fn main() {}
