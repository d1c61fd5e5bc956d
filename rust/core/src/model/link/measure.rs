//! What a link tells of itself at any time, packets in flight included.

use super::Link;
use crate::contract::packet::Owner;
use crate::model::batches::Batches;
use crate::model::counters::{Counters, Stages};

impl Link {
    /// What it has done since its counters were cleared, up to now.
    pub fn counters(&mut self, stages: &mut Stages) -> Counters {
        self.air.settle(self.now, &mut self.counters, &mut stages.delivery);
        let mut counters = self.counters;
        counters.busy_ns = self.card.busy_until(self.now) - self.before.busy_ns;
        counters.interrupts = self.card.interrupts() - self.before.interrupts;
        counters.resets = self.card.resets() - self.before.resets;
        for slot in self.slots.iter().filter(|slot| slot.state.is_of(Owner::Miniport)) {
            let sent = slot.sent.max(self.since);
            counters.outstanding_ns += u128::from(self.now - sent);
            counters.queued_ns += u128::from(sent - slot.offered.max(self.since));
        }
        for since in self.queue.since() {
            counters.queued_ns += u128::from(self.now - since.max(self.since));
        }
        counters
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
        self.counters = Counters::default();
        self.counters.most_outstanding = self.outstanding.into();
        self.batches = Batches::default();
        self.since = self.now;
    }
}
