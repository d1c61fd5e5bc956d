//! While its guard is alive the context is borrowed.
// says: cannot borrow `*cx` as mutable more than once at a time
#![allow(dead_code)]

use ndiswan::{Cx, Passive, SpinLock};

fn recursion(cx: &mut Cx<Passive>, lock: &SpinLock<u32>) -> u32 {
    let outer = lock.lock(cx);
    let inner = lock.lock(cx);
    *outer + *inner
}

fn main() {}
