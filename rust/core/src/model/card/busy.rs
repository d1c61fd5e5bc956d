//! A plain card on a bare line while it has always something to send: what changes is held apart from the rest of it.

use super::{Card, Fifo};
use crate::model::line::Clock;

/// The card at work; [`end`](Busy::end) gives it back.
pub(in crate::model) struct Busy<'a> {
    /// Its places, a power of two, or none.
    places: &'a mut [(u64, u32)],
    positions: (&'a mut usize, &'a mut usize),
    interrupts: &'a mut u64,
    line: &'a mut Clock,
    first: usize,
    end: usize,
    clock: Clock,
}

impl Card {
    /// Makes room for so many packets, if it has none.
    pub(in crate::model) fn reserve(&mut self, packets: usize) {
        self.out.reserve(packets);
    }

    /// It will have no packet any more.
    pub(in crate::model) fn let_go(&mut self) {
        if self.out.is_empty() {
            self.out = Fifo::new();
        }
    }

    /// It, for turns of a packet that comes out and one that goes in.
    pub(in crate::model) fn busy(&mut self) -> Busy<'_> {
        let (places, first, end) = self.out.parts();
        let line = self.line.clock();
        Busy {
            first: *first,
            end: *end,
            clock: *line,
            places,
            positions: (first, end),
            interrupts: &mut self.interrupts,
            line,
        }
    }
}

impl Busy<'_> {
    /// Those that are on their way, in order: when the last bit of each is out, and which it is; and the line.
    pub(in crate::model) fn each(&self, mut f: impl FnMut(u64, u32)) -> Clock {
        for at in 0..self.end.wrapping_sub(self.first) {
            let (finish, handle) =
                self.places[self.first.wrapping_add(at) & (self.places.len() - 1)];
            f(finish, handle);
        }
        self.clock
    }

    /// Those that were completed since it is held apart, in order.
    pub(in crate::model) fn gone(&self) -> impl ExactSizeIterator<Item = u32> {
        let first = *self.positions.0;
        let place = move |at| first.wrapping_add(at) & (self.places.len() - 1);
        (0..self.first.wrapping_sub(first)).map(move |at| self.places[place(at)].1)
    }

    /// Whether it has nothing any more.
    pub(in crate::model) fn is_empty(&self) -> bool {
        self.first == self.end
    }

    /// It has nothing to do up to then; it is busy from then on.
    pub(in crate::model) fn idle_until(&mut self, at: u64) {
        self.line.idle_until(at);
        self.clock = *self.line;
    }

    /// When the next packet's last bit is out, and which it is.
    #[inline(always)]
    pub(in crate::model) fn front(&self) -> Option<(u64, u32)> {
        if self.first == self.end {
            return None;
        }
        self.places.get(self.first & (self.places.len() - 1)).copied()
    }

    /// It is completed.
    #[inline(always)]
    pub(in crate::model) fn advance(&mut self) {
        self.first = self.first.wrapping_add(1);
    }

    /// Another takes the place of one that is completed in this moment.
    #[inline(always)]
    pub(in crate::model) fn send(&mut self, handle: u32, wire_bytes: u32) {
        let finish = self.clock.transmit_next(wire_bytes);
        let place = self.end & (self.places.len() - 1);
        if let Some(place) = self.places.get_mut(place) {
            *place = (finish, handle);
        }
        self.end = self.end.wrapping_add(1);
    }

    /// So many turns were taken.
    #[inline(always)]
    pub(in crate::model) fn end(self, turns: u64) {
        (*self.positions.0, *self.positions.1) = (self.first, self.end);
        self.line.was_busy_until(self.clock);
        *self.interrupts += turns;
    }
}
