//! The first completion takes the token.
// says: use of moved value: `packet`
#![allow(dead_code)]

use ndiswan::{Cx, Dispatch, FinalStatus, Pending, Serialized};

fn timer(cx: &mut Cx<Dispatch>, packet: Pending<Serialized>) {
    packet.complete(cx, FinalStatus::FAILURE);
    packet.complete(cx, FinalStatus::SUCCESS);
}

fn main() {}
