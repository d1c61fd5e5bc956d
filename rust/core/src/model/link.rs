//! A link at work: the loop that moves packets from traffic to hand-back, under the contract.
//!
//! ```text
//!  offered ── queue ── window ── wan_send ── card, line ── completed ── handed back
//!                        │  the packet is the miniport's   │
//! ```
//!
//! Links do not touch each other, so each runs alone: its next event is the earlier of what its card does and what its traffic
//! offers, and no event list is needed. At the same instant the card goes first. Each packet has the contract's own state
//! ([`PacketState`]), and each step is one of the contract's.

mod bare;
mod ends;
mod measure;
mod queued;
mod slot;
mod turn;

use super::batches::Batches;
use super::card::{Card, FarEnd, NEVER};
use super::counters::{Counters, Stages, Sums};
use super::far::{Air, Far};
use super::line::{Line, LineLuck};
use super::multilink::Trunk;
use super::queue::{Queue, Waiting};
use super::sink::{Listener, Sink};
use super::source::Source;
use super::spec::{LinkSpec, Luck};
use crate::contract::packet::PacketState;
use crate::rule::Rule;
use crate::status::{FinalStatus, Status};
use slot::Slot;

/// Where a run stands.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum Progress {
    /// It stands at the time that was asked for.
    Reached,
    /// Nothing is left to do, and nothing will be.
    Ended,
    /// The number of events that was asked for is used up.
    Paused,
    /// Events follow each other without end and without time passing.
    Stuck,
    /// The card has frames that would leave it later than can be said.
    Beyond,
}

/// So many events at one instant are an endless loop.
const STUCK: u64 = 1 << 24;

/// A link at work.
#[derive(Debug)]
pub struct Link {
    number: u32,
    window: u32,
    outstanding: u32,
    sources: Vec<Source>,
    queue: Queue,
    card: Card,
    slots: Vec<Slot>,
    free: Vec<u32>,
    dropped: Vec<Waiting>,
    /// Whether the last packet of one of `slots` may have waited.
    waited: bool,
    /// Whether a packet that goes round found the queue full, and waits for room.
    turned_away: bool,
    air: Air,
    now: u64,
    since: u64,
    events: u64,
    /// How many events it had seen when this instant began.
    instant_began: u64,
    counters: Counters,
    before: Counters,
    sums: Sums,
    /// What packets that are in flight had waited when the counters were cleared, and been with the miniport.
    early: Sums,
    batches: Batches,
}

impl Link {
    /// An idle link at time 0. The parameters must be valid ([`LinkSpec::validate`]).
    pub fn new(spec: &LinkSpec, number: u32, luck: &Luck) -> Link {
        let flow = |(n, traffic)| {
            let n = n as u64;
            Source::new(traffic, spec.window, luck.arrivals.part(n), luck.sizes.part(n))
        };
        let line_luck = LineLuck { loss: luck.loss, jitter: luck.jitter, escapes: luck.escapes };
        let line = Line::new(&spec.line, line_luck);
        let card = match &spec.multilink {
            None => Card::new(&spec.card, line, luck.card),
            Some(bundle) => Card::of_bundle(line, Trunk::new(bundle, luck), luck.card),
        };
        Link {
            number,
            window: spec.window,
            outstanding: 0,
            sources: spec.traffic.iter().enumerate().map(flow).collect(),
            queue: Queue::new(spec.queue, spec.classes()),
            card,
            slots: Vec::new(),
            free: Vec::new(),
            dropped: Vec::new(),
            waited: false,
            turned_away: false,
            air: Air::default(),
            now: 0,
            since: 0,
            events: 0,
            instant_began: 0,
            counters: Counters::default(),
            before: Counters::default(),
            sums: Sums::default(),
            early: Sums::default(),
            batches: Batches::default(),
        }
    }

    /// Its number.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// The time at which it stands.
    pub fn now(&self) -> u64 {
        self.now
    }

    /// How many events it has seen.
    pub fn events(&self) -> u64 {
        self.events
    }

    /// How many packets the miniport has.
    pub fn outstanding(&self) -> u32 {
        self.outstanding
    }

    /// How many packets wait for the window.
    pub fn queued(&self) -> u32 {
        self.queue.len()
    }

    /// The batches of latencies.
    pub fn batches(&self) -> &Batches {
        &self.batches
    }

    /// When its next event is; [`NEVER`] if there is none.
    pub fn due(&self) -> u64 {
        if self.is_done() {
            return NEVER;
        }
        self.card.due().min(self.card.due_plain()).min(self.next_arrival().1)
    }

    /// Runs until `until`, at most `most` events. What it measures is in its place in [`Stages::settled`].
    pub fn run<S: Listener>(
        &mut self,
        until: u64,
        most: u64,
        stages: &mut Stages,
        sink: &mut S,
    ) -> Progress {
        let before = self.sums;
        let progress = if self.card.is_plain() {
            self.run_as::<S, true>(until, most, stages, sink)
        } else {
            self.run_as::<S, false>(until, most, stages, sink)
        };
        stages.add(&before, &self.sums);
        if progress == Progress::Ended {
            self.let_go();
        }
        if self.card.is_beyond() { Progress::Beyond } else { progress }
    }

    fn run_as<S: Listener, const PLAIN: bool>(
        &mut self,
        until: u64,
        most: u64,
        stages: &mut Stages,
        sink: &mut S,
    ) -> Progress {
        let end = self.events.saturating_add(most);
        while self.events < end {
            if PLAIN && self.take_turns(until, end - self.events, stages, sink) > 0 {
                continue;
            }
            let card = if PLAIN { self.card.due_plain() } else { self.card.due() };
            let (flow, arrival) = self.next_arrival();
            let at = card.min(arrival);
            if at > until || at == NEVER || (arrival == NEVER && self.is_done()) {
                return self.stand_at(until);
            }
            self.events += 1;
            if at != self.now {
                self.now = at;
                self.instant_began = self.events;
            } else if self.events - self.instant_began > STUCK {
                return Progress::Stuck;
            }
            if card <= arrival {
                self.card_acts::<S, PLAIN>(stages, sink);
            } else {
                self.offer::<S, PLAIN>(flow, stages, sink);
            }
        }
        Progress::Paused
    }

    /// Nothing happens any more up to `until`. Without one it stands where the last frame has arrived.
    fn stand_at(&mut self, until: u64) -> Progress {
        let done = self.is_done();
        if until != NEVER {
            self.now = self.now.max(until);
        } else if done {
            self.now = self.now.max(self.air.last());
        }
        if done { Progress::Ended } else { Progress::Reached }
    }

    /// Whether nothing will happen any more (a card that may still die is no event).
    fn is_done(&self) -> bool {
        self.free.len() == self.slots.len()
            && self.next_arrival().1 == NEVER
            && self.card.is_idle()
            && !self.turned_away
    }

    /// The flow that offers next, and when.
    #[inline(always)]
    fn next_arrival(&self) -> (usize, u64) {
        let mut next = (0, self.sources[0].due());
        for (flow, source) in self.sources.iter().enumerate().skip(1) {
            if source.due() < next.1 {
                next = (flow, source.due());
            }
        }
        next
    }

    /// Traffic offers a packet.
    #[inline(always)]
    fn offer<S: Sink, const PLAIN: bool>(
        &mut self,
        flow: usize,
        stages: &mut Stages,
        sink: &mut S,
    ) {
        let (n, bytes) = self.sources[flow].take(self.now);
        let seq = (flow as u64) << 48 | n;
        self.counters.offered += 1;
        self.counters.offered_bytes += u64::from(bytes);
        let goes = self.queue.is_empty() && self.may_send();
        if !goes && !self.queue.has_room() {
            self.counters.dropped_full += 1;
            sink.dropped(self.now, seq);
            self.turned_away |= self.sources[flow].turned_away(self.now);
            return;
        }
        let slot = self.allocate(flow as u32, seq, bytes);
        if goes {
            self.send::<S, PLAIN>(slot, stages, sink);
        } else {
            let class = self.sources[flow].class();
            self.waited = true;
            self.queue.push(class, Waiting { slot, bytes, since: self.now });
        }
    }

    #[inline(always)]
    fn may_send(&self) -> bool {
        self.outstanding < self.window && self.card.accepts()
    }

    #[inline(always)]
    fn allocate(&mut self, flow: u32, seq: u64, bytes: u32) -> u32 {
        let index = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot::new());
            self.slots.len() as u32 - 1
        });
        let slot = &mut self.slots[index as usize];
        (slot.seq, slot.offered, slot.bytes, slot.flow) = (seq, self.now, bytes, flow);
        step(&mut slot.state, &mut self.counters, PacketState::allocate);
        index
    }

    /// The miniport is called with a packet.
    #[inline(always)]
    fn send<S: Sink, const PLAIN: bool>(&mut self, index: u32, stages: &mut Stages, sink: &mut S) {
        let slot = &mut self.slots[index as usize];
        step(&mut slot.state, &mut self.counters, PacketState::send);
        step(&mut slot.state, &mut self.counters, PacketState::submit);
        slot.sent = self.now;
        self.outstanding += 1;
        self.counters.sent += 1;
        self.counters.sent_bytes += u64::from(slot.bytes);
        let most = &mut self.counters.most_outstanding;
        *most = (*most).max(u64::from(self.outstanding));
        stages.queued.count_only(self.now - slot.offered);
        self.sums.queued += u128::from(self.now - slot.offered);
        slot.wire_bytes = self.card.line().wire_bytes(slot.seq, slot.bytes);
        let answer = if PLAIN {
            self.card.send_plain(self.now, index, slot.wire_bytes);
            None
        } else {
            self.card.send(self.now, slot.frame(index, NEVER))
        };
        let status = answer.map_or(Status::PENDING, Status::from);
        let generation = slot.state.generation();
        step(&mut slot.state, &mut self.counters, |state| state.returned(generation, status));
        sink.sent(self.now, slot.seq, slot.bytes, status);
        if let Some(status) = answer {
            self.hand_back(index, status, stages, sink);
        }
    }

    /// The card does what is due: completions come, and what they make room for is sent.
    #[inline(always)]
    fn card_acts<S: Sink, const PLAIN: bool>(&mut self, stages: &mut Stages, sink: &mut S) {
        loop {
            let mut far = Far {
                counters: &mut self.counters,
                sum: &mut self.sums.delivery,
                delivery: &mut stages.delivery,
                air: &mut self.air,
                sink,
            };
            let (index, status) = if PLAIN {
                let Some((finish, index)) = self.card.next_plain(self.now) else { break };
                let frame = self.slots[index as usize].frame(index, finish);
                let arrival = self.card.arrival(frame.seq, finish, frame.wire_bytes);
                far.left(&frame, arrival);
                (index, FinalStatus::SUCCESS)
            } else {
                let Some(next) = self.card.next(self.now, &mut far) else { break };
                next
            };
            let slot = &mut self.slots[index as usize];
            let generation = slot.state.generation();
            step(&mut slot.state, &mut self.counters, |state| state.complete(generation));
            let flow = slot.flow as usize;
            self.hand_back(index, status, stages, sink);
            self.send_queued::<S, PLAIN>(stages, sink);
            // Who waits for the completion to send again does it from the callback, before the next one.
            if self.sources[flow].goes_round() && self.sources[flow].due() == self.now {
                self.offer::<S, PLAIN>(flow, stages, sink);
            }
        }
        self.send_queued::<S, PLAIN>(stages, sink);
        if self.turned_away {
            self.try_again();
        }
    }

    /// ProtocolSendComplete: the packet is the protocol's again, which lets it go.
    #[inline(always)]
    fn hand_back<S: Sink>(
        &mut self,
        index: u32,
        status: FinalStatus,
        stages: &mut Stages,
        sink: &mut S,
    ) {
        let slot = &mut self.slots[index as usize];
        step(&mut slot.state, &mut self.counters, PacketState::deliver);
        step(&mut slot.state, &mut self.counters, PacketState::free);
        self.outstanding -= 1;
        self.counters.completed(status);
        stages.miniport.count_only(self.now - slot.sent);
        let latency = self.now - slot.offered;
        stages.latency.count_only(latency);
        self.batches.record(latency);
        self.sums.miniport += u128::from(self.now - slot.sent);
        self.sums.latency += u128::from(self.now - slot.offered);
        sink.completed(self.now, slot.seq, status);
        sink.packet(&slot.record(self.number, self.now, status));
        let flow = slot.flow as usize;
        self.free.push(index);
        self.sources[flow].handed_back(self.now);
    }
}

/// A step of the contract. A model that breaks it is wrong; it is counted, and what there was stays.
#[inline(always)]
fn step(
    state: &mut PacketState,
    counters: &mut Counters,
    step: impl FnOnce(PacketState) -> Result<PacketState, Rule>,
) {
    match step(*state) {
        Ok(next) => *state = next,
        Err(_) => counters.broken += 1,
    }
}
