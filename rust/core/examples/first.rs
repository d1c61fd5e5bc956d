//! The smallest whole program: a miniport that owes a completion and pays, a protocol that counts, a world for both.
//!
//! ```text
//! cargo run --example first
//! ```

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use ndiswan::{
    Adapter, Config, Cx, Deserialized, Disposition, FinalStatus, Link, Miniport, Ndis, Packet,
    Passive, Protocol, Sending, Status, UpToDispatch, WanInfo, at_passive,
};

/// A card with memory of its own: a frame is copied, and complete, before the call returns.
struct Copies;

impl Miniport for Copies {
    type Mode = Deserialized;

    fn info(&self) -> WanInfo {
        WanInfo { max_transmit: 4, ..WanInfo::default() }
    }

    fn initialize(&self, _: &mut Cx<Passive>, _: &Arc<Adapter>) -> Result<(), Status> {
        Ok(())
    }

    fn wan_send<'call>(
        &self,
        cx: &mut Cx<UpToDispatch>,
        _: &Arc<Link>,
        packet: Sending<'call, Deserialized>,
    ) -> Disposition<'call> {
        // The answer is PENDING, and `owed` the one completion that is owed for it.
        let (answer, owed) = packet.pend();
        owed.complete(cx, FinalStatus::SUCCESS);
        answer
    }
}

/// Counts what comes back. A packet that is dropped goes back into the pool.
struct Counter(Arc<AtomicU32>);

impl Protocol for Counter {
    fn send_complete(&self, _: &mut Cx<UpToDispatch>, packet: Packet, _: FinalStatus) {
        drop(packet);
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let back = Arc::new(AtomicU32::new(0));
    let ndis = Ndis::new(Config::default());
    let link = ndis.bind(Counter(Arc::clone(&back)), Copies, 16, "copies")?;
    at_passive(|cx| -> Result<(), Box<dyn Error>> {
        for _ in 0..3 {
            let packet = link.adapter.packet(b"\xff\x03\xc0\x21 hello")?;
            link.send(cx, packet).map_err(|refused| refused.violation)?;
        }
        Ok(())
    })??;
    ndis.run(None, None)?;
    ndis.close()?;
    let back = back.load(Ordering::Relaxed);
    println!("{back} packets are back, {} rules broken", ndis.violations().len());
    Ok(())
}
