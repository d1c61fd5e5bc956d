//! What is kept beyond the call is what is owed.
#![allow(dead_code)]

use ndiswan::{Deserialized, Disposition, Pending, Sending};

struct Driver {
    owed: Option<Pending<Deserialized>>,
}

fn wan_send<'call>(
    driver: &mut Driver,
    packet: Sending<'call, Deserialized>,
) -> Disposition<'call> {
    let (answer, pending) = packet.pend();
    driver.owed = Some(pending);
    answer
}

fn main() {}
