//! Timers, deferred procedure calls and work items.

use super::exports;
use crate::card::{Card, Timer, by_handle};
use crate::context::Here;
use crate::peek;

const MILLISECOND: u64 = 1_000_000;

fn initialize(here: &Here, card: Option<&Card>, address: usize, function: usize, context: usize) {
    let Some(card) = card else { return };
    let Some(adapter) = card.adapter() else { return };
    if !peek::put(address, [0u64; 2]) {
        return here.wrong("Timer", address, "the address of an NDIS_MINIPORT_TIMER");
    }
    let mut timers = card.timers.write();
    if let Some(known) = timers.iter_mut().find(|known| known.address == address) {
        (known.function, known.context, known.period) = (function, context, 0);
        return;
    }
    timers.push(Timer { number: adapter.timer(), function, context, period: 0, address });
}

/// The timer at `address`, which has to be initialized.
fn known(here: &Here, address: usize) -> Option<(&'static Card, Timer)> {
    let card = here.card()?;
    let timer = card.timers.read().iter().find(|known| known.address == address).copied();
    if timer.is_none() {
        here.wrong("Timer", address, "a timer that was initialized (NdisMInitializeTimer)");
    }
    timer.map(|timer| (card, timer))
}

fn set(here: &Here, address: usize, delay: u64, period: u64) -> bool {
    let Some((card, timer)) = known(here, address) else { return false };
    if let Some(own) = card.timers.write().iter_mut().find(|known| known.address == address) {
        own.period = period;
    }
    let Some(adapter) = card.adapter() else { return false };
    let before = adapter.timer_is_set(timer.number);
    drop(adapter.set_timer(timer.number, delay));
    before
}

fn cancel(here: &Here, address: usize, out: usize) -> bool {
    let Some((card, timer)) = known(here, address) else { return false };
    if let Some(own) = card.timers.write().iter_mut().find(|known| known.address == address) {
        own.period = 0;
    }
    let was_set = card.adapter().is_some_and(|adapter| adapter.cancel_timer(timer.number));
    if out != 0 && !peek::put(out, u8::from(was_set)) {
        here.wrong("TimerCancelled", out, "the address of a BOOLEAN");
    }
    was_set
}

/// Runs a function of the driver's on a thread of its own, at PASSIVE.
pub(super) fn later(here: &Here, function: usize, arguments: Vec<usize>) -> bool {
    let Some(card) = here.card().and_then(|card| card.me.upgrade()) else { return false };
    let Some(adapter) = card.adapter().cloned() else { return false };
    adapter.ndis.spawn(move || {
        // A crash is on record with the card; there is no call to give back.
        let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            card.call(function, &arguments)
        }));
    });
    true
}

exports! {
    fn NdisMInitializeTimer(here, timer: usize, handle: usize, function: usize, context: usize) {
        let card = by_handle(handle);
        if card.is_none() {
            here.wrong("MiniportAdapterHandle", handle, "the handle that MiniportInitialize was given");
        }
        initialize(here, card.as_deref(), timer, function, context);
    }

    fn NdisMSetTimer(here, timer: usize, milliseconds: u32) {
        set(here, timer, u64::from(milliseconds) * MILLISECOND, 0);
    }

    fn NdisMSetPeriodicTimer(here, timer: usize, milliseconds: u32) {
        let period = u64::from(milliseconds.max(1)) * MILLISECOND;
        set(here, timer, period, period);
    }

    fn NdisMCancelTimer(here, timer: usize, cancelled: usize) {
        cancel(here, timer, cancelled);
    }

    fn NdisInitializeTimer(here, timer: usize, function: usize, context: usize) {
        initialize(here, here.card(), timer, function, context);
    }

    fn NdisSetTimer(here, timer: usize, milliseconds: u32) {
        set(here, timer, u64::from(milliseconds) * MILLISECOND, 0);
    }

    fn NdisCancelTimer(here, timer: usize, cancelled: usize) {
        cancel(here, timer, cancelled);
    }

    fn KeInitializeDpc(here, dpc: usize, function: usize, context: usize) {
        let Some(card) = here.card() else { return };
        let Some(adapter) = card.adapter() else { return };
        if !peek::put(dpc, [0u64; 2]) {
            return here.wrong("Dpc", dpc, "the address of a KDPC");
        }
        let mut dpcs = card.dpcs.write();
        match dpcs.iter_mut().find(|known| known.address == dpc) {
            Some(known) => (known.function, known.context) = (function, context),
            None => dpcs.push(Timer { number: adapter.dpc(), function, context, period: 0, address: dpc }),
        }
    }

    fn KeInsertQueueDpc(here, dpc: usize, first: usize, second: usize) -> u8 {
        let Some(card) = here.card() else { return 0 };
        let known = card.dpcs.read().iter().find(|known| known.address == dpc).copied();
        let Some(known) = known else {
            here.wrong("Dpc", dpc, "a DPC that was initialized (KeInitializeDpc)");
            return 0;
        };
        let queued = card.adapter().map(|adapter| adapter.queue_dpc(known.number));
        u8::from(matches!(queued, Some(Ok(true))))
    }

    fn NdisScheduleWorkItem(here, item: usize) -> u32 {
        // NDIS_WORK_ITEM: Context, Routine, then NDIS's own.
        let Some([context, routine]) = peek::get::<[usize; 2]>(item) else {
            here.wrong("WorkItem", item, "the address of an NDIS_WORK_ITEM");
            return ndiswan::Status::FAILURE.0;
        };
        let status =
            if later(here, routine, vec![item, context]) { ndiswan::Status::SUCCESS } else { ndiswan::Status::FAILURE };
        status.0
    }
}
