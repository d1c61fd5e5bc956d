//! Progress: that something happens at all, and in time.

use super::{Family, RuleInfo, RuleSeverity, Strength};

pub(super) const LATE: RuleInfo = RuleInfo {
    id: "LATE",
    family: Family::Progress,
    sentence: "A pending packet is completed in time: within twice the hang interval for a serialized miniport without a check \
               for hang of its own, within 30 seconds for any other.",
    why: "NDIS takes a serialized adapter that keeps a send too long for dead and resets it: every call drops although the \
          line was only slow. A protocol's own timers run out meanwhile, and it sends the same data again into the same queue.",
    page: "A serialized driver's send that is older than twice the check-for-hang interval (two seconds by default) makes \
           NDIS reset the adapter, unless the driver has a MiniportCheckForHang, which decides then. For the others the 30 \
           seconds are those of the verifier's timed-send rule for NDIS 6.",
    source: "DDK:\"MiniportReset\", \"NdisMSetAttributesEx\"; wdd:devtest NdisTimedDataSend",
    facts: &["R27"],
    strength: Strength::Documented,
    severity: RuleSeverity::Error,
    switch: None,
    remedy: "Complete a packet when the card has it rather than when the peer has it, keep the window small on slow lines, or \
             declare the time that the line needs in `check_for_hang_seconds`; give up on a stuck packet with `wan_send_complete`.",
    broken_by: "A serialized modem driver accepts thirty frames at 9600 bit/s, and the last one waits for half a minute.",
};

pub(super) const HANG: RuleInfo = RuleInfo {
    id: "HANG",
    family: Family::Progress,
    sentence: "While sends pend, one completes every 22 seconds; for so long no reset is pending, and nobody waits for a \
               spin lock or a turn in a serialized miniport; an interrupt that is served does not come again for ever.",
    why: "The link looks alive and moves nothing: a transmit interrupt was missed, or a deadlock keeps everybody waiting. Users \
          see a dead connection and a machine that cannot unload the driver.",
    page: "The verifier's rule for NDIS 6 asks that a driver with sends pending go on completing them, with 22 seconds as the \
           limit. Spin locks are meant to be held for some 25 microseconds; the same limit for them, for turns and for resets is our choice, as are 10,000 interrupts \
           in 50 ms without a packet.",
    source: "wdd:devtest NdisTimedDataHang; DDK:\"Preventing Errors and Deadlocks While Using Spin Locks\"",
    facts: &["R2", "R25"],
    strength: Strength::ByAnalogy,
    severity: RuleSeverity::Error,
    switch: None,
    remedy: "Look at the oldest pending packet in the report and find what should have completed it; return True from \
             `check_for_hang` when the card has stopped, and complete or abort the queue in `reset`. A reset that pends ends by `reset_complete`. An interrupt is silenced in `isr`.",
    broken_by: "A driver clears the interrupt after it has read the ring, so a frame that finishes in between is never noticed.",
};
