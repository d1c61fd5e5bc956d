//! The consumer's end cannot be copied, forged or read by two at once.
// says: `ndiswan::ring::Consumer` does not implement `Clone`
// says: cannot borrow `consumer` as mutable more than once at a time
#![allow(dead_code)]

use ndiswan::ring::Consumer;

fn second(consumer: &Consumer) -> Consumer {
    consumer.clone()
}

fn both(mut consumer: Consumer) {
    let one = || consumer.pop();
    let other = || consumer.pop();
    let (mut one, mut other) = (one, other);
    let _ = (one(), other());
}

fn shared(consumer: &Consumer) {
    let _ = consumer.pop();
}

fn main() {}
