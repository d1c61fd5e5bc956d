//! Any number of producers; one consumer, which moves as a whole.
#![allow(dead_code)]

use ndiswan::ring::{Consumer, Ring};

fn producers(producer: &Ring) -> Ring {
    producer.clone()
}

fn elsewhere(mut consumer: Consumer) {
    std::thread::spawn(move || while consumer.pop().is_some() {});
}

fn main() {}
