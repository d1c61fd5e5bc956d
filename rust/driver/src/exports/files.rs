//! Files that come with a driver, which are the configuration's `file:NAME`, and logs.

use ndiswan::Status;

use super::exports;
use super::things::File;
use crate::card::{Value, by_handle, new_handle};
use crate::context::Here;
use crate::{peek, wide};

fn status(here: &Here, out: usize, status: Status) {
    if !peek::put(out, status.0) {
        here.wrong("Status", out, "the address of an NDIS_STATUS");
    }
}

fn unknown(here: &Here, handle: usize) {
    here.wrong("FileHandle", handle, "what NdisOpenFile gave");
}

fn unknown_log(here: &Here, handle: usize) {
    here.wrong("LogHandle", handle, "what NdisMCreateLog gave");
}

exports! {
    fn NdisOpenFile(here, out: usize, handle: usize, length: usize, name: usize, highest: u64) {
        let Some(card) = here.card() else { return };
        let Some(name) = wide::unicode(name) else {
            here.wrong("FileName", name, "the address of an NDIS_STRING");
            return status(here, out, Status::FAILURE);
        };
        let key = format!("file:{name}");
        let found = card.settings.config.iter().find(|(known, _)| known.eq_ignore_ascii_case(&key));
        let bytes = match found {
            Some((_, Value::Binary(bytes))) => bytes.clone(),
            Some((_, Value::Text(text))) => text.clone().into_bytes(),
            _ => {
                // Who wrote the scenario wants to know which file that was.
                (card.settings.on_text)(&format!(
                    "NdisOpenFile: there is no file {name:?}; give its bytes as config={{\"{key}\": ...}}\n"
                ));
                return status(here, out, Status::FILE_NOT_FOUND);
            }
        };
        let fresh = new_handle();
        if !peek::put(handle, fresh) || !peek::put(length, bytes.len() as u32) {
            here.wrong("FileHandle", handle, "the address of an NDIS_HANDLE, and FileLength of a UINT");
            return status(here, out, Status::FAILURE);
        }
        card.things.lock().files.insert(fresh, File { name, bytes, mapped: 0 });
        status(here, out, Status::SUCCESS);
    }

    fn NdisMapFile(here, out: usize, buffer: usize, handle: usize) {
        let Some(card) = here.card() else { return };
        let file = card.things.lock().files.get(&handle).map(|file| (file.bytes.clone(), file.mapped));
        let Some((bytes, mapped)) = file else {
            unknown(here, handle);
            return status(here, out, Status::FAILURE);
        };
        if mapped != 0 {
            return status(here, out, Status::ALREADY_MAPPED);
        }
        let Some(block) = card.driver.heap.allocate(bytes.len(), "NdisMapFile", 0) else {
            return status(here, out, Status::RESOURCES);
        };
        peek::write(block, &bytes);
        if let Some(file) = card.things.lock().files.get_mut(&handle) {
            file.mapped = block;
        }
        if !peek::put(buffer, block) {
            here.wrong("MappedBuffer", buffer, "the address of a pointer");
        }
        status(here, out, Status::SUCCESS);
    }

    fn NdisUnmapFile(here, handle: usize) {
        let Some(card) = here.card() else { return };
        let mapped = card.things.lock().files.get_mut(&handle).map(|file| std::mem::take(&mut file.mapped));
        match mapped {
            None => unknown(here, handle),
            Some(0) => here.wrong("FileHandle", handle, "a file that NdisMapFile mapped"),
            Some(block) => drop(card.driver.heap.free(block)),
        }
    }

    fn NdisCloseFile(here, handle: usize) {
        let Some(card) = here.card() else { return };
        let file = card.things.lock().files.remove(&handle);
        match file {
            None => unknown(here, handle),
            Some(file) if file.mapped != 0 => drop(card.driver.heap.free(file.mapped)),
            Some(_) => {}
        }
    }

    fn NdisMCreateLog(here, handle: usize, size: u32, out: usize) -> u32 {
        let Some(card) = by_handle(handle) else {
            here.wrong("MiniportAdapterHandle", handle, "the handle that MiniportInitialize was given");
            return Status::FAILURE.0;
        };
        if card.things.lock().log.is_some() {
            return Status::FAILURE.0; // an adapter has one
        }
        let fresh = new_handle();
        if !peek::put(out, fresh) {
            here.wrong("LogHandle", out, "the address of an NDIS_HANDLE");
            return Status::FAILURE.0;
        }
        card.things.lock().log = Some((fresh, size, 0));
        Status::SUCCESS.0
    }

    fn NdisMWriteLogData(here, handle: usize, buffer: usize, length: u32) -> u32 {
        let Some(card) = here.card() else { return Status::FAILURE.0 };
        let log = card.things.lock().log.filter(|log| log.0 == handle);
        let Some((_, size, used)) = log else {
            unknown_log(here, handle);
            return Status::FAILURE.0;
        };
        if length > size {
            return Status::BUFFER_OVERFLOW.0;
        }
        if peek::bytes(buffer, length as usize).is_none() {
            here.wrong("LogBuffer", buffer, &format!("the address of {length} bytes"));
            return Status::FAILURE.0;
        }
        // Nobody reads it; what is older makes room.
        card.things.lock().log = Some((handle, size, used.saturating_add(length).min(size)));
        Status::SUCCESS.0
    }

    fn NdisMFlushLog(here, handle: usize) {
        let Some(card) = here.card() else { return };
        let mut things = card.things.lock();
        match &mut things.log {
            Some((known, _, used)) if *known == handle => *used = 0,
            _ => {
                drop(things);
                unknown_log(here, handle);
            }
        }
    }

    fn NdisMCloseLog(here, handle: usize) {
        let Some(card) = here.card() else { return };
        let known = card.things.lock().log.take_if(|log| log.0 == handle).is_some();
        if !known {
            unknown_log(here, handle);
        }
    }

    fn ndiswan_write_error_log(here, handle: usize, code: u32, count: u32, values: usize) {
        if crate::card::by_handle(handle).is_none() {
            here.wrong("NdisAdapterHandle", handle, "the handle that MiniportInitialize was given");
        }
        let Some(card) = here.card() else { return };
        let values = (0..count.min(16) as usize).map_while(|at| peek::get::<u32>(values + 4 * at));
        let values: Vec<String> = values.map(|value| format!(", {value:#x}")).collect();
        (card.settings.on_text)(&format!("NdisWriteErrorLogEntry: code {code:#010x}{}", values.concat()));
    }

    fn NdisWriteEventLogEntry(here, log: usize, code: u32, unique: u32, count: u16, strings: usize, size: u32, data: usize) -> u32 {
        let Some(card) = here.card() else { return Status::FAILURE.0 };
        (card.settings.on_text)(&format!("NdisWriteEventLogEntry: code {code:#010x}, {unique:#x}"));
        Status::SUCCESS.0
    }
}
