//! The far end of a line: what arrives, and when it counts.

use std::collections::VecDeque;

use super::card::{FarEnd, Frame};
use super::counters::Counters;
use super::histogram::Histogram;
use super::sink::Sink;

/// Frames whose last bit is out and not yet in, by their arrival.
#[derive(Debug, Default)]
pub(super) struct Air(VecDeque<(u64, u32, u64)>);

impl Air {
    /// Counts what has arrived by `now`.
    #[inline(always)]
    pub(super) fn settle(
        &mut self,
        now: u64,
        counters: &mut Counters,
        sum: &mut u128,
        delivery: &mut Histogram,
    ) {
        while let Some((at, bytes, offered)) = self.0.front().copied() {
            if at > now {
                return;
            }
            self.0.pop_front();
            count(counters, sum, delivery, bytes, at - offered);
        }
    }

    /// When the last of them arrives; 0 if there is none.
    pub(super) fn last(&self) -> u64 {
        self.0.back().map_or(0, |&(at, ..)| at)
    }

    /// A frame is out and arrives at `at`, if it is not lost: counted now, or when it arrives.
    #[inline(always)]
    pub(super) fn left(
        &mut self,
        frame: &Frame,
        at: Option<u64>,
        counters: &mut Counters,
        sum: &mut u128,
        delivery: &mut Histogram,
    ) {
        match at {
            None => counters.lost += 1,
            Some(at) if at == frame.finish => {
                count(counters, sum, delivery, frame.bytes, at - frame.offered);
            }
            Some(at) => {
                self.settle(frame.finish, counters, sum, delivery);
                self.put(at, frame);
            }
        }
    }

    fn put(&mut self, at: u64, frame: &Frame) {
        // By far the most come last; by jitter one may overtake a few.
        let mut place = self.0.len();
        while place > 0 && self.0[place - 1].0 > at {
            place -= 1;
        }
        self.0.insert(place, (at, frame.bytes, frame.offered));
    }
}

#[inline(always)]
fn count(counters: &mut Counters, sum: &mut u128, delivery: &mut Histogram, bytes: u32, took: u64) {
    counters.received += 1;
    counters.received_bytes += u64::from(bytes);
    *sum += u128::from(took);
    delivery.count_only(took);
}

/// The far end while the link runs.
pub(super) struct Far<'a, S> {
    pub(super) counters: &'a mut Counters,
    pub(super) sum: &'a mut u128,
    pub(super) delivery: &'a mut Histogram,
    pub(super) air: &'a mut Air,
    pub(super) sink: &'a mut S,
}

impl<S: Sink> FarEnd for Far<'_, S> {
    #[inline(always)]
    fn left(&mut self, frame: &Frame, at: Option<u64>) {
        self.sink.left(frame, at);
        self.air.left(frame, at, self.counters, self.sum, self.delivery);
    }

    fn vanished(&mut self, _: &Frame) {
        self.counters.vanished += 1;
    }
}
