//! What a miniport indicates is the miniport's again when the call returns.
// says: borrowed data escapes outside of method
#![allow(dead_code)]

use std::sync::{Arc, Mutex};

use ndiswan::{Cx, FinalStatus, Link, Packet, Protocol, Status, UpToDispatch};

struct Peer(Mutex<&'static [u8]>);

impl Protocol for Peer {
    fn send_complete(&self, _: &mut Cx<UpToDispatch>, _: Packet, _: FinalStatus) {}

    fn receive(&self, _: &mut Cx<UpToDispatch>, _: &Arc<Link>, data: &[u8]) -> Status {
        *self.0.lock().unwrap() = data;
        Status::SUCCESS
    }
}

fn main() {}
