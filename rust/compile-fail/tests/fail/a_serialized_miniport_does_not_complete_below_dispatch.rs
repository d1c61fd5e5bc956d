//! A serialized miniport completes at DISPATCH_LEVEL exactly.
// says: a packet of a Serialized adapter cannot be completed at IRQL Passive
#![allow(dead_code)]

use ndiswan::{Cx, FinalStatus, Passive, Pending, Serialized};

fn halt(cx: &mut Cx<Passive>, owed: Vec<Pending<Serialized>>) {
    for packet in owed {
        packet.complete(cx, FinalStatus::REQUEST_ABORTED);
    }
}

fn main() {}
