//! Either the one answer or the other.
#![allow(dead_code)]

use ndiswan::{Disposition, FinalStatus, Sending, Serialized};

fn wan_send<'call>(packet: Sending<'call, Serialized>) -> Disposition<'call> {
    if packet.len() > 1500 {
        return packet.complete(FinalStatus::INVALID_LENGTH);
    }
    let (answer, pending) = packet.pend();
    std::mem::forget(pending);
    answer
}

fn main() {}
