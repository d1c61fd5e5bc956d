//! At DISPATCH it is, and from below the plain form.
#![allow(dead_code)]

use ndiswan::{Cx, Dispatch, Passive, SpinLock};

fn thread(cx: &mut Cx<Passive>, lock: &SpinLock<u32>) -> u32 {
    *lock.lock(cx)
}

fn timer(cx: &mut Cx<Dispatch>, lock: &SpinLock<u32>) -> u32 {
    *lock.lock_dpr(cx)
}

fn main() {}
