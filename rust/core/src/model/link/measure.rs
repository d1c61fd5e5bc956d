//! What a link tells of itself at any time, packets in flight included.
//!
//! How many packets wait and how many the miniport has, averaged over time, are sums over packets (Little, Operations Research,
//! 1961): so nothing has to be added up when a number changes, only when a packet has passed, and for those in flight when asked.

use super::Link;
use crate::contract::packet::Owner;
use crate::model::batches::Batches;
use crate::model::counters::{Counters, Stages, Sums};

impl Link {
    /// What it has done since its counters were cleared, up to now.
    pub fn counters(&mut self, stages: &mut Stages) -> Counters {
        let before = self.sums;
        let delivery = &mut stages.delivery;
        self.air.settle(self.now, &mut self.counters, &mut self.sums.delivery, delivery);
        stages.add(&before, &self.sums);
        let partial = self.in_flight();
        let (sums, early) = (&self.sums, &self.early);
        Counters {
            busy_ns: self.card.busy_until(self.now) - self.before.busy_ns,
            interrupts: self.card.interrupts() - self.before.interrupts,
            resets: self.card.resets() - self.before.resets,
            broken: self.counters.broken + self.card.broken(),
            outstanding_ns: sums.miniport + partial.miniport - early.miniport,
            queued_ns: sums.queued + sums.dropped + partial.queued - early.queued,
            ..self.counters
        }
    }

    /// What the packets in flight have waited up to now, and been with the miniport.
    fn in_flight(&self) -> Sums {
        let with_miniport = self.slots.iter().filter(|slot| slot.state.is_of(Owner::Miniport));
        Sums {
            queued: self.queue.since().map(|since| u128::from(self.now - since)).sum(),
            miniport: with_miniport.map(|slot| u128::from(self.now - slot.sent)).sum(),
            ..Sums::default()
        }
    }

    /// For how long it has counted, in nanoseconds.
    pub fn elapsed(&self) -> u64 {
        self.now - self.since
    }

    /// Counts from now on, as after a warm-up; what is in flight stays.
    pub fn clear(&mut self, stages: &mut Stages) {
        self.counters(stages);
        self.before = Counters {
            busy_ns: self.card.busy_until(self.now),
            interrupts: self.card.interrupts(),
            resets: self.card.resets(),
            ..Counters::default()
        };
        self.early = self.in_flight();
        self.sums = Sums::default();
        self.counters = Counters::default();
        self.counters.most_outstanding = self.outstanding.into();
        self.batches = Batches::default();
        self.since = self.now;
    }
}
