//! What waits for the window: it is sent when that opens, or dropped by the queue's discipline.

use super::{Link, step};
use crate::contract::packet::PacketState;
use crate::model::counters::Stages;
use crate::model::sink::Sink;

impl Link {
    /// What waits is sent while the window is open.
    #[inline(always)]
    pub(super) fn send_queued<S: Sink, const PLAIN: bool>(
        &mut self,
        stages: &mut Stages,
        sink: &mut S,
    ) {
        while !self.queue.is_empty() && self.may_send() {
            let next = self.queue.pop(self.now, &mut self.dropped);
            if !self.dropped.is_empty() {
                self.drop_queued(sink);
            }
            let Some(next) = next else { return };
            self.send::<S, PLAIN>(next.slot, stages, sink);
        }
    }

    /// The queue's discipline has dropped some, oldest first.
    #[cold]
    fn drop_queued<S: Sink>(&mut self, sink: &mut S) {
        let mut dropped = std::mem::take(&mut self.dropped);
        for waiting in dropped.drain(..) {
            let slot = &mut self.slots[waiting.slot as usize];
            step(&mut slot.state, &mut self.counters, PacketState::free);
            self.counters.dropped_early += 1;
            self.sums.dropped += u128::from(self.now - slot.offered);
            sink.dropped(self.now, slot.seq);
            let flow = slot.flow as usize;
            self.free.push(waiting.slot);
            self.sources[flow].handed_back(self.now);
        }
        self.dropped = dropped;
    }

    /// Packets that go round and found the queue full: their senders see whether there is room now. (To ask again at once would
    /// be to ask for ever.)
    #[cold]
    pub(super) fn try_again(&mut self) {
        if self.queue.has_room() || self.queue.is_empty() && self.may_send() {
            self.turned_away = false;
            self.sources.iter_mut().for_each(|source| source.try_again(self.now));
        }
    }
}
