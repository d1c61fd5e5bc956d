//! A driver comes, says what it has, and goes.

use std::sync::atomic::Ordering;

use ndiswan::{Rule, Status};

use super::exports;
use crate::card::{Card, Handlers, by_handle};
use crate::context::Here;
use crate::peek;

const DESERIALIZE: u32 = 0x20;
const IGNORE_PACKET_TIMEOUT: u32 = 1;
/// Of the Reserved word of NDIS_MINIPORT_CHARACTERISTICS.
const USE_WAN_WRAPPER: u32 = 1;
/// The handle that NdisMInitializeWrapper gives: an address at which nothing is.
const WRAPPER: usize = 0x3F00_0000;

/// Bytes of NDIS_MINIPORT_CHARACTERISTICS of a version, none if there is no such version: majors and minors, a word of flags, then
/// the handlers; each version adds to the end. What 5.1 reserves behind its last handler need not be there.
const fn least(major: u8, minor: u8) -> Option<u32> {
    match (major, minor) {
        (3, 0) => Some(0x70),
        (4, 0) => Some(0x88),
        (5, 0) => Some(0xB8),
        (5, 1) => Some(0xD0),
        _ => None,
    }
}

fn attributes(here: &Here, handle: usize, context: usize, seconds: u32, flags: u32) {
    let Some(card) = by_handle(handle) else {
        return here.wrong(
            "MiniportAdapterHandle",
            handle,
            "the handle that MiniportInitialize was given",
        );
    };
    card.context.store(context, Ordering::Relaxed);
    card.attributes_set.store(true, Ordering::Relaxed);
    if seconds > 0 {
        card.hang_seconds.store(u64::from(seconds), Ordering::Relaxed);
    }
    let Some(adapter) = card.adapter() else { return };
    if flags & DESERIALIZE != 0 {
        adapter.set_deserialized();
    }
    if flags & IGNORE_PACKET_TIMEOUT != 0 {
        adapter.ignore_packet_timeout();
    }
}

/// What claims the card's resources comes after NdisMSetAttributesEx, which says whose they are.
pub(super) fn after_attributes(here: &Here, card: &Card) {
    if !card.attributes_set.swap(true, Ordering::Relaxed) {
        let text = format!(
            "{} before NdisMSetAttributesEx; expected that first in MiniportInitialize",
            here.name
        );
        here.broken(Rule::Handle, &text);
    }
}

exports! {
    fn NdisMInitializeWrapper(here, wrapper: usize, driver: usize, path: usize, reserved: usize) {
        if !peek::put(wrapper, WRAPPER) {
            here.wrong("NdisWrapperHandle", wrapper, "the address of an NDIS_HANDLE");
        }
    }

    fn NdisInitializeWrapper(here, wrapper: usize, driver: usize, path: usize, reserved: usize) {
        if !peek::put(wrapper, WRAPPER) {
            here.wrong("NdisWrapperHandle", wrapper, "the address of an NDIS_HANDLE");
        }
    }

    fn NdisTerminateWrapper(here, wrapper: usize, reserved: usize) {
        if wrapper != WRAPPER {
            here.wrong("NdisWrapperHandle", wrapper, "the handle that NdisMInitializeWrapper gave");
        }
    }

    fn NdisMRegisterMiniport(here, wrapper: usize, characteristics: usize, length: u32) -> u32 {
        let Some(card) = here.card() else { return Status::FAILURE.0 };
        if wrapper != WRAPPER {
            here.wrong("NdisWrapperHandle", wrapper, "the handle that NdisMInitializeWrapper gave");
            return Status::FAILURE.0;
        }
        let version = peek::get::<[u8; 2]>(characteristics);
        let Some([major, minor]) = version else {
            here.wrong("MiniportCharacteristics", characteristics, "the address of NDIS_MINIPORT_CHARACTERISTICS");
            return Status::FAILURE.0;
        };
        let Some(least) = least(major, minor) else {
            let text = format!("NdisMRegisterMiniport: version {major}.{minor}; expected 3.0, 4.0, 5.0 or 5.1");
            here.broken(Rule::Handle, &text);
            return Status::BAD_VERSION.0;
        };
        if length < least {
            let text = format!(
                "NdisMRegisterMiniport: CharacteristicsLength is {length}; expected at least {least}, the size of the structure of NDIS {major}.{minor}"
            );
            here.broken(Rule::Handle, &text);
            return Status::BAD_CHARACTERISTICS.0;
        }
        let flags = peek::get::<u32>(characteristics + 4).unwrap_or(0);
        if flags & USE_WAN_WRAPPER == 0 {
            let text = format!("NdisMRegisterMiniport: Reserved is {flags:#x}; expected NDIS_USE_WAN_WRAPPER in it, without which NDISWAN never sees the driver");
            here.broken(Rule::Handle, &text);
        }
        let Some(words) = peek::get::<[usize; 13]>(characteristics + 8) else {
            return Status::BAD_CHARACTERISTICS.0;
        };
        let [check_for_hang, disable_interrupt, enable_interrupt, halt, handle_interrupt, initialize, isr, query, _, reset, wan_send, set, transfer_data] = words;
        let shutdown = if (major, minor) == (5, 1) { peek::get::<usize>(characteristics + 0xC8).unwrap_or(0) } else { 0 };
        // Version 4.0 added MiniportReturnPacket, MiniportSendPackets and MiniportAllocateComplete.
        let allocate_complete = if major >= 4 { peek::get::<usize>(characteristics + 0x80).unwrap_or(0) } else { 0 };
        let handlers = Handlers {
            allocate_complete,
            check_for_hang,
            disable_interrupt,
            enable_interrupt,
            halt,
            handle_interrupt,
            initialize,
            isr,
            query,
            reset,
            wan_send,
            set,
            shutdown,
        };
        for (name, function) in [("Halt", halt), ("Initialize", initialize), ("QueryInformation", query), ("Reset", reset), ("WanSend", wan_send), ("SetInformation", set)] {
            if function == 0 {
                here.broken(Rule::Handle, &format!("NdisMRegisterMiniport: there is no {name}Handler, which a WAN miniport needs"));
                return Status::BAD_CHARACTERISTICS.0;
            }
        }
        if transfer_data != 0 {
            here.broken(Rule::Handle, "NdisMRegisterMiniport: there is a TransferDataHandler; a WAN miniport has none, since it indicates whole packets");
        }
        let _ = card.driver.handlers.set(handlers);
        card.driver.take_object_over();
        Status::SUCCESS.0
    }

    fn NdisMSetAttributes(here, handle: usize, context: usize, bus_master: u8, kind: u32) {
        attributes(here, handle, context, 0, 0);
    }

    fn NdisMSetAttributesEx(here, handle: usize, context: usize, seconds: u32, flags: u32, kind: u32) {
        attributes(here, handle, context, seconds, flags);
    }

    fn NdisMRegisterUnloadHandler(here, wrapper: usize, function: usize) {
        if let Some(card) = here.card() {
            card.driver.unload.store(function, Ordering::Relaxed);
        }
    }

    fn NdisMRegisterAdapterShutdownHandler(here, handle: usize, context: usize, function: usize) {
        match by_handle(handle) {
            Some(card) => *card.shutdown.lock() = Some((function, context)),
            None => here.wrong("MiniportHandle", handle, "the handle that MiniportInitialize was given"),
        }
    }

    fn NdisMDeregisterAdapterShutdownHandler(here, handle: usize) {
        match by_handle(handle) {
            Some(card) => *card.shutdown.lock() = None,
            None => here.wrong("MiniportHandle", handle, "the handle that MiniportInitialize was given"),
        }
    }
}
