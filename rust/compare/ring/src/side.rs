//! The sides of the table: ours and every rival, each able to run every case that it knows.

use ndiswan::ring::Open;

use crate::cases::{Case, Work};
use crate::ours::Ours;
use crate::queue::{CAPACITY, CROWD, LARGE, Queue};
use crate::rivals::{channels, disruptor, enso, native, rbuffer, rings, rtrb};
use crate::work::flow::{self, Flow};
use crate::work::{Sample, fill, latency, single};

/// The name of the bare cache line among the sides.
pub const CACHE_LINE: &str = "cache line";

/// One side.
#[derive(Copy, Clone, Debug)]
pub struct Side {
    /// What the tables call it.
    pub name: &'static str,
    /// The most producers it can have; none for the cache lines, which know latency alone.
    pub most_producers: usize,
    run: fn(&Case, u64, &[usize]) -> Sample,
}

impl Side {
    /// Whether it is a queue, and not what the machine allows.
    pub fn is_queue(&self) -> bool {
        self.most_producers > 0
    }

    /// Whether it can run this case.
    pub fn knows(&self, case: &Case) -> bool {
        let producers = match case.work {
            Work::Latency => 0,
            Work::Single { .. } => 1,
            Work::Flow { producers, .. } => producers,
            Work::Fill { .. } => 2,
        };
        producers <= self.most_producers
    }

    /// Runs a case with so many entries on these cores.
    pub fn run(&self, case: &Case, entries: u64, cores: &[usize]) -> Sample {
        (self.run)(case, entries, cores)
    }
}

/// A side whose types for the three capacities and for open loops are these.
fn side<Q: Queue, C: Queue, L: Queue, O: Queue>() -> Side {
    Side { name: Q::NAME, most_producers: Q::MOST_PRODUCERS, run: run::<Q, C, L, O> }
}

fn run<Q: Queue, C: Queue, L: Queue, O: Queue>(
    case: &Case,
    entries: u64,
    cores: &[usize],
) -> Sample {
    match case.work {
        Work::Single { batch } => single::single::<Q>(CAPACITY, batch, entries),
        Work::Flow { producers, push, take, closed } => {
            // With fewer cores than threads the scheduler decides.
            let alone = producers < cores.len();
            let (cores, capacity) = if alone { (cores, CAPACITY) } else { (&[][..], CROWD) };
            let pool = closed.then_some(capacity as u64);
            let flow = Flow { producers, push, take, pool, capacity, entries, cores };
            match (closed, alone) {
                (true, true) => flow::flow::<Q>(flow),
                (true, false) => flow::flow::<C>(flow),
                (false, _) => flow::flow::<O>(flow),
            }
        }
        Work::Fill { batch } => fill::fill::<L>(batch, entries, cores),
        Work::Latency => latency::queues::<Q>(CAPACITY, entries, cores),
    }
}

fn cache_line() -> Side {
    let run = |_: &Case, times: u64, cores: &[usize]| latency::cache_lines(false, times, cores);
    Side { name: CACHE_LINE, most_producers: 0, run }
}

/// What two queues could reach, each way in a line of its own.
fn two_cache_lines() -> Side {
    let run = |_: &Case, times: u64, cores: &[usize]| latency::cache_lines(true, times, cores);
    Side { name: "two cache lines", most_producers: 0, run }
}

/// A side with one type for everything.
fn any<Q: Queue>() -> Side {
    side::<Q, Q, Q, Q>()
}

/// A side whose capacity is a constant.
fn constant<Q: Queue, C: Queue, L: Queue>() -> Side {
    side::<Q, C, L, C>()
}

/// With more threads than cores it crawls: each producer spins for those that took their positions before it, so where
/// those have no core an entry takes a turn of the scheduler (Debian's 0.7.1, four producers on two cores: 300 entries a
/// second for as long as one looked, and the same from C alone).
#[cfg(has_ck)]
fn ck() -> Side {
    Side { most_producers: 1, ..any::<native::Ck>() }
}

/// Ours first, the cache lines last.
pub fn sides() -> Vec<Side> {
    vec![
        side::<Ours, Ours, Ours, Ours<Open>>(),
        #[cfg(has_rte)]
        any::<native::RteMp>(),
        #[cfg(has_rte)]
        any::<native::RteHts>(),
        #[cfg(has_ck)]
        ck(),
        #[cfg(has_moodycamel)]
        side::<native::Moodycamel, native::Moodycamel, native::Moodycamel, native::MoodycamelOpen>(
        ),
        any::<rings::ArrayQueue>(),
        constant::<rbuffer::Rbuffer<CAPACITY>, rbuffer::Rbuffer<CROWD>, rbuffer::Rbuffer<LARGE>>(),
        any::<channels::Nexus>(),
        any::<enso::Enso>(),
        any::<disruptor::Disruptor>(),
        any::<rings::ThingBuf>(),
        any::<channels::Kanal>(),
        constant::<rings::Heapless<CAPACITY>, rings::Heapless<CROWD>, rings::Heapless<LARGE>>(),
        any::<rings::Concurrent>(),
        any::<channels::Crossbeam>(),
        any::<channels::StdSync>(),
        any::<channels::Flume>(),
        any::<channels::Tachyonix>(),
        any::<rtrb::Rtrb>(),
        cache_line(),
        two_cache_lines(),
    ]
}

/// Who cannot be measured here, and the package that is missing.
pub fn missing() -> &'static [(&'static str, &'static str)] {
    native::MISSING
}
