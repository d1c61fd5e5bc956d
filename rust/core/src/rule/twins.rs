//! What the sister contracts (NDIS 5 LAN, CoNDIS, NDIS 6) ask for and the WAN contract does not know.
//!
//! The facts P1 to P9 are the rows of the porting map, as `docs/explanation/porting.md` has them.

use super::{Family, RuleInfo, RuleSeverity, Strength};

pub(super) const SYNC: RuleInfo = RuleInfo {
    id: "SYNC",
    family: Family::StatusCode,
    sentence: "A deserialized LAN miniport, a CoNDIS one and one of NDIS 6 answer no send by the return of their send function.",
    why: "The sender counts on a completion for each send. Where the function returns nothing, a status that it returns all \
          the same is thrown away: the packet was finished for the driver and is owed for ever for NDIS. A deserialized LAN \
          driver that returns a final status completes on a path that NDIS does not keep for it.",
    page: "MiniportCoSendPackets and MiniportSendNetBufferLists are VOID, and a deserialized LAN miniport completes each send \
           asynchronously, with NdisMSendComplete.",
    source: "DDK:\"NdisMSetAttributesEx\", \"Deserialized NDIS Miniport Drivers\"; ddi:nc-ndis-miniport_send_net_buffer_lists",
    facts: &["P1", "P4"],
    strength: Strength::ByAnalogy,
    severity: RuleSeverity::Error,
    switch: None,
    remedy: "Keep the packet and complete it: `send_complete`, `co_send_complete`, `send_net_buffer_lists_complete`, which may \
             be called inside of the send function. From `send` return `PENDING`, from the others nothing.",
    broken_by: "A driver of a WAN card that returned SUCCESS at once is ported to CoNDIS and keeps its return statement.",
};

pub(super) const STATUS_LIST: RuleInfo = RuleInfo {
    id: "STATUS_LIST",
    family: Family::StatusCode,
    sentence: "An NDIS 6 send ends with one of the statuses that its page lists.",
    why: "What is above compares with the listed ones. `REQUEST_ABORTED` of an NDIS 5 driver is no number that a protocol of \
          NDIS 6 knows for a send that was taken back, so a cancelled send counts as a broken card.",
    page: "The status in each NET_BUFFER_LIST is one of SUCCESS, INVALID_LENGTH, RESOURCES, PAUSED, SEND_ABORTED, \
           RESET_IN_PROGRESS and FAILURE.",
    source: "ddi:nc-ndis-miniport_send_net_buffer_lists, nf-ndis-ndismsendnetbufferlistscomplete",
    facts: &["P2"],
    strength: Strength::ByAnalogy,
    severity: RuleSeverity::Error,
    switch: None,
    remedy: "Set `status` of each net buffer list to a listed one: `PAUSED` while pausing, `SEND_ABORTED` for what was \
             cancelled, `RESET_IN_PROGRESS` in a reset, `FAILURE` for whatever the card says.",
    broken_by: "A driver ported from NDIS 5 gives back what it holds with REQUEST_ABORTED.",
};

pub(super) const IRQL_FLAG: RuleInfo = RuleInfo {
    id: "IRQL_FLAG",
    family: Family::Irql,
    sentence: "The DISPATCH_LEVEL flag of an NDIS 6 completion says whether the caller is at DISPATCH_LEVEL.",
    why: "NDIS passes the flag on, and what is above takes its spin locks by the form that does not raise the level. With the \
          flag set at PASSIVE that lock is held by a thread that can be preempted: another one at DISPATCH spins for ever.",
    page: "NDIS_SEND_COMPLETE_FLAGS_DISPATCH_LEVEL says that the current IRQL is DISPATCH_LEVEL. That it is to be set there is \
           ours: without it NDIS asks for the level, which is slow and not wrong.",
    source: "ddi:nf-ndis-ndismsendnetbufferlistscomplete; wdd:devtest/ndis-flags-irql",
    facts: &["P5"],
    strength: Strength::ByAnalogy,
    severity: RuleSeverity::Error,
    switch: None,
    remedy: "Give `DISPATCH_LEVEL` from timers, DPCs and with the flag of the send function, 0 from threads: say where you \
             are, not where you were when the packet came.",
    broken_by: "A driver remembers the flag of the send and gives it from its worker thread.",
};

pub(super) const RESOURCES: RuleInfo = RuleInfo {
    id: "RESOURCES",
    family: Family::Flow,
    sentence: "A serialized LAN miniport calls `NdisMSendResourcesAvailable` when it has resources again after it answered `RESOURCES`, and never otherwise.",
    why: "The call makes NDIS send from its queue. A driver that calls it without having been asked to wait has lost count of \
          its own descriptors, and the next burst finds none. One that never calls it, and owes no send whose completion would \
          say the same, sends nothing any more.",
    page: "A serialized LAN miniport that returned NDIS_STATUS_RESOURCES tells NDIS by this call, or by a completion, that it \
           takes sends again; deserialized ones keep their own queue and do not call it. That a call out of turn is an error \
           is ours, and so is when it is too late: at the halt, if nothing is left that could make it or 22 s have gone by.",
    source: "DDK:\"NdisMSendResourcesAvailable\", \"Serialized NDIS Miniport Drivers\"",
    facts: &["P3"],
    strength: Strength::OurChoice,
    severity: RuleSeverity::Error,
    switch: None,
    remedy: "Keep a flag that `send` returned `RESOURCES`; call `send_resources_available` where a descriptor becomes free \
             while the flag is set, and clear it.",
    broken_by: "An interrupt handler calls NdisMSendResourcesAvailable for each descriptor that becomes free.",
};

pub(super) const FACE: RuleInfo = RuleInfo {
    id: "FACE",
    family: Family::Access,
    sentence: "A miniport completes a send by the call of the interface that the send came by.",
    why: "NDIS looks for the packet's own block where that interface has it. The LAN call takes an NDIS_WAN_PACKET for an \
          NDIS_PACKET, and writes its status into somebody's data.",
    page: "A driver of a WAN medium calls NdisMWanSendComplete instead of NdisMSendComplete and must not call the LAN one; \
           CoNDIS has NdisMCoSendComplete, NDIS 6 has NdisMSendNetBufferListsComplete.",
    source: "DDK:\"NDIS Library Functions Used by WAN NIC Miniport Drivers\", \"NdisMSendComplete\"",
    facts: &["P1"],
    strength: Strength::Documented,
    severity: RuleSeverity::Error,
    switch: None,
    remedy: "Call `wan_send_complete` for WAN, `send_complete` for LAN, `co_send_complete` for CoNDIS and \
             `send_net_buffer_lists_complete` for NDIS 6, in error paths too.",
    broken_by: "A WAN driver made from a LAN driver completes its error path with NdisMSendComplete still.",
};

pub(super) const PAUSE: RuleInfo = RuleInfo {
    id: "PAUSE",
    family: Family::LifeCycle,
    sentence: "A pause of an NDIS 6 miniport completes, once, when it owes no send, so does a restart, and it is halted paused.",
    why: "When a miniport is paused NDIS takes its buffers and its bindings apart. A send that is still with the card then is \
          written to after it is freed; a pause that never completes stops the machine with bug check 0x9F or 0x7C.",
    page: "MiniportPause returns SUCCESS or PENDING; the miniport completes what it has, refuses new sends with PAUSED, and \
           calls NdisMPauseComplete when all are back. MiniportHaltEx is not called with sends outstanding.",
    source: "ddi:nc-ndis-miniport_pause, nc-ndis-miniport_halt; wdd:devtest/ndis-miniportpause_return",
    facts: &["P7"],
    strength: Strength::ByAnalogy,
    severity: RuleSeverity::Error,
    switch: None,
    remedy: "In `pause` complete what is queued with `PAUSED`; return `PENDING` if the card still has sends, and call \
             `pause_complete` where the last of them is completed. If `restart` returns `PENDING`, call `restart_complete` once.",
    broken_by: "A driver stops its card in pause and returns SUCCESS while the card has two sends.",
};

pub(super) const CANCEL: RuleInfo = RuleInfo {
    id: "CANCEL",
    family: Family::LifeCycle,
    sentence: "A cancelled send comes back within 10 s, and `SEND_ABORTED` is for one that was cancelled.",
    why: "Who cancels wants to free what the send holds, and waits for it: a program that ends does not end. A send that is \
          called aborted although nobody cancelled it makes its sender look for a request that it never made.",
    page: "MiniportCancelSend takes the sends with that id off the driver's queue and completes them with SEND_ABORTED; what \
           the card has already may go on. The pages give no time: ten seconds are ours, as is that it counts from the cancel.",
    source: "ddi:nc-ndis-miniport_cancel_send, nc-ndis-miniport_send_net_buffer_lists; DDK:\"MiniportCancelSendPackets\"",
    facts: &["P8"],
    strength: Strength::OurChoice,
    severity: RuleSeverity::Error,
    switch: None,
    remedy: "In `cancel_send` take every packet with that `cancel_id` off the queue and complete it: `SEND_ABORTED` in NDIS 6, \
             `REQUEST_ABORTED` in NDIS 5.1.",
    broken_by: "A driver marks the packets of its queue as cancelled and waits for a card that has stopped.",
};
