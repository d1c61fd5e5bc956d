//! How a saturated link on a bare line begins and ends: its packets are sent for the first time, and come back for the last.
//!
//! Between the two are turns (`bare.rs`). As there, this is `offer` and `send` of the parent in one go, and `card_acts` and
//! `hand_back`, with the sums at the end; the results are theirs to the last bit.

use super::slot::Slot;
use super::{Link, step};
use crate::contract::packet::PacketState;
use crate::model::card::{Card, NEVER};
use crate::model::counters::Stages;
use crate::model::same::Same;
use crate::model::sink::{Listener, Sink};
use crate::rule::Rule;
use crate::status::{FinalStatus, Status};

/// No more packets at once: many events at one instant are counted one by one (`STUCK`).
const MOST: u64 = 1 << 16;

impl Link {
    /// Sends up to `most` packets of a link on which there was none, if all of them go at once; how many. The caller has seen that
    /// there is one flow, and that none waits.
    pub(super) fn send_first<S: Listener>(
        &mut self,
        until: u64,
        most: u64,
        stages: &mut Stages,
        sink: &mut S,
    ) -> u64 {
        let at = self.sources[0].due();
        let packets = self.sources[0].here().min(self.window.into()).min(most).min(MOST);
        let begins = self.slots.is_empty() && self.card.is_idle() && self.now <= at;
        if !begins || packets == 0 || at > until || !self.card.line().is_bare() {
            return 0;
        }
        let Ok(state) = sent_first() else { return 0 };
        self.slots.reserve_exact(packets as usize);
        self.card.reserve(packets as usize);
        let Link { sources, card, slots, .. } = self;
        let (source, mut sink, sent) = (&mut sources[0], sink.apart(), packets);
        let first = First { state, at, number: source.offered(), packets };
        let bytes_sent = if let Some(mut sizes) = source.cycle() {
            first.send(card, slots, &mut sink, |_| sizes.next())
        } else {
            first.send(card, slots, &mut sink, |n| source.size(n))
        };
        source.went(packets);
        if at != self.now {
            self.now = at;
            self.instant_began = self.events + 1;
        }
        stages.same.expect(sent.saturating_add(self.sources[0].turns_left()));
        self.events += sent;
        self.outstanding += sent as u32;
        let counters = &mut self.counters;
        counters.offered += sent;
        counters.offered_bytes += bytes_sent;
        counters.sent += sent;
        counters.sent_bytes += bytes_sent;
        counters.most_outstanding = counters.most_outstanding.max(self.outstanding.into());
        stages.at_once += sent;
        sent
    }

    /// Completes packets of which none is sent again, in up to `most` events up to `until`; how many events. The caller has seen
    /// what `send_first` asks for, and that nothing is to be sent.
    pub(super) fn complete_last<S: Listener>(
        &mut self,
        until: u64,
        most: u64,
        stages: &mut Stages,
        sink: &mut S,
    ) -> u64 {
        if !self.sources[0].goes_round_at_once() || !self.card.line().is_bare() {
            return 0;
        }
        self.complete_counted(until, most, &mut stages.same, &mut sink.apart())
    }

    #[inline]
    fn complete_counted(
        &mut self,
        until: u64,
        most: u64,
        same: &mut Same,
        sink: &mut impl Sink,
    ) -> u64 {
        let (mut events, mut bytes_back, mut with_miniport) = (0, 0, 0u128);
        let times = same.next(most.saturating_add(1).min(self.outstanding.into()) as usize);
        let before = times.len();
        let Link { card, slots, free, batches, counters, number, .. } = self;
        let (mut now, mut busy) = (self.now, card.busy());
        while let Some((finish, index)) = busy.front() {
            let next = u64::from(finish != now);
            if finish > until || events + next > most {
                break;
            }
            let Some(slot) = slots.get_mut(index as usize) else { break };
            if slot.offered != slot.sent {
                break;
            }
            busy.advance();
            (events, now) = (events + next, finish);
            let took = finish - slot.sent;
            times.push(took);
            with_miniport += u128::from(took);
            bytes_back += u64::from(slot.bytes);
            sink.left(&slot.frame(index, finish), Some(finish));
            sink.completed(finish, slot.seq, FinalStatus::SUCCESS);
            sink.packet(&slot.record(*number, finish, FinalStatus::SUCCESS));
            step(&mut slot.state, counters, |state| {
                state.complete(state.generation())?.deliver()?.free()
            });
        }
        let back = busy.gone().len();
        if busy.is_empty() && free.len() + back == slots.len() {
            // All of them are here, and none goes again.
            slots.clear();
            free.clear();
        } else {
            free.extend(busy.gone());
        }
        let back = back as u64;
        busy.end(back);
        if back > 0 {
            batches.record_all(&times[before..]);
            self.now = now;
            self.events += events;
            self.instant_began = self.events;
            self.outstanding -= back as u32;
            let counters = &mut self.counters;
            counters.succeeded += back;
            counters.received += back;
            counters.received_bytes += bytes_back;
            self.sums.miniport += with_miniport;
            self.sums.latency += with_miniport;
            self.sums.delivery += with_miniport;
            self.sources[0].done(back as u32);
        }
        events
    }

    /// Nothing will happen any more: what its packets took is there for the next link.
    pub(super) fn let_go(&mut self) {
        (self.slots, self.free) = (Vec::new(), Vec::new());
        self.card.let_go();
    }

    /// Whether its source is due for the first time, or again.
    pub(super) fn is_offering(&self) -> bool {
        self.sources[0].due() != NEVER
    }
}

/// So many packets that go for the first time, all of them at once.
struct First {
    state: PacketState,
    at: u64,
    number: u64,
    packets: u64,
}

impl First {
    /// Sends them; how many bytes they are.
    #[inline(always)]
    fn send(
        &self,
        card: &mut Card,
        slots: &mut Vec<Slot>,
        sink: &mut impl Sink,
        mut size: impl FnMut(u64) -> u32,
    ) -> u64 {
        let First { state, at, number, packets } = *self;
        let (mut busy, mut bytes_sent) = (card.busy(), 0);
        busy.idle_until(at);
        slots.extend((0..packets as u32).map(|index| {
            let seq = number + u64::from(index);
            let bytes = size(seq);
            busy.send(index, bytes);
            sink.sent(at, seq, bytes, Status::PENDING);
            bytes_sent += u64::from(bytes);
            Slot { state, seq, offered: at, sent: at, bytes, wire_bytes: bytes, flow: 0 }
        }));
        busy.end(0);
        bytes_sent
    }
}

/// A packet's state after its first send.
fn sent_first() -> Result<PacketState, Rule> {
    let sent = Slot::new().state.allocate()?.send()?.submit()?;
    sent.returned(sent.generation(), Status::PENDING)
}
