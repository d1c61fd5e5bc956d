//! The card's hardware: interrupts, ports, mapped registers, PCI configuration, all of it the device model's.

use ndiswan::{Irql, Status};

use super::exports;
use super::registration::after_attributes;
use crate::card::{Card, Interrupt, Space, by_handle};
use crate::context::Here;
use crate::peek;

/// No card takes more elements by one call, and a count that is none has more.
const MOST: u32 = 1 << 20;
/// Bytes of a function's PCI configuration; beyond it there is nothing to be read or written.
const CONFIGURATION_SPACE: u32 = 4096;

pub(super) fn open(
    here: &Here,
    handle: usize,
    physical: u64,
    length: usize,
    space: Space,
) -> Option<usize> {
    let Some(card) = by_handle(handle) else {
        here.wrong("MiniportAdapterHandle", handle, "the handle that MiniportInitialize was given");
        return None;
    };
    after_attributes(here, &card);
    card.map(space, physical, length)
}

pub(super) fn close(here: &Here, handle: usize, address: usize) {
    let Some(card) = by_handle(handle) else {
        return here.wrong(
            "MiniportAdapterHandle",
            handle,
            "the handle that MiniportInitialize was given",
        );
    };
    if !card.unmap(address) {
        here.wrong("the range", address, "one that was registered or mapped");
    }
}

pub(super) fn access(
    here: &Here,
    address: usize,
    bytes: u8,
    space: Space,
    value: Option<u64>,
) -> u64 {
    let Some(card) = here.card() else { return 0 };
    let own = card.register(space, address, bytes, value);
    // Boards of several lines have one adapter that registers the ports, and others that use them.
    let of = |other: std::sync::Arc<Card>| other.register(space, address, bytes, value);
    own.or_else(|| card.siblings().into_iter().find_map(of)).unwrap_or_else(|| {
        here.wrong(
            "the register",
            address,
            "an address inside of a range that was registered or mapped",
        );
        u64::MAX
    })
}

/// A function of the driver's at the level of its interrupt.
pub(super) fn synchronized(here: &Here, interrupt: usize, function: usize, context: usize) -> u8 {
    let Some((card, adapter)) = here.card().and_then(|card| Some((card, card.adapter()?))) else {
        return 0;
    };
    if card.interrupt.lock().is_none() {
        here.wrong("Interrupt", interrupt, "one that NdisMRegisterInterrupt registered");
        return 0;
    }
    let old = adapter.raise_irql(Irql::DIRQL).unwrap_or(Irql::PASSIVE);
    let answer = card.call(function, &[context]).unwrap_or(0);
    drop(adapter.lower_irql(old));
    u8::from(answer & 0xFF != 0)
}

macro_rules! ports {
    ($read:ident, $write:ident, $read_many:ident, $write_many:ident, $type:ty) => {
        exports! {
            fn $read(here, port: usize, out: usize) {
                let value = access(here, port, size_of::<$type>() as u8, Space::Port, None) as $type;
                if !peek::put(out, value) {
                    here.wrong("Data", out, "the address of a variable");
                }
            }

            fn $write(here, port: usize, value: $type) {
                access(here, port, size_of::<$type>() as u8, Space::Port, Some(u64::from(value)));
            }

            fn $read_many(here, port: usize, buffer: usize, count: u32) {
                if count > super::MOST {
                    return here.wrong("Length", count as usize, "a count of what goes through a port at once, at most 2**20");
                }
                for at in 0..count as usize {
                    let value = access(here, port, size_of::<$type>() as u8, Space::Port, None) as $type;
                    if !peek::put(buffer + at * size_of::<$type>(), value) {
                        return here.wrong("Buffer", buffer, "the address of an array");
                    }
                }
            }

            fn $write_many(here, port: usize, buffer: usize, count: u32) {
                if count > super::MOST {
                    return here.wrong("Length", count as usize, "a count of what goes through a port at once, at most 2**20");
                }
                for at in 0..count as usize {
                    let Some(value) = peek::get::<$type>(buffer + at * size_of::<$type>()) else {
                        return here.wrong("Buffer", buffer, "the address of an array");
                    };
                    access(here, port, size_of::<$type>() as u8, Space::Port, Some(u64::from(value)));
                }
            }
        }
    };
}

mod bytes {
    use super::{Space, access, exports, peek};
    ports!(
        NdisRawReadPortUchar,
        NdisRawWritePortUchar,
        NdisRawReadPortBufferUchar,
        NdisRawWritePortBufferUchar,
        u8
    );
}
mod shorts {
    use super::{Space, access, exports, peek};
    ports!(
        NdisRawReadPortUshort,
        NdisRawWritePortUshort,
        NdisRawReadPortBufferUshort,
        NdisRawWritePortBufferUshort,
        u16
    );
}
mod longs {
    use super::{Space, access, exports, peek};
    ports!(
        NdisRawReadPortUlong,
        NdisRawWritePortUlong,
        NdisRawReadPortBufferUlong,
        NdisRawWritePortBufferUlong,
        u32
    );
}
mod registers {
    use super::{
        Interrupt, Space, Status, access, by_handle, close, exports, open, peek, synchronized,
    };
    exports! {
        fn NdisReadRegisterUchar(here, register: usize, out: usize) {
            let value = access(here, register, 1, Space::Memory, None) as u8;
            if !peek::put(out, value) {
                here.wrong("Data", out, "the address of a variable");
            }
        }

        fn NdisReadRegisterUshort(here, register: usize, out: usize) {
            let value = access(here, register, 2, Space::Memory, None) as u16;
            if !peek::put(out, value) {
                here.wrong("Data", out, "the address of a variable");
            }
        }

        fn NdisReadRegisterUlong(here, register: usize, out: usize) {
            let value = access(here, register, 4, Space::Memory, None) as u32;
            if !peek::put(out, value) {
                here.wrong("Data", out, "the address of a variable");
            }
        }

        fn NdisWriteRegisterUchar(here, register: usize, value: u8) {
            access(here, register, 1, Space::Memory, Some(u64::from(value)));
        }

        fn NdisWriteRegisterUshort(here, register: usize, value: u16) {
            access(here, register, 2, Space::Memory, Some(u64::from(value)));
        }

        fn NdisWriteRegisterUlong(here, register: usize, value: u32) {
            access(here, register, 4, Space::Memory, Some(u64::from(value)));
        }

        fn NdisMRegisterIoPortRange(here, out: usize, handle: usize, port: u32, count: u32) -> u32 {
            let Some(address) = open(here, handle, u64::from(port), count as usize, Space::Port) else { return Status::FAILURE.0 };
            if peek::put(out, address) { 0 } else { Status::FAILURE.0 }
        }

        fn NdisMDeregisterIoPortRange(here, handle: usize, port: u32, count: u32, address: usize) {
            close(here, handle, address);
        }

        fn NdisMMapIoSpace(here, out: usize, handle: usize, physical: u64, length: u32) -> u32 {
            let Some(address) = open(here, handle, physical, length as usize, Space::Memory) else { return Status::FAILURE.0 };
            if peek::put(out, address) { 0 } else { Status::FAILURE.0 }
        }

        fn NdisMUnmapIoSpace(here, handle: usize, address: usize, length: u32) {
            close(here, handle, address);
        }

        fn NdisReadPciSlotInformation(here, handle: usize, slot: u32, offset: u32, buffer: usize, length: u32) -> u32 {
            let Some(card) = by_handle(handle) else {
                here.wrong("NdisAdapterHandle", handle, "the handle that MiniportInitialize was given");
                return 0;
            };
            let length = length.min(super::CONFIGURATION_SPACE.saturating_sub(offset));
            for at in 0..length {
                let value = card.device(Space::Pci, u64::from(offset + at), 1, None) as u8;
                if !peek::put(buffer + at as usize, value) {
                    return at;
                }
            }
            length
        }

        fn NdisWritePciSlotInformation(here, handle: usize, slot: u32, offset: u32, buffer: usize, length: u32) -> u32 {
            let Some(card) = by_handle(handle) else {
                here.wrong("NdisAdapterHandle", handle, "the handle that MiniportInitialize was given");
                return 0;
            };
            let length = length.min(super::CONFIGURATION_SPACE.saturating_sub(offset));
            for at in 0..length {
                let Some(value) = peek::get::<u8>(buffer + at as usize) else { return at };
                card.device(Space::Pci, u64::from(offset + at), 1, Some(u64::from(value)));
            }
            length
        }

        fn NdisMRegisterInterrupt(here, interrupt: usize, handle: usize, vector: u32, level: u32, request_isr: u8, shared: u8, mode: u32) -> u32 {
            let Some(card) = by_handle(handle) else {
                here.wrong("MiniportAdapterHandle", handle, "the handle that MiniportInitialize was given");
                return Status::FAILURE.0;
            };
            if !peek::put(interrupt, [0u64; 2]) {
                here.wrong("Interrupt", interrupt, "the address of an NDIS_MINIPORT_INTERRUPT");
                return Status::FAILURE.0;
            }
            super::after_attributes(here, &card);
            *card.interrupt.lock() = Some(Interrupt { request_isr: request_isr != 0 || shared != 0 });
            0
        }

        fn NdisMDeregisterInterrupt(here, interrupt: usize) {
            let Some(card) = here.card() else { return };
            if card.interrupt.lock().take().is_none() {
                return here.wrong("Interrupt", interrupt, "one that NdisMRegisterInterrupt registered");
            }
            if let Some(adapter) = card.adapter() {
                let _ = adapter.flush_dpcs();
            }
        }

        fn NdisMSynchronizeWithInterrupt(here, interrupt: usize, function: usize, context: usize) -> u8 {
            synchronized(here, interrupt, function, context)
        }
    }
}

pub(super) fn list(add: &mut dyn FnMut(&'static str, usize)) {
    bytes::list(add);
    shorts::list(add);
    longs::list(add);
    registers::list(add);
}
