//! Any other status can, unpublished ones included.
#![allow(dead_code)]

use ndiswan::{Cx, Dispatch, FinalStatus, Pending, Serialized, Status};

fn timer(cx: &mut Cx<Dispatch>, packet: Pending<Serialized>, status: Status) {
    packet.complete(cx, FinalStatus::new(status).unwrap_or(FinalStatus::FAILURE));
}

fn main() {}
