//! A Cx is the CPU that runs here; another thread is another CPU.
// says: `Rc<Cpu>` cannot be sent between threads safely
#![allow(dead_code)]

use ndiswan::{Cx, Deserialized, FinalStatus, Passive, Pending};

fn elsewhere(cx: &mut Cx<Passive>, packet: Pending<Deserialized>) {
    std::thread::scope(|scope| {
        scope.spawn(|| packet.complete(cx, FinalStatus::SUCCESS));
    });
}

fn main() {}
