//! It raises the level first; a deserialized one may complete below.
#![allow(dead_code)]

use ndiswan::{Cx, Deserialized, FinalStatus, Passive, Pending, Serialized};

fn halt(cx: &mut Cx<Passive>, owed: Vec<Pending<Serialized>>) {
    cx.raise(|cx| {
        for packet in owed {
            packet.complete(cx, FinalStatus::REQUEST_ABORTED);
        }
    });
}

fn deserialized(cx: &mut Cx<Passive>, packet: Pending<Deserialized>) {
    packet.complete(cx, FinalStatus::REQUEST_ABORTED);
}

fn main() {}
