//! A packet that was sent and pended is one.
#![allow(dead_code)]

use ndiswan::FinalStatus;
use ndiswan::handoff::{Packet, Producer};

fn sent<'p>(producer: &Producer<'p, u32>, packet: Packet<'p, u32>) {
    producer.push(packet.send().pend(), FinalStatus::SUCCESS);
}

fn main() {}
