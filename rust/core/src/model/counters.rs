//! What is counted and measured of a link, exactly.

use super::histogram::Histogram;
use super::same::Same;
use crate::status::FinalStatus;

/// What one link has done since its counters were last cleared.
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq)]
pub struct Counters {
    /// Packets that traffic offered.
    pub offered: u64,
    /// Their bytes.
    pub offered_bytes: u64,
    /// Packets that found the queue full.
    pub dropped_full: u64,
    /// Packets that the queue's discipline dropped.
    pub dropped_early: u64,
    /// Packets handed to the miniport (MiniportWanSend).
    pub sent: u64,
    /// Their bytes.
    pub sent_bytes: u64,
    /// Packets that came back with SUCCESS.
    pub succeeded: u64,
    /// Packets that came back with REQUEST_ABORTED.
    pub aborted: u64,
    /// Packets that came back with another status.
    pub failed: u64,
    /// Packets that arrived at the far end.
    pub received: u64,
    /// Their bytes: the goodput.
    pub received_bytes: u64,
    /// Packets that the line lost.
    pub lost: u64,
    /// Packets that came back with SUCCESS and were in the memory of a card that died: neither received nor lost.
    pub vanished: u64,
    /// Nanoseconds during which the line was busy.
    pub busy_ns: u64,
    /// Interrupts of the card.
    pub interrupts: u64,
    /// Resets of the card.
    pub resets: u64,
    /// The most packets that the miniport had at once.
    pub most_outstanding: u64,
    /// The sum over time of how many packets the miniport had, in packet·nanoseconds.
    pub outstanding_ns: u128,
    /// The same of the packets that waited for the window.
    pub queued_ns: u128,
    /// Contract rules that were broken: 0, or the model is wrong.
    pub broken: u64,
}

impl Counters {
    /// Counts how a packet came back.
    #[inline]
    pub fn completed(&mut self, status: FinalStatus) {
        if status == FinalStatus::SUCCESS {
            self.succeeded += 1;
        } else if status == FinalStatus::REQUEST_ABORTED {
            self.aborted += 1;
        } else {
            self.failed += 1;
        }
    }

    /// All fields with their names, in order.
    pub fn fields(&self) -> [(&'static str, u128); 20] {
        let n = |value: u64| u128::from(value);
        [
            ("offered", n(self.offered)),
            ("offered_bytes", n(self.offered_bytes)),
            ("dropped_full", n(self.dropped_full)),
            ("dropped_early", n(self.dropped_early)),
            ("sent", n(self.sent)),
            ("sent_bytes", n(self.sent_bytes)),
            ("succeeded", n(self.succeeded)),
            ("aborted", n(self.aborted)),
            ("failed", n(self.failed)),
            ("received", n(self.received)),
            ("received_bytes", n(self.received_bytes)),
            ("lost", n(self.lost)),
            ("vanished", n(self.vanished)),
            ("busy_ns", n(self.busy_ns)),
            ("interrupts", n(self.interrupts)),
            ("resets", n(self.resets)),
            ("most_outstanding", n(self.most_outstanding)),
            ("outstanding_ns", self.outstanding_ns),
            ("queued_ns", self.queued_ns),
            ("broken", n(self.broken)),
        ]
    }
}

/// Sums of what the histograms count, in nanoseconds; a link adds them up by itself, and gives them to the histograms now and then.
#[derive(Copy, Clone, Debug, Default)]
pub(super) struct Sums {
    pub(super) queued: u128,
    pub(super) miniport: u128,
    pub(super) latency: u128,
    pub(super) delivery: u128,
    /// What packets waited that were dropped.
    pub(super) dropped: u128,
}

/// Histograms of how long packets were in each stage, in nanoseconds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stages {
    /// From being offered to MiniportWanSend.
    pub queued: Histogram,
    /// From MiniportWanSend to the completion: how long the miniport owned them.
    pub miniport: Histogram,
    /// From being offered to the hand-back.
    pub latency: Histogram,
    /// From being offered to the last bit at the far end, of those that arrived.
    pub delivery: Histogram,
    /// How often packets took how long for which `miniport`, `latency` and `delivery` are one, until [`settled`](Stages::settled);
    /// their sums are with those. A short run, or one of many links, takes less time than three times this memory would.
    pub(super) same: Same,
    /// How many packets were sent when they were offered, which `queued` gets to know then, too.
    pub(super) at_once: u64,
}

impl Stages {
    /// Adds what another link's packets took.
    pub fn merge(&mut self, other: &Stages) {
        self.queued.merge(&other.queued);
        self.miniport.merge(&other.miniport);
        self.latency.merge(&other.latency);
        self.delivery.merge(&other.delivery);
        self.same.merge(&other.same);
        self.at_once += other.at_once;
    }

    /// With all that was measured in each of the histograms, as [`Simulation::stages`](super::Simulation::stages) gives it.
    #[must_use]
    pub fn settled(&self) -> Stages {
        let mut settled = Stages {
            queued: self.queued.clone(),
            miniport: self.miniport.clone(),
            latency: self.latency.clone(),
            delivery: self.delivery.clone(),
            ..Stages::default()
        };
        let same = self.same.all();
        for histogram in [&mut settled.miniport, &mut settled.latency, &mut settled.delivery] {
            histogram.merge(&same);
        }
        if self.at_once > 0 {
            settled.queued.count_many(0, self.at_once);
        }
        settled
    }

    /// What a link has added up since its sums were `before`.
    pub(super) fn add(&mut self, before: &Sums, after: &Sums) {
        self.queued.add_sum(after.queued - before.queued);
        self.miniport.add_sum(after.miniport - before.miniport);
        self.latency.add_sum(after.latency - before.latency);
        self.delivery.add_sum(after.delivery - before.delivery);
    }

    /// Each with its name, in order.
    pub fn named(&self) -> [(&'static str, &Histogram); 4] {
        [
            ("queued", &self.queued),
            ("miniport", &self.miniport),
            ("latency", &self.latency),
            ("delivery", &self.delivery),
        ]
    }
}
