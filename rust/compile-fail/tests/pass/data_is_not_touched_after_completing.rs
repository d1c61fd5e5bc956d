//! What is needed is read before.
#![allow(dead_code)]

use ndiswan::{Cx, Deserialized, Dispatch, FinalStatus, Pending};

fn done(cx: &mut Cx<Dispatch>, mut packet: Pending<Deserialized>) -> usize {
    let length = packet.view().data().len();
    packet.complete(cx, FinalStatus::SUCCESS);
    length
}

fn count(cx: &mut Cx<Dispatch>, packet: Pending<Deserialized>) -> usize {
    let length = packet.len();
    packet.complete(cx, FinalStatus::SUCCESS);
    length
}

fn main() {}
