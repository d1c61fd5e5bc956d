//! The whole engine: a send of typed tokens with all that Ndis does for it, the same way as in `typed.rs`.

use std::error::Error;
use std::sync::{Arc, OnceLock};

use ndiswan::{
    Adapter, Config, Cx, Delivery, Deserialized, Disposition, FinalStatus, Link, Miniport, Ndis,
    Packet, Passive, Pending, Protocol, Sending, Status, UpToDispatch, Verify, WanInfo, at_passive,
};
use ndiswan_compare::slot::Slot;

use crate::queue::BATCH;

/// Keeps the tokens that it has.
#[derive(Default)]
struct Card {
    tokens: Slot<Vec<Pending<Deserialized>>>,
    adapter: OnceLock<Arc<Adapter>>,
}

#[derive(Clone)]
struct Driver(Arc<Card>);

impl Miniport for Driver {
    type Mode = Deserialized;

    fn info(&self) -> WanInfo {
        WanInfo { max_transmit: BATCH as u32 * 2, ..WanInfo::default() }
    }

    fn initialize(&self, _: &mut Cx<Passive>, adapter: &Arc<Adapter>) -> Result<(), Status> {
        self.0.adapter.set(Arc::clone(adapter)).map_err(|_| Status::FAILURE)
    }

    fn wan_send<'call>(
        &self,
        _: &mut Cx<UpToDispatch>,
        _: &Arc<Link>,
        packet: Sending<'call, Deserialized>,
    ) -> Disposition<'call> {
        let (answer, packet) = packet.pend();
        let mut tokens = self.0.tokens.take().unwrap_or_default();
        tokens.push(packet);
        self.0.tokens.put(tokens);
        answer
    }
}

/// Keeps what comes back.
#[derive(Clone, Default)]
struct Peer(Arc<Slot<Vec<Packet>>>);

impl Protocol for Peer {
    fn send_complete(&self, _: &mut Cx<UpToDispatch>, packet: Packet, _: FinalStatus) {
        let mut packets = self.0.take().unwrap_or_default();
        packets.push(packet);
        self.0.put(packets);
    }
}

/// Does so many round trips, rounded down to whole batches.
pub type Trips = Box<dyn FnMut(u64)>;

/// The round trips in batches of `batch`, with the ledger's checks at this level: at 0 ownership alone is exact.
///
/// # Errors
/// The engine refuses the driver.
pub fn engine(batch: usize, level: u8) -> Result<Trips, Box<dyn Error>> {
    let verify = Verify::from_level(level).ok_or("expected a level from 0 to 4")?;
    let ndis = Ndis::new(Config { verify, delivery: Delivery::Queued, ..Config::default() });
    let card = Arc::new(Card::default());
    let peer = Peer::default();
    let link = ndis.bind(peer.clone(), Driver(Arc::clone(&card)), BATCH as u32 * 2, "card")?;
    let adapter = Arc::clone(&link.adapter);
    let packets: Result<Vec<Packet>, _> = (0..batch).map(|_| adapter.packet(&[0x21; 64])).collect();
    peer.0.put(packets?);
    Ok(Box::new(move |times| {
        let trips = |cx: &mut Cx<Passive>| {
            for _ in 0..times / batch as u64 {
                let mut packets = peer.0.take().expect("they came back");
                for packet in packets.drain(..) {
                    drop(link.send(cx, packet).expect("a good send"));
                }
                peer.0.put(packets);
                let mut tokens = card.tokens.take().expect("the miniport has them");
                for token in tokens.drain(..) {
                    token.complete(cx, FinalStatus::SUCCESS);
                }
                card.tokens.put(tokens);
                assert_eq!(ndis.drain(), batch, "all come out of the ring");
            }
        };
        at_passive(trips).expect("a thread at PASSIVE_LEVEL");
    }))
}
