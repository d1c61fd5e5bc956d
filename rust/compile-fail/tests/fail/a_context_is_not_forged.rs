//! A context of a level is only given, to the functions that run at that level.
// says: associated function `assume` is private
// says: `Cx<_>: Clone` is not satisfied
#![allow(dead_code)]

use ndiswan::cx::Cpu;
use ndiswan::{Cx, Dispatch, Passive};

fn at_dispatch() -> Cx<Dispatch> {
    Cx::assume(Cpu::current())
}

fn second(cx: &Cx<Passive>) -> Cx<Passive> {
    Cx::clone(cx)
}

fn main() {}
