//! The protocol copies what it wants to keep.
#![allow(dead_code)]

use std::sync::{Arc, Mutex};

use ndiswan::{Cx, FinalStatus, Link, Packet, Protocol, Status, UpToDispatch};

struct Peer(Mutex<Vec<u8>>);

impl Protocol for Peer {
    fn send_complete(&self, _: &mut Cx<UpToDispatch>, _: Packet, _: FinalStatus) {}

    fn receive(&self, _: &mut Cx<UpToDispatch>, _: &Arc<Link>, data: &[u8]) -> Status {
        *self.0.lock().unwrap() = data.to_vec();
        Status::SUCCESS
    }
}

fn main() {}
