//! Any number of producers; one consumer, which moves as a whole.
#![allow(dead_code)]

use ndiswan::ring::{Consumer, Producer};

fn producers(producer: &Producer) -> Producer {
    producer.clone()
}

fn elsewhere(mut consumer: Consumer) {
    std::thread::spawn(move || while consumer.pop().is_some() {});
}

fn main() {}
