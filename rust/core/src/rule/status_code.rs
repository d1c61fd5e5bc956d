//! Status codes: which status may be given where.

use super::{Family, RuleInfo, RuleSeverity, Strength};

pub(super) const STATUS_PENDING: RuleInfo = RuleInfo {
    id: "STATUS_PENDING",
    family: Family::StatusCode,
    sentence: "A completion carries a final status, and `PENDING` is not one.",
    why: "The protocol is told that its packet is back and that it is still on its way. A protocol that believes the \
          status waits for a completion that will not come; one that does not believe it counts the send as done well, \
          since `PENDING` has the sign of a success.",
    page: "NdisMWanSendComplete passes the final status of the send: success, or an error that the driver chooses. The \
           page of the CoNDIS completion excludes NDIS_STATUS_PENDING in words.",
    source: "DDK:\"NdisMCoSendComplete\", \"NdisMWanSendComplete\"; MSDN ff553668",
    facts: &["R10"],
    strength: Strength::ByAnalogy,
    severity: RuleSeverity::Error,
    switch: None,
    remedy: "Call `wan_send_complete` when the outcome is known and give that outcome; until then do not call it. `PENDING` \
             is for `wan_send` to return.",
    broken_by: "A driver initializes its status variable with PENDING, and one path reaches the completion without setting it.",
};

pub(super) const STATUS_RESOURCES: RuleInfo = RuleInfo {
    id: "STATUS_RESOURCES",
    family: Family::StatusCode,
    sentence: "A WAN miniport never answers a send with `RESOURCES` and never says that send resources are available again.",
    why: "On a LAN, RESOURCES asks NDIS to keep the packet and try again later. The WAN side has no such queue: the \
          send window already limits what the driver gets, so the status is a failed send and the frame is gone. As a \
          final status it is only misleading, and is a warning by default.",
    page: "MiniportWanSend must not return NDIS_STATUS_RESOURCES, and a WAN miniport must not call \
           NdisMSendResourcesAvailable. For a completion the text is that of deserialized LAN drivers: they should \
           never give it, and it just fails the send.",
    source: "DDK:\"MiniportWanSend\", \"NdisMSendResourcesAvailable\", \"Deserialized NDIS Miniport Drivers\"; MSDN ff550561",
    facts: &["R9", "R11"],
    strength: Strength::Documented,
    severity: RuleSeverity::Error,
    switch: Some("resources_as_final"),
    remedy: "Queue the packet in the driver and return `PENDING`: `max_transmit` of `WanInfo` and the window of the line-up \
             bound that queue. If the card can take fewer packets, declare fewer.",
    broken_by: "A WAN driver made from a LAN driver returns RESOURCES when its transmit ring is full.",
};

pub(super) const STATUS_UNKNOWN: RuleInfo = RuleInfo {
    id: "STATUS_UNKNOWN",
    family: Family::StatusCode,
    sentence: "Where a status is asked for, the driver gives a published `NDIS_STATUS`.",
    why: "The status of `wan_send` decides who owns the packet. A forgotten return value is whatever the register held; if \
          that is not exactly PENDING, the packet counts as finished while the card still has it. An unpublished number \
          tells the protocol nothing.",
    page: "MiniportWanSend returns success, pending, failure or another NDIS_STATUS, and a completion carries success or \
           an error of the driver's choice. The pages do not say that the error must be a published one: that is ours. \
           The number itself is passed on unchanged.",
    source: "DDK:\"MiniportWanSend\", \"NdisMWanSendComplete\"; MSDN ff550561, ff553668",
    facts: &["R1", "R10"],
    strength: Strength::OurChoice,
    severity: RuleSeverity::Error,
    switch: None,
    remedy: "Return a member of `Status` on every path of the handler (`PENDING` if the packet was kept), and translate error \
             codes of the card or the operating system into one, such as `FAILURE` or `HARD_ERRORS`.",
    broken_by: "A `wan_send` in Python queues the packet and ends without a return statement, so it returns None.",
};
