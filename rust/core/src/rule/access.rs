//! Access: whose memory and whose handle it is.

use super::{Family, RuleInfo, RuleSeverity, Strength};

pub(super) const TOUCH: RuleInfo = RuleInfo {
    id: "TOUCH",
    family: Family::Access,
    sentence: "Only the owner of a packet reads, writes or sends it; no view of its buffer outlives the ownership.",
    why: "The new owner may have freed the memory, filled it for the next frame or handed it to a card that reads it by \
          DMA. Reads see another frame's bytes and writes corrupt it, on some machines and under load only.",
    page: "From the call of MiniportWanSend until the packet is given back, descriptor and data are the miniport's. The \
           pages of the CoNDIS and LAN completions add that the driver must not access the packet once it has \
           completed it or returned a status other than NDIS_STATUS_PENDING.",
    source: "DDK:\"MiniportWanSend\", \"NdisMCoSendComplete\", \"NdisMSendComplete\"; MSDN ff550561",
    facts: &["R6"],
    strength: Strength::ByAnalogy,
    severity: RuleSeverity::Error,
    switch: None,
    remedy: "Read everything that is needed (length, link, first bytes) before `wan_send_complete`, and release every view of \
             `packet.data` by then; a protocol waits for `send_complete` before it fills or sends the packet again.",
    broken_by: "A miniport completes a packet and then adds the length of its data to a counter.",
};

pub(super) const RESERVED: RuleInfo = RuleInfo {
    id: "RESERVED",
    family: Family::Access,
    sentence: "The miniport leaves `protocol_reserved` alone, and the protocol leaves `mac_reserved` and \
               `wan_packet_queue` alone.",
    why: "The sender finds its own state again through ProtocolReserved when the packet comes back; a changed value sends \
          it through a wild pointer. MacReserved and WanPacketQueue are overwritten by each driver that owns the packet, \
          so what another puts there is gone.",
    page: "The four ProtocolReserved members belong to the sender and a miniport must not even read them. The four \
           MacReserved members and WanPacketQueue are for the miniport while it owns the packet.",
    source: "DDK:\"NDIS_WAN_PACKET\"; MSDN ff564143",
    facts: &["R7"],
    strength: Strength::Documented,
    severity: RuleSeverity::Error,
    switch: None,
    remedy: "Keep the miniport's state of a packet in `mac_reserved` or in a table of its own, and the protocol's in \
             `protocol_reserved`; a layered driver sends a fresh packet down.",
    broken_by: "A miniport that needs a fifth scratch word saves it in `protocol_reserved[0]`.",
};

pub(super) const PADDING: RuleInfo = RuleInfo {
    id: "PADDING",
    family: Family::Access,
    sentence: "`current_buffer` and `current_length` always describe a range inside the buffer, from `start_buffer` to \
               before `end_buffer`.",
    why: "Bytes in front of StartBuffer or from EndBuffer on are somebody else's memory: writing a header there damages the \
          neighbour, and sending from there leaks its bytes to the line.",
    page: "A miniport may move the data and change it in any manner within the buffer, and finds at least the header and \
           tail padding there for which it asked in OID_WAN_GET_INFO. That a range outside is a fault is our reading: \
           the page describes the current range as a part of the buffer.",
    source: "DDK:\"NDIS_WAN_PACKET\", \"MiniportWanSend\"; MSDN ff564143, ff550561",
    facts: &["R8"],
    strength: Strength::OurChoice,
    severity: RuleSeverity::Error,
    switch: None,
    remedy: "Ask for the room that the framing needs with `header_padding` and `tail_padding` of `WanInfo`, worst-case bit \
             stuffing included, and use `prepend` and `append`, which check it.",
    broken_by: "A miniport that declared four bytes of header padding prepends an eight-byte header.",
};

pub(super) const HANDLE: RuleInfo = RuleInfo {
    id: "HANDLE",
    family: Family::Access,
    sentence: "Each call gets what it is documented to take: the handle of this adapter, a link that is still open; in C, addresses \
               and lengths that are true.",
    why: "Handles are bare pointers of several kinds: the driver chooses some and NDIS chooses others. NDIS follows \
          whatever it is given, so a wrong one makes it read the driver's own structure, or freed memory, as if it were its own.",
    page: "NdisMWanSendComplete takes the adapter handle that NDIS gave at initialization, and no link handle. Calls \
           about a link take NdisLinkContext, which NDIS chose at line-up, whereas MiniportWanSend receives \
           NdisLinkHandle, which the driver chose.",
    source: "DDK:\"NdisMWanSendComplete\", \"MiniportWanSend\", \"NDIS_MAC_LINE_UP\"; MSDN ff553668, ff550561",
    facts: &["R12", "R23"],
    strength: Strength::Documented,
    severity: RuleSeverity::Error,
    switch: None,
    remedy: "In Python: call through the `adapter` that `initialize` was given, keep the `Link` that `line_up` returned for each \
             line, and forget it when the call is closed. In C: the argument that is named at the top, at the line of the call.",
    broken_by: "A driver passes the link handle of `wan_send` where NDIS expects the link context of the line-up.",
};
