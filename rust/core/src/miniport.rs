//! What a miniport implements: NDIS's entry points with the packet as a token.

use std::rc::Rc;
use std::sync::Arc;

use crate::cx::{AtMostDispatch, Cpu, Cx, Dirql, Dispatch, Level, Passive, UpToDispatch};
use crate::disposition::{Disposition, Sending};
use crate::event::Entry;
use crate::face::Face;
use crate::info::WanInfo;
use crate::ndis::{Adapter, Batch, Link};
use crate::oid::{Answer, Oid};
use crate::status::Status;

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Serialized {}
    impl Sealed for super::Deserialized {}
}

/// Whether NDIS serializes the adapter's entry points.
pub trait Mode: sealed::Sealed + Send + Sync + 'static {
    /// True for [`Serialized`].
    const SERIALIZED: bool;
    /// The level at which MiniportWanSend is called.
    type SendLevel: AtMostDispatch + CanComplete<Self>;
}

/// NDIS calls one entry point at a time, sends at DISPATCH.
#[derive(Debug)]
pub struct Serialized;
/// NDIS calls entry points concurrently (`NDIS_ATTRIBUTE_DESERIALIZE`).
#[derive(Debug)]
pub struct Deserialized;

impl Mode for Serialized {
    const SERIALIZED: bool = true;
    type SendLevel = Dispatch;
}

impl Mode for Deserialized {
    const SERIALIZED: bool = false;
    type SendLevel = UpToDispatch;
}

/// A level at which a miniport of mode `M` may complete (page of NdisMWanSendComplete).
#[diagnostic::on_unimplemented(
    message = "a packet of a {M} adapter cannot be completed at IRQL {Self}",
    label = "wrong IRQL for NdisMWanSendComplete",
    note = "serialized: exactly DISPATCH_LEVEL; deserialized: at or below it; use `cx.raise(..)` from below"
)]
pub trait CanComplete<M: Mode + ?Sized>: Level {}
impl CanComplete<Serialized> for Dispatch {}
impl CanComplete<Deserialized> for Passive {}
impl CanComplete<Deserialized> for UpToDispatch {}
impl CanComplete<Deserialized> for Dispatch {}

/// A WAN miniport driver.
///
/// Every method is an entry point of NDIS 5; IRQLs are the ones of the contract's table. A panic
/// inside of one is caught: the packets it had come back, and the panic is reported.
pub trait Miniport: Send + Sync + 'static {
    /// [`Serialized`] or [`Deserialized`].
    type Mode: Mode;

    /// Which send interface it has: [`wan_send`](Self::wan_send) is called for all of them. A miniport of `CoNDIS` or NDIS 6
    /// is [`Deserialized`].
    fn face(&self) -> Face {
        Face::Wan
    }

    /// What OID_WAN_GET_INFO answers. Asked once, before `initialize`.
    fn info(&self) -> WanInfo;

    /// Whether the mode and what `info` answers are said by MiniportInitialize
    /// ([`Adapter::set_deserialized`], [`Adapter::describe`]). Only drivers behind a border do that.
    #[doc(hidden)]
    fn says_late(&self) -> bool {
        false
    }

    /// MiniportInitialize.
    ///
    /// # Errors
    /// The status with which it failed; the adapter does not come up then.
    fn initialize(&self, cx: &mut Cx<Passive>, adapter: &Arc<Adapter>) -> Result<(), Status> {
        let _ = (cx, adapter);
        Ok(())
    }

    /// MiniportWanSend: the packet is the miniport's until it is completed.
    fn wan_send<'call>(
        &self,
        cx: &mut Cx<<Self::Mode as Mode>::SendLevel>,
        link: &Arc<Link>,
        packet: Sending<'call, Self::Mode>,
    ) -> Disposition<'call>;

    /// From how many packets on [`wan_send_many`](Self::wan_send_many) is called for them; `None` if it
    /// never is. Only language bindings write these two: a driver in Rust gains nothing by a batch.
    #[doc(hidden)]
    fn many(&self) -> Option<usize> {
        None
    }

    /// MiniportWanSend for each of these packets, known by name; `answers` has one status for each
    /// afterwards, or stays empty for PENDING for all.
    #[doc(hidden)]
    fn wan_send_many(
        &self,
        cx: &mut Cx<<Self::Mode as Mode>::SendLevel>,
        link: &Arc<Link>,
        batch: &Arc<Batch>,
        answers: &mut Vec<Status>,
    ) {
        let _ = (cx, link, batch, answers);
    }

    /// What people call a timer of its, besides its number.
    #[doc(hidden)]
    fn timer_name(&self, timer: u32) -> Option<String> {
        let _ = timer;
        None
    }

    /// Where in its source the function of an entry point is, as the end of a sentence, if somebody can say it.
    #[doc(hidden)]
    fn place_of(&self, entry: Entry) -> String {
        let _ = entry;
        String::new()
    }

    /// MiniportHalt: complete what is owed, stop timers and threads.
    fn halt(&self, cx: &mut Cx<Passive>) {
        let _ = cx;
    }

    /// MiniportReset; `Status::PENDING` owes an `Adapter::reset_complete`. The flag is AddressingReset.
    fn reset(&self, cx: &mut Cx<Dispatch>) -> (Status, bool) {
        let _ = cx;
        (Status::SUCCESS, false)
    }

    /// Whether there is a MiniportCheckForHang.
    fn has_check_for_hang(&self) -> bool {
        false
    }

    /// MiniportCheckForHang; true makes NDIS reset the adapter.
    fn check_for_hang(&self, cx: &mut Cx<Dispatch>) -> bool {
        let _ = cx;
        false
    }

    /// Seconds between hang checks (CheckForHangTimeInSeconds), as nanoseconds.
    fn check_for_hang_interval(&self) -> u64 {
        2_000_000_000
    }

    /// Whether NDIS brings the first line up by itself after `initialize`.
    fn line_up_at_bind(&self) -> bool {
        true
    }

    /// MiniportQueryInformation; `None` lets NDIS answer from [`info`](Self::info).
    fn query_information(&self, cx: &mut Cx<Dispatch>, oid: Oid) -> Option<Result<Answer, Status>> {
        let _ = (cx, oid);
        None
    }

    /// MiniportSetInformation; `None` lets NDIS keep the value.
    fn set_information(
        &self,
        cx: &mut Cx<Dispatch>,
        oid: Oid,
        value: &Answer,
    ) -> Option<Result<(), Status>> {
        let _ = (cx, oid, value);
        None
    }

    /// Whether it may answer a request with PENDING and complete it later. Only drivers in C do.
    #[doc(hidden)]
    fn pends_requests(&self) -> bool {
        false
    }

    /// What came of the request that it answered with PENDING, once it has completed it; for a set any answer.
    #[doc(hidden)]
    fn request_completed(&self, oid: Oid) -> Option<Result<Answer, Status>> {
        let _ = oid;
        None
    }

    /// MiniportISR, at a device level; true if the interrupt was the card's and
    /// `handle_interrupt` shall run.
    fn isr(&self, cx: &mut Cx<Dirql>) -> bool {
        let _ = cx;
        true
    }

    /// MiniportHandleInterrupt.
    fn handle_interrupt(&self, cx: &mut Cx<Dispatch>) {
        let _ = cx;
    }

    /// MiniportTimer of the timer with this number.
    fn timer(&self, cx: &mut Cx<Dispatch>, timer: u32) {
        let _ = (cx, timer);
    }

    /// The routine of the DPC with this number.
    fn dpc(&self, cx: &mut Cx<Dispatch>, dpc: u32) {
        let _ = (cx, dpc);
    }

    /// The event of the hardware with this number ([`Adapter::set_device`]): not the driver's code but
    /// the card's, which is simulated beside it.
    fn device(&self, device: u32) {
        let _ = device;
    }

    /// The same for a built-in card, on the CPU that it happens on.
    #[doc(hidden)]
    fn device_on(&self, cpu: &Rc<Cpu>, device: u32) {
        let _ = cpu;
        self.device(device);
    }

    /// MiniportCancelSendPackets or MiniportCancelSend: complete the queued sends that have this id
    /// ([`Adapter::cancel_id`]).
    fn cancel_send(&self, cx: &mut Cx<<Self::Mode as Mode>::SendLevel>, id: u64) {
        let _ = (cx, id);
    }

    /// MiniportPause (NDIS 6): complete what is queued with PAUSED; `Status::PENDING` owes an
    /// [`Adapter::pause_complete`].
    fn pause(&self, cx: &mut Cx<Passive>) -> Status {
        let _ = cx;
        Status::SUCCESS
    }

    /// MiniportRestart (NDIS 6); another status than SUCCESS leaves it paused, and `Status::PENDING` owes an
    /// [`Adapter::restart_complete`].
    fn restart(&self, cx: &mut Cx<Passive>) -> Status {
        let _ = cx;
        Status::SUCCESS
    }

    /// MiniportShutdown: no Ndis call may be relied on.
    fn shutdown(&self, cx: &mut Cx<Passive>) {
        let _ = cx;
    }
}
