//! Ownership: every send is answered exactly once, by the one who has the packet.

use super::{Family, RuleInfo, RuleSeverity, Strength};

pub(super) const DOUBLE: RuleInfo = RuleInfo {
    id: "DOUBLE",
    family: Family::Ownership,
    sentence: "A packet is completed at most once for each time it is sent, and not at all if `wan_send` already \
               returned a final status for it.",
    why: "After the first completion the protocol may have freed the packet or sent it again. The second one then gives \
          back a packet that somebody else is using, or links a descriptor into a free list twice. The crash comes later \
          and elsewhere.",
    page: "A miniport owes a completion only for a packet for which MiniportWanSend returned NDIS_STATUS_PENDING, and \
           calling it passes the packet back to the sender. That it may not be called again is said in words only for \
           the LAN form; for WAN it follows from the packet no longer being the driver's.",
    source: "DDK:\"NdisMWanSendComplete\", \"MiniportWanSend\", \"NdisMSendComplete\"; MSDN ff553668, ff550561",
    facts: &["R1", "R3"],
    strength: Strength::Documented,
    severity: RuleSeverity::Error,
    switch: None,
    remedy: "Take the packet off the driver's queue under its lock in the same step that decides to complete it, so that \
             only one path can call `wan_send_complete`; return `PENDING` from `wan_send` if that path will complete it.",
    broken_by: "A timer that gives up on a packet completes it with FAILURE, and the interrupt that finishes the same \
                packet a moment later completes it again.",
};

pub(super) const LOST: RuleInfo = RuleInfo {
    id: "LOST",
    family: Family::Ownership,
    sentence: "Every packet for which `wan_send` returned `PENDING` is completed in the end, at the latest before `halt` \
               returns.",
    why: "The protocol waits for its packet for ever and its pool has one packet less. Each lost packet also takes a \
          place in the send window for good, so after a few the link stands still. Unbind and halt then hang.",
    page: "A miniport that returned NDIS_STATUS_PENDING must eventually call NdisMWanSendComplete for that packet. NDIS \
           5 lets a driver halt without completing; NDIS 6 does not halt an adapter that still owes sends, and a packet \
           owed after halt is taken as lost here for that reason.",
    source: "DDK:\"MiniportWanSend\", \"NdisMWanSendComplete\", \"MiniportHalt\"; wdd:network/halting-a-miniport-adapter.md",
    facts: &["R2", "R21"],
    strength: Strength::Documented,
    severity: RuleSeverity::Error,
    switch: Some("owed_at_halt"),
    remedy: "Keep every pending packet on a queue of the driver, empty that queue in `halt`, and call \
             `wan_send_complete` for each with `REQUEST_ABORTED`; do the same on every path that gives up on a packet.",
    broken_by: "An error path frees the driver's own record of a packet and forgets to complete the packet.",
};

pub(super) const FOREIGN: RuleInfo = RuleInfo {
    id: "FOREIGN",
    family: Family::Ownership,
    sentence: "A miniport completes only packets that were handed to one of its own adapter's links.",
    why: "NDIS looks the sender up through the adapter that completes. A packet of another adapter goes back to the \
          wrong protocol, and its real owner still has it on the card. A packet that was never sent is given to a \
          protocol that is using it.",
    page: "The packet given to NdisMWanSendComplete is one that this adapter's MiniportWanSend received, and the handle \
           is that adapter's own.",
    source: "DDK:\"NdisMWanSendComplete\"; MSDN ff553668",
    facts: &["R12"],
    strength: Strength::Documented,
    severity: RuleSeverity::Error,
    switch: None,
    remedy: "Keep pending packets in the adapter's own context, never in a global of the driver, and call \
             `wan_send_complete` on the adapter whose `wan_send` received the packet.",
    broken_by: "A driver for two cards keeps one global queue, and the interrupt of the first card completes a packet of \
                the second.",
};

pub(super) const STALE: RuleInfo = RuleInfo {
    id: "STALE",
    family: Family::Ownership,
    sentence: "A reference to a packet serves for the send that it came with, and not for a later send of the same packet.",
    why: "Protocols use the same descriptor again and again. A completion kept from an earlier send ends the present one \
          while the card still reads its data, and the real completion that follows is one too many.",
    page: "Calling NdisMWanSendComplete ends the driver's right to the packet; the sender may send the same descriptor \
           again at once. The page knows only the pointer; that each send is a life of its own is how we tell them apart.",
    source: "DDK:\"NdisMWanSendComplete\", \"ProtocolSendComplete\"; MSDN ff553668",
    facts: &["R3", "R12"],
    strength: Strength::Documented,
    severity: RuleSeverity::Error,
    switch: None,
    remedy: "Forget every reference to a packet before calling `wan_send_complete` for it: clear the ring slot, the timer's \
             argument and the table entry that name it.",
    broken_by: "A timer armed for a packet is not cancelled when the packet is done, fires after it has been sent again, and \
                completes the new send.",
};

pub(super) const EARLY: RuleInfo = RuleInfo {
    id: "EARLY",
    family: Family::Ownership,
    sentence: "If a packet is completed before `wan_send` has returned, `wan_send` returns `PENDING`.",
    why: "The completion has already given the packet back. Any other status says a second time that it is done, so \
          the sender is told twice about one send: it frees the packet twice, or frees it while the other answer is \
          still on its way.",
    page: "Any status but NDIS_STATUS_PENDING from MiniportWanSend completes the packet by itself, and the driver must \
           not complete it as well. No page forbids completing inside the call as long as PENDING is then returned.",
    source: "DDK:\"MiniportWanSend\", \"NdisMWanSendComplete\"; MSDN ff550561, ff553668",
    facts: &["R1", "R3", "R4", "R5"],
    strength: Strength::Documented,
    severity: RuleSeverity::Error,
    switch: None,
    remedy: "Answer each send one way: either return the final status from `wan_send` and do not call `wan_send_complete`, \
             or call it and return `PENDING`.",
    broken_by: "On a bad frame `wan_send` calls `wan_send_complete` with FAILURE and then returns FAILURE.",
};
