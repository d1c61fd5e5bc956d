//! Memory: NdisAllocateMemory and its relatives.

use ndiswan::cx::Cpu;
use ndiswan::{Irql, Rule, Status};

use super::exports;
use crate::context::Here;
use crate::memory::Freed;
use crate::peek;

/// A block for the driver that calls, if there is memory: the explorer may say that there is none.
fn take(here: &Here, length: usize, tag: u32) -> Option<usize> {
    let card = here.card()?;
    let granted = card.adapter().is_none_or(|adapter| adapter.has_memory());
    let block = granted.then(|| card.driver.heap.allocate(length, here.name, tag)).flatten()?;
    // Whoever had it before left something in it.
    card.driver.heap.fill(block, &FRESH[..length.min(FRESH.len())]);
    Some(block)
}

/// What memory reads as that was never written to, as far as this goes: no zero, no pointer, no count.
static FRESH: [u8; 16 * 1024] = [crate::memory::FRESH; 16 * 1024];

/// Takes a block back; `length` is what its user says that it has, if the function is told.
fn give(here: &Here, address: usize, said: Option<u32>) {
    let Some(card) = here.card() else { return };
    if address == 0 {
        return here.wrong("VirtualAddress", 0, "a block that NdisAllocateMemory gave");
    }
    if let Some(text) = card.driver.heap.spoiled(address) {
        here.broken(Rule::Touch, &format!("{}: {text}", here.name));
    }
    match card.driver.heap.free(address) {
        Freed::Now(length) => {
            // Drivers that know that it is not looked at say 0.
            if let Some(said) = said.map(|said| said as usize)
                && said != 0
                && said != length
            {
                here.wrong(
                    "Length",
                    said,
                    &format!("{length:#x}, with which the block was allocated"),
                );
            }
            super::locks::block_freed(here, address, length);
            super::dma::block_freed(here, address, length);
        }
        Freed::Before => {
            here.broken(
                Rule::Touch,
                &format!("{}: the block at {address:#x} was freed before", here.name),
            );
        }
        Freed::Never => here.wrong("the block", address, "one that was allocated and not freed"),
    }
}

fn put_block(here: &Here, out: usize, length: usize, tag: u32) -> u32 {
    let block = take(here, length, tag);
    if !peek::put(out, block.unwrap_or(0)) {
        here.wrong("VirtualAddress", out, "the address of a pointer");
        return Status::FAILURE.0;
    }
    if block.is_some() { Status::SUCCESS.0 } else { Status::RESOURCES.0 }
}

exports! {
    fn NdisAllocateMemory(here, out: usize, length: u32, flags: u32, highest: u64) -> u32 {
        put_block(here, out, length as usize, 0)
    }

    fn NdisAllocateMemoryWithTag(here, out: usize, length: u32, tag: u32) -> u32 {
        put_block(here, out, length as usize, tag)
    }

    fn NdisFreeMemory(here, address: usize, length: u32, flags: u32) {
        give(here, address, Some(length));
    }

    fn NdisMAllocateSharedMemory(here, handle: usize, length: u32, cached: u8, out: usize, physical: usize) {
        let known = crate::card::by_handle(handle).is_some();
        if !known {
            here.wrong("MiniportAdapterHandle", handle, "the handle that MiniportInitialize was given");
        }
        let block = if known { take(here, length as usize, 0).unwrap_or(0) } else { 0 };
        // The card's address of it is its own: the device model looks at the same memory.
        if !peek::put(out, block) || !peek::put(physical, block as u64) {
            here.wrong("VirtualAddress or PhysicalAddress", out, "the address of a variable");
        }
    }

    fn NdisMAllocateSharedMemoryAsync(here, handle: usize, length: u32, cached: u8, context: usize) -> u32 {
        let Some(card) = crate::card::by_handle(handle) else {
            here.wrong("MiniportAdapterHandle", handle, "the handle that MiniportInitialize was given");
            return Status::FAILURE.0;
        };
        let complete = card.handlers().allocate_complete;
        let (Some(adapter), true) = (card.adapter().cloned(), complete != 0) else {
            here.broken(Rule::Handle, "NdisMAllocateSharedMemoryAsync: there is no AllocateCompleteHandler");
            return Status::FAILURE.0;
        };
        // MiniportAllocateComplete(MiniportAdapterContext, VirtualAddress, PhysicalAddress, Length, Context), 0 if there is none.
        let block = take(here, length as usize, 0).unwrap_or(0);
        let begun = adapter.ndis.spawn_work_item(move || {
            let Some(physical) = card.driver.heap.allocate(8, "NDIS", 0) else { return };
            peek::put(physical, block as u64);
            let own = card.context.load(std::sync::atomic::Ordering::Relaxed);
            let call = || card.call(complete, &[own, block, physical, length as usize, context]);
            let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(call));
            card.driver.heap.free(physical);
        });
        if begun.is_err() {
            if block != 0 {
                give(here, block, None);
            }
            return Status::RESOURCES.0;
        }
        Status::PENDING.0
    }

    fn NdisMFreeSharedMemory(here, handle: usize, length: u32, cached: u8, address: usize, physical: u64) {
        give(here, address, Some(length));
    }

    fn ndiswan_lookaside(here, list: usize, size: u32, tag: u32) {
        let Some(card) = here.card() else { return };
        if size == 0 {
            card.driver.lists.lock().remove(&list);
        } else {
            card.driver.lists.lock().insert(list, (size, tag));
        }
    }

    fn ExAllocatePoolWithTag(here, kind: u32, length: usize, tag: u32) -> usize {
        if kind & 1 != 0 && Cpu::current().irql() >= Irql::DISPATCH {
            let text = format!("{} of paged memory at {}; expected APC_LEVEL or below", here.name, Cpu::current().irql());
            here.broken(Rule::IrqlCall, &text);
        }
        take(here, length, tag).unwrap_or(0)
    }

    fn ExFreePoolWithTag(here, address: usize, tag: u32) {
        give(here, address, None);
    }
}
