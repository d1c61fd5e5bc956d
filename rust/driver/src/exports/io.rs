//! Ports before the card is registered, ports of the kernel's, and memory of the card that is copied.

use super::exports;
use super::hardware::{access, close, open};
use crate::card::{Card, Space, by_handle};
use crate::context::Here;
use crate::peek;

/// The card of a WrapperConfigurationContext.
pub(super) fn of_context(here: &Here, context: usize) -> Option<std::sync::Arc<Card>> {
    let card = by_handle(context.wrapping_sub(super::config::CONTEXT));
    if card.is_none() {
        here.wrong("WrapperConfigurationContext", context, "what MiniportInitialize was given");
    }
    card
}

fn immediate(here: &Here, context: usize, at: u64, bytes: u8, value: Option<u64>) -> u64 {
    of_context(here, context).map_or(u64::MAX, |card| card.device(Space::Port, at, bytes, value))
}

fn put<T: peek::Plain>(here: &Here, out: usize, value: T) {
    if !peek::put(out, value) {
        here.wrong("Data", out, "the address of a variable");
    }
}

/// A space of the card's from `at` into a buffer, byte by byte; how many.
fn read_many(
    here: &Here,
    context: usize,
    space: Space,
    at: u32,
    buffer: usize,
    length: u32,
) -> u32 {
    let Some(card) = of_context(here, context) else { return 0 };
    for byte in 0..length {
        let value = card.device(space, u64::from(at) + u64::from(byte), 1, None) as u8;
        if !peek::put(buffer + byte as usize, value) {
            here.wrong("Buffer", buffer, &format!("the address of {length} bytes"));
            return byte;
        }
    }
    length
}

fn write_many(
    here: &Here,
    context: usize,
    space: Space,
    at: u32,
    buffer: usize,
    length: u32,
) -> u32 {
    let Some(card) = of_context(here, context) else { return 0 };
    for byte in 0..length {
        let Some(value) = peek::get::<u8>(buffer + byte as usize) else {
            here.wrong("Buffer", buffer, &format!("the address of {length} bytes"));
            return byte;
        };
        card.device(space, u64::from(at) + u64::from(byte), 1, Some(u64::from(value)));
    }
    length
}

/// The byte at an address of the card's memory, or of memory.
fn load(card: &Card, address: usize) -> Option<u8> {
    if card.is_mapped(address) {
        return card.register(Space::Memory, address, 1, None).map(|value| value as u8);
    }
    peek::get::<u8>(address)
}

fn store(card: &Card, address: usize, value: u8) -> bool {
    if card.is_mapped(address) {
        return card.register(Space::Memory, address, 1, Some(u64::from(value))).is_some();
    }
    peek::put(address, value)
}

/// Whether all of a range is there, page by page: who is to write to it writes nothing else.
fn all_there(card: &Card, start: usize, length: usize) -> bool {
    let mut offsets = (0..length).step_by(4096).chain(length.checked_sub(1));
    offsets.all(|at| {
        start.checked_add(at).is_some_and(|at| card.is_mapped(at) || peek::get::<u8>(at).is_some())
    })
}

/// So many bytes are copied at once.
const PIECE: usize = 1024;

/// Copies `length` bytes, byte by byte where the device model is asked for them or a range is part of the other.
fn copy(card: &Card, to: usize, from: usize, length: usize) -> bool {
    let one = |at| load(card, from + at).is_some_and(|value| store(card, to + at, value));
    let apart = to.abs_diff(from) >= length;
    let pieces = |(to, from)| {
        let mut held = [0; PIECE];
        (0..length).step_by(PIECE).all(|at| {
            let held = &mut held[..PIECE.min(length - at)];
            peek::read(from + at, held) && peek::write(to + at, held)
        })
    };
    apart && card.plain(to, length).zip(card.plain(from, length)).is_some_and(pieces)
        || (0..length).all(one)
}

/// Writes so many zeros, as `copy` does it.
fn zero(card: &Card, to: usize, length: usize) -> bool {
    let pieces = |to| {
        let piece = |at| peek::write(to + at, &[0; PIECE][..PIECE.min(length - at)]);
        (0..length).step_by(PIECE).all(piece)
    };
    card.plain(to, length).is_some_and(pieces) || (0..length).all(|at| store(card, to + at, 0))
}

exports! {
    fn NdisImmediateReadPortUchar(here, context: usize, port: u32, out: usize) {
        put(here, out, immediate(here, context, u64::from(port), 1, None) as u8);
    }

    fn NdisImmediateReadPortUshort(here, context: usize, port: u32, out: usize) {
        put(here, out, immediate(here, context, u64::from(port), 2, None) as u16);
    }

    fn NdisImmediateReadPortUlong(here, context: usize, port: u32, out: usize) {
        put(here, out, immediate(here, context, u64::from(port), 4, None) as u32);
    }

    fn NdisImmediateWritePortUchar(here, context: usize, port: u32, value: u8) {
        immediate(here, context, u64::from(port), 1, Some(u64::from(value)));
    }

    fn NdisImmediateWritePortUshort(here, context: usize, port: u32, value: u16) {
        immediate(here, context, u64::from(port), 2, Some(u64::from(value)));
    }

    fn NdisImmediateWritePortUlong(here, context: usize, port: u32, value: u32) {
        immediate(here, context, u64::from(port), 4, Some(u64::from(value)));
    }

    fn NdisImmediateReadSharedMemory(here, context: usize, address: u32, buffer: usize, length: u32) {
        read_many(here, context, Space::Memory, address, buffer, length);
    }

    fn NdisImmediateWriteSharedMemory(here, context: usize, address: u32, buffer: usize, length: u32) {
        write_many(here, context, Space::Memory, address, buffer, length);
    }

    fn NdisImmediateReadPciSlotInformation(here, context: usize, slot: u32, offset: u32, buffer: usize, length: u32) -> u32 {
        read_many(here, context, Space::Pci, offset, buffer, length)
    }

    fn NdisImmediateWritePciSlotInformation(here, context: usize, slot: u32, offset: u32, buffer: usize, length: u32) -> u32 {
        write_many(here, context, Space::Pci, offset, buffer, length)
    }

    fn READ_PORT_UCHAR(here, port: usize) -> u8 {
        access(here, port, 1, Space::Port, None) as u8
    }

    fn READ_PORT_USHORT(here, port: usize) -> u16 {
        access(here, port, 2, Space::Port, None) as u16
    }

    fn READ_PORT_ULONG(here, port: usize) -> u32 {
        access(here, port, 4, Space::Port, None) as u32
    }

    fn WRITE_PORT_UCHAR(here, port: usize, value: u8) {
        access(here, port, 1, Space::Port, Some(u64::from(value)));
    }

    fn WRITE_PORT_USHORT(here, port: usize, value: u16) {
        access(here, port, 2, Space::Port, Some(u64::from(value)));
    }

    fn WRITE_PORT_ULONG(here, port: usize, value: u32) {
        access(here, port, 4, Space::Port, Some(u64::from(value)));
    }

    fn NdisMoveMappedMemory(here, to: usize, from: usize, length: u32) {
        let length = length as usize;
        let done = here.card().is_some_and(|card| {
            all_there(card, to, length)
                && all_there(card, from, length)
                && copy(card, to, from, length)
        });
        if !done {
            here.wrong("Destination or Source", to, &format!("{length} bytes of a mapped range, or of memory; Source is {from:#x}"));
        }
    }

    fn NdisZeroMappedMemory(here, to: usize, length: u32) {
        let length = length as usize;
        let done = here
            .card()
            .is_some_and(|card| all_there(card, to, length) && zero(card, to, length));
        if !done {
            here.wrong("Destination", to, &format!("{length} bytes of a mapped range"));
        }
    }

    fn MmMapIoSpace(here, physical: u64, length: usize, cache: u32) -> usize {
        let handle = here.card().map_or(0, |card| card.handle);
        open(here, handle, physical, length, Space::Memory).unwrap_or(0)
    }

    fn MmUnmapIoSpace(here, address: usize, length: usize) {
        let handle = here.card().map_or(0, |card| card.handle);
        close(here, handle, address);
    }
}
