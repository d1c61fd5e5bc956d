//! Delivery out of the rings, in batches: by the dispatcher, by `drain`, or when a stack is clear.

use std::rc::Rc;
use std::sync::atomic::Ordering;

use super::{Adapter, Ndis};
use crate::contract::adapter::Life;
use crate::cx::{Cpu, Irql};
use crate::ring::Consumer;
use crate::status::FinalStatus;

/// Completions of one adapter before it is the next one's turn.
const TURN: usize = 256;

impl Adapter {
    /// Delivers what is in the ring, after what another thread delivers. Not from inside of a
    /// callback, which may be that delivery's own.
    pub(crate) fn deliver_rest(&self, cpu: &Rc<Cpu>) {
        if let Some(consumer) = self.homeward.consumer() {
            self.ndis.others_until(|| !consumer.is_locked());
            drop(consumer.lock());
        }
        self.deliver_batch(cpu);
    }

    /// Delivers what is in the ring. Returns how many there were.
    pub(crate) fn deliver_batch(&self, cpu: &Rc<Cpu>) -> usize {
        self.deliver_some(cpu, usize::MAX)
    }

    /// The same, but about `most` at most.
    fn deliver_some(&self, cpu: &Rc<Cpu>, most: usize) -> usize {
        if cpu.irql() > Irql::DISPATCH {
            return 0;
        }
        let mut total = 0;
        while let Some(consumer) = self.homeward.consumer() {
            let consumer = consumer.try_lock().or_else(|| {
                // Somebody is at it, and looks again after it has seen this.
                self.deliver_missed.swap(true, Ordering::SeqCst);
                consumer.try_lock()
            });
            let Some(mut consumer) = consumer else { break };
            self.deliver_scheduled.store(false, Ordering::Release);
            total += self.deliver_from(cpu, &mut consumer, most);
            drop(consumer);
            if self.ndis.paused()
                || total >= most
                || !self.deliver_missed.swap(false, Ordering::SeqCst)
            {
                break;
            }
        }
        if self.life() == Life::Stopped {
            // What a bug check finds queued goes home with the rest.
            self.give_back_queued(cpu, FinalStatus::FAILURE);
        }
        total
    }

    fn deliver_from(&self, cpu: &Rc<Cpu>, consumer: &mut Consumer, most: usize) -> usize {
        let mut batch = Vec::new();
        let mut total = 0;
        while total < most && consumer.drain_into(TURN, &mut batch) > 0 {
            total += batch.len();
            let mut deliver = || {
                self.deliver_run(cpu, &batch);
                batch.clear();
            };
            let drivers = self.drivers.load();
            match drivers.as_ref() {
                Some(drivers) => drivers.protocol.batch(&mut deliver),
                None => deliver(),
            }
            if self.ndis.paused() && self.life() == Life::Running {
                break;
            }
        }
        total
    }
}

impl Ndis {
    /// Delivers what waits in the rings although delivery is inline, once the outermost call of
    /// this CPU has nothing left on its stack.
    #[inline]
    pub(crate) fn settle(&self, cpu: &Rc<Cpu>) {
        if self.overflow.load(Ordering::Acquire) {
            self.settle_overflow(cpu);
        }
    }

    #[cold]
    fn settle_overflow(&self, cpu: &Rc<Cpu>) {
        if cpu.depth.get() == 0
            && cpu.locks_held() == 0
            && cpu.irql() <= Irql::DISPATCH
            && self.overflow.swap(false, Ordering::AcqRel)
        {
            self.deliver_all(cpu);
        }
    }

    /// Delivers every completion that waits in a ring, the adapters in turns; who comes first
    /// changes from call to call. Returns how many there were.
    pub(crate) fn deliver_all(&self, cpu: &Rc<Cpu>) -> usize {
        let adapters = self.adapters();
        let first = self.first_to_deliver.fetch_add(1, Ordering::Relaxed) % adapters.len().max(1);
        let (later, sooner) = adapters.split_at(first);
        let mut total = 0;
        loop {
            let turns = sooner.iter().chain(later);
            let delivered: usize = turns.map(|adapter| adapter.deliver_some(cpu, TURN)).sum();
            total += delivered;
            if delivered == 0 || self.paused() {
                return total;
            }
        }
    }
}
