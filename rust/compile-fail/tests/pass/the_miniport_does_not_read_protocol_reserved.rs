//! MacReserved and WanPacketQueue are its own.
#![allow(dead_code)]

use ndiswan::{Pending, Serialized};

fn scratch(packet: &mut Pending<Serialized>) -> u64 {
    let mut view = packet.view();
    view.wan_packet_queue()[0] = 1;
    view.mac_reserved()[0]
}

fn main() {}
