//! An interrupt service routine cannot complete, of neither mode.
// says: a packet of a Deserialized adapter cannot be completed at IRQL Dirql
// says: a packet of a Serialized adapter cannot be completed at IRQL Dirql
#![allow(dead_code)]

use ndiswan::{Cx, Deserialized, Dirql, FinalStatus, Pending, Serialized};

fn isr(cx: &mut Cx<Dirql>, one: Pending<Deserialized>, other: Pending<Serialized>) {
    one.complete(cx, FinalStatus::SUCCESS);
    other.complete(cx, FinalStatus::SUCCESS);
}

fn main() {}
