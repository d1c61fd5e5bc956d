//! A push uses the token up: it is the permit, and there is one.
// says: use of moved value: `packet`
// says: expected `Pending<'_, u32>`, found `u32`
#![allow(dead_code)]

use ndiswan::FinalStatus;
use ndiswan::handoff::{Pending, Producer};

fn twice<'p>(producer: &Producer<'p, u32>, packet: Pending<'p, u32>) {
    producer.push(packet, FinalStatus::SUCCESS);
    producer.push(packet, FinalStatus::FAILURE);
}

fn copied<'p>(producer: &Producer<'p, u32>, packet: Pending<'p, u32>) {
    producer.push(packet.clone(), FinalStatus::SUCCESS);
    producer.push(packet, FinalStatus::FAILURE);
}

fn main() {}
