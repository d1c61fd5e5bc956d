//! Events of the hardware: a frame has left the wire, a register has changed.
//!
//! They are no entry points of the driver: they happen at no level, wait for no gate, and TIMER says
//! nothing about them. What happens in one usually ends with [`Adapter::interrupt`].

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use super::{Adapter, Drivers, Panic};
use crate::biased::{Bias, Biased};
use crate::cx::{Cpu, Irql};
use crate::dispatch::Work;
use crate::time::Clock;

/// The devices of one adapter.
#[derive(Debug)]
pub(crate) struct Devices(Biased<Inner>);

/// What is known of one device.
#[derive(Debug)]
struct Known {
    /// The number of its arming, 0 if it is not set.
    armed: u64,
    /// Whether it was set last from inside of its own event, with nothing owed: see [`crate::time::polls`]. None for
    /// one that comes to an end by itself.
    polls: Option<bool>,
}

#[derive(Debug, Default)]
struct Inner {
    known: Vec<Known>,
    armings: u64,
    /// The one whose event happens.
    happening: Option<u32>,
}

/// Which device's event happened when another one began, and drivers.
type Begun = (Option<u32>, Option<Arc<Drivers>>);

impl Inner {
    /// The device's event begins, if it is set by that arming.
    #[inline]
    fn begin(&mut self, device: u32, arming: u64) -> Option<Begun> {
        let known = self.known.get_mut(device as usize).filter(|known| known.armed == arming)?;
        known.armed = 0;
        Some((self.happening.replace(device), None))
    }
}

impl Devices {
    pub(crate) fn new(bias: &Arc<Bias>) -> Devices {
        Devices(Biased::new(bias, Inner::default()))
    }

    #[inline]
    fn with<R>(&self, f: impl FnOnce(&mut Inner) -> R) -> R {
        Cpu::here(|cpu| f(&mut self.0.lock_on(cpu)))
    }
}

impl Adapter {
    /// A source of hardware events: its number.
    pub fn device(&self) -> u32 {
        self.new_device(Some(false))
    }

    /// One that has something to do as long as it is set, such as frames that go out: a run goes on for it to its end, while a
    /// clock that beats for ever ends no run.
    pub(crate) fn device_with_an_end(&self) -> u32 {
        self.new_device(None)
    }

    fn new_device(&self, polls: Option<bool>) -> u32 {
        self.devices.with(|devices| {
            devices.known.push(Known { armed: 0, polls });
            devices.known.len() as u32 - 1
        })
    }

    /// Has the device's event happen after `delay` nanoseconds; set again, only the last counts.
    pub fn set_device(&self, device: u32, delay: u64) {
        self.set_device_slowly(device, delay);
    }

    /// The same at that time, on a CPU that the caller knows.
    #[inline]
    pub(crate) fn set_device_at(&self, cpu: &Cpu, device: u32, at: u64) {
        if self.set_device_straight(cpu, device, at).is_none() {
            self.set_device_slowly(device, at.saturating_sub(self.ndis.now()));
        }
    }

    /// One that comes to an end by itself, and is not set, by a thread that is alone. `None` if something is in the way; then
    /// nothing was done.
    #[inline]
    fn set_device_straight(&self, cpu: &Cpu, device: u32, at: u64) -> Option<()> {
        let ndis = &*self.ndis;
        let span = ndis.bias.alone(cpu)?;
        let mut devices = self.devices.0.lock_in(&span)?;
        let mut queue = ndis.queue.lock_in(&span)?;
        let arming = devices.armings + 1;
        let known = devices.known.get_mut(device as usize)?;
        if known.armed != 0 || known.polls.is_some() {
            return None;
        }
        // From here on it is done.
        known.armed = arming;
        devices.armings = arming;
        queue.schedule(at.max(ndis.now()), Work::Device { adapter: self.index, device, arming });
        Some(())
    }

    #[inline(never)]
    fn set_device_slowly(&self, device: u32, delay: u64) {
        let itself = |devices: &mut Inner| {
            let known = devices.known.get(device as usize);
            devices.happening == Some(device) && known.is_some_and(|known| known.polls.is_some())
        };
        let polls = self.devices.with(itself) && !self.owes();
        if polls {
            self.ndis.polls.note();
        }
        let set = self.devices.with(|devices| {
            devices.armings += 1;
            let arming = devices.armings;
            let known = devices.known.get_mut(device as usize)?;
            if let Some(known) = &mut known.polls {
                *known = polls;
            }
            Some((arming, std::mem::replace(&mut known.armed, arming)))
        });
        let Some((arming, before)) = set else { return };
        if before != 0 {
            self.ndis.queue.note_dead(|work| self.ndis.wants(work));
        }
        let at = self.ndis.now().saturating_add(delay);
        self.ndis.queue.schedule(at, Work::Device { adapter: self.index, device, arming });
    }

    /// The event does not happen; whether it would have.
    pub fn cancel_device(&self, device: u32) -> bool {
        let was_set = self.devices.with(|devices| {
            let known = devices.known.get_mut(device as usize);
            known.is_some_and(|known| std::mem::take(&mut known.armed) != 0)
        });
        if was_set {
            self.ndis.queue.note_dead(|work| self.ndis.wants(work));
        }
        was_set
    }

    /// NdisStallExecution: the processor is busy for `delay` nanoseconds, and what the hardware does meanwhile happens, interrupts
    /// among it, but for those that find an interrupt service routine there. Nothing else of this CPU's does.
    pub fn stall(&self, delay: u64) {
        let Clock::Virtual(_) = &self.ndis.queue.clock else {
            return crate::alive::sleep(Duration::from_nanos(delay));
        };
        let cpu = Cpu::current();
        let until = self.ndis.now().saturating_add(delay);
        while cpu.irql() < Irql::DIRQL && !self.ndis.is_foreign_thread() {
            let Some(work) = self.ndis.queue.next_device(until) else { break };
            self.ndis.execute(&cpu, work, &mut None);
        }
        self.ndis.queue.set_clock(until);
    }

    /// Whether the event is still to happen.
    pub fn device_is_set(&self, device: u32) -> bool {
        self.devices.with(|devices| {
            devices.known.get(device as usize).is_some_and(|known| known.armed != 0)
        })
    }

    pub(crate) fn device_polls(&self, device: u32) -> bool {
        let polls = |known: &Known| known.polls == Some(true);
        self.devices.with(|devices| devices.known.get(device as usize).is_some_and(polls))
    }

    pub(crate) fn device_is_armed_by(&self, device: u32, arming: u64) -> bool {
        let armed = |known: &Known| known.armed == arming;
        self.devices.with(|devices| devices.known.get(device as usize).is_some_and(armed))
    }

    /// The event happens; false if it was cancelled, or set anew.
    pub(crate) fn device_happens(&self, cpu: &Rc<Cpu>, device: u32, arming: u64) -> bool {
        let Some((outer, lent)) = self.device_begins(cpu, device, arming) else { return false };
        let drivers = lent.or_else(|| self.drivers.load_full());
        if let Some(drivers) = &drivers {
            let happens = AssertUnwindSafe(|| drivers.miniport.device(cpu, device));
            if let Err(payload) = catch_unwind(happens) {
                let (adapter, message) = (self.name.clone(), super::adapter::words(&*payload));
                self.ndis.caught(Panic { adapter, entry: "a device", message });
            }
        }
        self.device_ends(cpu, outer, drivers);
        true
    }

    /// What happened before it, and a reference to the drivers that is lent for it, if there is one.
    #[inline]
    fn device_begins(&self, cpu: &Cpu, device: u32, arming: u64) -> Option<Begun> {
        if let Some(span) = self.ndis.bias.briefly(cpu.thread)
            && let Some(mut devices) = self.devices.0.lock_in(&span)
        {
            let (outer, _) = devices.begin(device, arming)?;
            let lent = self.lent.lock_in(&span).and_then(|mut lent| lent.device.take());
            return Some((outer, lent));
        }
        self.devices.0.lock_on(cpu).begin(device, arming)
    }

    #[inline]
    fn device_ends(&self, cpu: &Cpu, outer: Option<u32>, drivers: Option<Arc<Drivers>>) {
        if let Some(span) = self.ndis.bias.briefly(cpu.thread)
            && let Some(mut devices) = self.devices.0.lock_in(&span)
            && let Some(mut lent) = self.lent.lock_in(&span)
            && !lent.over
            && lent.device.is_none()
        {
            devices.happening = outer;
            lent.device = drivers;
            return;
        }
        self.devices.0.lock_on(cpu).happening = outer;
        drop(drivers); // perhaps the last ones: see `put_back`
    }
}
