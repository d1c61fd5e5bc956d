//! PENDING cannot be given to a completion, neither as it is nor made into a final status.
// says: expected `FinalStatus`, found `Status`
// says: no associated item named `PENDING`
// says: private fields
#![allow(dead_code)]

use ndiswan::{Cx, Dispatch, FinalStatus, Pending, Serialized, Status};

const NEVER: FinalStatus = FinalStatus::PENDING;

fn timer(cx: &mut Cx<Dispatch>, packet: Pending<Serialized>) {
    packet.complete(cx, Status::PENDING);
}

fn forge() -> FinalStatus {
    FinalStatus(Status::PENDING)
}

fn main() {}
