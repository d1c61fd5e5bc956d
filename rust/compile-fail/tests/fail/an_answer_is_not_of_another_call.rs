//! The answer carries its call's brand.
#![allow(dead_code)]

use ndiswan::{Deserialized, Disposition, FinalStatus, Sending};

fn swap<'one, 'two>(
    one: Sending<'one, Deserialized>,
    two: Sending<'two, Deserialized>,
) -> (Disposition<'one>, Disposition<'two>) {
    (two.complete(FinalStatus::SUCCESS), one.complete(FinalStatus::FAILURE))
}

fn main() {}
