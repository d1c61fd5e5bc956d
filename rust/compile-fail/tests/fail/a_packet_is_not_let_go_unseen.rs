//! An owed packet whose value is not used is an error under `deny(unused_must_use)`.
// says: unused `ndiswan::Pending` that must be used
#![allow(dead_code)]
#![deny(unused_must_use)]

use ndiswan::{Cx, Dispatch, FinalStatus, Pending, Serialized};

fn oldest(queue: &mut Vec<Pending<Serialized>>) -> Pending<Serialized> {
    queue.remove(0)
}

fn give_up(_: &mut Cx<Dispatch>, queue: &mut Vec<Pending<Serialized>>) -> FinalStatus {
    oldest(queue);
    FinalStatus::FAILURE
}

fn main() {}
