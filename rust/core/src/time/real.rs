//! Real time: a dispatcher thread does what is due.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crate::contract::adapter::Life;
use crate::contract::packet::Owner;
use crate::cx::Cpu;
use crate::ndis::Ndis;
use crate::time::TimeKind;

/// The machine's monotonic clock.
#[derive(Debug)]
pub(crate) struct RealClock(Instant);

impl Default for RealClock {
    fn default() -> RealClock {
        RealClock(Instant::now())
    }
}

impl RealClock {
    #[inline(never)]
    pub(crate) fn now(&self) -> u64 {
        u64::try_from(self.0.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}

impl Ndis {
    pub(crate) fn start_dispatcher(self: &Arc<Self>) -> io::Result<()> {
        if self.config.time != TimeKind::Real {
            return Ok(());
        }
        let weak = Arc::downgrade(self);
        let body = Box::new(move || {
            // The world lives as long as somebody uses it; the thread only visits.
            while let Some(ndis) = weak.upgrade() {
                if !ndis.dispatch_some(Duration::from_millis(50)) {
                    return;
                }
            }
        });
        self.queue.set_thread((self.config.spawn)(body)?);
        Ok(())
    }

    /// Waits for work up to `patience` and does what is due; false when the world is closed.
    fn dispatch_some(&self, patience: Duration) -> bool {
        let cpu = Cpu::current();
        crate::alive::beat();
        match self.queue.wait_due(patience) {
            crate::dispatch::Due::Closed => return false,
            crate::dispatch::Due::Nothing => {}
            crate::dispatch::Due::Work(work) => {
                if self.execute(&cpu, work, &mut None) {
                    self.queue.done.fetch_add(1, Ordering::Relaxed);
                }
                self.settle(&cpu);
                self.queue.worked();
            }
        }
        true
    }

    /// Ends the dispatcher's thread and waits for it, unless this is it, or a copy of the process, which has none.
    pub(crate) fn stop_dispatcher(&self) {
        let copy = self.is_copy();
        let Some(thread) = self.queue.close() else { return };
        if copy {
            std::mem::forget(thread); // the system knows no thread by that name here
        } else if thread.thread().id() != std::thread::current().id() {
            // Its panics are caught where drivers are called; there is nothing to pass on.
            let _ = thread.join();
        }
    }

    /// Whether this process was forked from the one in which the dispatcher's thread runs.
    pub fn is_copy(&self) -> bool {
        self.queue.is_copy()
    }

    /// How many events the dispatcher's thread ran since the world began.
    pub fn events_run(&self) -> u64 {
        self.queue.done.load(Ordering::Relaxed)
    }

    /// Whether nothing is under way: no packet with a miniport or on its way, no reset, nothing due, no thread
    /// that was [spawned](Ndis::spawn). To one of these, the others may go on.
    pub fn is_idle(&self) -> bool {
        !self.waits_for_threads()
            && self.queue.is_idle(|work| self.wants(work) && !self.is_poll(work))
            && self.adapters().iter().all(|adapter| {
                let busy = |owner| adapter.pool.owned_by(owner).next().is_some();
                !busy(Owner::Miniport)
                    && !busy(Owner::Returning)
                    && adapter.life() != Life::Resetting
                    && adapter.links().iter().all(|link| link.queued() == 0 || !link.is_up())
            })
    }

    /// Waits until [`is_idle`](Self::is_idle), or for `patience`; whether it is idle.
    pub fn wait_idle(&self, patience: Duration) -> bool {
        let end = Instant::now() + patience;
        loop {
            if self.is_idle() {
                return true;
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            self.queue.wait_worked(left.min(Duration::from_millis(2)));
        }
    }
}
