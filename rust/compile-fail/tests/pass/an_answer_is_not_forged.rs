//! The answer comes from the packet.
#![allow(dead_code)]

use ndiswan::{Disposition, Sending, Serialized};

fn wan_send<'call>(packet: Sending<'call, Serialized>) -> Disposition<'call> {
    let (answer, pending) = packet.pend();
    std::mem::forget(pending);
    answer
}

fn main() {}
