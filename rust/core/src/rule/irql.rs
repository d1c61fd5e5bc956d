//! IRQL: the interrupt request level at which a call is made and to which it returns.

use super::{Family, RuleInfo, RuleSeverity, Strength};

pub(super) const IRQL_COMPLETE: RuleInfo = RuleInfo {
    id: "IRQL_COMPLETE",
    family: Family::Irql,
    sentence: "A serialized miniport completes exactly at DISPATCH, a deserialized one at DISPATCH or below.",
    why: "Completing runs the protocol's code, which takes spin locks. Above DISPATCH that can deadlock with the thread \
          that the interrupt has stopped. Below DISPATCH a serialized driver runs beside NDIS's own lock, which protects it \
          only at DISPATCH.",
    page: "Callers of NdisMWanSendComplete run at IRQL = DISPATCH_LEVEL if the driver is serialized and at IRQL <= \
           DISPATCH_LEVEL if it is deserialized.",
    source: "DDK:\"NdisMWanSendComplete\"; MSDN ff553668",
    facts: &["R14"],
    strength: Strength::Documented,
    severity: RuleSeverity::Error,
    switch: None,
    remedy: "Complete from `handle_interrupt`, a timer or a DPC, which run at DISPATCH, and never from `isr`; a worker thread \
             of a serialized driver queues a `dpc` that completes, or raises with `adapter.at(Irql.DISPATCH)`. In C, MiniportHalt, \
             at PASSIVE, completes between KeRaiseIrql(DISPATCH_LEVEL, &Irql) and KeLowerIrql(Irql).",
    broken_by: "An interrupt service routine completes the packet that the card has just finished.",
};

pub(super) const IRQL_SEND: RuleInfo = RuleInfo {
    id: "IRQL_SEND",
    family: Family::Irql,
    sentence: "Sends are made at DISPATCH or below, and a serialized miniport's `wan_send` is entered exactly at DISPATCH.",
    why: "The way of a send takes spin locks and may run the completion of the same packet. From an interrupt level that \
          deadlocks with the code that was interrupted. A `wan_send` at another level than the driver was written for \
          takes its locks wrongly.",
    page: "NdisSend may be called at IRQL <= DISPATCH_LEVEL. MiniportWanSend of a serialized driver is called at \
           DISPATCH_LEVEL, that of a deserialized one at or below it.",
    source: "DDK:\"MiniportWanSend\", \"NdisSend\"; MSDN ff550561",
    facts: &["R15"],
    strength: Strength::Documented,
    severity: RuleSeverity::Error,
    switch: None,
    remedy: "Move the call of `send` out of code that runs above DISPATCH: let `isr` return True and send from \
             `handle_interrupt`, or queue a `dpc`; lower what `raise_irql` raised before sending.",
    broken_by: "A protocol under test raises to DIRQL with `raise_irql` and sends before it lowers again.",
};

pub(super) const IRQL_LEAK: RuleInfo = RuleInfo {
    id: "IRQL_LEAK",
    family: Family::Irql,
    sentence: "An entry point returns at the level at which it was entered, and raising and lowering go in their own direction.",
    why: "A thread left at DISPATCH is not scheduled away and may not touch pageable memory: the machine stutters and then \
          stops in unrelated code. A thread that ends up lower than its caller believes can be interrupted inside \
          somebody's critical section.",
    page: "No NDIS page states it for entry points; it is general practice in the kernel. Driver Verifier stops the machine \
           for raising to a lower level and for lowering to a higher one, and the page about spin locks shows how releasing in \
           the wrong order leaves the level raised.",
    source: "wdd:debugger/bug-check-0xc4 (0x30, 0x31); wdd:network/synchronization-and-notification-in-network-drivers.md",
    facts: &["R25"],
    strength: Strength::OurChoice,
    severity: RuleSeverity::Error,
    switch: None,
    remedy: "Pair each `raise_irql` with a `lower_irql` to the level that it returned, on every path, or use `with \
             adapter.at(level):`; release locks in the reverse order of taking them.",
    broken_by: "A handler raises to DISPATCH to guard a list and returns early, when the list is empty, without lowering.",
};

pub(super) const IRQL_CALL: RuleInfo = RuleInfo {
    id: "IRQL_CALL",
    family: Family::Irql,
    sentence: "A function of NDIS or of the kernel is called at a level that its page allows.",
    why: "What waits, reads the registry or a file, or is pageable itself stops the machine at DISPATCH, where no page can be \
          fetched and no thread can wait; often only once in a while. What takes a spin lock of its own deadlocks above \
          DISPATCH with the thread that the interrupt has stopped.",
    page: "Each function's page has a line for it: PASSIVE_LEVEL for the configuration, files, ports, mappings, interrupts and \
           counted strings that are converted or compared, below DISPATCH_LEVEL for whoever waits, and DISPATCH_LEVEL at most \
           for memory, timers, work items and events.",
    source: "ddi:ndis, ddi:wdm, ddi:ntddk, the IRQL of each function's page, or of what NDIS 6 has in its place",
    facts: &["R14", "R15"],
    strength: Strength::ByAnalogy,
    severity: RuleSeverity::Error,
    switch: None,
    remedy: "From `isr` leave it to `handle_interrupt` or a DPC; what wants PASSIVE goes to a work item, or is done in \
             `initialize`: read the configuration and load the firmware there, and keep what `reset` needs of them.",
    broken_by: "An interrupt service routine sets a timer, to look later what became of the frame.",
};
