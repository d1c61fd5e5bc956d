//! The same turns over a line that adds nothing to a frame and takes nothing from it, many at once.
//!
//! What a packet was with the miniport is then its latency and its delivery, too, so it is counted once and added to the three
//! histograms at the end. Everything else that a turn changes besides its packet is in local variables, which the compiler keeps in
//! registers: it cannot know that a packet is not a counter. A batch of latencies is a stretch of turns, and added up as one.

use std::collections::VecDeque;

use super::Link;
use super::slot::Slot;
use super::turn::turned;
use crate::model::batches::Batches;
use crate::model::card::Card;
use crate::model::counters::Stages;
use crate::model::histogram::{Counts, Tally};
use crate::model::records::turned::OnWay;
use crate::model::records::{PacketRecord, Start};
use crate::model::same::Same;
use crate::model::sink::{Listener, Turns};
use crate::status::FinalStatus;

/// Fewer turns are not worth the look around before and the sums after.
const ENOUGH: u64 = 16;
/// So few are counted where they are kept.
const FEW: u64 = 512;
/// No more at once: their times are added up in a word.
const MOST: u64 = 1 << 15;
/// As long as a batch of latencies is shorter than this, each turn is put into one by itself.
const SHORT: u64 = 32;

/// What turns add up to.
#[derive(Default)]
struct Sum {
    turns: u64,
    with_miniport: u64,
    bytes_sent: u64,
    bytes_back: u64,
    broken: u64,
    now: u64,
}

/// Times of packets as they come, and what their bytes add up to.
struct Listed<'a> {
    times: &'a mut Vec<u64>,
    bytes: u64,
}

impl Tally for Listed<'_> {
    #[inline(always)]
    fn count(&mut self, value: u64, bytes: u32) {
        self.times.push(value);
        self.bytes += u64::from(bytes);
    }
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
        let most = most.min(self.sources[0].turns_left()).min(MOST);
        if most < ENOUGH || !self.card.line().is_bare() || self.one_waited() {
            return 0;
        }
        // The one that comes back first went first.
        let first = self.card.front_plain().and_then(|(_, index)| self.slots.get(index as usize));
        let since = first.map_or(self.now, |slot| slot.sent);
        if self.card.line().is_slow(self.slots.len(), since) {
            return 0;
        }
        let sum = if most <= FEW {
            self.one_stretch(until, most, &mut stages.same, sink)
        } else {
            let before = self.bytes();
            let mut sum = Counts::lent(|counts| {
                let sum = self.stretches(until, most, counts, sink);
                counts.give(stages.same.counted());
                sum
            });
            sum.bytes_back = (before + sum.bytes_sent) - self.bytes();
            sum
        };
        if sum.turns > 0 {
            self.add_up(&sum, stages);
        }
        sum.turns
    }

    /// Whether the last packet of one of the slots has waited.
    fn one_waited(&mut self) -> bool {
        let late = |slot: &Slot| slot.offered != slot.sent;
        self.waited = self.waited && self.slots.iter().any(late);
        self.waited
    }

    /// Bytes of all packets: by how much they are fewer than before and what was sent, so much came back.
    fn bytes(&self) -> u64 {
        self.slots.iter().map(|slot| u64::from(slot.bytes)).sum()
    }

    /// The same without [`Counts`], which are worth it only if there are many.
    #[inline(never)]
    fn one_stretch(
        &mut self,
        until: u64,
        most: u64,
        same: &mut Same,
        sink: &mut impl Listener,
    ) -> Sum {
        let times = same.next(most as usize);
        let before = times.len();
        let mut listed = Listed { times, bytes: 0 };
        let mut sink = sink.turning(|| self.start());
        let Link { sources, card, slots, batches, number, .. } = self;
        let (source, mut sum) = (&mut sources[0], Sum::default());
        let stretch = Stretch { number: *number, first: source.offered(), most, until };
        if let Some(mut sizes) = source.cycle() {
            stretch.run(card, slots, &mut sum, &mut listed, None, &mut sink, |_| sizes.next());
        } else {
            stretch.run(card, slots, &mut sum, &mut listed, None, &mut sink, |n| source.size(n));
        }
        sum.bytes_back = listed.bytes;
        batches.record_all(&listed.times[before..]);
        source.turned(sum.turns);
        sink.end(sum.turns);
        sum
    }

    #[inline]
    fn stretches(
        &mut self,
        until: u64,
        most: u64,
        counts: &mut Counts,
        sink: &mut impl Listener,
    ) -> Sum {
        let mut sink = sink.turning(|| self.start());
        let Link { sources, card, slots, batches, number, .. } = self;
        let (source, mut sum) = (&mut sources[0], Sum::default());
        loop {
            let short = batches.size() < SHORT;
            let room = if short { ENOUGH * SHORT } else { batches.room() };
            let size = room.min(most - sum.turns);
            let (turns, before) = (sum.turns, sum.with_miniport);
            let stretch = Stretch { number: *number, first: source.offered(), most: size, until };
            if let Some(mut sizes) = source.cycle() {
                let next = |_| sizes.next();
                if short {
                    stretch.run(
                        card,
                        slots,
                        &mut sum,
                        counts,
                        Some(&mut *batches),
                        &mut sink,
                        next,
                    );
                } else {
                    stretch.run(card, slots, &mut sum, counts, None, &mut sink, next);
                }
            } else {
                let batches = short.then_some(&mut *batches);
                stretch.run(card, slots, &mut sum, counts, batches, &mut sink, |n| source.size(n));
            }
            let took = sum.turns - turns;
            if !short {
                batches.add((sum.with_miniport - before).into(), took);
            }
            source.turned(took);
            if took < size || sum.turns == most {
                sink.end(sum.turns);
                return sum;
            }
        }
    }

    /// Where turns begin.
    fn start(&mut self) -> Start {
        let Link { sources, card, slots, number, .. } = self;
        let mut on_way = VecDeque::new();
        let clock = card.busy().each(|finish, index| {
            if let Some(slot) = slots.get(index as usize) {
                on_way.push_back(OnWay {
                    seq: slot.seq,
                    bytes: slot.bytes,
                    sent: slot.sent,
                    finish,
                });
            }
        });
        let (size, luck) = sources[0].sizes();
        Start { link: *number, next: sources[0].offered(), clock, on_way, size, luck }
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
        let with_miniport = u128::from(sum.with_miniport);
        self.sums.miniport += with_miniport;
        self.sums.latency += with_miniport;
        self.sums.delivery += with_miniport;
        stages.at_once += sum.turns;
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
        counts: &mut impl Tally,
        mut batches: Option<&mut Batches>,
        sink: &mut impl Turns,
        mut size: impl FnMut(u64) -> u32,
    ) {
        let Stretch { number, first, most, until } = *self;
        let mut busy = card.busy();
        let (mut turns, mut now) = (0, sum.now);
        let (mut with_miniport, mut sent, mut broken) = (0, 0, 0);
        while turns < most {
            let Some((finish, index)) = busy.front() else { break };
            if finish > until {
                break;
            }
            let Some(slot) = slots.get_mut(index as usize) else { break };
            busy.advance();
            now = finish;

            let took = now - slot.sent;
            with_miniport += took;
            counts.count(took, slot.bytes);
            if let Some(batches) = &mut batches {
                batches.record(took);
            }
            // It was sent when it was offered; told so, there is less to look at.
            let record = slot.record(number, now, FinalStatus::SUCCESS);
            let (frame, record) =
                (slot.frame(index, now), PacketRecord { offered: slot.sent, ..record });

            match turned(slot.state) {
                Ok(state) => slot.state = state,
                Err(_) => broken += 1,
            }
            let seq = first + turns;
            let bytes = size(seq);
            (slot.seq, slot.offered, slot.sent) = (seq, now, now);
            (slot.bytes, slot.wire_bytes) = (bytes, bytes);
            sent += u64::from(bytes);
            busy.send(index, bytes);
            sink.turn(&frame, &record, seq, bytes);
            turns += 1;
        }
        busy.end(turns);
        sum.turns += turns;
        sum.now = now;
        sum.with_miniport += with_miniport;
        sum.bytes_sent += sent;
        sum.broken += broken;
    }
}
