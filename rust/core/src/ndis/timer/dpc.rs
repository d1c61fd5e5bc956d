//! DPCs of a driver's own: a number each, and whether it is queued.

use std::rc::Rc;
use std::sync::Arc;

use crate::choices::Access;
use crate::contract::adapter::Life;
use crate::cx::{Cpu, Irql};
use crate::dispatch::Work;
use crate::event::Entry;
use crate::ndis::Adapter;
use crate::rule::Rule;
use crate::violation::Violation;

impl Adapter {
    /// A DPC's number.
    pub fn dpc(&self) -> u32 {
        let mut inner = self.timers.0.lock();
        inner.queued.push(false);
        inner.queued.len() as u32 - 1
    }

    /// Queues the DPC; false if it was queued already.
    ///
    /// # Errors
    /// `TIMER` once MiniportHalt has returned.
    pub fn queue_dpc(&self, dpc: u32) -> Result<bool, Arc<Violation>> {
        let _around = self.ndis.around(Access::timer(self.index, dpc));
        if self.life() >= Life::Halted {
            let detail = format!(
                "DPC {dpc} was queued on adapter {:?}, which is {}",
                self.name,
                self.life()
            );
            return Err(self.report(&Cpu::current(), Rule::Timer, None, detail));
        }
        let fresh = !self.set_queued(dpc, true);
        if fresh {
            self.ndis.queue.schedule(self.ndis.now(), Work::Dpc { adapter: self.index, dpc });
        }
        Ok(fresh)
    }

    /// KeRemoveQueueDpc: takes it from the queue; whether it was there. One that runs already goes on.
    pub fn cancel_dpc(&self, dpc: u32) -> bool {
        let _around = self.ndis.around(Access::timer(self.index, dpc));
        let was_queued = self.set_queued(dpc, false);
        if was_queued {
            self.ndis.queue.note_dead(|work| self.ndis.wants(work));
        }
        was_queued
    }

    pub(crate) fn dpc_is_queued(&self, dpc: u32) -> bool {
        self.timers.with(|inner| inner.queued.get(dpc as usize) == Some(&true))
    }

    /// What it was before.
    fn set_queued(&self, dpc: u32, to: bool) -> bool {
        let mut inner = self.timers.0.lock();
        inner.queued.get_mut(dpc as usize).is_some_and(|queued| std::mem::replace(queued, to))
    }

    pub(crate) fn dpc_inside(&self, cpu: &Rc<Cpu>, dpc: u32) {
        // It may have been cancelled while it waited for the miniport.
        if self.set_queued(dpc, false) && self.life() < Life::Halted {
            let calling = self.calling(cpu, [&self.dpcs_running]);
            calling.call(Entry::Dpc, Irql::DISPATCH, |drivers| drivers.miniport.dpc(cpu, dpc));
        }
    }
}
