//! Events of the hardware: a frame has left the wire, a register has changed.
//!
//! They are no entry points of the driver: they happen at no level, wait for no gate, and TIMER says
//! nothing about them. What happens in one usually ends with [`Adapter::interrupt`].

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use super::{Adapter, Panic};
use crate::cx::Cpu;
use crate::dispatch::Work;

/// The devices of one adapter: for each the number of its arming, 0 if it is not set.
#[derive(Debug, Default)]
pub(crate) struct Devices {
    armed: Mutex<Vec<u64>>,
    armings: AtomicU64,
}

impl Adapter {
    /// A source of hardware events: its number.
    pub fn device(&self) -> u32 {
        let mut armed = self.devices.armed.lock();
        armed.push(0);
        armed.len() as u32 - 1
    }

    /// Has the device's event happen after `delay` nanoseconds; set again, only the last counts.
    pub fn set_device(&self, device: u32, delay: u64) {
        let arming = self.devices.armings.fetch_add(1, Ordering::Relaxed) + 1;
        let before = match self.devices.armed.lock().get_mut(device as usize) {
            Some(armed) => std::mem::replace(armed, arming),
            None => return,
        };
        if before != 0 {
            self.ndis.queue.note_dead(|work| self.ndis.wants(work));
        }
        let at = self.ndis.now().saturating_add(delay);
        self.ndis.queue.schedule(at, Work::Device { adapter: self.index, device, arming });
    }

    /// The event does not happen; whether it would have.
    pub fn cancel_device(&self, device: u32) -> bool {
        let was_set = self
            .devices
            .armed
            .lock()
            .get_mut(device as usize)
            .is_some_and(|a| std::mem::take(a) != 0);
        if was_set {
            self.ndis.queue.note_dead(|work| self.ndis.wants(work));
        }
        was_set
    }

    /// Whether the event is still to happen.
    pub fn device_is_set(&self, device: u32) -> bool {
        self.devices.armed.lock().get(device as usize).is_some_and(|armed| *armed != 0)
    }

    pub(crate) fn device_is_armed_by(&self, device: u32, arming: u64) -> bool {
        self.devices.armed.lock().get(device as usize) == Some(&arming)
    }

    /// The event happens; false if it was cancelled, or set anew.
    pub(crate) fn device_happens(&self, cpu: &Rc<Cpu>, device: u32, arming: u64) -> bool {
        match self.devices.armed.lock().get_mut(device as usize) {
            Some(armed) if *armed == arming => *armed = 0,
            _ => return false,
        }
        if let Some(drivers) = self.drivers.load_full() {
            let happens = AssertUnwindSafe(|| drivers.miniport.device(cpu, device));
            if let Err(payload) = catch_unwind(happens) {
                let (adapter, message) = (self.name.clone(), super::adapter::words(&*payload));
                self.ndis.caught(Panic { adapter, entry: "a device", message });
            }
        }
        true
    }
}
