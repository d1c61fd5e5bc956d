//! What a driver opened, made or started and has to give back, and memory that is NDIS's own.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::card::Value;
use crate::memory::Pages;

/// An open file of NdisOpenFile.
#[derive(Debug)]
pub(crate) struct File {
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
    /// Where NdisMapFile put it, 0 if it is not mapped.
    pub(crate) mapped: usize,
}

/// A DMA channel.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Channel {
    pub(crate) number: u32,
    /// The longest transfer.
    pub(crate) most: u32,
    /// Whether the controller begins again by itself, so that a transfer need not come to an end.
    pub(crate) again: bool,
    pub(crate) transfer: Option<Transfer>,
    /// Where the memory of the transfer's buffer begins.
    pub(crate) memory: usize,
}

/// What NdisMSetupDmaTransfer was given.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) struct Transfer {
    pub(crate) buffer: usize,
    pub(crate) offset: u32,
    pub(crate) length: u32,
    pub(crate) to_device: bool,
}

impl std::fmt::Display for Transfer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Transfer { buffer, offset, length, to_device } = self;
        let way = if *to_device { "to" } else { "from" };
        write!(f, "Buffer {buffer:#x}, Offset {offset}, Length {length}, {way} the device")
    }
}

/// The things of one card, by handle or address.
#[derive(Debug, Default)]
pub(crate) struct Things {
    /// How often NdisOpenConfiguration was called and NdisCloseConfiguration was not.
    pub(crate) opened: u32,
    /// Sub-keys of the registry that are open: what stands before their keywords.
    pub(crate) keys: BTreeMap<usize, String>,
    /// What NdisWriteConfiguration wrote, newest last.
    pub(crate) written: Vec<(String, Value)>,
    pub(crate) files: BTreeMap<usize, File>,
    /// Device objects by address: their names.
    pub(crate) devices: BTreeMap<usize, String>,
    /// NdisDeviceHandles: the address of the device object.
    pub(crate) registered: BTreeMap<usize, usize>,
    pub(crate) symbolic: BTreeMap<String, String>,
    /// Work items of IoAllocateWorkItem.
    pub(crate) work: HashSet<usize>,
    /// Handles of threads: the thread's object.
    pub(crate) threads: BTreeMap<usize, usize>,
    /// References of ObReferenceObjectByHandle by object.
    pub(crate) references: BTreeMap<usize, u32>,
    /// Work items that are queued, by their structure: their functions; and those that were when MiniportHalt returned.
    pub(crate) work_queued: BTreeMap<usize, usize>,
    work_left: Vec<usize>,
    /// Calls of which the driver has said that they are connected.
    pub(crate) connected: HashSet<usize>,
    /// Timers of KeSetTimer that are set.
    pub(crate) kernel_timers: HashSet<usize>,
    /// DPCs that are queued: their two arguments.
    pub(crate) queued: HashMap<usize, [usize; 2]>,
    /// Who reads or writes under a reader-writer lock: how often, and whether the first came to write.
    pub(crate) shared: HashMap<(usize, u32), (u32, bool)>,
    pub(crate) channels: BTreeMap<usize, Channel>,
    /// Transfers that were not over when their channel was given back.
    pub(crate) cut_off: Vec<Transfer>,
    /// Of NdisMAllocateMapRegisters, none if there are none.
    pub(crate) map_registers: Option<MapRegisters>,
    /// The log of NdisMCreateLog: its handle, its size, how much is in it.
    pub(crate) log: Option<(usize, u32, u32)>,
    /// Objects and lists that NDIS has and the driver looks at.
    own: Option<Pages>,
    threads_made: usize,
}

/// How many map registers a card has, and the NDIS_BUFFER that each one maps.
#[derive(Debug, Default)]
pub(crate) struct MapRegisters {
    pub(crate) count: u32,
    pub(crate) mapped: BTreeMap<u32, usize>,
}

const DEVICES: usize = 0x0000;
const RESOURCES: usize = 0x1000;
const THREADS: usize = 0x2000;
const OWN: usize = 0x1_0000;
const OBJECT: usize = 0x40;

impl Things {
    fn own(&mut self) -> Option<usize> {
        if self.own.is_none() {
            self.own = Pages::new(OWN);
        }
        self.own.as_ref().map(|pages| pages.start)
    }

    /// Three device objects: of the bus, of the driver, of what is below it.
    pub(crate) fn device_objects(&mut self) -> Option<[usize; 3]> {
        self.own().map(|own| [own + DEVICES, own + DEVICES + 0x400, own + DEVICES + 0x800])
    }

    /// Where the CM_RESOURCE_LIST is kept; up to a page.
    pub(crate) fn resource_list(&mut self) -> Option<usize> {
        self.own().map(|own| own + RESOURCES)
    }

    /// An object for a thread; old ones are used again when there have been very many.
    pub(crate) fn thread_object(&mut self) -> Option<usize> {
        let own = self.own()?;
        let slot = self.threads_made % ((OWN - THREADS) / OBJECT);
        self.threads_made += 1;
        Some(own + THREADS + slot * OBJECT)
    }

    /// MiniportHalt has returned: a work item that has not begun will run in a driver that is gone.
    pub(crate) fn halted(&mut self) {
        self.work_left = self.work_queued.values().copied().collect();
    }

    /// What was not given back, a line each.
    pub(crate) fn leaks(&self) -> Vec<String> {
        let mut leaks: Vec<String> = Vec::new();
        leaks.extend((self.opened > 0).then(|| {
            format!(
                "the configuration is still open, {} times (NdisCloseConfiguration)",
                self.opened
            )
        }));
        leaks.extend(
            self.keys.values().map(|key| format!("the configuration key {key:?} is still open")),
        );
        leaks.extend(
            self.files.values().map(|file| format!("the file {:?} is still open", file.name)),
        );
        leaks.extend(self.registered.values().map(|device| {
            let name = self.devices.get(device).map_or("", String::as_str);
            format!("the device {name:?} is still registered (NdisMDeregisterDevice)")
        }));
        leaks.extend(
            self.symbolic.keys().map(|name| format!("the symbolic link {name:?} is still there")),
        );
        leaks.extend(
            self.threads
                .keys()
                .map(|handle| format!("the thread handle {handle:#x} is still open (ZwClose)")),
        );
        leaks.extend(self.references.keys().map(|object| {
            format!("the object at {object:#x} is still referenced (ObDereferenceObject)")
        }));
        leaks.extend(
            self.channels
                .keys()
                .map(|handle| format!("the DMA channel {handle:#x} is still registered")),
        );
        let running = self.channels.values().filter(|channel| !channel.again);
        let running = running.filter_map(|channel| channel.transfer);
        leaks.extend(self.cut_off.iter().copied().chain(running).map(|transfer| {
            format!("a DMA transfer was never completed (NdisMCompleteDmaTransfer): {transfer}")
        }));
        leaks.extend(self.map_registers.as_ref().map(|registers| {
            format!("{} map registers are still allocated (NdisMFreeMapRegisters)", registers.count)
        }));
        leaks.extend(
            self.log
                .map(|(handle, ..)| format!("the log {handle:#x} is still open (NdisMCloseLog)")),
        );
        leaks.extend(self.work_left.iter().map(|function| {
            format!(
                "a work item was still queued when MiniportHalt returned, which has to wait for it: it runs when the driver is gone{}",
                crate::lines::told(&[*function])
            )
        }));
        leaks
    }
}
