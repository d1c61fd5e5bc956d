//! What a miniport sees of the descriptor has no ProtocolReserved.
// says: no field `protocol_reserved` on type `MiniportView<'_>`
// says: no method named `protocol_reserved`
#![allow(dead_code)]

use ndiswan::{Pending, Serialized};

fn scratch(mut packet: Pending<Serialized>) -> u64 {
    let fifth = packet.view().protocol_reserved[0];
    fifth + packet.protocol_reserved()[0]
}

fn main() {}
