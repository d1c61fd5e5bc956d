//! What a thread waits for: events, mutexes, semaphores, timers, threads; DISPATCHER_HEADER is Type, and at 4 SignalState.

use ndiswan::cx::Cpu;
use ndiswan::ndis::ANY_OBJECT;
use ndiswan::{Adapter, Irql, Rule};
use parking_lot::Mutex;

use super::exports;
use super::system::{EPOCH, now};
use crate::context::Here;
use crate::{own_thread, peek};

/// Types of objects, as kernels number them.
pub(super) const NOTIFICATION_EVENT: u8 = 0;
const SYNCHRONIZATION_EVENT: u8 = 1;
const MUTANT: u8 = 2;
const SEMAPHORE: u8 = 5;
pub(super) const THREAD: u8 = 6;
pub(super) const NOTIFICATION_TIMER: u8 = 8;
const SYNCHRONIZATION_TIMER: u8 = 9;

const OWNER: usize = 40;
const LIMIT: usize = 24;
const TIMEOUT: u32 = 0x102;
const INVALID_HANDLE: u32 = 0xC000_0008;
/// How many objects a thread waits for: with its own wait blocks, and with the driver's.
const THREAD_WAIT_OBJECTS: u32 = 3;
const MAXIMUM_WAIT_OBJECTS: u32 = 64;
const FOR_EVER: u64 = 22_000_000_000;

/// Looking at an object and taking it is one step. Nobody calls the engine while holding this.
static STEP: Mutex<()> = Mutex::new(());

pub(super) fn thread() -> usize {
    0x3D00_0000 + 16 * Cpu::current_id() as usize
}

fn signed(bits: u32) -> i32 {
    i32::from_ne_bytes(bits.to_ne_bytes())
}

fn unsigned(value: i32) -> u32 {
    u32::from_ne_bytes(value.to_ne_bytes())
}

pub(super) fn signed_time(bits: u64) -> i64 {
    i64::from_ne_bytes(bits.to_ne_bytes())
}

/// Fills in a DISPATCHER_HEADER.
pub(super) fn initialize(here: &Here, object: usize, kind: u8, state: u32) {
    if !peek::put(object, [u32::from(kind), state]) {
        here.wrong("the object", object, "the address of an object of the kernel's");
    }
}

pub(super) fn state(object: usize) -> u32 {
    peek::get::<u32>(object + 4).unwrap_or(0)
}

/// Sets SignalState; what it was.
pub(super) fn signal(here: &Here, object: usize, state: u32) -> u32 {
    let step = STEP.lock();
    let old = peek::get::<u32>(object + 4);
    if old.is_none() || !peek::put(object + 4, state) {
        here.wrong("the object", object, "the address of an object of the kernel's");
    }
    drop(step);
    if state != 0 {
        wake(here, object);
    }
    old.unwrap_or(0)
}

/// The driver's own threads that wait for the object look at it again.
pub(super) fn wake(here: &Here, object: usize) {
    if let Some(adapter) = here.card().and_then(|card| card.adapter()) {
        adapter.ndis.signaled(object);
    }
}

fn is_mutex(object: usize) -> bool {
    peek::get::<u8>(object) == Some(MUTANT)
}

/// Takes the object if it is free or signaled.
fn take(object: usize) -> bool {
    let _step = STEP.lock();
    take_in_step(object)
}

/// Takes the first that is free or signaled, or all of them if they all are; which it was, the first of all.
fn take_of(objects: &[usize], all: bool) -> Option<usize> {
    let _step = STEP.lock();
    if !all {
        return objects.iter().position(|object| take_in_step(*object));
    }
    let free = |object: usize| {
        let own = is_mutex(object) && peek::get::<usize>(object + OWNER) == Some(thread());
        own || signed(state(object)) > 0
    };
    let free = objects.iter().all(|object| free(*object));
    (free && objects.iter().all(|object| take_in_step(*object))).then_some(0)
}

fn take_in_step(object: usize) -> bool {
    let (kind, state) = (peek::get::<u8>(object).unwrap_or(0), signed(state(object)));
    match kind {
        MUTANT => {
            let own = peek::get::<usize>(object + OWNER) == Some(thread());
            let taken = state > 0 || own;
            if taken {
                peek::put(object + 4, unsigned(state - 1));
                peek::put(object + OWNER, thread());
            }
            taken
        }
        SYNCHRONIZATION_EVENT | SYNCHRONIZATION_TIMER if state > 0 => peek::put(object + 4, 0u32),
        SEMAPHORE if state > 0 => peek::put(object + 4, unsigned(state - 1)),
        _ => state > 0,
    }
}

/// Waits until `taken`; false after `limit` nanoseconds.
fn wait(here: &Here, object: usize, limit: Option<u64>, mut taken: impl FnMut() -> bool) -> bool {
    let Some(adapter) = here.card().and_then(|card| card.adapter()) else { return taken() };
    let level = Cpu::current().irql();
    let may_wait = level < Irql::DISPATCH;
    // Of the others their level is known by their name.
    if limit != Some(0) && !may_wait && here.name.starts_with("KeWaitFor") {
        let text = format!(
            "{} at {level}; expected a level below DISPATCH_LEVEL, where a thread may wait",
            here.name
        );
        here.broken(Rule::IrqlCall, &text);
    }
    if limit == Some(0) || !may_wait {
        return taken();
    }
    if Adapter::is_on_own_thread() {
        // A thread waits for what it is there for as long as it lives; for a mutex it does not.
        let mutex = is_mutex(object) || here.name == "ExAcquireFastMutex";
        let waited =
            own_thread::wait(adapter, object, limit.or(mutex.then_some(FOR_EVER)), &mut taken);
        if !waited && limit.is_none() {
            nobody_set(here, object);
        }
        return waited;
    }
    if taken() {
        return true;
    }
    let begin = adapter.ndis.now();
    let end = limit.unwrap_or(FOR_EVER);
    let step = (end / 64).clamp(100_000, 10_000_000);
    for _ in 0..4096 {
        if adapter.ndis.now().saturating_sub(begin) >= end {
            break;
        }
        let _ = adapter.sleep(step);
        if taken() {
            return true;
        }
    }
    if limit.is_none() {
        nobody_set(here, object);
    }
    taken()
}

/// The nanoseconds that a Timeout allows, none without one.
fn limit(here: &Here, timeout: usize) -> Option<u64> {
    (timeout != 0).then(|| until(here, signed_time(peek::get(timeout).unwrap_or(0))))
}

fn nobody_set(here: &Here, object: usize) {
    let what = if object == ANY_OBJECT {
        "one of its objects".to_string()
    } else {
        format!("the object at {object:#x}")
    };
    let text = format!("{}: nobody set {what} in 22 s", here.name);
    here.broken(Rule::Hang, &text);
}

/// Others go on for so many nanoseconds, where a thread may wait.
pub(super) fn sleep(here: &Here, delay: u64) {
    if Cpu::current().irql() < Irql::DISPATCH
        && let Some(adapter) = here.card().and_then(|card| card.adapter())
    {
        if Adapter::is_on_own_thread() {
            own_thread::wait(adapter, 0, Some(delay), &mut || false);
        } else {
            let _ = adapter.sleep(delay);
        }
    }
}

/// Nanoseconds from now to a time of the kernel's: 100-nanosecond steps, negative ones from now.
pub(super) fn until(here: &Here, time: i64) -> u64 {
    match u64::try_from(time) {
        Err(_) => time.unsigned_abs().saturating_mul(100),
        Ok(time) => time.saturating_sub(EPOCH + now(here) / 100).saturating_mul(100),
    }
}

exports! {
    fn NdisInitializeEvent(here, event: usize) {
        initialize(here, event, NOTIFICATION_EVENT, 0);
    }

    fn NdisSetEvent(here, event: usize) {
        signal(here, event, 1);
    }

    fn NdisResetEvent(here, event: usize) {
        signal(here, event, 0);
    }

    fn NdisWaitEvent(here, event: usize, milliseconds: u32) -> u8 {
        let limit = (milliseconds > 0).then(|| u64::from(milliseconds) * 1_000_000);
        u8::from(wait(here, event, limit, || take(event)))
    }

    fn KeInitializeEvent(here, event: usize, kind: u32, state: u8) {
        let kind = if kind == 0 { NOTIFICATION_EVENT } else { SYNCHRONIZATION_EVENT };
        initialize(here, event, kind, u32::from(state != 0));
    }

    fn KeSetEvent(here, event: usize, increment: i32, and_wait: u8) -> i32 {
        i32::from(signal(here, event, 1) != 0)
    }

    fn KeResetEvent(here, event: usize) -> i32 {
        i32::from(signal(here, event, 0) != 0)
    }

    fn KeClearEvent(here, event: usize) {
        signal(here, event, 0);
    }

    fn KeReadStateEvent(here, event: usize) -> i32 {
        if !here.is_there("Event", event, "the address of a KEVENT") {
            return 0;
        }
        i32::from(state(event) != 0)
    }

    fn KeInitializeMutex(here, mutex: usize, level: u32) {
        initialize(here, mutex, MUTANT, 1);
        peek::put(mutex + OWNER, 0usize);
    }

    fn KeReleaseMutex(here, mutex: usize, and_wait: u8) -> i32 {
        let old = signed(state(mutex));
        if peek::get::<usize>(mutex + OWNER) != Some(thread()) {
            here.broken(Rule::LockUnheld, &format!("KeReleaseMutex: the mutex at {mutex:#x} is not this thread's"));
            return old;
        }
        {
            let _step = STEP.lock();
            if old == 0 {
                peek::put(mutex + OWNER, 0usize);
            }
            peek::put(mutex + 4, unsigned(old + 1));
        }
        wake(here, mutex);
        old
    }

    fn KeInitializeSemaphore(here, semaphore: usize, count: i32, limit: i32) {
        if limit <= 0 || count < 0 || count > limit {
            here.wrong("Count", unsigned(count) as usize, &format!("0 to Limit, which is {limit}, and that at least 1"));
        }
        initialize(here, semaphore, SEMAPHORE, unsigned(count));
        peek::put(semaphore + LIMIT, unsigned(limit));
    }

    fn KeReleaseSemaphore(here, semaphore: usize, increment: i32, adjustment: i32, and_wait: u8) -> i32 {
        let step = STEP.lock();
        let old = signed(state(semaphore));
        let limit = signed(peek::get(semaphore + LIMIT).unwrap_or(0));
        let fits = adjustment > 0 && old.checked_add(adjustment).is_some_and(|new| new <= limit);
        if fits {
            peek::put(semaphore + 4, unsigned(old + adjustment));
        }
        drop(step);
        if fits {
            wake(here, semaphore);
        } else {
            here.wrong("Adjustment", unsigned(adjustment) as usize, &format!("1 to {}: Limit is {limit}", limit - old));
        }
        old
    }

    fn KeWaitForSingleObject(here, object: usize, reason: u32, mode: u8, alertable: u8, timeout: usize) -> u32 {
        if peek::get::<[u32; 2]>(object).is_none() {
            here.wrong("Object", object, "the address of an object of the kernel's");
            return INVALID_HANDLE;
        }
        if wait(here, object, limit(here, timeout), || take(object)) { 0 } else { TIMEOUT }
    }

    fn KeWaitForMultipleObjects(here, count: u32, list: usize, any: u32, reason: u32, mode: u8, alertable: u8, timeout: usize, blocks: usize) -> u32 {
        let most = if blocks == 0 { THREAD_WAIT_OBJECTS } else { MAXIMUM_WAIT_OBJECTS };
        if count == 0 || count > most {
            here.wrong("Count", count as usize, &format!("1 to {THREAD_WAIT_OBJECTS} objects, or up to {MAXIMUM_WAIT_OBJECTS} with a WaitBlockArray"));
            return INVALID_HANDLE;
        }
        let mut objects = Vec::new();
        for place in 0..count as usize {
            let object = peek::get::<usize>(list + 8 * place);
            let Some(object) = object.filter(|object| peek::get::<[u32; 2]>(*object).is_some()) else {
                here.wrong(&format!("Object[{place}]"), object.unwrap_or(0), "the address of an object of the kernel's");
                return INVALID_HANDLE;
            };
            objects.push(object);
        }
        let mut which = None;
        wait(here, ANY_OBJECT, limit(here, timeout), || {
            which = take_of(&objects, any == 0);
            which.is_some()
        });
        which.map_or(TIMEOUT, |which| which as u32)
    }

    fn KeDelayExecutionThread(here, mode: u8, alertable: u8, interval: usize) -> u32 {
        let Some(time) = peek::get::<u64>(interval) else {
            here.wrong("Interval", interval, "the address of a LARGE_INTEGER");
            return 0;
        };
        sleep(here, until(here, signed_time(time)));
        0
    }

    fn ExInitializeFastMutex(here, mutex: usize) {
        // Count, Owner, Contention, an event, and at 48 OldIrql.
        if !peek::put(mutex, [1u64, 0, 0]) {
            return here.wrong("FastMutex", mutex, "the address of a FAST_MUTEX");
        }
        initialize(here, mutex + 24, SYNCHRONIZATION_EVENT, 0);
        peek::put(mutex + 48, 0u32);
    }

    fn ExAcquireFastMutex(here, mutex: usize) {
        if peek::get::<usize>(mutex + 8) == Some(thread()) {
            return here.broken(Rule::LockRecursion, &format!("ExAcquireFastMutex: the fast mutex at {mutex:#x} is this thread's already"));
        }
        let free = || {
            let _step = STEP.lock();
            let free = peek::get::<u32>(mutex) == Some(1);
            free && peek::put(mutex, 0u32) && peek::put(mutex + 8, thread())
        };
        if !wait(here, mutex, None, free) {
            return;
        }
        // It is held at APC_LEVEL.
        let old = Cpu::current().irql();
        peek::put(mutex + 48, u32::from(old.0));
        if old < Irql::APC
            && let Some(adapter) = here.card().and_then(|card| card.adapter())
        {
            drop(adapter.raise_irql(Irql::APC));
        }
    }

    fn ExReleaseFastMutex(here, mutex: usize) {
        if peek::get::<usize>(mutex + 8) != Some(thread()) {
            return here.broken(Rule::LockUnheld, &format!("ExReleaseFastMutex: the fast mutex at {mutex:#x} is not this thread's"));
        }
        let old = Irql(peek::get::<u32>(mutex + 48).unwrap_or(0) as u8);
        {
            let _step = STEP.lock();
            peek::put(mutex + 8, 0usize);
            peek::put(mutex, 1u32);
        }
        wake(here, mutex);
        if old < Irql::APC
            && let Some(adapter) = here.card().and_then(|card| card.adapter())
        {
            drop(adapter.lower_irql(old));
        }
    }
}
