//! The packet may go to another thread, which has a context of its own.
#![allow(dead_code)]

use ndiswan::{Deserialized, FinalStatus, Pending, at_passive};

fn elsewhere(packet: Pending<Deserialized>) {
    std::thread::scope(|scope| {
        scope.spawn(|| at_passive(|cx| packet.complete(cx, FinalStatus::SUCCESS)).unwrap());
    });
}

fn main() {}
