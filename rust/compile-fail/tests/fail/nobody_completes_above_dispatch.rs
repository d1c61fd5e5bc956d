//! An interrupt service routine cannot complete, of neither mode.
#![allow(dead_code)]

use ndiswan::{Cx, Deserialized, Dirql, FinalStatus, Pending, Serialized};

fn isr(cx: &mut Cx<Dirql>, one: Pending<Deserialized>, other: Pending<Serialized>) {
    one.complete(cx, FinalStatus::SUCCESS);
    other.complete(cx, FinalStatus::SUCCESS);
}

fn main() {}
