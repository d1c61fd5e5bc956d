//! The inner lock goes first.
#![allow(dead_code)]

use ndiswan::{Cx, Passive, SpinLock};

fn right(cx: &mut Cx<Passive>, a: &SpinLock<u32>, b: &SpinLock<u32>) {
    let mut outer = a.lock(cx);
    let (_, inner) = outer.lock(b);
    drop(inner);
    drop(outer);
}

fn main() {}
