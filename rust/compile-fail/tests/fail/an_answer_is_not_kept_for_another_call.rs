//! An answer does not outlive its call, so a driver cannot keep one and give it to the next call.
// says: must outlive `'static`
#![allow(dead_code)]

use ndiswan::{Deserialized, Disposition, Sending};

struct Driver {
    spare: Option<Disposition<'static>>,
}

fn wan_send(driver: &mut Driver, packet: Sending<'_, Deserialized>) {
    let (answer, pending) = packet.pend();
    std::mem::forget(pending);
    driver.spare = Some(answer);
}

fn main() {}
