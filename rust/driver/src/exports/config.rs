//! The registry of an adapter, from what the user gave.

use std::sync::Arc;

use ndiswan::Status;

use super::exports;
use crate::card::{Card, Value, by_handle, new_handle};
use crate::context::Here;
use crate::{peek, wide};

/// Behind the adapter's handle: what MiniportInitialize is given to open, and what is opened.
pub(super) const CONTEXT: usize = 8;
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

/// The card, and what stands before the keywords of the key: nothing, or the names of sub-keys, each with a backslash behind it.
fn key_of(here: &Here, handle: usize) -> Option<(Arc<Card>, String)> {
    if let Some(card) = by_handle(handle.wrapping_sub(OPENED)) {
        return Some((card, String::new()));
    }
    let card = here.card().and_then(|card| card.me.upgrade());
    let known = card.and_then(|card| {
        let before = card.things.lock().keys.get(&handle).cloned()?;
        Some((card, before))
    });
    if known.is_none() {
        here.wrong(
            "ConfigurationHandle",
            handle,
            "what NdisOpenConfiguration or NdisOpenConfigurationKeyByName gave",
        );
    }
    known
}

/// The names of the keys below, in the order of the configuration.
fn sub_keys(card: &Card, before: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for (keyword, _) in &card.settings.config {
        let head = keyword.get(..before.len()).filter(|head| head.eq_ignore_ascii_case(before));
        let Some((name, _)) = head.and_then(|_| keyword[before.len()..].split_once('\\')) else {
            continue;
        };
        if !keyword.starts_with("file:")
            && !names.iter().any(|known| known.eq_ignore_ascii_case(name))
        {
            names.push(name.to_string());
        }
    }
    names
}

fn open_key(here: &Here, card: &Card, out: usize, key: usize, before: Option<String>) {
    let Some(before) = before else { return status(here, out, Status::FAILURE) };
    let fresh = new_handle();
    if !peek::put(key, fresh) {
        here.wrong("SubKeyHandle", key, "the address of an NDIS_HANDLE");
        return status(here, out, Status::FAILURE);
    }
    card.things.lock().keys.insert(fresh, before);
    status(here, out, Status::SUCCESS);
}

/// The value in an NDIS_CONFIGURATION_PARAMETER of the driver's.
fn given(address: usize) -> Option<Value> {
    let data = address + 8;
    match peek::get::<u32>(address)? {
        STRING => wide::unicode(data).map(Value::Text),
        MULTI => {
            let text = wide::unicode(data)?;
            Some(Value::Texts(
                text.split('\0').filter(|one| !one.is_empty()).map(str::to_string).collect(),
            ))
        }
        BINARY => {
            let length = usize::from(peek::get::<u16>(data)?);
            peek::bytes(peek::get::<usize>(data + 8)?, length).map(Value::Binary)
        }
        _ => peek::get::<u32>(data).map(Value::Integer),
    }
}

exports! {
    fn NdisOpenConfiguration(here, out: usize, handle: usize, context: usize) {
        let card = by_handle(context.wrapping_sub(CONTEXT));
        let known = card.is_some();
        match card {
            Some(card) => card.things.lock().opened += 1,
            None => here.wrong("WrapperConfigurationContext", context, "what MiniportInitialize was given"),
        }
        if known && !peek::put(handle, context - CONTEXT + OPENED) {
            here.wrong("ConfigurationHandle", handle, "the address of an NDIS_HANDLE");
        }
        status(here, out, if known { Status::SUCCESS } else { Status::FAILURE });
    }

    fn NdisOpenConfigurationKeyByName(here, out: usize, handle: usize, name: usize, key: usize) {
        let Some((card, before)) = key_of(here, handle) else { return status(here, out, Status::FAILURE) };
        let Some(name) = wide::unicode(name) else {
            here.wrong("SubKeyName", name, "the address of an NDIS_STRING");
            return status(here, out, Status::FAILURE);
        };
        let found = sub_keys(&card, &before).into_iter().find(|known| known.eq_ignore_ascii_case(&name));
        open_key(here, &card, out, key, found.map(|name| format!("{before}{name}\\")));
    }

    fn NdisOpenConfigurationKeyByIndex(here, out: usize, handle: usize, index: u32, name: usize, key: usize) {
        let Some((card, before)) = key_of(here, handle) else { return status(here, out, Status::FAILURE) };
        let Some(found) = sub_keys(&card, &before).into_iter().nth(index as usize) else {
            return status(here, out, Status::FAILURE);
        };
        // The text is NDIS's, until the key is closed.
        let bytes = wide::encoded(&found);
        let place = format!("name:{}", found.to_lowercase());
        let place = format!("{before}{place}").to_lowercase();
        let known = card.config.lock().get(&place).copied();
        let block = known.or_else(|| card.driver.heap.allocate(bytes.len(), "NdisOpenConfigurationKeyByIndex", 0));
        let Some(block) = block else { return status(here, out, Status::RESOURCES) };
        peek::write(block, &bytes);
        card.config.lock().insert(place, block);
        if !peek::put(name, [bytes.len() as u16 - 2, bytes.len() as u16]) || !peek::put(name + 8, block) {
            here.wrong("KeyName", name, "the address of an NDIS_STRING");
        }
        open_key(here, &card, out, key, Some(format!("{before}{found}\\")));
    }

    fn NdisReadConfiguration(here, out: usize, value: usize, handle: usize, keyword: usize, kind: u32) {
        let Some((card, before)) = key_of(here, handle) else { return status(here, out, Status::FAILURE) };
        let Some(keyword) = wide::unicode(keyword) else {
            here.wrong("Keyword", keyword, "the address of an NDIS_STRING");
            return status(here, out, Status::FAILURE);
        };
        let keyword = format!("{before}{keyword}");
        let key = format!("{}:{kind}", keyword.to_lowercase());
        let made = card.config.lock().get(&key).copied();
        let found = made.or_else(|| {
            let written = card.things.lock().written.iter().rev().find(|(name, _)| name.eq_ignore_ascii_case(&keyword)).cloned();
            let given = || card.settings.config.iter().find(|(name, _)| name.eq_ignore_ascii_case(&keyword)).cloned();
            written.or_else(given).and_then(|(_, value)| parameter(&card, &value, kind))
        });
        let Some(block) = found else { return status(here, out, Status::FAILURE) };
        card.config.lock().insert(key, block);
        if !peek::put(value, block) {
            here.wrong("ParameterValue", value, "the address of a pointer");
        }
        status(here, out, Status::SUCCESS);
    }

    fn NdisWriteConfiguration(here, out: usize, handle: usize, keyword: usize, value: usize) {
        let Some((card, before)) = key_of(here, handle) else { return status(here, out, Status::FAILURE) };
        let (Some(keyword), Some(written)) = (wide::unicode(keyword), given(value)) else {
            here.wrong("Keyword or ParameterValue", value, "an NDIS_STRING and an NDIS_CONFIGURATION_PARAMETER");
            return status(here, out, Status::FAILURE);
        };
        let keyword = format!("{before}{keyword}");
        // What was read before stays where it is until the key is closed; it is read again.
        let stale = format!("{}:", keyword.to_lowercase());
        let mut made = card.config.lock();
        let old: Vec<String> = made.keys().filter(|key| key.starts_with(&stale)).cloned().collect();
        for key in old {
            if let Some(block) = made.remove(&key) {
                made.insert(format!("{key}:{block:x}"), block);
            }
        }
        drop(made);
        card.things.lock().written.push((keyword, written));
        status(here, out, Status::SUCCESS);
    }

    fn NdisCloseConfiguration(here, handle: usize) {
        let Some((card, before)) = key_of(here, handle) else { return };
        {
            let mut things = card.things.lock();
            things.keys.remove(&handle);
            things.opened = things.opened.saturating_sub(u32::from(before.is_empty()));
        }
        let before = before.to_lowercase();
        let mut made = card.config.lock();
        let gone: Vec<String> = made.keys().filter(|key| key.starts_with(&before)).cloned().collect();
        for block in gone.iter().filter_map(|key| made.remove(key)) {
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
