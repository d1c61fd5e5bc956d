//! The same turns over a line that adds nothing to a frame and takes nothing from it, many at once.
//!
//! What a packet was with the miniport is then its latency and its delivery, too, so it is counted once and added to the three
//! histograms at the end. Everything else that a turn changes besides its packet is in local variables, which the compiler keeps in
//! registers: it cannot know that a packet is not a counter. A batch of latencies is a stretch of turns, and added up as one.

use super::Link;
use super::slot::Slot;
use super::turn::turned;
use crate::model::batches::Batches;
use crate::model::card::Card;
use crate::model::counters::Stages;
use crate::model::histogram::Counts;
use crate::model::records::PacketRecord;
use crate::model::sink::{Listener, Sink};
use crate::status::{FinalStatus, Status};

/// Fewer turns are not worth the look around before and the sums after.
const ENOUGH: u64 = 16;
/// As long as a batch of latencies is shorter than this, each turn is put into one by itself.
const SHORT: u64 = 32;

/// What turns add up to.
#[derive(Default)]
struct Sum {
    turns: u64,
    with_miniport: u128,
    bytes_back: u64,
    bytes_sent: u64,
    broken: u64,
    now: u64,
}

/// A stretch of turns: from the `first` packet on so many, up to `until`.
struct Stretch {
    number: u32,
    first: u64,
    most: u64,
    until: u64,
}

impl Link {
    /// Takes up to `most` turns up to `until`, if the line is such a one and there are enough of them; how many. The caller has seen
    /// that there is one flow, whose packets are in flight, and that none waits.
    pub(super) fn take_bare_turns<S: Listener>(
        &mut self,
        until: u64,
        most: u64,
        stages: &mut Stages,
        sink: &mut S,
    ) -> u64 {
        let most = most.min(self.sources[0].turns_left()).min(u32::MAX.into());
        let came_late = |slot: &Slot| slot.offered != slot.sent;
        if most < ENOUGH || !self.card.line().is_bare() || self.slots.iter().any(came_late) {
            return 0;
        }
        let mut sink = sink.apart();
        let sum = Counts::lent(|counts| {
            let sum = self.stretches(until, most, counts, &mut sink);
            stages.take_same(counts);
            sum
        });
        if sum.turns > 0 {
            self.add_up(&sum, stages);
        }
        sum.turns
    }

    #[inline]
    fn stretches(
        &mut self,
        until: u64,
        most: u64,
        counts: &mut Counts,
        sink: &mut impl Sink,
    ) -> Sum {
        let Link { sources, card, slots, batches, number, .. } = self;
        let (source, mut sum) = (&mut sources[0], Sum::default());
        loop {
            let short = batches.size() < SHORT;
            let room = if short { ENOUGH * SHORT } else { batches.room() };
            let size = room.min(most - sum.turns);
            let (turns, before) = (sum.turns, sum.with_miniport);
            let stretch = Stretch { number: *number, first: source.offered(), most: size, until };
            if let Some((sizes, mut place)) = source.cycle() {
                let next = |_| {
                    let size = sizes[place];
                    place = if place + 1 == sizes.len() { 0 } else { place + 1 };
                    size
                };
                if short {
                    stretch.run(card, slots, &mut sum, counts, Some(&mut *batches), sink, next);
                } else {
                    stretch.run(card, slots, &mut sum, counts, None, sink, next);
                }
            } else {
                let batches = short.then_some(&mut *batches);
                stretch.run(card, slots, &mut sum, counts, batches, sink, |n| source.size(n));
            }
            let took = sum.turns - turns;
            if !short {
                batches.add(sum.with_miniport - before, took);
            }
            source.turned(took);
            if took < size || sum.turns == most {
                return sum;
            }
        }
    }

    fn add_up(&mut self, sum: &Sum, stages: &mut Stages) {
        self.now = sum.now;
        self.events += sum.turns;
        self.instant_began = self.events;
        let counters = &mut self.counters;
        counters.offered += sum.turns;
        counters.offered_bytes += sum.bytes_sent;
        counters.sent += sum.turns;
        counters.sent_bytes += sum.bytes_sent;
        counters.succeeded += sum.turns;
        counters.received += sum.turns;
        counters.received_bytes += sum.bytes_back;
        counters.broken += sum.broken;
        self.sums.miniport += sum.with_miniport;
        self.sums.latency += sum.with_miniport;
        self.sums.delivery += sum.with_miniport;
        stages.queued.count_many(0, sum.turns);
    }
}

impl Stretch {
    #[inline(always)]
    #[allow(clippy::too_many_arguments)] // parts of a link, apart so that none is taken for another
    fn run(
        &self,
        card: &mut Card,
        slots: &mut [Slot],
        sum: &mut Sum,
        counts: &mut Counts,
        mut batches: Option<&mut Batches>,
        sink: &mut impl Sink,
        mut size: impl FnMut(u64) -> u32,
    ) {
        let Stretch { number, first, most, until } = *self;
        let mut busy = card.busy();
        let (mut turns, mut now) = (0, sum.now);
        let (mut with_miniport, mut back, mut sent, mut broken) = (0u128, 0, 0, 0);
        while turns < most {
            let Some((finish, index)) = busy.front() else { break };
            if finish > until {
                break;
            }
            let Some(slot) = slots.get_mut(index as usize) else { break };
            busy.advance();
            now = finish;

            let took = now - slot.sent;
            with_miniport += u128::from(took);
            counts.count(took);
            if let Some(batches) = &mut batches {
                batches.record(took);
            }
            back += u64::from(slot.bytes);
            sink.left(&slot.frame(index, now), Some(now));
            sink.completed(now, slot.seq, FinalStatus::SUCCESS);
            // It was sent when it was offered; told so, there is less to look at.
            let record = slot.record(number, now, FinalStatus::SUCCESS);
            sink.packet(&PacketRecord { offered: slot.sent, ..record });

            match turned(slot.state) {
                Ok(state) => slot.state = state,
                Err(_) => broken += 1,
            }
            let seq = first + turns;
            let bytes = size(seq);
            (slot.seq, slot.offered, slot.sent) = (seq, now, now);
            (slot.bytes, slot.wire_bytes) = (bytes, bytes);
            sent += u64::from(bytes);
            busy.send(now, index, bytes);
            sink.sent(now, seq, bytes, Status::PENDING);
            turns += 1;
        }
        busy.end(turns);
        sum.turns += turns;
        sum.now = now;
        sum.with_miniport += with_miniport;
        sum.bytes_back += back;
        sum.bytes_sent += sent;
        sum.broken += broken;
    }
}
