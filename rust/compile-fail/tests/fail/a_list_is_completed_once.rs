//! A step of a list uses the list up, and no packet in it is reached from outside.
// says: use of moved value: `list`
// says: no method named `clone` found for struct `ndiswan::handoff::Packets
// says: borrowed data escapes outside of closure
// says: expected `Pendings<'_, u32>`, found `Sendings<'_, u32>`
#![allow(dead_code)]

use ndiswan::FinalStatus;
use ndiswan::handoff::{Packets, Pendings, Producer, Sendings};

const SUCCESS: FinalStatus = FinalStatus::SUCCESS;

fn twice<'p>(producer: &Producer<'p, u32>, list: Pendings<'p, u32>) {
    producer.push_list(list, |_, _| SUCCESS);
    producer.push_list(list, |_, _| SUCCESS);
}

fn copied<'p>(list: Packets<'p, u32>) -> [Packets<'p, u32>; 2] {
    [list.clone(), list]
}

fn kept<'p>(producer: &Producer<'p, u32>, list: Pendings<'p, u32>) {
    let mut bodies = Vec::new();
    producer.push_list(list, |body, status| {
        bodies.push(body);
        status
    });
}

fn unanswered<'p>(producer: &Producer<'p, u32>, list: Sendings<'p, u32>) {
    producer.push_list(list, |_, _| SUCCESS);
}

fn main() {}
