//! Timers, deferred procedure calls and work items.

use std::sync::Arc;

use ndiswan::cx::Cpu;
use ndiswan::{Adapter, Irql};

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
        (known.function, known.context) = (function, context);
        return;
    }
    timers.push(Timer { number: adapter.timer(), function, context, address });
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
    let Some(adapter) = card.adapter() else { return false };
    let before = adapter.timer_is_set(timer.number);
    arm(adapter, timer.number, delay, period);
    before
}

/// Sets it. What is called above DISPATCH is told by its name already.
pub(super) fn arm(adapter: &Adapter, timer: u32, delay: u64, period: u64) {
    if Cpu::current().irql() <= Irql::DISPATCH {
        adapter.set_timer_period(timer, period);
        drop(adapter.set_timer(timer, delay));
    }
}

fn cancel(here: &Here, address: usize, out: usize) -> bool {
    let Some((card, timer)) = known(here, address) else { return false };
    let was_set = card.adapter().is_some_and(|adapter| adapter.cancel_timer(timer.number));
    if out != 0 && !peek::put(out, u8::from(was_set)) {
        here.wrong("TimerCancelled", out, "the address of a BOOLEAN");
    }
    was_set
}

/// Runs a function of the driver's on a thread of the system's, at PASSIVE. `item` is the structure that stands in the queue for
/// it, which keeps nobody from unloading the driver; 0 if something does.
pub(super) fn later(here: &Here, item: usize, function: usize, arguments: Vec<usize>) -> bool {
    let Some(card) = here.card().and_then(|card| card.me.upgrade()) else { return false };
    let Some(adapter) = card.adapter().cloned() else { return false };
    if item != 0 {
        card.things.lock().work_queued.insert(item, function);
    }
    let taken = Arc::clone(&card);
    let begun = adapter.ndis.spawn_work_item(move || {
        card.things.lock().work_queued.remove(&item);
        // A crash is on record with the card; there is no call to give back.
        let call = || card.call(function, &arguments);
        let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(call));
    });
    if begun.is_err() {
        taken.things.lock().work_queued.remove(&item);
    }
    begun.is_ok()
}

/// Of a KDPC: what its first byte is, and where DeferredRoutine and DeferredContext stand.
const DPC: u8 = 19;
const ROUTINE: usize = 24;

/// The engine's number of the DPC, which it has from the first use on.
fn number_of_dpc(here: &Here, address: usize) -> Option<u32> {
    let (card, adapter) = here.card().and_then(|card| Some((card, card.adapter()?)))?;
    let [function, context] = peek::get::<[usize; 2]>(address + ROUTINE).unwrap_or_default();
    if peek::get::<u8>(address) != Some(DPC) {
        here.wrong("Dpc", address, "a DPC that was initialized (KeInitializeDpc)");
        return None;
    }
    let mut dpcs = card.dpcs.write();
    if let Some(known) = dpcs.iter_mut().find(|known| known.address == address) {
        (known.function, known.context) = (function, context);
        return Some(known.number);
    }
    let number = adapter.dpc();
    dpcs.push(Timer { number, function, context, address });
    Some(number)
}

/// Queues the DPC; false if it was queued already.
pub(super) fn queue_dpc(here: &Here, address: usize, first: usize, second: usize) -> bool {
    let Some(number) = number_of_dpc(here, address) else { return false };
    let Some((card, adapter)) = here.card().and_then(|card| Some((card, card.adapter()?))) else {
        return false;
    };
    {
        let mut things = card.things.lock();
        if things.queued.contains_key(&address) {
            return false;
        }
        things.queued.insert(address, [first, second]);
    }
    let queued = adapter.queue_dpc(number).is_ok();
    if !queued {
        card.things.lock().queued.remove(&address);
    }
    queued
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

    fn NdisSetTimerEx(here, timer: usize, milliseconds: u32, context: usize) {
        if let Some((card, _)) = known(here, timer) {
            if let Some(own) = card.timers.write().iter_mut().find(|known| known.address == timer) {
                own.context = context;
            }
            set(here, timer, u64::from(milliseconds) * MILLISECOND, 0);
        }
    }

    fn NdisSetPeriodicTimer(here, timer: usize, milliseconds: u32) {
        let period = u64::from(milliseconds.max(1)) * MILLISECOND;
        set(here, timer, period, period);
    }

    fn NdisCancelTimer(here, timer: usize, cancelled: usize) {
        cancel(here, timer, cancelled);
    }

    fn KeInitializeDpc(here, dpc: usize, function: usize, context: usize) {
        if !peek::put(dpc, [u64::from(DPC), 0, 0, function as u64, context as u64, 0, 0, 0]) {
            here.wrong("Dpc", dpc, "the address of a KDPC");
        }
    }

    fn KeInsertQueueDpc(here, dpc: usize, first: usize, second: usize) -> u8 {
        u8::from(queue_dpc(here, dpc, first, second))
    }

    fn KeRemoveQueueDpc(here, dpc: usize) -> u8 {
        // Its turn comes all the same, and finds nothing to do.
        let Some(card) = here.card() else { return 0 };
        if !here.is_there("Dpc", dpc, "the address of a KDPC") {
            return 0;
        }
        u8::from(card.things.lock().queued.remove(&dpc).is_some())
    }

    fn NdisScheduleWorkItem(here, item: usize) -> u32 {
        // NDIS_WORK_ITEM: Context, Routine, then NDIS's own.
        let Some([context, routine]) = peek::get::<[usize; 2]>(item) else {
            here.wrong("WorkItem", item, "the address of an NDIS_WORK_ITEM");
            return ndiswan::Status::FAILURE.0;
        };
        let status =
            if later(here, item, routine, vec![item, context]) { ndiswan::Status::SUCCESS } else { ndiswan::Status::FAILURE };
        status.0
    }
}
