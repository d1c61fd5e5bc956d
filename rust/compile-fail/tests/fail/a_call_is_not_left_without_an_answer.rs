//! MiniportWanSend has to return the answer: dropping it leaves nothing to return.
// says: expected `Disposition<'_>`, found `()`
#![allow(dead_code)]

use ndiswan::{Cx, Deserialized, Disposition, Link, Miniport, Sending, UpToDispatch, WanInfo};

struct Card;

impl Miniport for Card {
    type Mode = Deserialized;

    fn info(&self) -> WanInfo {
        WanInfo::default()
    }

    fn wan_send<'call>(
        &self,
        _: &mut Cx<UpToDispatch>,
        _: &std::sync::Arc<Link>,
        packet: Sending<'call, Deserialized>,
    ) -> Disposition<'call> {
        packet.complete(ndiswan::FinalStatus::SUCCESS);
    }
}

fn main() {}
