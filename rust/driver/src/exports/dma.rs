//! DMA: the card sees memory at the driver's own addresses. Without a device model a transfer is over when it was begun.

use ndiswan::{Rule, Status};

use super::devices::of_handle;
use super::exports;
use super::registration::after_attributes;
use super::things::{Channel, MapRegisters, Transfer};
use crate::card::{Card, Space, new_handle};
use crate::context::Here;
use crate::peek;

/// MappedSystemVa, and ByteCount, of an MDL, which NDIS_BUFFER is.
const MAPPED: usize = 24;
const COUNT: usize = 40;
/// Of an NDIS_DMA_DESCRIPTION.
const AUTO_INITIALIZE: usize = 1;
/// Registers of a channel in the device model's space of them: where, how many bytes (of a read: are left), which way.
const WHERE: u64 = 0;
const BYTES: u64 = 8;
const TO_DEVICE: u64 = 12;
const REGISTERS: u64 = 16;

impl Channel {
    fn at(&self, register: u64) -> u64 {
        u64::from(self.number) * REGISTERS + register
    }
}

fn buffer(here: &Here, mdl: usize) -> Option<(usize, u32)> {
    let found = peek::get::<usize>(mdl + MAPPED).zip(peek::get::<u32>(mdl + COUNT));
    if found.is_none() {
        here.wrong("Buffer", mdl, "the address of an NDIS_BUFFER");
    }
    found
}

fn channel(here: &Here, handle: usize) -> Option<Channel> {
    let card = here.card()?;
    let known = card.things.lock().channels.get(&handle).copied();
    if known.is_none() {
        here.wrong("MiniportDmaHandle", handle, "what NdisMRegisterDmaChannel gave");
    }
    known
}

/// Puts a transfer into its channel, or takes it out, and says so to the device model.
fn now(here: &Here, handle: usize, transfer: Option<Transfer>) {
    let Some(card) = here.card() else { return };
    let Some(channel) = card.things.lock().channels.get_mut(&handle).map(|channel| {
        channel.memory = transfer.and_then(|of| peek::get(of.buffer + MAPPED)).unwrap_or(0);
        channel.transfer = transfer;
        *channel
    }) else {
        return;
    };
    let tell = |register, bytes, value| {
        card.device(Space::Dma, channel.at(register), bytes, Some(value));
    };
    if let Some(transfer) = transfer {
        tell(WHERE, 8, (channel.memory + transfer.offset as usize) as u64);
        tell(TO_DEVICE, 1, u64::from(transfer.to_device));
    }
    tell(BYTES, 4, transfer.map_or(0, |transfer| u64::from(transfer.length)));
}

/// How many bytes of its transfer the controller has not moved yet, as the device model says.
fn left(here: &Here, channel: Channel) -> u32 {
    let (Some(card), Some(transfer)) = (here.card(), channel.transfer) else { return 0 };
    let left = card.device(Space::Dma, channel.at(BYTES), 4, None) as u32;
    // A device that knows no such space answers with ones, as a bus does.
    if left <= transfer.length { left } else { 0 }
}

/// A block was freed: the controller may be at it still.
pub(super) fn block_freed(here: &Here, address: usize, length: usize) {
    let Some(card) = here.card() else { return };
    let block = address..address + length.max(1);
    let has = |at: usize| block.contains(&at);
    let channels: Vec<Channel> = card.things.lock().channels.values().copied().collect();
    for channel in channels {
        let Some(transfer) = channel.transfer else { continue };
        if has(transfer.buffer) || has(channel.memory) {
            let text = format!(
                "{}: the block at {address:#x} is in a DMA transfer; expected NdisMCompleteDmaTransfer before: {transfer}",
                here.name
            );
            here.broken(Rule::Touch, &text);
        }
    }
}

/// Whether the transfer is inside of its buffer.
fn fits(here: &Here, transfer: &Transfer) -> bool {
    let Some((_, count)) = buffer(here, transfer.buffer) else { return false };
    let fits = u64::from(transfer.offset) + u64::from(transfer.length) <= u64::from(count);
    if !fits {
        here.wrong(
            "Length",
            transfer.length as usize,
            &format!("at most what the buffer has behind Offset; it is {count} bytes"),
        );
    }
    fits
}

/// The controller does one at a time, and no longer one than was announced.
fn set_up(here: &Here, handle: usize, transfer: Transfer) -> Status {
    let Some(channel) = channel(here, handle) else { return Status::FAILURE };
    if !fits(here, &transfer) {
        return Status::FAILURE;
    }
    if channel.transfer.is_some() || transfer.length > channel.most {
        return Status::RESOURCES;
    }
    now(here, handle, Some(transfer));
    Status::SUCCESS
}

fn complete(here: &Here, handle: usize, transfer: Transfer) -> Status {
    let Some(channel) = channel(here, handle) else { return Status::FAILURE };
    let Some(begun) = channel.transfer else {
        here.wrong(
            "MiniportDmaHandle",
            handle,
            "a channel with a transfer (NdisMSetupDmaTransfer)",
        );
        return Status::FAILURE;
    };
    now(here, handle, None);
    if transfer != begun {
        let text = format!(
            "NdisMCompleteDmaTransfer: {transfer}; expected what NdisMSetupDmaTransfer was given: {begun}"
        );
        here.broken(Rule::Handle, &text);
        return Status::RESOURCES;
    }
    if fits(here, &transfer) { Status::SUCCESS } else { Status::FAILURE }
}

fn answer(here: &Here, out: usize, status: Status) {
    if !peek::put(out, status.0) {
        here.wrong("Status", out, "the address of an NDIS_STATUS");
    }
}

/// The map register maps the buffer from now on: one of those that the card has, and free.
fn map(here: &Here, card: &Card, mdl: usize, register: u32) {
    let expected = match card.things.lock().map_registers.as_mut() {
        None => {
            "a map register (NdisMAllocateMapRegisters), of which the card has none".to_string()
        }
        Some(registers) if register >= registers.count => {
            format!("a number below {}, as many as NdisMAllocateMapRegisters gave", registers.count)
        }
        Some(registers) => match registers.mapped.insert(register, mdl) {
            None => return,
            Some(other) => format!(
                "a map register that is free; it maps the buffer {other:#x} until NdisMCompleteBufferPhysicalMapping"
            ),
        },
    };
    here.wrong("PhysicalMapRegister", register as usize, &expected);
}

/// The map register is free again: it mapped this buffer.
fn unmap(here: &Here, card: &Card, mdl: usize, register: u32) {
    let mapped = {
        let mut things = card.things.lock();
        things.map_registers.as_mut().and_then(|registers| registers.mapped.remove(&register))
    };
    match mapped {
        None => here.wrong(
            "PhysicalMapRegister",
            register as usize,
            "one that maps a buffer (NdisMStartBufferPhysicalMapping)",
        ),
        Some(other) if other != mdl => {
            here.wrong("Buffer", mdl, &format!("{other:#x}, which map register {register} maps"));
        }
        Some(_) => {}
    }
}

exports! {
    fn NdisMRegisterDmaChannel(here, out: usize, handle: usize, number: u32, wide: u8, description: usize, most: u32) -> u32 {
        let Some(card) = of_handle(here, handle) else { return Status::FAILURE.0 };
        after_attributes(here, &card);
        let fresh = new_handle();
        if !peek::put(out, fresh) {
            here.wrong("MiniportDmaHandle", out, "the address of an NDIS_HANDLE");
            return Status::FAILURE.0;
        }
        let again = peek::get::<u8>(description + AUTO_INITIALIZE).unwrap_or(0) != 0;
        card.things.lock().channels.insert(fresh, Channel { number, most, again, transfer: None, memory: 0 });
        Status::SUCCESS.0
    }

    fn NdisMDeregisterDmaChannel(here, handle: usize) {
        if channel(here, handle).is_some()
            && let Some(card) = here.card()
        {
            let mut things = card.things.lock();
            let gone = things.channels.remove(&handle).filter(|channel| !channel.again);
            things.cut_off.extend(gone.and_then(|channel| channel.transfer));
        }
    }

    fn NdisMAllocateMapRegisters(here, handle: usize, number: u32, size: u8, count: u32, most: u32) -> u32 {
        let Some(card) = of_handle(here, handle) else { return Status::FAILURE.0 };
        card.things.lock().map_registers = Some(MapRegisters { count, ..MapRegisters::default() });
        Status::SUCCESS.0
    }

    fn NdisMFreeMapRegisters(here, handle: usize) {
        let Some(card) = of_handle(here, handle) else { return };
        let had = card.things.lock().map_registers.take();
        let Some(had) = had else {
            return here.wrong("MiniportAdapterHandle", handle, "a card with map registers (NdisMAllocateMapRegisters)");
        };
        if let Some((register, mdl)) = had.mapped.first_key_value() {
            let text = format!(
                "NdisMFreeMapRegisters: map register {register} maps the buffer {mdl:#x} still; expected NdisMCompleteBufferPhysicalMapping before"
            );
            here.broken(Rule::Handle, &text);
        }
    }

    fn NdisMStartBufferPhysicalMapping(here, handle: usize, mdl: usize, register: u32, write: u8, units: usize, count: usize) {
        let Some(card) = of_handle(here, handle) else { return };
        let Some((address, length)) = buffer(here, mdl) else { return };
        map(here, &card, mdl, register);
        // NDIS_PHYSICAL_ADDRESS_UNIT: where, and how many bytes; memory is in one piece here.
        if !peek::put(units, address as u64) || !peek::put(units + 8, length) || !peek::put(count, 1u32) {
            here.wrong("PhysicalAddressArray", units, "the address of NDIS_PHYSICAL_ADDRESS_UNITs, and ArraySize of a UINT");
        }
    }

    fn NdisMCompleteBufferPhysicalMapping(here, handle: usize, mdl: usize, register: u32) {
        if let Some(card) = of_handle(here, handle)
            && buffer(here, mdl).is_some()
        {
            unmap(here, &card, mdl, register);
        }
    }

    fn NdisMInitializeScatterGatherDma(here, handle: usize, wide: u8, most: u32) -> u32 {
        of_handle(here, handle).map_or(Status::FAILURE.0, |_| Status::SUCCESS.0)
    }

    fn NdisMSetupDmaTransfer(here, out: usize, handle: usize, mdl: usize, offset: u32, length: u32, write: u8) {
        let transfer = Transfer { buffer: mdl, offset, length, to_device: write != 0 };
        answer(here, out, set_up(here, handle, transfer));
    }

    fn NdisMCompleteDmaTransfer(here, out: usize, handle: usize, mdl: usize, offset: u32, length: u32, write: u8) {
        let transfer = Transfer { buffer: mdl, offset, length, to_device: write != 0 };
        answer(here, out, complete(here, handle, transfer));
    }

    fn NdisMReadDmaCounter(here, handle: usize) -> u32 {
        channel(here, handle).map_or(0, |channel| left(here, channel))
    }

    fn NdisMGetDmaAlignment(here, handle: usize) -> u32 {
        let _ = of_handle(here, handle);
        4
    }

    fn NdisGetSharedDataAlignment(here) -> u32 {
        64
    }

    fn NdisGetCacheFillSize(here) -> u32 {
        64
    }

    fn NdisMUpdateSharedMemory(here, handle: usize, length: u32, address: usize, physical: u64) {
        let _ = of_handle(here, handle);
    }

    fn NdisUpdateSharedMemory(here, handle: usize, length: u32, address: usize, physical: u64) {
        let _ = of_handle(here, handle);
    }

    fn MmGetPhysicalAddress(here, address: usize) -> u64 {
        address as u64
    }
}
