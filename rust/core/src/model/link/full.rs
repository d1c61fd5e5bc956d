//! What becomes of packets for which there is no room.

use super::{Link, step};
use crate::contract::packet::PacketState;
use crate::model::sink::Sink;

impl Link {
    /// Packets that go round and found the queue full: their senders see whether there is room now. (To ask again at once would
    /// be to ask for ever.)
    #[cold]
    pub(super) fn try_again(&mut self) {
        if self.queue.has_room() || self.queue.is_empty() && self.may_send() {
            self.turned_away = false;
            self.sources.iter_mut().for_each(|source| source.try_again(self.now));
        }
    }

    /// The queue's discipline has dropped some, oldest first.
    #[cold]
    pub(super) fn drop_queued<S: Sink>(&mut self, sink: &mut S) {
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
}
