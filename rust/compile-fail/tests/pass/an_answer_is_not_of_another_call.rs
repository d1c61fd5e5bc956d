//! Each call has its own packet's answer.
#![allow(dead_code)]

use ndiswan::{Deserialized, Disposition, FinalStatus, Sending};

fn answer<'one, 'two>(
    one: Sending<'one, Deserialized>,
    two: Sending<'two, Deserialized>,
) -> (Disposition<'one>, Disposition<'two>) {
    (one.complete(FinalStatus::SUCCESS), two.complete(FinalStatus::FAILURE))
}

fn main() {}
