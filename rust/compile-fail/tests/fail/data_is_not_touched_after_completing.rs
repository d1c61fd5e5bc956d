//! A view of the data borrows the token, which completing takes.
// says: cannot move out of `packet` because it is borrowed
// says: borrow of moved value: `packet`
#![allow(dead_code)]

use ndiswan::{Cx, Deserialized, Dispatch, FinalStatus, Pending};

fn done(cx: &mut Cx<Dispatch>, mut packet: Pending<Deserialized>) -> usize {
    let view = packet.view();
    packet.complete(cx, FinalStatus::SUCCESS);
    view.data().len()
}

fn count(cx: &mut Cx<Dispatch>, packet: Pending<Deserialized>) -> usize {
    packet.complete(cx, FinalStatus::SUCCESS);
    packet.len()
}

fn main() {}
