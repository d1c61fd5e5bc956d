//! What is left of a list that was completed is an empty one, for other packets.
#![allow(dead_code)]

use ndiswan::FinalStatus;
use ndiswan::handoff::{Packets, Producer, Sendings};

fn once<'p>(producer: &Producer<'p, u32>, list: Sendings<'p, u32>) -> Packets<'p, u32> {
    let mut bodies = Vec::new();
    producer.push_list(list.pend(), |body, _| {
        bodies.push(*body);
        FinalStatus::SUCCESS
    })
}

fn main() {}
