//! Events of the hardware: a frame has left the wire, a register has changed.
//!
//! They are no entry points of the driver: they happen at no level, wait for no gate, and TIMER says
//! nothing about them. What happens in one usually ends with [`Adapter::interrupt`].

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use super::{Adapter, Panic};
use crate::biased::{Bias, Biased};
use crate::cx::{Cpu, Irql};
use crate::dispatch::Work;
use crate::time::Clock;

/// The devices of one adapter.
#[derive(Debug)]
pub(crate) struct Devices(Biased<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// For each the number of its arming, 0 if it is not set.
    armed: Vec<u64>,
    armings: u64,
    /// For each whether it was set last from inside of its own event, with nothing owed: see [`crate::time::polls`]. None for
    /// one that comes to an end by itself.
    polls: Vec<Option<bool>>,
    /// The one whose event happens.
    happening: Option<u32>,
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
            devices.armed.push(0);
            devices.polls.push(polls);
            devices.armed.len() as u32 - 1
        })
    }

    /// Has the device's event happen after `delay` nanoseconds; set again, only the last counts.
    pub fn set_device(&self, device: u32, delay: u64) {
        let itself = |devices: &mut Inner| {
            let known = devices.polls.get(device as usize);
            devices.happening == Some(device) && known.is_some_and(Option::is_some)
        };
        let polls = self.devices.with(itself) && !self.owes();
        if polls {
            self.ndis.polls.note();
        }
        let set = self.devices.with(|devices| {
            devices.armings += 1;
            let arming = devices.armings;
            if let Some(Some(known)) = devices.polls.get_mut(device as usize) {
                *known = polls;
            }
            let armed = devices.armed.get_mut(device as usize)?;
            Some((arming, std::mem::replace(armed, arming)))
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
            devices.armed.get_mut(device as usize).is_some_and(|a| std::mem::take(a) != 0)
        });
        if was_set {
            self.ndis.queue.note_dead(|work| self.ndis.wants(work));
        }
        was_set
    }

    /// NdisStallExecution: the processor is busy for `delay` nanoseconds, and what the hardware does meanwhile happens, interrupts
    /// among it, but for those that find an interrupt service routine there. Nothing else of this CPU's does.
    pub fn stall(&self, delay: u64) {
        let Clock::Virtual(clock) = &self.ndis.queue.clock else {
            return crate::alive::sleep(Duration::from_nanos(delay));
        };
        let cpu = Cpu::current();
        let until = self.ndis.now().saturating_add(delay);
        while cpu.irql() < Irql::DIRQL && !self.ndis.is_foreign_thread() {
            let Some((at, work)) = self.ndis.queue.next_device(until) else { break };
            clock.set(at);
            self.ndis.execute(&cpu, work, &mut None);
        }
        clock.set(until);
    }

    /// Whether the event is still to happen.
    pub fn device_is_set(&self, device: u32) -> bool {
        self.devices.with(|devices| devices.armed.get(device as usize).is_some_and(|a| *a != 0))
    }

    pub(crate) fn device_polls(&self, device: u32) -> bool {
        self.devices.with(|devices| devices.polls.get(device as usize) == Some(&Some(true)))
    }

    pub(crate) fn device_is_armed_by(&self, device: u32, arming: u64) -> bool {
        self.devices.with(|devices| devices.armed.get(device as usize) == Some(&arming))
    }

    /// The event happens; false if it was cancelled, or set anew.
    pub(crate) fn device_happens(&self, cpu: &Rc<Cpu>, device: u32, arming: u64) -> bool {
        let outer = {
            let mut devices = self.devices.0.lock_on(cpu);
            match devices.armed.get_mut(device as usize) {
                Some(armed) if *armed == arming => *armed = 0,
                _ => return false,
            }
            devices.happening.replace(device)
        };
        if let Some(drivers) = self.drivers.load().as_deref() {
            let happens = AssertUnwindSafe(|| drivers.miniport.device(cpu, device));
            if let Err(payload) = catch_unwind(happens) {
                let (adapter, message) = (self.name.clone(), super::adapter::words(&*payload));
                self.ndis.caught(Panic { adapter, entry: "a device", message });
            }
        }
        self.devices.0.lock_on(cpu).happening = outer;
        true
    }
}
