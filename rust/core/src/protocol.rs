//! What a protocol implements: it sends, and gets every packet back exactly once.

use std::sync::Arc;

use crate::cx::{Cx, Passive, UpToDispatch};
use crate::disposition::Packet;
use crate::ndis::{Adapter, Batch, Link};
use crate::ring::Completion;
use crate::status::{FinalStatus, Status};

/// Bits of `NDIS_MAC_FRAGMENT.Errors`.
pub mod fragment {
    /// The check sum was wrong.
    pub const CRC: u32 = 1;
    /// The frame was malformed.
    pub const FRAMING: u32 = 2;
    /// The hardware lost data.
    pub const HARDWARE_OVERRUN: u32 = 4;
    /// There was no buffer.
    pub const BUFFER_OVERRUN: u32 = 8;
    /// The rest did not come.
    pub const TIMEOUT: u32 = 0x10;
    /// The data were not whole bytes.
    pub const ALIGNMENT: u32 = 0x20;
}

/// A protocol driver, in the place of NDISWAN and what is above it.
///
/// Callbacks run at DISPATCH by default (`Policy::callback_at_dispatch`). Sending again from
/// inside of `send_complete` is allowed.
pub trait Protocol: Send + Sync + 'static {
    /// ProtocolSendComplete: the packet is the protocol's again; dropping it frees it. Called for
    /// sends that were answered PENDING, and only for those.
    fn send_complete(&self, cx: &mut Cx<UpToDispatch>, packet: Packet, status: FinalStatus);

    /// The same for a protocol that knows packets by name: the slot's packet is the protocol's
    /// until it is sent again or released. Only language bindings write this one.
    #[doc(hidden)]
    fn send_complete_name(
        &self,
        cx: &mut Cx<UpToDispatch>,
        adapter: &Adapter,
        slot: u32,
        status: FinalStatus,
    ) {
        let adapter = adapter.arc_on(cx.cpu());
        self.send_complete(cx, Packet::new(adapter, slot), status);
    }

    /// From how many packets on [`send_complete_many`](Self::send_complete_many) is called for them;
    /// `None` if it never is. Only language bindings write these two.
    #[doc(hidden)]
    fn many(&self) -> Option<usize> {
        None
    }

    /// ProtocolSendComplete for each of these packets of `link`, which are in the pool again;
    /// `statuses` has one for each, or is empty for SUCCESS for all.
    #[doc(hidden)]
    fn send_complete_many(
        &self,
        cx: &mut Cx<UpToDispatch>,
        link: &Arc<Link>,
        batch: Batch,
        statuses: Vec<Status>,
    ) {
        let _ = (cx, link, batch, statuses);
    }

    /// ProtocolSendNetBufferListsComplete (NDIS 6): the lists that one call of the miniport completed are the
    /// protocol's again, all of them. At the level of that call, which `cx` knows; NDIS has it in flags. One that
    /// does not write it has each by [`send_complete`](Self::send_complete).
    fn send_net_buffer_lists_complete(
        &self,
        cx: &mut Cx<UpToDispatch>,
        chain: Vec<(Packet, FinalStatus)>,
    ) {
        for (packet, status) in chain {
            self.send_complete(cx, packet, status);
        }
    }

    /// The same for a protocol that knows packets by name. Only language bindings write this one.
    #[doc(hidden)]
    fn send_complete_names(
        &self,
        cx: &mut Cx<UpToDispatch>,
        adapter: &Adapter,
        chain: &[Completion],
    ) {
        let adapter = adapter.arc_on(cx.cpu());
        let token = |one: &Completion| (Packet::new(Arc::clone(&adapter), one.slot), one.status);
        self.send_net_buffer_lists_complete(cx, chain.iter().map(token).collect());
    }

    /// A received frame; the data is the miniport's and must be copied out.
    fn receive(&self, cx: &mut Cx<UpToDispatch>, link: &Arc<Link>, data: &[u8]) -> Status {
        let _ = (cx, link, data);
        Status::NOT_ACCEPTED
    }

    /// One or more receives are over.
    fn receive_complete(&self, cx: &mut Cx<UpToDispatch>, link: &Arc<Link>) {
        let _ = (cx, link);
    }

    /// Line-up, the first or a later one.
    fn line_up(&self, cx: &mut Cx<UpToDispatch>, link: &Arc<Link>) {
        let _ = (cx, link);
    }

    /// Line-down: nothing more can be sent on the link.
    fn line_down(&self, cx: &mut Cx<UpToDispatch>, link: &Arc<Link>) {
        let _ = (cx, link);
    }

    /// A frame arrived damaged; `errors` are bits of [`fragment`].
    fn fragment(&self, cx: &mut Cx<UpToDispatch>, link: &Arc<Link>, errors: u32) {
        let _ = (cx, link, errors);
    }

    /// Another status: RESET_START, RESET_END, CLOSED.
    fn status(&self, cx: &mut Cx<UpToDispatch>, status: Status) {
        let _ = (cx, status);
    }

    /// ProtocolResetComplete.
    fn reset_complete(&self, cx: &mut Cx<UpToDispatch>, status: Status) {
        let _ = (cx, status);
    }

    /// The alarm that [`Adapter::set_alarm`] set, at PASSIVE_LEVEL: time to send something.
    fn alarm(&self, cx: &mut Cx<Passive>) {
        let _ = cx;
    }

    /// Runs `deliver`, which calls `send_complete` for a batch of packets. A language binding
    /// enters its interpreter here once for all of them.
    fn batch(&self, deliver: &mut dyn FnMut()) {
        deliver();
    }
}
