//! The registry of an adapter, from what the user gave.

use ndiswan::Status;

use super::exports;
use crate::card::{Card, Value, by_handle};
use crate::context::Here;
use crate::{peek, wide};

/// Behind the adapter's handle: what MiniportInitialize is given to open, and what is opened.
const CONTEXT: usize = 8;
const OPENED: usize = 12;

/// NDIS_PARAMETER_TYPE; 0 is NdisParameterInteger.
const HEX: u32 = 1;
const STRING: u32 = 2;
const MULTI: u32 = 3;
const BINARY: u32 = 4;

fn status(here: &Here, out: usize, status: Status) {
    if !peek::put(out, status.0) {
        here.wrong("Status", out, "the address of an NDIS_STATUS");
    }
}

/// NDIS_CONFIGURATION_PARAMETER: the kind, and at 8 a number, a UNICODE_STRING, or a length and an address.
fn parameter(card: &Card, value: &Value, kind: u32) -> Option<usize> {
    let heap = &card.driver.heap;
    let bytes = match value {
        Value::Integer(number) if kind != STRING => {
            let block = heap.allocate(24, "NdisReadConfiguration", 0)?;
            peek::put(block, kind.min(HEX));
            peek::put(block + 8, *number);
            return Some(block);
        }
        Value::Text(text) if kind <= HEX => {
            let text = text.trim();
            let number = match text.strip_prefix("0x").or(text.strip_prefix("0X")) {
                Some(digits) => u32::from_str_radix(digits, 16),
                None if kind == HEX => u32::from_str_radix(text, 16),
                None => text.parse(),
            };
            return parameter(card, &Value::Integer(number.ok()?), kind);
        }
        Value::Integer(number) => wide::encoded(&number.to_string()),
        Value::Text(text) => wide::encoded(text),
        Value::Texts(texts) => {
            texts.iter().flat_map(|text| wide::encoded(text)).chain([0, 0]).collect()
        }
        Value::Binary(bytes) => bytes.clone(),
    };
    let block = heap.allocate(24 + bytes.len(), "NdisReadConfiguration", 0)?;
    let kind = match value {
        Value::Texts(_) => MULTI,
        Value::Binary(_) => BINARY,
        _ => STRING,
    };
    let behind = if matches!(value, Value::Binary(_)) { 0 } else { 2 };
    peek::put(block, kind);
    peek::put(block + 8, [(bytes.len() - behind) as u16, bytes.len() as u16]);
    peek::put(block + 16, block + 24);
    peek::write(block + 24, &bytes);
    Some(block)
}

exports! {
    fn NdisOpenConfiguration(here, out: usize, handle: usize, context: usize) {
        let known = by_handle(context.wrapping_sub(CONTEXT)).is_some();
        if !known {
            here.wrong("WrapperConfigurationContext", context, "what MiniportInitialize was given");
        }
        if known && !peek::put(handle, context - CONTEXT + OPENED) {
            here.wrong("ConfigurationHandle", handle, "the address of an NDIS_HANDLE");
        }
        status(here, out, if known { Status::SUCCESS } else { Status::FAILURE });
    }

    fn NdisReadConfiguration(here, out: usize, value: usize, handle: usize, keyword: usize, kind: u32) {
        let Some(card) = by_handle(handle.wrapping_sub(OPENED)) else {
            here.wrong("ConfigurationHandle", handle, "what NdisOpenConfiguration gave");
            return status(here, out, Status::FAILURE);
        };
        let Some(keyword) = wide::unicode(keyword) else {
            here.wrong("Keyword", keyword, "the address of an NDIS_STRING");
            return status(here, out, Status::FAILURE);
        };
        let known = card.settings.config.iter().find(|(name, _)| name.eq_ignore_ascii_case(&keyword));
        let key = format!("{kind}:{}", keyword.to_lowercase());
        let made = card.config.lock().get(&key).copied();
        let found = made.or_else(|| known.and_then(|(_, value)| parameter(&card, value, kind)));
        let Some(block) = found else { return status(here, out, Status::FAILURE) };
        card.config.lock().insert(key, block);
        if !peek::put(value, block) {
            here.wrong("ParameterValue", value, "the address of a pointer");
        }
        status(here, out, Status::SUCCESS);
    }

    fn NdisWriteConfiguration(here, out: usize, handle: usize, keyword: usize, value: usize) {
        status(here, out, Status::SUCCESS);
    }

    fn NdisCloseConfiguration(here, handle: usize) {
        let Some(card) = by_handle(handle.wrapping_sub(OPENED)) else {
            return here.wrong("ConfigurationHandle", handle, "what NdisOpenConfiguration gave");
        };
        for (_, block) in card.config.lock().drain() {
            card.driver.heap.free(block);
        }
    }

    fn NdisReadNetworkAddress(here, out: usize, address: usize, length: usize, handle: usize) {
        let Some(card) = by_handle(handle.wrapping_sub(OPENED)) else {
            here.wrong("ConfigurationHandle", handle, "what NdisOpenConfiguration gave");
            return status(here, out, Status::FAILURE);
        };
        let block = card.settings.address.and_then(|bytes| {
            let block = card.driver.heap.allocate(8, "NdisReadNetworkAddress", 0)?;
            peek::write(block, &bytes);
            card.config.lock().insert("\0address".to_string(), block);
            Some(block)
        });
        let Some(block) = block else { return status(here, out, Status::FAILURE) };
        if !peek::put(address, block) || !peek::put(length, 6u32) {
            here.wrong("NetworkAddress", address, "the address of a pointer");
        }
        status(here, out, Status::SUCCESS);
    }
}
