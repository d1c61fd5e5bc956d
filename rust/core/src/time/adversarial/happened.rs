//! What happened in a world, counted together, and a number that stands for all of it.

use crate::coverage::{Coverage, Seen};

/// So many events of a world are kept. What is more is hashed and let go of; else only who asks for the fingerprint has it made.
const MOST: usize = 256;

/// The events of a world.
#[derive(Debug, Default)]
pub(super) struct Told {
    events: Vec<Seen>,
    /// How many of them were counted.
    counted: usize,
    /// Of those before them: how many there were, and what stands for them.
    gone: u64,
    before: Fingerprint,
}

impl Told {
    pub(super) fn new(room: Vec<Seen>) -> Told {
        Told { events: room, ..Told::default() }
    }

    /// Whether it is time to [`count`](Self::count).
    #[inline(always)]
    #[allow(clippy::inline_always)] // a few stores at each event
    pub(super) fn push(&mut self, event: Seen) -> bool {
        self.events.push(event);
        self.events.len() >= MOST
    }

    /// Counts what is there and was not counted yet.
    pub(super) fn count(&mut self, coverage: &mut Coverage) {
        coverage.see_all(&self.events[self.counted..]);
        if self.events.len() >= MOST {
            self.gone += self.events.len() as u64;
            self.before.add(&self.events);
            self.events.clear();
        }
        self.counted = self.events.len();
    }

    /// Whether all of it is counted.
    pub(super) fn is_counted(&self) -> bool {
        self.counted == self.events.len()
    }

    /// How many events there were.
    pub(super) fn len(&self) -> u64 {
        self.gone + self.events.len() as u64
    }

    /// The room, for another world.
    pub(super) fn take_room(&mut self) -> Vec<Seen> {
        std::mem::take(&mut self.events)
    }

    /// Of all that happened.
    pub(super) fn fingerprint(&self) -> u64 {
        let mut all = self.before.clone();
        all.add(&self.events);
        all.number
    }
}

/// A number that stands for events.
#[derive(Clone, Debug, Default)]
struct Fingerprint {
    /// The CPUs in the order in which they appeared: their numbers depend on what ran before.
    cpus: Vec<u32>,
    /// FxHash, of the Rust compiler: a multiplication for each word. Only compared with others of the same process.
    number: u64,
}

impl Fingerprint {
    fn add(&mut self, events: &[Seen]) {
        for event in events {
            let known = self.cpus.iter().position(|cpu| *cpu == event.cpu()).unwrap_or_else(|| {
                self.cpus.push(event.cpu());
                self.cpus.len() - 1
            });
            for word in event.words(known as u32) {
                self.number =
                    (self.number.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cx::Irql;
    use crate::event::{Event, What};

    #[test]
    fn what_was_let_go_of_is_in_the_fingerprint_too() {
        let event = |at: usize| {
            Seen::of(&Event {
                time: at as u64 / 3,
                cpu: [7, 4, 9][at % 3],
                irql: Irql::PASSIVE,
                locks: 0,
                adapter: 0,
                site: at as u32,
                what: What::TimerFire { timer: at as u32 % 5 },
            })
        };
        let all: Vec<Seen> = (0..3 * MOST + 10).map(event).collect();
        let (mut told, mut coverage) = (Told::default(), Coverage::new());
        for (at, event) in all.iter().enumerate() {
            if told.push(*event) || at % 100 == 0 {
                told.count(&mut coverage);
                assert!(told.is_counted() && told.events.len() < MOST);
            }
            let mut whole = Fingerprint::default();
            whole.add(&all[..=at]);
            assert_eq!((told.fingerprint(), told.len()), (whole.number, at as u64 + 1));
        }
        told.count(&mut coverage);
        let counted: u64 = coverage.edges().iter().map(|(_, count)| count).sum();
        assert_eq!(counted, all.len() as u64, "each once");
    }
}
