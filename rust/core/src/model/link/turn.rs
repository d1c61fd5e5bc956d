//! What a saturated link does most of the time: a plain card completes a packet, and the protocol sends it again from its callback.
//!
//! This is `card_acts`, `hand_back`, `offer` and `send` of the parent in one go, for a single flow whose packets go round and a
//! window that none waits for. Nothing else can happen in between, so what those look at after each step is looked at once,
//! and what they count is added up when the run of turns ends. The results are theirs to the last bit (`tests.rs`).

use super::Link;
use crate::contract::packet::PacketState;
use crate::model::counters::Stages;
use crate::model::histogram::Place;
use crate::model::sink::Listener;
use crate::rule::Rule;
use crate::status::{FinalStatus, Status};

impl Link {
    /// Takes up to `most` turns up to `until`, if that is what this link does now, or what there is before the first of them and
    /// after the last; how many events.
    pub(super) fn take_turns<S: Listener>(
        &mut self,
        until: u64,
        most: u64,
        stages: &mut Stages,
        sink: &mut S,
    ) -> u64 {
        let waits = self.turned_away || !self.queue.is_empty();
        if self.sources.len() != 1 || waits {
            return 0;
        }
        if self.is_offering() {
            let first = self.slots.is_empty();
            return if first { self.send_first(until, most, stages, sink) } else { 0 };
        }
        if self.sources[0].turns_left() == 0 {
            return self.complete_last(until, most, stages, sink);
        }
        let bare = self.take_bare_turns(until, most, stages, sink);
        if bare > 0 {
            return bare;
        }
        let Link { sources, card, slots, counters, sums, batches, air, .. } = self;
        let (source, status) = (&mut sources[0], FinalStatus::SUCCESS);
        let (mut turns, mut now) = (0, self.now);
        let (mut bytes_back, mut bytes_sent, mut received, mut with_miniport) = (0, 0, 0, 0u128);
        while turns < most {
            let Some((finish, index)) = card.front_plain() else { break };
            if finish > until {
                break;
            }
            let Some(slot) = slots.get_mut(index as usize) else { break };
            // Who waited in the queue came late, and is the parent's business; so is the end of the traffic.
            if slot.offered != slot.sent {
                break;
            }
            let Some((seq, bytes)) = source.turn() else { break };
            card.advance_plain();
            (turns, now) = (turns + 1, finish);

            let took = now - slot.sent;
            let place = Place::of(took);
            let arrival = card.arrival(slot.seq, now, slot.wire_bytes);
            sink.left(&slot.frame(index, now), arrival);
            if arrival == Some(now) {
                received += 1;
                bytes_back += u64::from(slot.bytes);
                sums.delivery += u128::from(took);
                stages.delivery.count_at(took, place);
            } else {
                let frame = slot.frame(index, now);
                air.left(&frame, arrival, counters, &mut sums.delivery, &mut stages.delivery);
            }
            with_miniport += u128::from(took);
            stages.miniport.count_at(took, place);
            stages.latency.count_at(took, place);
            batches.record(took);
            sink.completed(now, slot.seq, status);
            sink.packet(&slot.record(self.number, now, status));

            match turned(slot.state) {
                Ok(state) => slot.state = state,
                Err(_) => counters.broken += 1,
            }
            (slot.seq, slot.offered, slot.sent, slot.bytes) = (seq, now, now, bytes);
            bytes_sent += u64::from(bytes);
            slot.wire_bytes = card.line().wire_bytes(seq, bytes);
            card.send_plain(now, index, slot.wire_bytes);
            sink.sent(now, seq, bytes, Status::PENDING);
        }
        if turns > 0 {
            self.now = now;
            self.events += turns;
            self.instant_began = self.events;
            counters.offered += turns;
            counters.offered_bytes += bytes_sent;
            counters.sent += turns;
            counters.sent_bytes += bytes_sent;
            counters.succeeded += turns;
            counters.received += received;
            counters.received_bytes += bytes_back;
            sums.miniport += with_miniport;
            sums.latency += with_miniport;
            stages.at_once += turns;
        }
        turns
    }
}

/// The contract's steps from the completion to the next PENDING.
#[inline(always)]
pub(super) fn turned(state: PacketState) -> Result<PacketState, Rule> {
    let back = state.complete(state.generation())?.deliver()?.free()?;
    let again = back.allocate()?.send()?.submit()?;
    again.returned(again.generation(), Status::PENDING)
}
