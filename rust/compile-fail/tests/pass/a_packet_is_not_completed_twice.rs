//! One completion a packet.
#![allow(dead_code)]

use ndiswan::{Cx, Dispatch, FinalStatus, Pending, Serialized};

fn timer(cx: &mut Cx<Dispatch>, packet: Pending<Serialized>, late: bool) {
    let status = if late { FinalStatus::FAILURE } else { FinalStatus::SUCCESS };
    packet.complete(cx, status);
}

fn main() {}
