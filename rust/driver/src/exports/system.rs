//! Time, waiting, events, threads, and what a driver says.

use ndiswan::{Irql, Rule, Status};

use super::exports;
use super::timers::later;
use crate::context::Here;
use crate::peek;

/// 100-nanosecond steps from 1601 to the engine's zero, which is taken as 2001-01-01.
const EPOCH: u64 = 126_227_808_000_000_000;
const FOR_EVER: u64 = 22_000_000_000;

fn now(here: &Here) -> u64 {
    here.card().and_then(|card| card.adapter()).map_or(0, |adapter| adapter.ndis.now())
}

fn put(here: &Here, out: usize, value: u64) {
    if !peek::put(out, value) {
        here.wrong("the result", out, "the address of a LARGE_INTEGER");
    }
}

/// Waits until the first word at `event` is not zero; false after `limit` nanoseconds.
fn wait(here: &Here, event: usize, limit: Option<u64>) -> bool {
    let Some(adapter) = here.card().and_then(|card| card.adapter()) else { return false };
    let level = ndiswan::cx::Cpu::current().irql();
    let set = || peek::get::<u32>(event).is_some_and(|word| word != 0);
    if level > Irql::PASSIVE && limit != Some(0) && !set() {
        let text =
            format!("{} at {level}; expected PASSIVE_LEVEL, where a thread may wait", here.name);
        here.broken(Rule::IrqlLeak, &text);
        return false;
    }
    let begin = adapter.ndis.now();
    let end = limit.unwrap_or(FOR_EVER);
    let step = (end / 64).clamp(100_000, 10_000_000);
    for _ in 0..4096 {
        if set() {
            return true;
        }
        if adapter.ndis.now().saturating_sub(begin) >= end {
            break;
        }
        adapter.sleep(step);
    }
    if limit.is_none() {
        here.broken(
            Rule::Hang,
            &format!("{}: nobody set the event at {event:#x} in 22 s", here.name),
        );
    }
    set()
}

exports! {
    fn NdisMSleep(here, microseconds: u32) {
        let level = ndiswan::cx::Cpu::current().irql();
        if level > Irql::PASSIVE {
            return here.broken(Rule::IrqlLeak, &format!("NdisMSleep at {level}; expected PASSIVE_LEVEL"));
        }
        if let Some(adapter) = here.card().and_then(|card| card.adapter()) {
            adapter.sleep(u64::from(microseconds) * 1000);
        }
    }

    fn NdisStallExecution(here, microseconds: u32) {}

    fn KeStallExecutionProcessor(here, microseconds: u32) {}

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

    fn NdisInitializeEvent(here, event: usize) {
        put(here, event, 0);
    }

    fn NdisSetEvent(here, event: usize) {
        put(here, event, 1);
    }

    fn NdisResetEvent(here, event: usize) {
        put(here, event, 0);
    }

    fn NdisWaitEvent(here, event: usize, milliseconds: u32) -> u8 {
        let limit = (milliseconds > 0).then(|| u64::from(milliseconds) * 1_000_000);
        u8::from(wait(here, event, limit))
    }

    fn KeInitializeEvent(here, event: usize, kind: u32, state: u8) {
        put(here, event, u64::from(state != 0) | (u64::from(kind) << 32));
    }

    fn KeSetEvent(here, event: usize, increment: i32, and_wait: u8) -> i32 {
        let [state, kind] = peek::get::<[u32; 2]>(event).unwrap_or_default();
        put(here, event, 1 | (u64::from(kind) << 32));
        i32::from(state != 0)
    }

    fn KeResetEvent(here, event: usize) -> i32 {
        let [state, kind] = peek::get::<[u32; 2]>(event).unwrap_or_default();
        put(here, event, u64::from(kind) << 32);
        i32::from(state != 0)
    }

    fn KeClearEvent(here, event: usize) {
        let [_, kind] = peek::get::<[u32; 2]>(event).unwrap_or_default();
        put(here, event, u64::from(kind) << 32);
    }

    fn KeReadStateEvent(here, event: usize) -> i32 {
        i32::from(peek::get::<u32>(event).is_some_and(|state| state != 0))
    }

    fn KeWaitForSingleObject(here, object: usize, reason: u32, mode: u32, alertable: u32, timeout: usize) -> u32 {
        let limit = if timeout == 0 { None } else {
            let time = peek::get::<u64>(timeout).unwrap_or(0).cast_signed();
            Some(if time <= 0 { time.unsigned_abs() * 100 } else { 0 })
        };
        if !wait(here, object, limit) {
            return 0x102; // STATUS_TIMEOUT
        }
        let [_, kind] = peek::get::<[u32; 2]>(object).unwrap_or_default();
        if kind == 1 {
            put(here, object, 1 << 32); // a synchronization event lets one through
        }
        0
    }

    fn PsCreateSystemThread(here, out: usize, access: u32, attributes: usize, process: usize, client: usize, routine: usize, context: usize) -> u32 {
        let started = later(here, routine, vec![context]);
        peek::put(out, 0x3E00_0000usize);
        if started { 0 } else { Status::FAILURE.0 }
    }

    fn PsTerminateSystemThread(here, status: u32) -> u32 {
        status
    }

    fn ZwClose(here, handle: usize) -> u32 {
        0
    }

    fn NdisWriteErrorLogEntry(here, handle: usize, code: u32, count: u32) {
        if let Some(card) = here.card() {
            (card.settings.on_text)(&format!("NdisWriteErrorLogEntry: code {code:#010x}"));
        }
    }

    fn NdisGetCurrentProcessorCounts(here, idle: usize, kernel: usize, index: usize) {
        peek::put(idle, 0u32);
        peek::put(kernel, 0u32);
        peek::put(index, 0u32);
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
