//! It says that the card has work, and the handler at DISPATCH completes.
#![allow(dead_code)]

use ndiswan::{Cx, Deserialized, Dirql, Dispatch, FinalStatus, Pending, Serialized};

fn isr(_: &mut Cx<Dirql>) -> bool {
    true
}

fn handle_interrupt(cx: &mut Cx<Dispatch>, one: Pending<Deserialized>, other: Pending<Serialized>) {
    one.complete(cx, FinalStatus::SUCCESS);
    other.complete(cx, FinalStatus::SUCCESS);
}

fn main() {}
