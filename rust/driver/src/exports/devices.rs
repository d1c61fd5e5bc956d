//! The card as a device: what it was assigned, its device objects, its name.

use ndiswan::Status;

use super::{exports, kernel};
use crate::card::{Card, Space, Value, by_handle, new_handle};
use crate::context::Here;
use crate::{peek, wide};

/// CM_PARTIAL_RESOURCE_DESCRIPTOR.Type.
const PORT: u8 = 1;
const INTERRUPT: u8 = 2;
const MEMORY: u8 = 3;
/// Of a CM_RESOURCE_LIST: what stands before its CM_PARTIAL_RESOURCE_LIST, which NDIS_RESOURCE_LIST is.
const BEFORE: usize = 12;
/// Bytes of an NDIS_RESOURCE_LIST without entries.
const EMPTY: usize = 8;
const INTERNAL: u32 = 0;
const PCI: u32 = 5;
/// NDIS_STATUS_NOT_SUPPORTED.
const NOT_SUPPORTED: u32 = 0xC000_00BB;

pub(super) fn number(card: &Card, keyword: &str) -> Option<u32> {
    let (_, value) =
        card.settings.config.iter().find(|(name, _)| name.eq_ignore_ascii_case(keyword))?;
    match value {
        Value::Integer(number) => Some(*number),
        Value::Text(text) => {
            let digits = text.trim().trim_start_matches("0x").trim_start_matches("0X");
            u32::from_str_radix(digits, if digits.len() == text.trim().len() { 10 } else { 16 })
                .ok()
        }
        _ => None,
    }
}

/// A CM_PARTIAL_RESOURCE_DESCRIPTOR.
fn entry(kind: u8, share: u8, flags: u16, words: [u32; 4]) -> [u8; 20] {
    let mut entry = [0; 20];
    entry[0] = kind;
    entry[1] = share;
    entry[2..4].copy_from_slice(&flags.to_le_bytes());
    for (at, word) in words.iter().enumerate() {
        entry[4 + 4 * at..8 + 4 * at].copy_from_slice(&word.to_le_bytes());
    }
    entry
}

fn ports(base: u32, length: u32) -> [u8; 20] {
    entry(PORT, 1, 1, [base, 0, length, 0])
}

fn memory(base: u32, length: u32) -> [u8; 20] {
    entry(MEMORY, 1, 0, [base, 0, length, 0])
}

/// Level, Vector, then the processors that it may come to.
fn interrupt(line: u32) -> [u8; 20] {
    entry(INTERRUPT, 3, 0, [line, line, 3, 0])
}

/// Of a PCI configuration: who made the card, the first and the last base address register, the interrupt line.
const VENDOR: u64 = 0;
const FIRST_BAR: u64 = 0x10;
const LAST_BAR: u64 = 0x24;
const LINE: u64 = 0x3C;

fn pci_read(card: &Card, at: u64) -> u32 {
    let byte = |byte: u64| card.device(Space::Pci, at + byte, 1, None) as u8;
    u32::from_le_bytes([byte(0), byte(1), byte(2), byte(3)])
}

fn pci_write(card: &Card, at: u64, value: u32) {
    for (byte, part) in (0..).zip(value.to_le_bytes()) {
        card.device(Space::Pci, at + byte, 1, Some(u64::from(part)));
    }
}

/// What the card's base address registers and its interrupt line say, as the BIOS asks for it: a register to which ones were
/// written reads as ones where an address may differ. One that keeps whatever is written gets 4 KiB, or 256 ports.
fn of_pci(card: &Card) -> Vec<[u8; 20]> {
    let mut entries = Vec::new();
    if card.settings.on_port.is_none() || pci_read(card, VENDOR) as u16 == 0xFFFF {
        return entries;
    }
    let mut at = FIRST_BAR;
    while at <= LAST_BAR {
        let base = pci_read(card, at);
        let is_port = base & 1 != 0;
        let fixed = if is_port { 0x3 } else { 0xF };
        pci_write(card, at, u32::MAX);
        let mask = pci_read(card, at);
        pci_write(card, at, base);
        let kept = mask == u32::MAX || mask == base;
        let size = (mask & !fixed).wrapping_neg();
        if base & !fixed != 0 {
            let (start, length) = (base & !fixed, |default| if kept { default } else { size });
            entries.push(if is_port {
                ports(start, length(256) & 0xFFFF)
            } else {
                memory(start, length(4096))
            });
        }
        // The other half of an address of 64 bits follows in the next register.
        at += if !is_port && base & 6 == 4 { 8 } else { 4 };
    }
    let line = card.device(Space::Pci, LINE, 1, None) as u8;
    if line != 0 && line != 0xFF {
        entries.push(interrupt(u32::from(line)));
    }
    entries
}

/// NDIS_RESOURCE_LIST of what the configuration names, else of what the card's PCI configuration says: Version, Revision, Count,
/// then 20 bytes for each.
fn resources(card: &Card) -> Vec<u8> {
    let mut entries: Vec<[u8; 20]> = Vec::new();
    if let Some(base) = number(card, "IoBaseAddress") {
        entries.push(ports(base, number(card, "IoLength").unwrap_or(8)));
    }
    entries.extend(number(card, "InterruptNumber").map(interrupt));
    if let Some(base) = number(card, "MemoryBaseAddress") {
        entries.push(memory(base, number(card, "MemoryLength").unwrap_or(4096)));
    }
    if entries.is_empty() {
        entries = of_pci(card);
    }
    let mut list = vec![1, 0, 1, 0];
    list.extend((entries.len() as u32).to_le_bytes());
    list.extend(entries.concat());
    list
}

/// A list that the driver wants to find something in.
fn asked(here: &Here, card: &Card, list: Vec<u8>) -> Vec<u8> {
    if list.len() == EMPTY {
        // Who wrote the scenario wants to know why the driver finds nothing.
        (card.settings.on_text)(&format!(
            "{}: the card has no resources; give them in the configuration (IoBaseAddress, IoLength, InterruptNumber, \
             MemoryBaseAddress, MemoryLength), or by a device that answers reads of \"pci\"\n",
            here.name
        ));
    }
    list
}

/// The same in NDIS's own memory: the address of the CM_RESOURCE_LIST.
fn resource_list(card: &Card, list: &[u8]) -> Option<usize> {
    let own = card.things.lock().resource_list()?;
    peek::put(own, [1u32, if list.len() > EMPTY { PCI } else { INTERNAL }, 0]);
    peek::write(own + BEFORE, list);
    Some(own)
}

pub(super) fn of_handle(here: &Here, handle: usize) -> Option<std::sync::Arc<Card>> {
    let card = by_handle(handle);
    if card.is_none() {
        here.wrong("MiniportAdapterHandle", handle, "the handle that MiniportInitialize was given");
    }
    card
}

fn assign(here: &Here, card: &Card, out: usize) -> u32 {
    let list = asked(here, card, resources(card));
    let Some(list) = resource_list(card, &list) else { return Status::RESOURCES.0 };
    if !peek::put(out, list + BEFORE) {
        here.wrong("AssignedResources", out, "the address of a pointer");
        return Status::FAILURE.0;
    }
    Status::SUCCESS.0
}

pub(super) fn status(here: &Here, out: usize, status: Status) {
    if !peek::put(out, status.0) {
        here.wrong("Status", out, "the address of an NDIS_STATUS");
    }
}

exports! {
    fn NdisMQueryAdapterResources(here, out: usize, context: usize, list: usize, size: usize) {
        let Some(card) = super::io::of_context(here, context) else { return status(here, out, Status::FAILURE) };
        let own = asked(here, &card, resources(&card));
        let Some(room) = peek::get::<u32>(size) else {
            here.wrong("BufferSize", size, "the address of a UINT");
            return status(here, out, Status::FAILURE);
        };
        peek::put(size, own.len() as u32);
        if (room as usize) < own.len() {
            return status(here, out, Status::RESOURCES);
        }
        if !peek::write(list, &own) {
            here.wrong("ResourceList", list, &format!("the address of {room} bytes"));
            return status(here, out, Status::FAILURE);
        }
        status(here, out, Status::SUCCESS);
    }

    fn NdisMPciAssignResources(here, handle: usize, slot: u32, out: usize) -> u32 {
        of_handle(here, handle).map_or(Status::FAILURE.0, |card| assign(here, &card, out))
    }

    fn NdisPciAssignResources(here, mac: usize, wrapper: usize, context: usize, slot: u32, out: usize) -> u32 {
        super::io::of_context(here, context).map_or(Status::FAILURE.0, |card| assign(here, &card, out))
    }

    fn NdisMGetDeviceProperty(here, handle: usize, physical: usize, functional: usize, next: usize, allocated: usize, translated: usize) {
        let Some(card) = of_handle(here, handle) else { return };
        let objects = card.things.lock().device_objects();
        let (Some(objects), Some(list)) = (objects, resource_list(&card, &resources(&card))) else { return };
        for object in objects {
            peek::put(object, [3u16, 0x180]);
            peek::put(object + kernel::STACK_SIZE, 1u8);
        }
        let answers = [(physical, objects[0]), (functional, objects[1]), (next, objects[2]), (allocated, list), (translated, list)];
        for (out, value) in answers.into_iter().filter(|(out, _)| *out != 0) {
            if !peek::put(out, value) {
                here.wrong("an argument", out, "the address of a pointer, or NULL");
            }
        }
    }

    fn NdisMQueryAdapterInstanceName(here, out: usize, handle: usize) -> u32 {
        let Some(card) = of_handle(here, handle) else { return Status::FAILURE.0 };
        let name = card.adapter().map_or_else(|| "ndiswan".to_string(), |adapter| adapter.name.clone());
        let bytes = wide::encoded(&name);
        let Some(block) = card.driver.heap.allocate(bytes.len(), "NdisMQueryAdapterInstanceName", 0) else {
            return Status::RESOURCES.0;
        };
        peek::write(block, &bytes);
        // The driver frees the text (NdisFreeMemory).
        if !peek::put(out, [bytes.len() as u16 - 2, bytes.len() as u16]) || !peek::put(out + 8, block) {
            card.driver.heap.free(block);
            here.wrong("AdapterInstanceName", out, "the address of an NDIS_STRING");
            return Status::FAILURE.0;
        }
        Status::SUCCESS.0
    }

    fn NdisMRemoveMiniport(here, handle: usize) -> u32 {
        if of_handle(here, handle).is_some() { Status::SUCCESS.0 } else { Status::FAILURE.0 }
    }

    fn NdisMSetMiniportSecondary(here, handle: usize, primary: usize) -> u32 {
        let _ = (of_handle(here, handle), of_handle(here, primary));
        NOT_SUPPORTED // no bundle of cards, no secondary one
    }

    fn NdisMPromoteMiniport(here, handle: usize) -> u32 {
        let _ = of_handle(here, handle);
        NOT_SUPPORTED
    }

    fn NdisMRegisterDevice(here, wrapper: usize, name: usize, link: usize, functions: usize, device: usize, handle: usize) -> u32 {
        let Some(card) = here.card() else { return Status::FAILURE.0 };
        let (Some(name), Some(link)) = (wide::unicode(name), wide::unicode(link)) else {
            here.wrong("DeviceName or SymbolicName", name, "the address of an NDIS_STRING");
            return Status::FAILURE.0;
        };
        let made = match kernel::make_device(here, 0, 0, &name, 0x12) {
            Ok(made) => made,
            Err(status) => return status,
        };
        let fresh = new_handle();
        if !peek::put(device, made) || !peek::put(handle, fresh) {
            kernel::unmake_device(here, made);
            here.wrong("pDeviceObject or NdisDeviceHandle", device, "the address of a pointer");
            return Status::FAILURE.0;
        }
        let mut things = card.things.lock();
        things.registered.insert(fresh, made);
        things.symbolic.insert(link, name);
        Status::SUCCESS.0
    }

    fn NdisMDeregisterDevice(here, handle: usize) -> u32 {
        let Some(card) = here.card() else { return Status::FAILURE.0 };
        let device = card.things.lock().registered.remove(&handle);
        let Some(device) = device else {
            here.wrong("NdisDeviceHandle", handle, "what NdisMRegisterDevice gave");
            return Status::FAILURE.0;
        };
        let name = card.things.lock().devices.get(&device).cloned().unwrap_or_default();
        card.things.lock().symbolic.retain(|_, target| *target != name);
        kernel::unmake_device(here, device);
        Status::SUCCESS.0
    }
}
