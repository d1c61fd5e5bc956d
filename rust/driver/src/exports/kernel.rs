//! The kernel below NDIS: timers with DPCs, work items, threads, device objects, and the end of the machine.

use ndiswan::Adapter;
use ndiswan::cx::Cpu;

use super::timers::{arm, later, queue_dpc};
use super::{exports, waiting};
use crate::card::{Timer, new_handle};
use crate::context::Here;
use crate::{peek, wide};

const SUCCESS: u32 = 0;
const UNSUCCESSFUL: u32 = 0xC000_0001;
const INVALID_HANDLE: u32 = 0xC000_0008;
const INSUFFICIENT_RESOURCES: u32 = 0xC000_009A;
const NAME_NOT_FOUND: u32 = 0xC000_0034;
const NAME_COLLISION: u32 = 0xC000_0035;
/// Of a KTIMER, behind its header: DueTime, a list, the DPC, and the period.
const DUE: usize = 24;
const DPC: usize = 48;
const PERIOD: usize = 60;
/// Bytes of a DEVICE_OBJECT, rounded up; its extension follows.
const DEVICE: usize = 0x180;
/// StackSize of one.
pub(super) const STACK_SIZE: usize = 76;

/// A KTIMER fires: the engine calls this as it calls a function of the driver's.
extern "C-unwind" fn fires(timer: usize, dpc: usize, _: usize, _: usize) {
    super::guarded("a timer of KeSetTimer", |here| {
        // The kernel's timers fire in one piece: one that was cancelled since it was due does nothing more.
        if !is_to_fire(here, timer) {
            return;
        }
        waiting::signal(here, timer, 1);
        if dpc != 0 {
            queue_dpc(here, dpc, 0, 0);
        }
    });
}

/// Whether the timer is set still; one without a period is not from now on.
fn is_to_fire(here: &Here, timer: usize) -> bool {
    let Some(card) = here.card() else { return false };
    let mut things = card.things.lock();
    let again = peek::get::<u32>(timer + PERIOD).is_some_and(|period| period != 0);
    if again { things.kernel_timers.contains(&timer) } else { things.kernel_timers.remove(&timer) }
}

fn fired() -> usize {
    fires as *const () as usize
}

/// A crash that the driver asks for.
fn stop(text: &str) {
    let text = format!("{text}{}", crate::fault::callers());
    std::panic::resume_unwind(Box::new(text));
}

fn initialize_timer(here: &Here, timer: usize, kind: u32) {
    waiting::initialize(here, timer, waiting::NOTIFICATION_TIMER + u8::from(kind != 0), 0);
    peek::put(timer + DUE, [0u64; 5]);
}

fn set_timer(here: &Here, timer: usize, due: u64, milliseconds: u32, dpc: usize) -> u8 {
    let Some(card) = here.card() else { return 0 };
    let Some(adapter) = card.adapter() else { return 0 };
    if !peek::get::<u8>(timer).is_some_and(|kind| {
        kind == waiting::NOTIFICATION_TIMER || kind == waiting::NOTIFICATION_TIMER + 1
    }) {
        here.wrong("Timer", timer, "a timer that was initialized (KeInitializeTimer)");
        return 0;
    }
    peek::put(timer + DUE, due);
    peek::put(timer + DPC, dpc);
    peek::put(timer + PERIOD, milliseconds);
    peek::put(timer + 4, 0u32);
    let period = u64::from(milliseconds) * 1_000_000;
    let number = {
        let mut timers = card.timers.write();
        if let Some(known) = timers.iter_mut().find(|known| known.address == timer) {
            (known.function, known.context) = (fired(), dpc);
            known.number
        } else {
            let number = adapter.timer();
            let fresh = Timer { number, function: fired(), context: dpc, address: timer };
            timers.push(fresh);
            number
        }
    };
    let before = !card.things.lock().kernel_timers.insert(timer);
    arm(adapter, number, waiting::until(here, waiting::signed_time(due)), period);
    u8::from(before)
}

fn name(address: usize) -> String {
    if address == 0 { String::new() } else { wide::unicode(address).unwrap_or_default() }
}

/// A device object of the driver's, with `extension` bytes behind it.
pub(super) fn make_device(
    here: &Here,
    driver: usize,
    extension: u32,
    device_name: &str,
    kind: u32,
) -> Result<usize, u32> {
    let card = here.card().ok_or(UNSUCCESSFUL)?;
    if !device_name.is_empty()
        && card.things.lock().devices.values().any(|known| known.eq_ignore_ascii_case(device_name))
    {
        return Err(NAME_COLLISION);
    }
    let device = card
        .driver
        .heap
        .allocate(DEVICE + extension as usize, here.name, 0)
        .ok_or(INSUFFICIENT_RESOURCES)?;
    peek::put(device, [3u16, DEVICE as u16]);
    peek::put(device + 8, driver);
    peek::put(device + 64, if extension > 0 { device + DEVICE } else { 0 });
    peek::put(device + 72, kind);
    peek::put(device + STACK_SIZE, 1u8);
    card.things.lock().devices.insert(device, device_name.to_string());
    Ok(device)
}

/// Gives a device object back; whether there was one.
pub(super) fn unmake_device(here: &Here, device: usize) -> bool {
    let Some(card) = here.card() else { return false };
    let known = card.things.lock().devices.remove(&device).is_some();
    if known {
        super::io_timers::forget(card, device);
        card.driver.heap.free(device);
    }
    known
}

exports! {
    fn KeInitializeTimer(here, timer: usize) {
        initialize_timer(here, timer, 0);
    }

    fn KeInitializeTimerEx(here, timer: usize, kind: u32) {
        initialize_timer(here, timer, kind);
    }

    fn KeSetTimer(here, timer: usize, due: u64, dpc: usize) -> u8 {
        set_timer(here, timer, due, 0, dpc)
    }

    fn KeSetTimerEx(here, timer: usize, due: u64, period: i32, dpc: usize) -> u8 {
        set_timer(here, timer, due, u32::try_from(period).unwrap_or(0), dpc)
    }

    fn KeCancelTimer(here, timer: usize) -> u8 {
        let Some(card) = here.card() else { return 0 };
        if !here.is_there("Timer", timer, "the address of a KTIMER") {
            return 0;
        }
        let number = card.timers.read().iter().find(|known| known.address == timer).map(|known| known.number);
        // One that was never set is no error.
        if let Some((number, adapter)) = number.zip(card.adapter()) {
            adapter.cancel_timer(number);
        }
        u8::from(card.things.lock().kernel_timers.remove(&timer))
    }

    fn KeReadStateTimer(here, timer: usize) -> u8 {
        if !here.is_there("Timer", timer, "the address of a KTIMER") {
            return 0;
        }
        u8::from(waiting::state(timer) != 0)
    }

    fn KeSynchronizeExecution(here, interrupt: usize, function: usize, context: usize) -> u8 {
        super::hardware::synchronized(here, interrupt, function, context)
    }

    fn KeGetCurrentProcessorNumber(here) -> u32 {
        Cpu::current_id() % 2
    }

    fn KeGetCurrentThread(here) -> usize {
        waiting::thread()
    }

    fn KeBugCheck(here, code: u32) {
        stop(&format!("the driver called KeBugCheck({code:#x})"));
    }

    fn KeBugCheckEx(here, code: u32, first: usize, second: usize, third: usize, fourth: usize) {
        stop(&format!("the driver called KeBugCheckEx({code:#x}, {first:#x}, {second:#x}, {third:#x}, {fourth:#x})"));
    }

    fn ExQueueWorkItem(here, item: usize, queue: u32) {
        // WORK_QUEUE_ITEM: a list, WorkerRoutine, Parameter.
        let Some([routine, parameter]) = peek::get::<[usize; 2]>(item + 16) else {
            return here.wrong("WorkItem", item, "the address of a WORK_QUEUE_ITEM");
        };
        later(here, item, routine, vec![parameter]);
    }

    fn IoAllocateWorkItem(here, device: usize) -> usize {
        let Some(card) = here.card() else { return 0 };
        let Some(item) = card.driver.heap.allocate(64, "IoAllocateWorkItem", 0) else { return 0 };
        peek::put(item, device);
        card.things.lock().work.insert(item);
        item
    }

    fn IoFreeWorkItem(here, item: usize) {
        let Some(card) = here.card() else { return };
        if !card.things.lock().work.remove(&item) {
            return here.wrong("IoWorkItem", item, "what IoAllocateWorkItem gave");
        }
        card.driver.heap.free(item);
    }

    fn IoQueueWorkItem(here, item: usize, routine: usize, queue: u32, context: usize) {
        let Some(card) = here.card() else { return };
        if !card.things.lock().work.contains(&item) {
            return here.wrong("IoWorkItem", item, "what IoAllocateWorkItem gave");
        }
        let device = peek::get::<usize>(item).unwrap_or(0);
        later(here, 0, routine, vec![device, context]);
    }

    fn PsCreateSystemThread(here, out: usize, access: u32, attributes: usize, process: usize, client: usize, routine: usize, context: usize) -> u32 {
        let Some(card) = here.card() else { return UNSUCCESSFUL };
        let object = card.things.lock().thread_object();
        let Some(object) = object else { return INSUFFICIENT_RESOURCES };
        waiting::initialize(here, object, waiting::THREAD, 0);
        let handle = new_handle();
        if !peek::put(out, handle) {
            here.wrong("ThreadHandle", out, "the address of a HANDLE");
            return INVALID_HANDLE;
        }
        card.things.lock().threads.insert(handle, object);
        if crate::own_thread::start(card, routine, context, object) {
            return SUCCESS;
        }
        card.things.lock().threads.remove(&handle);
        UNSUCCESSFUL
    }

    fn PsTerminateSystemThread(here, status: u32) -> u32 {
        if Adapter::is_on_own_thread() {
            crate::own_thread::end();
        }
        status
    }

    fn ZwClose(here, handle: usize) -> u32 {
        let Some(card) = here.card() else { return SUCCESS };
        if card.things.lock().threads.remove(&handle).is_some() {
            return SUCCESS;
        }
        here.wrong("Handle", handle, "what PsCreateSystemThread gave");
        INVALID_HANDLE
    }

    fn ObReferenceObjectByHandle(here, handle: usize, access: u32, kind: usize, mode: u8, out: usize, information: usize) -> u32 {
        let Some(card) = here.card() else { return UNSUCCESSFUL };
        let object = card.things.lock().threads.get(&handle).copied();
        let Some(object) = object else {
            here.wrong("Handle", handle, "what PsCreateSystemThread gave");
            return INVALID_HANDLE;
        };
        if !peek::put(out, object) {
            here.wrong("Object", out, "the address of a pointer");
            return UNSUCCESSFUL;
        }
        *card.things.lock().references.entry(object).or_default() += 1;
        SUCCESS
    }

    fn ObDereferenceObject(here, object: usize) {
        let Some(card) = here.card() else { return };
        let mut things = card.things.lock();
        match things.references.get_mut(&object) {
            Some(1) => drop(things.references.remove(&object)),
            Some(count) => *count -= 1,
            None => {
                drop(things);
                here.wrong("Object", object, "what ObReferenceObjectByHandle gave");
            }
        }
    }

    fn IoCreateDevice(here, driver: usize, extension: u32, device_name: usize, kind: u32, characteristics: u32, exclusive: u8, out: usize) -> u32 {
        match make_device(here, driver, extension, &name(device_name), kind) {
            Ok(device) if peek::put(out, device) => SUCCESS,
            Ok(device) => {
                unmake_device(here, device);
                here.wrong("DeviceObject", out, "the address of a pointer");
                UNSUCCESSFUL
            }
            Err(status) => status,
        }
    }

    fn IoDeleteDevice(here, device: usize) {
        if !unmake_device(here, device) {
            here.wrong("DeviceObject", device, "what IoCreateDevice gave");
        }
    }

    fn IoCreateSymbolicLink(here, link: usize, device: usize) -> u32 {
        let Some(card) = here.card() else { return UNSUCCESSFUL };
        let (link, device) = (name(link), name(device));
        let mut things = card.things.lock();
        if things.symbolic.contains_key(&link) {
            return NAME_COLLISION;
        }
        things.symbolic.insert(link, device);
        SUCCESS
    }

    fn IoDeleteSymbolicLink(here, link: usize) -> u32 {
        let Some(card) = here.card() else { return UNSUCCESSFUL };
        if card.things.lock().symbolic.remove(&name(link)).is_some() { SUCCESS } else { NAME_NOT_FOUND }
    }

    fn IoCompleteRequest(here, irp: usize, boost: u8) {
        here.wrong("Irp", irp, "an IRP that a dispatch function was given; ndiswan calls none");
    }
}
