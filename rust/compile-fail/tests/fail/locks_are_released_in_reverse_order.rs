//! The inner guard borrows the outer one, so the outer lock cannot go first.
// says: cannot move out of `outer` because it is borrowed
#![allow(dead_code)]

use ndiswan::{Cx, Passive, SpinLock};

fn wrong(cx: &mut Cx<Passive>, a: &SpinLock<u32>, b: &SpinLock<u32>) {
    let mut outer = a.lock(cx);
    let (_, inner) = outer.lock(b);
    drop(outer);
    drop(inner);
}

fn main() {}
