//! It is completed.
#![allow(dead_code)]
#![deny(unused_must_use)]

use ndiswan::{Cx, Dispatch, FinalStatus, Pending, Serialized};

fn oldest(queue: &mut Vec<Pending<Serialized>>) -> Pending<Serialized> {
    queue.remove(0)
}

fn give_up(cx: &mut Cx<Dispatch>, queue: &mut Vec<Pending<Serialized>>) {
    oldest(queue).complete(cx, FinalStatus::FAILURE);
}

fn main() {}
