//! The token carries its adapter: there is no call that takes a token and an adapter, and the two modes do not mix.
// says: expected `Name`, found `Pending<Serialized>`
// says: expected `Pending<Deserialized>`, found `Pending<Serialized>`
#![allow(dead_code)]

use ndiswan::{Adapter, Deserialized, FinalStatus, Pending, Serialized};

fn other(adapter: &Adapter, packet: Pending<Serialized>) {
    let _ = adapter.wan_send_complete(packet, FinalStatus::SUCCESS.get());
}

fn mixed(queue: &mut Vec<Pending<Deserialized>>, packet: Pending<Serialized>) {
    queue.push(packet);
}

fn main() {}
