//! The packet knows where it belongs.
#![allow(dead_code)]

use ndiswan::{Cx, Dispatch, FinalStatus, Pending, Serialized};

fn own(cx: &mut Cx<Dispatch>, packet: Pending<Serialized>) {
    packet.complete(cx, FinalStatus::SUCCESS);
}

fn of_one_mode(queue: &mut Vec<Pending<Serialized>>, packet: Pending<Serialized>) {
    queue.push(packet);
}

fn main() {}
