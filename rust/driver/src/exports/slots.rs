//! Cards in slots of EISA, Micro Channel and PCMCIA: what the slot says of them, as the device model answers it.

use ndiswan::Status;

use super::devices::{number, of_handle, status};
use super::exports;
use super::io::of_context;
use crate::card::{Card, Space};
use crate::context::Here;
use crate::memory::SYSTEM;
use crate::peek;

/// Bytes of a CM_EISA_FUNCTION_INFORMATION, which begins with the card's CompressedId, and how many a slot has at most.
const FUNCTION: usize = 320;
const FUNCTIONS: usize = 8;
/// Where the POS registers begin: the card's AdapterId, and four bytes of its own.
const POS: u64 = 0x100;
const POS_DATA: usize = 6;
/// The slot in which the card is, if the configuration does not say.
const SLOT: u32 = 1;

fn read(card: &Card, space: Space, from: u64, count: usize) -> Vec<u8> {
    (from..).take(count).map(|at| card.device(space, at, 1, None) as u8).collect()
}

/// Nobody is there where all bits read alike: nobody answered, or a device that does not know the space.
fn is_there(id: &[u8]) -> bool {
    id.iter().any(|byte| *byte != 0) && id.iter().any(|byte| *byte != 0xFF)
}

fn eisa(card: &Card, function: usize) -> Option<Vec<u8>> {
    let from = (function * FUNCTION) as u64;
    is_there(&read(card, Space::Eisa, from, 4)).then(|| read(card, Space::Eisa, from, FUNCTION))
}

/// The slot's number and its data for the driver; the status says whether there is a card.
fn answer(here: &Here, card: &Card, out: usize, slot: usize, data: (usize, Option<Vec<u8>>)) {
    let (at, Some(bytes)) = data else { return status(here, out, Status::FAILURE) };
    if !peek::put(slot, number(card, "SlotNumber").unwrap_or(SLOT)) {
        here.wrong("SlotNumber", slot, "the address of a UINT");
    }
    if !peek::write(at, &bytes) {
        here.wrong("the data", at, &format!("the address of {} bytes", bytes.len()));
        return status(here, out, Status::FAILURE);
    }
    status(here, out, Status::SUCCESS);
}

/// Whether a PCMCIA card is in the socket: its attribute memory begins with a tuple.
fn has_card(card: &Card) -> bool {
    is_there(&read(card, Space::Pcmcia, 0, 1))
}

exports! {
    fn NdisReadEisaSlotInformation(here, out: usize, context: usize, slot: usize, data: usize) {
        let Some(card) = of_context(here, context) else { return status(here, out, Status::FAILURE) };
        answer(here, &card, out, slot, (data, eisa(&card, 0)));
    }

    fn NdisReadEisaSlotInformationEx(here, out: usize, context: usize, slot: usize, data: usize, functions: usize) {
        let Some(card) = of_context(here, context) else { return status(here, out, Status::FAILURE) };
        let found: Vec<Vec<u8>> = (0..FUNCTIONS).map_while(|function| eisa(&card, function)).collect();
        // The list is NDIS's own.
        let list = (!found.is_empty()).then(|| card.driver.heap.allocate(found.len() * FUNCTION, SYSTEM, 0)).flatten();
        let Some(list) = list else { return status(here, out, Status::FAILURE) };
        peek::write(list, &found.concat());
        if !peek::put(functions, found.len() as u32) {
            here.wrong("NumberOfFunctions", functions, "the address of a UINT");
        }
        answer(here, &card, out, slot, (data, Some(list.to_le_bytes().to_vec())));
    }

    fn NdisReadMcaPosInformation(here, out: usize, context: usize, channel: usize, data: usize) {
        let Some(card) = of_context(here, context) else { return status(here, out, Status::FAILURE) };
        let found = read(&card, Space::Mca, POS, POS_DATA);
        let found = is_there(&found[..2]).then_some(found);
        answer(here, &card, out, channel, (data, found));
    }

    fn NdisReadPcmciaAttributeMemory(here, handle: usize, offset: u32, buffer: usize, length: u32) -> u32 {
        let Some(card) = of_handle(here, handle).filter(|card| has_card(card)) else { return 0 };
        let bytes = read(&card, Space::Pcmcia, u64::from(offset), length as usize);
        if !peek::write(buffer, &bytes) {
            here.wrong("Buffer", buffer, &format!("the address of {length} bytes"));
            return 0;
        }
        length
    }

    fn NdisWritePcmciaAttributeMemory(here, handle: usize, offset: u32, buffer: usize, length: u32) -> u32 {
        let Some(card) = of_handle(here, handle).filter(|card| has_card(card)) else { return 0 };
        let Some(bytes) = peek::bytes(buffer, length as usize) else {
            here.wrong("Buffer", buffer, &format!("the address of {length} bytes"));
            return 0;
        };
        for (at, byte) in (u64::from(offset)..).zip(bytes) {
            card.device(Space::Pcmcia, at, 1, Some(u64::from(byte)));
        }
        length
    }
}
