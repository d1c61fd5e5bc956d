//! Only the packet of the call makes the call's answer.
// says: fields `status` and `_brand` of struct `Disposition` are private
#![allow(dead_code)]

use std::marker::PhantomData;

use ndiswan::{Disposition, Status};

fn wan_send<'call>() -> Disposition<'call> {
    Disposition { status: Status::PENDING, _brand: PhantomData }
}

fn main() {}
