//! The card's interrupt: MiniportISR, then MiniportHandleInterrupt; and one that nobody silences.

use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

use super::adapter::Adapter;
use super::timer::seconds;
use crate::choices::Access;
use crate::contract::adapter::Life;
use crate::cx::{Cpu, Cx, Irql};
use crate::dispatch::Work;
use crate::event::Entry;
use crate::rule::Rule;
use crate::time::TimeKind;

/// So many interrupts within that time are more than a machine of those days could serve: it did nothing else.
const STORM: u32 = 10_000;
const WITHIN: u64 = 50_000_000;

/// Interrupts since a moment, and what was done until then.
#[derive(Debug, Default)]
pub(crate) struct Storm {
    since: AtomicU64,
    count: AtomicU32,
    receives: AtomicU64,
    told: AtomicBool,
}

impl Adapter {
    /// The card raises its interrupt: MiniportISR here and now at a device level, and, if it
    /// says so, MiniportHandleInterrupt as a DPC.
    pub fn interrupt(&self) {
        let _around = self.ndis.around(Access::adapter(self.index));
        let cpu = Cpu::current();
        if self.life() >= Life::Halting {
            return;
        }
        self.look_for_storm(&cpu);
        let handled =
            self.call(&cpu, Entry::Isr, Irql::DIRQL, |drivers| drivers.miniport.isr(&cpu));
        if handled == Some(true) {
            self.ndis.queue.schedule(self.ndis.now(), Work::Interrupt { adapter: self.index });
        }
    }

    pub(crate) fn interrupt_inside(&self, cpu: &Rc<Cpu>) {
        // A halt begins with NdisMDeregisterInterrupt, which waits for the DPC that runs.
        if self.life() < Life::Halting {
            let calling = self.calling(cpu, [&self.dpcs_running, &self.calls_running]);
            calling.call(Entry::HandleInterrupt, Irql::DISPATCH, |drivers| {
                let mut cx = Cx::assume(Rc::clone(cpu));
                drivers.miniport.handle_interrupt(&mut cx);
            });
        }
    }

    /// The same for a driver whose device it is that interrupts, and that has no other routine than `serve` for it.
    #[inline]
    pub(crate) fn interrupt_within(&self, cpu: &Rc<Cpu>, serve: impl FnOnce()) {
        if self.life() < Life::Halting {
            let counts = [&self.dpcs_running, &self.calls_running];
            self.call_counted(cpu, counts, (Entry::HandleInterrupt, Irql::DISPATCH), serve);
        }
    }

    /// A level-triggered interrupt comes again as soon as it was served, until the card is told to let go of its line. That it
    /// was forgotten shows in virtual time, where the card's model says how soon that is.
    fn look_for_storm(&self, cpu: &Rc<Cpu>) {
        let storm = &self.storm;
        let looks = self.ndis.config.time == TimeKind::Virtual && !self.ndis.verify_off();
        if !looks || storm.told.load(Ordering::Relaxed) {
            return;
        }
        let (now, since) = (self.ndis.now(), storm.since.load(Ordering::Relaxed));
        let count = storm.count.fetch_add(1, Ordering::Relaxed) + 1;
        let receives = self.count.receives.load(Ordering::Relaxed);
        let passed = now.saturating_sub(since);
        if passed <= WITHIN && count <= STORM {
            return;
        }
        let did = self.last_progress.load(Ordering::Relaxed) >= since
            || receives != storm.receives.load(Ordering::Relaxed);
        // Who raises them at one moment is a program, and no card.
        if passed > WITHIN || passed == 0 || did {
            storm.since.store(now, Ordering::Relaxed);
            storm.count.store(1, Ordering::Relaxed);
            storm.receives.store(receives, Ordering::Relaxed);
            return;
        }
        storm.told.store(true, Ordering::Relaxed);
        let detail = format!(
            "the card of adapter {:?} interrupted {STORM} times in {:.1} ms, and nothing was sent or received meanwhile; expected the \
             driver to have the card let go of its interrupt line{}",
            self.name,
            seconds(passed) * 1e3,
            self.place_of(Entry::Isr)
        );
        drop(self.report(cpu, Rule::Hang, None, detail));
    }
}
