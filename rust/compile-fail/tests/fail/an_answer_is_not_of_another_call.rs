//! The answer carries its call's brand.
// says: it is returning data with lifetime `'one`
// says: it is returning data with lifetime `'two`
#![allow(dead_code)]

use ndiswan::{Deserialized, Disposition, FinalStatus, Sending};

fn swap<'one, 'two>(
    one: Sending<'one, Deserialized>,
    two: Sending<'two, Deserialized>,
) -> (Disposition<'one>, Disposition<'two>) {
    (two.complete(FinalStatus::SUCCESS), one.complete(FinalStatus::FAILURE))
}

fn main() {}
