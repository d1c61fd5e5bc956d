//! Life cycle: what reset, halt and initialize end and begin.

use super::{Family, RuleInfo, RuleSeverity, Strength};

pub(super) const RESET: RuleInfo = RuleInfo {
    id: "RESET",
    family: Family::LifeCycle,
    sentence: "A reset settles every packet that was pending before it; none of them is completed after it, nothing is sent \
               during it, and `reset_complete` is called once, only after `reset` returned `PENDING`.",
    why: "When a reset ends, NDIS fails what a serialized driver left over. A driver that completes such a packet later gives \
          back one that the protocol already has. A deserialized driver's leftovers are taken care of by nobody. An \
          unexpected NdisMResetComplete stops the machine.",
    page: "A deserialized driver must complete its pending sends before the reset ends; a serialized one should, and NDIS \
           fails the rest. After the reset no driver may complete a send that was pending before it. NDIS submits nothing \
           meanwhile. NdisMResetComplete is for drivers whose MiniportReset returned NDIS_STATUS_PENDING.",
    source: "DDK:\"MiniportReset\", \"NdisMResetComplete\", \"Hardware Reset\"; wdd:debugger/bug-check-0x7c (0x0F)",
    facts: &["R19", "R20"],
    strength: Strength::Documented,
    severity: RuleSeverity::Error,
    switch: Some("reset_leftovers"),
    remedy: "In `reset`, empty the queue and call `wan_send_complete` with `REQUEST_ABORTED` for each packet, cancel the timers, \
             and forget what could complete them later. While another CPU has taken one out to complete it, return `PENDING`, \
             and have it call `reset_complete`.",
    broken_by: "A driver resets its card, keeps its list of pending packets, and completes them when the card is up again.",
};

pub(super) const HALT: RuleInfo = RuleInfo {
    id: "HALT",
    family: Family::LifeCycle,
    sentence: "After `halt` nothing is sent to the adapter, and the driver completes nothing and makes no call for it.",
    why: "Halt frees the adapter's memory and ends its handle. A completion that comes later follows a handle that is gone, or \
          runs code of a driver that has been unloaded.",
    page: "NDIS submits nothing to an adapter once it has called MiniportHalt, which gives back every resource of the \
           adapter. That the handle is dead afterwards follows from this; no NDIS 5 page says it in words. NDIS 6 does not \
           halt while sends are outstanding.",
    source: "DDK:\"MiniportHalt\"; ddi:nc-ndis-miniport_halt.md",
    facts: &["R20", "R22"],
    strength: Strength::OurChoice,
    severity: RuleSeverity::Error,
    switch: None,
    remedy: "In `halt`, cancel every timer, wait for worker threads to stop, and complete what is still owed with \
             `wan_send_complete` before returning; a protocol stops sending before the adapter is halted.",
    broken_by: "A worker thread is not joined in halt and completes its last packet a moment after halt has returned.",
};

pub(super) const INDICATE: RuleInfo = RuleInfo {
    id: "INDICATE",
    family: Family::LifeCycle,
    sentence: "Status and received data are not indicated from `halt`, `isr` or `shutdown`, nor from a serialized driver's \
               `initialize`.",
    why: "In the first three the protocol cannot be called: the level is too high, or the binding is going away. During a \
          serialized driver's initialize there is no binding yet, so the indication has no receiver.",
    page: "NdisMIndicateStatus must not be called from MiniportISR, MiniportHalt or MiniportShutdown, and from \
           MiniportInitialize only by deserialized drivers. For receives we apply the same.",
    source: "DDK:\"NdisMIndicateStatus\"; ddi:nf-ndis-ndismindicatestatus.md",
    facts: &["R26"],
    strength: Strength::Documented,
    severity: RuleSeverity::Error,
    switch: None,
    remedy: "Note in `isr` what happened and indicate it from `handle_interrupt`; indicate the first `line_up` from a timer \
             or from a request after `initialize`, and the last `line_down` before `halt`.",
    broken_by: "A halt handler indicates line-down for the links that are still up.",
};

pub(super) const TIMER: RuleInfo = RuleInfo {
    id: "TIMER",
    family: Family::LifeCycle,
    sentence: "When `halt` returns no timer of the adapter is armed, and none is set afterwards.",
    why: "The timer fires into memory that halt has freed and into code that may have been unloaded. The machine stops some \
          seconds after the device was removed, with no trace of the driver on the stack.",
    page: "MiniportHalt must cancel every timer and, where the cancel comes too late, wait until the handler has run. NDIS \
           stops the machine for an adapter that was halted with a timer outstanding.",
    source: "DDK:\"MiniportHalt\", \"NdisMCancelTimer\"; wdd:debugger/bug-check-0x7c (0x09)",
    facts: &["R22"],
    strength: Strength::Documented,
    severity: RuleSeverity::Error,
    switch: None,
    remedy: "Call `cancel` on every timer in `halt`, periodic ones and watchdogs included, and set a flag first so that a \
             handler which is just running does not call `set` again.",
    broken_by: "A watchdog timer sets itself again each second, and halt does not cancel it.",
};
