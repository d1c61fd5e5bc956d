//! The one stream of events: everything that happens is an [`Event`].
//!
//! History, statistics, traces and the offline check are folds over it. An event is small and
//! `Copy`: it is kept in fixed arrays beside each packet and in the recording.

use serde::{Deserialize, Serialize};

use crate::cx::Irql;
use crate::face::Face;
use crate::rule::Rule;
use crate::status::Status;

/// A packet's name at the untyped border: which slot of which adapter's pool, and which life.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Ord, PartialOrd, Hash, Serialize, Deserialize)]
pub struct Name {
    /// Index of the adapter whose pool the packet is from.
    pub adapter: u16,
    /// Index in that pool.
    pub slot: u32,
    /// Counts the packet's trips to the miniport: 0 was never sent.
    pub generation: u32,
}

/// How many bits of a handle say which slot; a pool has no more.
const SLOT_BITS: u32 = 20;
/// How many say which adapter. Two adapters whose indices are the same in these have the same handles.
const ADAPTER_MASK: u16 = 0xFFF;

impl Name {
    /// The name as one number, for columns of them: life (32 bits), adapter (12), slot (20).
    #[inline]
    pub fn handle(self) -> u64 {
        let place = u32::from(self.adapter & ADAPTER_MASK) << SLOT_BITS | self.slot;
        u64::from(self.generation) << 32 | u64::from(place)
    }

    /// The name that a handle given to the adapter of this index stands for.
    #[inline]
    pub fn of_handle(handle: u64, index: u16) -> Name {
        let given = ((handle as u32) >> SLOT_BITS) as u16;
        let adapter = if given == index & ADAPTER_MASK { index } else { given };
        let slot = handle as u32 & ((1 << SLOT_BITS) - 1);
        Name { adapter, slot, generation: (handle >> 32) as u32 }
    }

    /// The life of the name that a handle stands for.
    #[inline]
    pub(crate) fn life_of(handle: u64) -> u32 {
        (handle >> 32) as u32
    }

    /// The slot that a handle given to the adapter of this index stands for; one that no pool has if it is another adapter's.
    #[inline]
    pub(crate) fn own_slot(handle: u64, index: u16) -> u32 {
        (handle as u32).wrapping_sub(u32::from(index & ADAPTER_MASK) << SLOT_BITS)
    }
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "packet {}.{} (life {})", self.adapter, self.slot, self.generation)
    }
}

/// An entry point, of a miniport or of a protocol.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Ord, PartialOrd, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)] // each is the NDIS entry point of that name
pub enum Entry {
    Initialize,
    Halt,
    WanSend,
    Reset,
    CheckForHang,
    QueryInformation,
    SetInformation,
    Isr,
    HandleInterrupt,
    Timer,
    Dpc,
    Shutdown,
    CancelSend,
    Pause,
    Restart,
    SendComplete,
    Receive,
    ReceiveComplete,
    Status,
    ResetComplete,
}

impl Entry {
    /// Whether it is the protocol's (else it is the miniport's).
    pub fn is_protocol(self) -> bool {
        self >= Entry::SendComplete
    }

    /// NDIS's name of the entry point.
    pub fn name(self) -> &'static str {
        match self {
            Entry::Initialize => "MiniportInitialize",
            Entry::Halt => "MiniportHalt",
            Entry::WanSend => "MiniportWanSend",
            Entry::Reset => "MiniportReset",
            Entry::CheckForHang => "MiniportCheckForHang",
            Entry::QueryInformation => "MiniportQueryInformation",
            Entry::SetInformation => "MiniportSetInformation",
            Entry::Isr => "MiniportISR",
            Entry::HandleInterrupt => "MiniportHandleInterrupt",
            Entry::Timer => "MiniportTimer",
            Entry::Dpc => "MiniportDpc",
            Entry::Shutdown => "MiniportShutdown",
            Entry::CancelSend => "MiniportCancelSend",
            Entry::Pause => "MiniportPause",
            Entry::Restart => "MiniportRestart",
            Entry::SendComplete => "ProtocolSendComplete",
            Entry::Receive => "ProtocolReceive",
            Entry::ReceiveComplete => "ProtocolReceiveComplete",
            Entry::Status => "ProtocolStatus",
            Entry::ResetComplete => "ProtocolResetComplete",
        }
    }
}

/// Which of the two drivers touches a packet.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Ord, PartialOrd, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The one that sends.
    Protocol,
    /// The one that transmits.
    Miniport,
}

/// What of a packet is touched.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Ord, PartialOrd, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Data, CurrentBuffer, CurrentLength.
    Data,
    /// ProtocolReserved1-4.
    ProtocolReserved,
    /// MacReserved1-4 or WanPacketQueue.
    MacReserved,
}

/// Why NDIS took a packet back from a miniport.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Ord, PartialOrd, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TakenBack {
    /// A reset ended while the miniport still had it.
    Reset,
    /// The adapter was halted while the miniport still had it.
    Halt,
    /// The driver let its token go.
    Dropped,
    /// The call was closed, or it was owed for too long.
    GivenUp,
    /// The driver's function raised an exception, which is what the user is told.
    Raised,
    /// A pause completed while the miniport still had it (NDIS 6).
    Paused,
}

impl TakenBack {
    /// All of them, in their order.
    pub(crate) const ALL: [TakenBack; 6] = [
        TakenBack::Reset,
        TakenBack::Halt,
        TakenBack::Dropped,
        TakenBack::GivenUp,
        TakenBack::Raised,
        TakenBack::Paused,
    ];
}

/// The two forms of the spin-lock calls.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Ord, PartialOrd, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// NdisAcquireSpinLock / NdisReleaseSpinLock.
    Plain,
    /// NdisDprAcquireSpinLock / NdisDprReleaseSpinLock.
    Dpr,
}

/// What happened.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
#[allow(missing_docs)] // the fields are the ones of the sentence above them
pub enum What {
    /// A protocol took a packet out of the pool.
    Allocate { packet: Name },
    /// A protocol sent a packet: it belongs to NDIS until the miniport is called.
    Send { packet: Name, link: u32, length: u32 },
    /// The miniport is called with the packet (MiniportWanSend); the life begins.
    Submit { packet: Name, link: u32 },
    /// MiniportWanSend returned.
    Return { packet: Name, status: Status },
    /// NdisMWanSendComplete.
    Complete { packet: Name, status: Status },
    /// The protocol has it back (ProtocolSendComplete, or the return of the send).
    Deliver { packet: Name, link: u32, status: Status },
    /// A queued send goes back without having been sent.
    Unsend { packet: Name, link: u32, status: Status },
    /// The protocol gave the packet back to the pool.
    Free { packet: Name },
    /// NDIS took the packet from the miniport.
    TakeBack { packet: Name, why: TakenBack },
    /// A serialized LAN miniport returned RESOURCES: NDIS keeps the packet and sends it again later.
    Requeue { packet: Name, link: u32 },
    /// NDIS asks the miniport, which has the packet, to give it back unsent.
    Cancel { packet: Name },
    /// Somebody used a part of the packet.
    Touch { packet: Name, side: Side, part: Part },
    /// NDIS_STATUS_WAN_LINE_UP, the first or a later one; the window is what is in force.
    LineUp { link: u32, window: u32 },
    /// NDIS_STATUS_WAN_LINE_DOWN.
    LineDown { link: u32 },
    /// OID_TAPI_CLOSE_CALL.
    CloseCall { link: u32 },
    /// NdisMWanIndicateReceive, or a fragment or status indication.
    Indicate { link: u32, length: u32 },
    /// A spin lock was acquired.
    Acquire { lock: u32, form: Form },
    /// A spin lock was released.
    Release { lock: u32, form: Form },
    /// KeRaiseIrql.
    Raise { to: Irql },
    /// KeLowerIrql.
    Lower { to: Irql },
    /// An entry point begins, at this level.
    Enter { entry: Entry, at: Irql },
    /// An entry point returned.
    Leave { entry: Entry },
    /// The adapter is there; reentrant if policy lets a completion re-enter MiniportWanSend.
    Register {
        serialized: bool,
        reentrant: bool,
        #[serde(default, skip_serializing_if = "is_wan")]
        face: Face,
    },
    /// MiniportInitialize returned SUCCESS, or, of NDIS 6, MiniportRestart.
    Start,
    /// A reset begins.
    ResetStart,
    /// NdisMResetComplete, or MiniportReset returned another status than PENDING.
    ResetComplete { status: Status },
    /// The reset is over: what the miniport still has is no longer its.
    ResetEnd,
    /// MiniportPause is about to be called (NDIS 6).
    Pause,
    /// The pause is complete.
    Paused,
    /// NdisMSendResourcesAvailable.
    ResourcesAvailable,
    /// MiniportHalt is about to be called.
    Halt,
    /// MiniportHalt returned.
    Halted,
    /// A bug check stopped the adapter.
    Stop,
    /// NdisMSetTimer.
    TimerSet { timer: u32, at: u64 },
    /// NdisMCancelTimer, successful.
    TimerCancel { timer: u32 },
    /// The timer is due.
    TimerFire { timer: u32 },
    /// A rule was broken.
    Violation { rule: Rule },
}

/// Something that happened: when, where, at which level.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash, Serialize, Deserialize)]
pub struct Event {
    /// Nanoseconds on the clock of the Ndis.
    pub time: u64,
    /// The CPU on which it happened.
    pub cpu: u32,
    /// That CPU's level when it happened; what it changes (a lock, an entry point) comes after.
    pub irql: Irql,
    /// How many spin locks that CPU held then.
    pub locks: u8,
    /// The adapter that it is about.
    pub adapter: u16,
    /// Where in the driver's source it was called, an index of [`crate::Ndis::call_site`]; 0 is unknown.
    #[serde(default, skip_serializing_if = "nowhere")]
    pub site: u32,
    /// What happened.
    #[serde(flatten)]
    pub what: What,
}

impl What {
    /// The packet that it is about, if it is about one.
    pub fn packet(&self) -> Option<Name> {
        match *self {
            What::Allocate { packet }
            | What::Send { packet, .. }
            | What::Submit { packet, .. }
            | What::Return { packet, .. }
            | What::Complete { packet, .. }
            | What::Deliver { packet, .. }
            | What::Unsend { packet, .. }
            | What::Free { packet }
            | What::TakeBack { packet, .. }
            | What::Requeue { packet, .. }
            | What::Cancel { packet }
            | What::Touch { packet, .. } => Some(packet),
            _ => None,
        }
    }
}

#[allow(clippy::trivially_copy_pass_by_ref)] // as below
pub(crate) fn is_wan(face: &Face) -> bool {
    *face == Face::Wan
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde passes what it skips by reference
fn nowhere(site: &u32) -> bool {
    *site == 0
}

/// A time or a duration in milliseconds, to the nanosecond.
pub(crate) fn milliseconds(ns: u64) -> String {
    format!("{}.{:06}", ns / 1_000_000, ns % 1_000_000)
}

impl Event {
    /// The event as one line of JSON, as a trace has it.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default() // numbers and names: it does not fail
    }

    /// The event that [`to_json`](Self::to_json) wrote.
    ///
    /// # Errors
    /// If `text` is no event.
    pub fn from_json(text: &str) -> Result<Event, serde_json::Error> {
        serde_json::from_str(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_is_the_name_again_and_of_another_adapter_is_another_one() {
        for (adapter, slot, generation) in [(0, 0, 1), (3, 1_048_575, u32::MAX), (5000, 7, 0)] {
            let name = Name { adapter, slot, generation };
            assert_eq!(Name::of_handle(name.handle(), adapter), name);
            assert_ne!(
                Name::of_handle(name.handle(), adapter + 1),
                Name { adapter: adapter + 1, ..name }
            );
        }
    }
}
