//! A driver comes with its first card, and goes when its last card has been halted: DriverUnload, and what it leaves behind.

use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};

use ndiswan::Status;

use crate::card::Card;
use crate::exports;
use crate::memory::SYSTEM;
use crate::miniport::Attached;
use crate::peek;

/// The bytes of a DRIVER_OBJECT, and its type.
const OBJECT: usize = 0x150;
const OBJECT_TYPE: u16 = 4;
/// Its extension follows it.
const EXTENSION: usize = 0x28;
/// Where DriverExtension, DriverUnload and the 28 of MajorFunction stand in it.
const ITS_EXTENSION: usize = 0x30;
const UNLOAD: usize = 0x68;
const MAJOR_FUNCTION: usize = 0x70;
const NOT_SUPPORTED: u32 = 0xC000_00BB;

/// So many blocks of memory that were left are told one by one.
const MOST_TOLD: usize = 100;

/// What there is of a driver from its DriverEntry to its DriverUnload.
#[derive(Debug, Default)]
pub(crate) struct Loaded {
    /// How many cards have been brought up, or tried to be, and are not gone.
    cards: usize,
    object: usize,
    /// The card for which DriverEntry was called: what that made is its.
    first: Option<Arc<Card>>,
}

/// The DriverUnload that NDIS gives a driver: the one that it registered.
extern "C-unwind" fn unload(_: usize) {
    exports::guarded("the DriverUnload of NDIS", |here| {
        let Some(card) = here.card() else { return };
        let function = card.driver.unload.swap(0, Ordering::Relaxed);
        if let (Some(object), true) = (card.driver.object(), function != 0) {
            let _ = card.call(function, &[object]);
        }
    });
}

/// What NDIS does with requests of the I/O manager that are none of its.
extern "C-unwind" fn dispatch(_: usize, irp: usize) -> u32 {
    peek::put(irp + 0x30, u64::from(NOT_SUPPORTED));
    NOT_SUPPORTED
}

impl crate::card::Driver {
    /// Its DRIVER_OBJECT, as long as it is loaded.
    fn object(&self) -> Option<usize> {
        Some(self.loaded.lock().object).filter(|object| *object != 0)
    }

    /// NDIS takes the driver object's functions over; a driver that has its own puts them there afterwards.
    pub(crate) fn take_object_over(&self) {
        let Some(object) = self.object() else { return };
        self.heap.put(object + UNLOAD, unload as *const () as usize);
        self.heap.put(object + MAJOR_FUNCTION, [dispatch as *const () as usize; 28]);
    }
}

/// Where the registry of a driver is; and so that it can be given to one.
const SERVICE: &str = "\\Registry\\Machine\\System\\CurrentControlSet\\Services\\Driver";
static REGISTRY: OnceLock<Vec<u8>> = OnceLock::new();

impl Card {
    /// DriverEntry, if it was not called yet; what it answered.
    pub(crate) fn enter_driver(&self) -> Status {
        self.driver.loaded.lock().cards += 1;
        let mut entered = self.driver.entered.lock();
        if let Some(status) = *entered {
            return status;
        }
        // The driver object, its extension behind it: a driver may keep its address, so it stays as long as the driver.
        let heap = &self.driver.heap;
        heap.close_late();
        let object = heap.allocate(OBJECT + EXTENSION, SYSTEM, 0).unwrap_or(0);
        let path = REGISTRY.get_or_init(|| crate::wide::encoded(SERVICE));
        let text = heap.allocate(path.len(), SYSTEM, 0).unwrap_or(0);
        let string = heap.allocate(16, SYSTEM, 0).unwrap_or(0);
        heap.fill(text, path);
        heap.put(string, [(path.len() - 2) as u16, path.len() as u16]);
        heap.put(string + 8, text);
        heap.put(object, [OBJECT_TYPE, OBJECT as u16]);
        heap.put(object + ITS_EXTENSION, object + OBJECT);
        heap.put(object + OBJECT, object);
        {
            let mut loaded = self.driver.loaded.lock();
            loaded.object = object;
            loaded.first = self.me.upgrade();
        }
        let answer = self.call(self.driver.image.entry, &[object, string]);
        for block in [text, string] {
            heap.free(block);
        }
        let status = answer.map_or(Status::FAILURE, |status| Status(status as u32));
        *entered = Some(status);
        status
    }

    /// The card is gone. Without any a driver is unloaded; the next card is brought up by its DriverEntry again.
    fn leave_driver(&self) {
        let first = {
            let mut loaded = self.driver.loaded.lock();
            loaded.cards = loaded.cards.saturating_sub(1);
            if loaded.cards > 0 {
                return;
            }
            loaded.first.take()
        };
        let entered = self.driver.entered.lock().take();
        let Some(object) = self.driver.object() else { return };
        if let (Some(first), Some(Status::SUCCESS)) = (first, entered)
            && let Some(function) = self.driver.heap.get::<usize>(object + UNLOAD)
        {
            let _ = first.call(function, &[object]);
        }
        self.driver.loaded.lock().object = 0;
        self.driver.heap.free_late(object);
    }

    /// Whether somebody is called when the machine goes down.
    pub fn shuts_down(&self) -> bool {
        self.shutdown.lock().is_some() || self.handlers().shutdown != 0
    }

    /// What the driver still has after its halt: blocks of memory, timers that are set.
    pub fn leaks(&self) -> Vec<String> {
        let mut leaks = Vec::new();
        let blocks = self.driver.heap.leaks();
        let (more, bytes) = blocks
            .iter()
            .skip(MOST_TOLD)
            .fold((0, 0), |(count, sum), block| (count + 1, sum + block.1));
        for (at, length, by, tag) in blocks.into_iter().take(MOST_TOLD) {
            leaks.push(format!("{length} bytes at {at:#x} that {by} gave{}", tagged(tag)));
        }
        leaks.extend((more > 0).then(|| format!("{more} more blocks, of {bytes} bytes in all")));
        for (at, (size, tag)) in &*self.driver.lists.lock() {
            let tag = tagged(*tag);
            leaks.push(format!(
                "the lookaside list at {at:#x} of {size} bytes an entry{tag} was never deleted (NdisDeleteNPagedLookasideList)"
            ));
        }
        for (address, site) in self.driver.locks.left() {
            let lock = exports::told_lock(site, address);
            leaks.push(format!("{lock} was never freed (NdisFreeSpinLock)"));
        }
        if let Some(adapter) = self.adapter() {
            for timer in
                self.timers.read().iter().filter(|timer| adapter.timer_is_set(timer.number))
            {
                leaks.push(format!("the timer at {:#x} is still set", timer.address));
            }
        }
        let left = self.adapter().map_or(0, |adapter| adapter.threads_left());
        if left > 0 {
            leaks.push(format!(
                "{left} of its threads (PsCreateSystemThread) wait still; MiniportHalt has them end, and waits for that"
            ));
        }
        if self.interrupt.lock().is_some() {
            leaks.push("the interrupt is still registered".to_string());
        }
        if self.shutdown.lock().is_some() {
            leaks.push(
                "the shutdown handler is still registered (NdisMDeregisterAdapterShutdownHandler)"
                    .into(),
            );
        }
        leaks.extend(self.ranges_left());
        leaks.extend(self.things.lock().leaks());
        leaks
    }
}

/// A tag of memory, for people.
fn tagged(tag: u32) -> String {
    let bytes = tag.to_le_bytes();
    let tag: String = bytes.iter().map(|b| char::from(*b)).filter(char::is_ascii_graphic).collect();
    if tag.is_empty() { String::new() } else { format!(" with tag {tag:?}") }
}

impl Drop for Attached {
    fn drop(&mut self) {
        if self.0.adapter().is_some() && !std::thread::panicking() {
            self.0.leave_driver();
        }
    }
}
