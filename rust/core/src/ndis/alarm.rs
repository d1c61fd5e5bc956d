//! The protocol's own clock: it is woken up at PASSIVE_LEVEL, as its thread would be, to send what is due.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::{Adapter, Panic};
use crate::cx::{Cpu, Cx, Passive};
use crate::dispatch::Work;

/// The number of the arming that counts (0: it is not set), and of the last.
#[derive(Debug, Default)]
pub(crate) struct Alarm {
    armed: AtomicU64,
    armings: AtomicU64,
}

impl Adapter {
    /// Has [`Protocol::alarm`](crate::Protocol::alarm) called after `delay` nanoseconds; set again, only the last counts.
    pub fn set_alarm(&self, delay: u64) {
        let arming = self.alarm.armings.fetch_add(1, Ordering::Relaxed) + 1;
        if self.alarm.armed.swap(arming, Ordering::AcqRel) != 0 {
            self.ndis.queue.note_dead(|work| self.ndis.wants(work));
        }
        let at = self.ndis.now().saturating_add(delay);
        self.ndis.queue.schedule(at, Work::Alarm { adapter: self.index, arming });
    }

    pub(crate) fn alarm_is_armed_by(&self, arming: u64) -> bool {
        self.alarm.armed.load(Ordering::Acquire) == arming
    }

    /// It goes off; false if it was set anew.
    pub(crate) fn alarm_goes_off(&self, cpu: &Rc<Cpu>, arming: u64) -> bool {
        let (order, relaxed) = (Ordering::AcqRel, Ordering::Relaxed);
        if self.alarm.armed.compare_exchange(arming, 0, order, relaxed).is_err() {
            return false;
        }
        if let Some(drivers) = self.drivers.load().as_deref() {
            let wakes = AssertUnwindSafe(|| {
                drivers.protocol.alarm(&mut Cx::<Passive>::assume(Rc::clone(cpu)));
            });
            if let Err(payload) = catch_unwind(wakes) {
                let (adapter, message) = (self.name.clone(), super::adapter::words(&*payload));
                self.ndis.caught(Panic { adapter, entry: "an alarm", message });
            }
        }
        true
    }
}
