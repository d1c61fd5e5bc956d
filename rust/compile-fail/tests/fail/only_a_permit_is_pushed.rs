//! Neither a number nor a packet that was not sent is a permit, and none can be made up.
// says: expected `Pending<'_, u32>`, found `u32`
// says: expected `Pending<'_, u32>`, found `Packet<'_, u32>`
// says: cannot initialize a tuple struct which contains private fields
#![allow(dead_code)]

use ndiswan::FinalStatus;
use ndiswan::handoff::{Packet, Pending, Producer};

fn number(producer: &Producer<'_, u32>) {
    producer.push(3u32, FinalStatus::SUCCESS);
}

fn not_sent<'p>(producer: &Producer<'p, u32>, packet: Packet<'p, u32>) {
    producer.push(packet, FinalStatus::SUCCESS);
}

fn made_up(producer: &Producer<'_, u32>) {
    producer.push(Pending(3), FinalStatus::SUCCESS);
}

fn main() {}
