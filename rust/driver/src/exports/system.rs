//! Time, processors, and what a driver says.

use super::exports;
use crate::context::Here;
use crate::peek;

/// 100-nanosecond steps from 1601 to the engine's zero, which is taken as 2001-01-01.
pub(super) const EPOCH: u64 = 126_227_808_000_000_000;

pub(super) fn now(here: &Here) -> u64 {
    here.card().and_then(|card| card.adapter()).map_or(0, |adapter| adapter.ndis.now())
}

fn put(here: &Here, out: usize, value: u64) {
    if !peek::put(out, value) {
        here.wrong("the result", out, "the address of a LARGE_INTEGER");
    }
}

fn stall(here: &Here, microseconds: u32) {
    if let Some(adapter) = here.card().and_then(|card| card.adapter()) {
        adapter.stall(u64::from(microseconds) * 1000);
    }
}

exports! {
    fn NdisMSleep(here, microseconds: u32) {
        super::waiting::sleep(here, u64::from(microseconds) * 1000);
    }

    fn NdisStallExecution(here, microseconds: u32) {
        stall(here, microseconds);
    }

    fn KeStallExecutionProcessor(here, microseconds: u32) {
        stall(here, microseconds);
    }

    fn NdisGetCurrentSystemTime(here, out: usize) {
        put(here, out, EPOCH + now(here) / 100);
    }

    fn KeQuerySystemTime(here, out: usize) {
        put(here, out, EPOCH + now(here) / 100);
    }

    fn NdisGetSystemUpTime(here, out: usize) {
        if !peek::put(out, (now(here) / 1_000_000) as u32) {
            here.wrong("SystemUpTime", out, "the address of a ULONG");
        }
    }

    fn KeQueryTickCount(here, out: usize) {
        put(here, out, now(here) / 10_000_000);
    }

    fn KeQueryTimeIncrement(here) -> u32 {
        100_000
    }

    fn KeQueryPerformanceCounter(here, frequency: usize) -> u64 {
        if frequency != 0 {
            put(here, frequency, 1_000_000_000);
        }
        now(here)
    }

    fn NdisGetCurrentProcessorCounts(here, idle: usize, kernel: usize, index: usize) {
        peek::put(idle, 0u32);
        peek::put(kernel, 0u32);
        peek::put(index, 0u32);
    }

    fn NdisGetCurrentProcessorCpuUsage(here, out: usize) {
        if !peek::put(out, 0u32) {
            here.wrong("pCpuUsage", out, "the address of a ULONG");
        }
    }

    fn NdisGetRoutineAddress(here, routine: usize) -> usize {
        let name = crate::wide::unicode(routine);
        if name.is_none() {
            here.wrong("NdisRoutineName", routine, "the address of an NDIS_STRING");
        }
        name.and_then(|name| super::find(&name)).unwrap_or(0)
    }

    fn KeQueryInterruptTime(here) -> u64 {
        now(here) / 100
    }

    fn NdisSystemProcessorCount(here) -> u8 {
        2
    }

    fn NdisGetVersion(here) -> u32 {
        0x0005_0001
    }

    fn ndiswan_debug_print(here, text: usize) {
        if let Some(card) = here.card() {
            (card.settings.on_text)(&peek::text(text));
        }
    }

    fn ndiswan_touched(here, address: usize, bytes: usize, writes: u32) {
        let Some(card) = here.card() else { return };
        let verb = if writes == 0 { "read" } else { "wrote" };
        let what = card.driver.heap.describe(address);
        let what = what.unwrap_or_else(|| crate::sanitizer::describe(address));
        let callers = crate::fault::callers();
        card.crash(format!("AddressSanitizer: the driver {verb} {bytes} bytes, {what}{callers}"));
    }

    fn ndiswan_undefined(here, what: usize, file: usize, line: u32) {
        let Some(card) = here.card() else { return };
        if !card.driver.undefined.lock().insert((file, line)) {
            return; // a place is told once
        }
        let what = peek::text(what);
        card.found(format!("UndefinedBehaviorSanitizer: {what}{}", crate::fault::callers()));
    }

    fn ndiswan_assert(here, expression: usize, file: usize, line: u32) {
        let text = format!("the driver's ASSERT({}) failed at {}:{line}", peek::text(expression), peek::text(file));
        if let Some(card) = here.card() {
            (card.settings.on_text)(&text);
        }
    }

    fn ndiswan_break(here) {
        if let Some(card) = here.card() {
            (card.settings.on_text)("the driver asked for a debugger (DbgBreakPoint)");
        }
    }
}
