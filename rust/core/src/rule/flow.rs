//! Flow: when a send, an entry point or an indication may happen.

use super::{Family, RuleInfo, RuleSeverity, Strength};

pub(super) const WINDOW: RuleInfo = RuleInfo {
    id: "WINDOW",
    family: Family::Flow,
    sentence: "No more packets are outstanding on a link than its send window allows.",
    why: "A WAN miniport sizes its queue and its card's ring by the window and has no way to refuse: it may not answer \
          RESOURCES. A packet beyond the window overruns a queue that was promised never to overrun.",
    page: "NDISWAN keeps the uncompleted sends of a link at or below the SendWindow of the line-up, where 0 stands for \
           MaxTransmit of OID_WAN_GET_INFO. When the window is full it queues, and goes on when a packet comes back.",
    source: "DDK:\"NDIS_MAC_LINE_UP\", \"MiniportWanSend\", \"OID_WAN_GET_INFO\"; MSDN ff550561",
    facts: &["R17"],
    strength: Strength::Documented,
    severity: RuleSeverity::Error,
    switch: Some("beyond_window"),
    remedy: "Wait for `send_complete` before sending more than `link.window` packets, or set `beyond_window` of `Policy` so \
             that NDIS queues the rest, as NDISWAN does.",
    broken_by: "A protocol sends eight packets at once on a link whose line-up announced a window of four.",
};

pub(super) const LINE: RuleInfo = RuleInfo {
    id: "LINE",
    family: Family::Flow,
    sentence: "Sends, receives and line-downs concern a link that is up.",
    why: "Before line-up there is no link context, and after line-down it has been freed: NDISWAN would look up a \
          connection that is not there. A frame accepted on a dead line is answered by nobody.",
    page: "NDISWAN passes no sends for a link before the miniport has indicated its line-up, and the link context that \
           receives and line-down carry is the one filled in then. What becomes of sends queued at line-down no page says.",
    source: "DDK:\"Line-Up Indication\", \"NDIS_MAC_LINE_UP\", \"NDIS_MAC_LINE_DOWN\"",
    facts: &["R18", "R23"],
    strength: Strength::Documented,
    severity: RuleSeverity::Error,
    switch: Some("queued_at_line_down"),
    remedy: "Call `line_up` when the call connects, before the first send or receive, and `line_down` once when it ends; stop \
             the receive path before that, and check `link.up` before sending.",
    broken_by: "A driver's modem hangs up, it indicates line-down, and then indicates the frame that was still in its receive \
                buffer.",
};

pub(super) const SERIAL: RuleInfo = RuleInfo {
    id: "SERIAL",
    family: Family::Flow,
    sentence: "Of a serialized miniport one entry point runs at a time.",
    why: "A serialized driver has no locks of its own: it relies on NDIS to let nothing else in. A second entry point finds \
          its queues half changed, and packets vanish or appear twice.",
    page: "NDIS serializes the calls of all MiniportXxx functions of an adapter unless the driver set \
           NDIS_ATTRIBUTE_DESERIALIZE; only the interrupt service routine comes in between. Whether a send made from inside a \
           completion re-enters the driver or waits is not documented.",
    source: "DDK:\"NdisMSetAttributesEx\", \"Serialized NDIS Miniport Drivers\"",
    facts: &["R16"],
    strength: Strength::Documented,
    severity: RuleSeverity::Error,
    switch: Some("serialized_reentry"),
    remedy: "Return from the entry point instead of waiting in it: set a timer or queue a `dpc` and go on from there, and \
             never call `run` inside a handler; or set `serialized = False` and protect the driver with spin locks.",
    broken_by: "A `wan_send` runs the clock until the card is idle, so the timer handler runs inside it.",
};
