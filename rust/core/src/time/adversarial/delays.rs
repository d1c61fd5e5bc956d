//! Time that passed because the explorer had what was due wait: no driver is to blame for it, however often that comes.
//!
//! A driver that feeds a card by a timer needs many for one packet. Each may be late by half a second, and all of them together by
//! more than a packet may take.

use super::State;
use crate::ndis::Ndis;

/// From when to when something waited, or was held up half way: in the order of time, none of which meet.
#[derive(Debug, Default)]
pub(super) struct Delays(pub(super) Vec<(u64, u64)>);

impl Delays {
    /// Something that was due at `from` is done at `to`, now.
    #[inline]
    pub(super) fn add(&mut self, mut from: u64, to: u64) {
        if from >= to {
            return;
        }
        while let Some((before, _)) = self.0.pop_if(|(_, end)| *end >= from) {
            from = from.min(before);
        }
        self.0.push((from, to));
    }

    /// How much of the time since `moment` that was.
    fn since(&self, moment: u64) -> u64 {
        let later = self.0.iter().rev().take_while(|(_, to)| *to > moment);
        later.map(|(from, to)| to - from.max(&moment)).sum()
    }
}

impl Ndis {
    /// Whether more than so many nanoseconds since then are the driver's own; always so without an explorer.
    pub(crate) fn is_drivers(&self, since: u64, own: u64) -> bool {
        self.adversary().is_none_or(|adversary| {
            let (now, mut inner) = (self.now(), adversary.change());
            // What is due and waits, and what was begun and is held up, on this CPU by who asks.
            let due = inner.pending.iter().filter(|pending| !pending.background).map(|one| one.at);
            let held = inner.cpus.iter().filter(|cpu| cpu.state == State::Ready);
            if let Some(first) = due.take(1).chain(held.map(|cpu| cpu.since)).min() {
                inner.delays.add(first, now);
            }
            let passed = now.saturating_sub(since);
            passed - inner.delays.since(since).min(passed) > own
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_is_counted_once_and_from_the_moment_on() {
        let mut delays = Delays::default();
        for (from, to) in [(10, 20), (30, 30), (30, 40), (35, 45), (5, 50), (60, 70), (65, 70)] {
            delays.add(from, to);
        }
        assert_eq!(delays.0, [(5, 50), (60, 70)]);
        assert_eq!(
            [0, 5, 45, 50, 55, 66, 70].map(|moment| delays.since(moment)),
            [55, 55, 15, 10, 10, 4, 0]
        );
    }
}
