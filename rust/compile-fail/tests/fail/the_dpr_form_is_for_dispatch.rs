//! NdisDprAcquireSpinLock below DISPATCH_LEVEL: the level is in the type.
// says: expected `&mut Cx<Dispatch>`, found `&mut Cx<Passive>`
// says: expected `&mut Cx<Dispatch>`, found `&mut Cx<UpToDispatch>`
#![allow(dead_code)]

use ndiswan::{Cx, Passive, SpinLock, UpToDispatch};

fn thread(cx: &mut Cx<Passive>, lock: &SpinLock<u32>) -> u32 {
    *lock.lock_dpr(cx)
}

fn wan_send(cx: &mut Cx<UpToDispatch>, lock: &SpinLock<u32>) -> u32 {
    *lock.lock_dpr(cx)
}

fn main() {}
