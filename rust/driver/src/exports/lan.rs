//! What miniports of a LAN and of CoNDIS call, and protocols: a WAN miniport must not.

use ndiswan::Rule;

use super::exports;
use crate::context::Here;

fn foreign(here: &Here, instead: &str) {
    here.broken(Rule::Foreign, &format!("{}: {instead}", here.name));
}

const RECEIVES: &str = "a WAN miniport indicates frames by NdisMWanIndicateReceive";
const RECEIVED: &str =
    "a WAN miniport says that it indicated frames by NdisMWanIndicateReceiveComplete";
const CONNECTIONS: &str =
    "this is CoNDIS's, which a WAN miniport of NDIS 3.0 to 5.1 has no part in";

exports! {
    fn NdisMTransferDataComplete(here, handle: usize, packet: usize, status: u32, transferred: u32) {
        foreign(here, "a WAN miniport has no MiniportTransferData that could be completed");
    }

    fn NdisMIndicateReceivePacket(here, handle: usize, packets: usize, count: u32) {
        foreign(here, RECEIVES);
    }

    fn NdisMEthIndicateReceive(here, handle: usize, context: usize, header: usize, header_size: u32, lookahead: usize, lookahead_size: u32, size: u32) {
        foreign(here, RECEIVES);
    }

    fn NdisMEthIndicateReceiveComplete(here, handle: usize) {
        foreign(here, RECEIVED);
    }

    fn NdisMTrIndicateReceive(here, handle: usize, context: usize, header: usize, header_size: u32, lookahead: usize, lookahead_size: u32, size: u32) {
        foreign(here, RECEIVES);
    }

    fn NdisMTrIndicateReceiveComplete(here, handle: usize) {
        foreign(here, RECEIVED);
    }

    fn NdisMFddiIndicateReceive(here, handle: usize, context: usize, header: usize, header_size: u32, lookahead: usize, lookahead_size: u32, size: u32) {
        foreign(here, RECEIVES);
    }

    fn NdisMFddiIndicateReceiveComplete(here, handle: usize) {
        foreign(here, RECEIVED);
    }

    fn NdisMIndicateReceive(here, handle: usize, context: usize, header: usize, header_size: u32, lookahead: usize, lookahead_size: u32, size: u32) {
        foreign(here, RECEIVES);
    }

    fn NdisMIndicateReceiveComplete(here, handle: usize) {
        foreign(here, RECEIVED);
    }

    fn NdisReturnPackets(here, packets: usize, count: u32) {
        foreign(here, "protocols return packets, miniports do not");
    }

    fn NdisMCoSendComplete(here, status: u32, vc: usize, packet: usize) {
        foreign(here, "a WAN miniport completes by NdisMWanSendComplete");
    }

    fn NdisMCoIndicateReceivePacket(here, vc: usize, packets: usize, count: u32) {
        foreign(here, RECEIVES);
    }

    fn NdisMCoReceiveComplete(here, handle: usize) {
        foreign(here, RECEIVED);
    }

    fn NdisMCoIndicateStatus(here, handle: usize, vc: usize, status: u32, buffer: usize, length: u32) {
        foreign(here, "a WAN miniport indicates by NdisMIndicateStatus");
    }

    fn NdisMCoRequestComplete(here, status: u32, handle: usize, request: usize) {
        foreign(here, CONNECTIONS);
    }

    fn NdisMCoActivateVcComplete(here, status: u32, vc: usize, parameters: usize) {
        foreign(here, CONNECTIONS);
    }

    fn NdisMCoDeactivateVcComplete(here, status: u32, vc: usize) {
        foreign(here, CONNECTIONS);
    }
}
