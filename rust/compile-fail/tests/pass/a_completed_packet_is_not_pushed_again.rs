//! Two packets are two permits.
#![allow(dead_code)]

use ndiswan::FinalStatus;
use ndiswan::handoff::{Pending, Producer};

fn both<'p>(producer: &Producer<'p, u32>, packets: [Pending<'p, u32>; 2]) {
    let [one, other] = packets;
    producer.push(one, FinalStatus::SUCCESS);
    producer.push(other, FinalStatus::FAILURE);
}

fn main() {}
