//! What goes over a link of one's own drivers, measured: how much, and how long each stage of its way took.
//!
//! Who sends and who brings home have the link's lock, and tell the meter under it, if there is one. How many packets wait
//! and how many the miniport has, on average, are sums over packets (Little, Operations Research, 1961), as in [`crate::model`].

use std::collections::VecDeque;
use std::sync::atomic::Ordering;

use super::{Flow, Link};
use crate::contract::packet::Owner;
use crate::event::Name;
use crate::model::Histogram;
use crate::ndis::{Adapter, Verify};
use crate::pool::{Pool, Slot};
use crate::status::{FinalStatus, Status};
use crate::time::TimeKind;

/// What was measured on a link since it was begun.
#[derive(Clone, Debug, Default)]
pub struct Measured {
    /// For how long, in nanoseconds.
    pub elapsed: u64,
    /// Sends that were taken.
    pub offered: u64,
    /// Their bytes.
    pub offered_bytes: u64,
    /// Packets that came back with SUCCESS.
    pub succeeded: u64,
    /// Their bytes.
    pub succeeded_bytes: u64,
    /// How many came back with which final status, in the order in which each came first.
    pub statuses: Vec<(Status, u64)>,
    /// The most packets that the window had in it at once.
    pub most_outstanding: u32,
    /// The sum over time of how many packets the window had in it, in packet·nanoseconds.
    pub outstanding_ns: u128,
    /// The same of the packets that waited in NDIS.
    pub queued_ns: u128,
    /// From the send to MiniportWanSend, or to the return of those that it never got.
    pub queued: Histogram,
    /// From MiniportWanSend to the completion.
    pub miniport: Histogram,
    /// From the completion to ProtocolSendComplete.
    pub hand_back: Histogram,
    /// From the send to ProtocolSendComplete.
    pub latency: Histogram,
}

impl Measured {
    /// How many came back with SUCCESS is [counted](Self::succeeded) already, and filled in when somebody reads it.
    fn answered(&mut self, status: Status) {
        match self.statuses.iter_mut().find(|(known, _)| *known == status) {
            Some((_, count)) => *count += 1,
            None => self.statuses.push((status, 1)),
        }
    }

    #[inline(always)]
    #[allow(clippy::inline_always)] // see `Bias::alone`
    fn success(&mut self, bytes: u32) {
        if self.succeeded == 0 {
            self.answered(Status::SUCCESS);
        }
        self.succeeded += 1;
        self.succeeded_bytes += u64::from(bytes);
    }
}

/// When it was sent is when it was submitted.
const STRAIGHT: u64 = u64::MAX;

/// Measures a link: what it has measured so far, and when each packet of the pool was sent.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    measured: Measured,
    /// Of packets that neither waited in NDIS nor on their way back: their latency is what they were with the miniport, and the
    /// sum of that what they add to `outstanding_ns`.
    straight: Histogram,
    since: u64,
    /// By slot; [`STRAIGHT`], or nothing, if that is known otherwise.
    offered: Vec<u64>,
}

/// A link in real time that reads no clock for what it does.
#[derive(Copy, Clone, Debug, thiserror::Error)]
#[error(
    "in real time at verify=0 no clock is read for a send; expected verify=1 or more, or virtual time"
)]
pub struct NoTimes;

impl Meter {
    /// A send of so many bytes was taken.
    #[cold]
    #[inline(never)]
    pub(in crate::ndis) fn offer(&mut self, slot: u32, bytes: u32, now: u64) {
        self.measured.offered += 1;
        self.measured.offered_bytes += u64::from(bytes);
        self.sent_at(slot, now);
    }

    /// The same of one that goes to the miniport in the same moment.
    #[inline(always)]
    #[allow(clippy::inline_always)] // see `Bias::alone`
    fn offer_straight(&mut self, slot: u32, bytes: u32) {
        self.measured.offered += 1;
        self.measured.offered_bytes += u64::from(bytes);
        if let Some(at) = self.offered.get_mut(slot as usize) {
            *at = STRAIGHT;
        }
    }

    /// When the packet was sent; then, if nothing else is known.
    #[inline]
    fn offered_at(&self, slot: u32, then: u64) -> u64 {
        self.offered.get(slot as usize).copied().filter(|at| *at != STRAIGHT).unwrap_or(then)
    }

    fn sent_at(&mut self, slot: u32, now: u64) {
        let place = slot as usize;
        if self.offered.len() <= place {
            self.offered.resize(place + 1, STRAIGHT);
        }
        self.offered[place] = now;
    }

    /// A packet is the protocol's again, one of so many that the miniport had; it was completed at that time.
    #[inline(never)]
    pub(in crate::ndis) fn back(
        &mut self,
        (slot, place): (u32, &Slot),
        outstanding: u32,
        status: Status,
        completed: u64,
        now: u64,
    ) {
        let submitted = place.submitted.load(Ordering::Relaxed);
        let offered = self.offered_at(slot, submitted);
        if outstanding > self.measured.most_outstanding {
            self.measured.most_outstanding = outstanding;
        }
        if status == Status::SUCCESS {
            self.measured.success(place.length.load(Ordering::Relaxed));
        } else {
            self.measured.answered(status);
        }
        if offered == submitted && completed == now && (self.since..=now).contains(&submitted) {
            return self.straight.record(now - submitted);
        }
        self.record(offered, submitted, completed, now);
    }

    /// The times of a packet that waited somewhere, or was sent before it is measured.
    #[cold]
    fn record(&mut self, offered: u64, submitted: u64, completed: u64, now: u64) {
        let (since, measured) = (self.since, &mut self.measured);
        measured.queued_ns += between(offered, submitted, since);
        measured.outstanding_ns += between(submitted, now, since);
        measured.queued.record(submitted.saturating_sub(offered));
        measured.miniport.record(completed.saturating_sub(submitted));
        measured.hand_back.record(now.saturating_sub(completed));
        measured.latency.record(now.saturating_sub(offered));
    }

    /// A packet that waited in NDIS is the protocol's again, and the miniport never had it.
    fn unsent(&mut self, slot: u32, status: Status, now: u64) {
        let offered = self.offered_at(slot, now);
        let measured = &mut self.measured;
        measured.answered(status);
        measured.queued_ns += between(offered, now, self.since);
        measured.queued.record(now.saturating_sub(offered));
        measured.latency.record(now.saturating_sub(offered));
    }

    /// With what the packets that are under way have come to by now.
    fn by(
        &self,
        adapter: &Adapter,
        link: u32,
        now: u64,
        queue: &VecDeque<u32>,
        has: u32,
    ) -> Measured {
        let mut measured = self.measured.clone();
        let straight = self.straight.count();
        if straight > 0 {
            measured.miniport.merge(&self.straight);
            measured.latency.merge(&self.straight);
            measured.queued.count_many(0, straight);
            measured.hand_back.count_many(0, straight);
            measured.outstanding_ns += self.straight.sum();
        }
        let success = |(status, _): &&mut (Status, u64)| *status == Status::SUCCESS;
        if let Some((_, count)) = measured.statuses.iter_mut().find(success) {
            *count = measured.succeeded;
        }
        measured.elapsed = now.saturating_sub(self.since);
        measured.most_outstanding = measured.most_outstanding.max(has);
        for slot in outstanding(adapter, link) {
            let submitted = adapter.pool.slot(slot).submitted.load(Ordering::Relaxed);
            measured.queued_ns += between(self.offered_at(slot, submitted), submitted, self.since);
            measured.outstanding_ns += between(submitted, now, self.since);
        }
        for slot in queue {
            measured.queued_ns += between(self.offered_at(*slot, now), now, self.since);
        }
        measured
    }
}

/// How long it was from one time to the other, since that time.
fn between(from: u64, to: u64, since: u64) -> u128 {
    to.saturating_sub(from.max(since)).into()
}

/// The packets that fill the window: with the miniport, or completed and not handed back yet.
fn outstanding(adapter: &Adapter, link: u32) -> impl Iterator<Item = u32> + '_ {
    let of_link = move |slot: &u32| adapter.link_of_slot(*slot) == link;
    let owned = |owner| adapter.pool.owned_by(owner);
    owned(Owner::Miniport).chain(owned(Owner::Returning)).filter(of_link)
}

impl Link {
    /// Begins to measure, or begins anew, as after a warm-up: what is under way stays, and counts from now on.
    ///
    /// # Errors
    /// [`NoTimes`] in real time with [`Verify::Off`].
    pub fn measure(&self) -> Result<(), NoTimes> {
        let ndis = &*self.adapter.ndis;
        if ndis.config.time == TimeKind::Real && ndis.config.verify == Verify::Off {
            return Err(NoTimes);
        }
        let mut flow = self.flow.lock();
        let now = ndis.now();
        let before = flow.meter.take().map(|meter| meter.offered);
        let mut meter = Meter { since: now, ..Meter::default() };
        match before {
            Some(offered) => meter.offered = offered,
            // Those that wait are taken to have been sent now.
            None => flow.queue.iter().for_each(|slot| meter.sent_at(*slot, now)),
        }
        flow.meter = Some(Box::new(meter));
        Ok(())
    }

    /// What was measured so far; none if [`measure`](Self::measure) was not called.
    pub fn measured(&self) -> Option<Measured> {
        let flow = self.flow.lock();
        let (now, has) = (self.adapter.ndis.now(), flow.state.outstanding);
        let meter = flow.meter.as_ref();
        meter.map(|meter| meter.by(&self.adapter, self.id, now, &flow.queue, has))
    }
}

impl Flow {
    /// A send was taken.
    #[inline(always)]
    #[allow(clippy::inline_always)] // see `Bias::alone`
    pub(in crate::ndis) fn offered(&mut self, slot: u32, bytes: u32, now: u64) {
        if let Some(meter) = &mut self.meter {
            meter.offer(slot, bytes, now);
        }
    }

    /// A send was taken, and the packet goes to the miniport in the same moment.
    #[inline(always)]
    #[allow(clippy::inline_always)] // see `Bias::alone`
    pub(in crate::ndis) fn offered_straight(&mut self, slot: u32, bytes: u32) {
        if let Some(meter) = &mut self.meter {
            meter.offer_straight(slot, bytes);
        }
    }

    /// A packet comes home, before it is counted as home.
    #[inline(always)]
    #[allow(clippy::inline_always)] // see `Bias::alone`
    pub(in crate::ndis) fn metered(
        &mut self,
        packet: (u32, &Slot),
        status: FinalStatus,
        completed: u64,
        now: u64,
    ) {
        if let Some(meter) = &mut self.meter {
            meter.back(packet, self.state.outstanding, status.get(), completed, now);
        }
    }

    /// A queued packet goes back as it is.
    pub(in crate::ndis) fn metered_unsent(&mut self, slot: u32, status: FinalStatus, now: u64) {
        if let Some(meter) = &mut self.meter {
            meter.unsent(slot, status.get(), now);
        }
    }

    /// The same of packets that come home together.
    pub(in crate::ndis) fn metered_together(
        &mut self,
        pool: &Pool,
        handles: &[u64],
        status: impl Fn(usize) -> Status,
        now: u64,
    ) {
        let Some(meter) = &mut self.meter else { return };
        for (at, handle) in handles.iter().enumerate() {
            let slot = Name::of_handle(*handle, 0).slot;
            let has = self.state.outstanding.saturating_sub(at as u32);
            meter.back((slot, pool.slot(slot)), has, status(at), now, now);
        }
    }
}
