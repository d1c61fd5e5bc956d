//! `raise` gives one at DISPATCH, and a thread begins with `at_passive`.
#![allow(dead_code)]

use ndiswan::{Cx, Dispatch, Passive, at_passive};

fn at_dispatch(cx: &mut Cx<Passive>, f: impl FnOnce(&mut Cx<Dispatch>)) {
    cx.raise(f);
}

fn thread() {
    at_passive(|cx| at_dispatch(cx, |_| {})).unwrap();
}

fn main() {
    thread();
}
