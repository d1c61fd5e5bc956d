//! One after the other; a second lock is taken through the first one's guard.
#![allow(dead_code)]

use ndiswan::{Cx, Passive, SpinLock};

fn again(cx: &mut Cx<Passive>, lock: &SpinLock<u32>) -> u32 {
    let first = *lock.lock(cx);
    first + *lock.lock(cx)
}

fn nested(cx: &mut Cx<Passive>, lock: &SpinLock<u32>, other: &SpinLock<u32>) -> u32 {
    let mut outer = lock.lock(cx);
    let (outer, inner) = outer.lock(other);
    *outer + *inner
}

fn main() {}
