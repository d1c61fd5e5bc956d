//! The table's columns: what is done, and what issue 4 asks there.

use crate::queue::BATCH;

/// What is done.
#[derive(Copy, Clone, Debug)]
pub enum Work {
    /// One thread, in and out.
    Single {
        /// 1 or [`BATCH`].
        batch: usize,
    },
    /// Producers against a consumer.
    Flow {
        /// How many producers.
        producers: usize,
        /// Pushed at once.
        push: usize,
        /// Taken out at once.
        take: usize,
        /// At most the pool's packets are in flight.
        closed: bool,
    },
    /// Two producers, no consumer.
    Fill {
        /// 1 or [`BATCH`].
        batch: usize,
    },
    /// One way from core to core.
    Latency,
}

/// Whom a target names.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum Against {
    /// The rival with the smallest median in this case.
    Best,
    /// This one.
    Named(&'static str),
    /// The bare cache line of the same run.
    CacheLine,
}

/// One column.
#[derive(Copy, Clone, Debug)]
pub struct Case {
    /// For `--only`, and the head of the column.
    pub id: &'static str,
    /// What the rows call it.
    pub title: &'static str,
    /// What is done.
    pub work: Work,
    /// Entries (there and back again: round trips) of a run.
    pub entries: u64,
    /// The ratios that are asked for.
    pub targets: &'static [(Against, f64)],
}

const ARRAY_QUEUE: Against = Against::Named("crossbeam ArrayQueue");
const RTE: Against = Against::Named("rte_ring MP/SC");
const CK: Against = Against::Named("ck_ring MPSC");
const BEST: Against = Against::Best;

const fn closed(producers: usize, batch: usize) -> Work {
    Work::Flow { producers, push: batch, take: batch, closed: true }
}

const fn open(producers: usize, batch: usize) -> Work {
    Work::Flow { producers, push: batch, take: batch, closed: false }
}

/// All columns.
pub const CASES: &[Case] = &[
    Case {
        id: "1T-b1",
        title: "one thread, one by one",
        work: Work::Single { batch: 1 },
        entries: 600_000,
        targets: &[(RTE, 1.0), (CK, 1.0), (ARRAY_QUEUE, 2.2)],
    },
    Case {
        id: "1T-b32",
        title: "one thread, batches of 32",
        work: Work::Single { batch: BATCH },
        entries: 960_000,
        targets: &[(RTE, 1.0), (ARRAY_QUEUE, 4.0)],
    },
    Case {
        id: "1P-b1",
        title: "one producer, closed, one by one",
        work: closed(1, 1),
        entries: 600_000,
        targets: &[(BEST, 2.0), (ARRAY_QUEUE, 2.5)],
    },
    Case {
        id: "1P-b32",
        title: "one producer, closed, batches of 32",
        work: closed(1, BATCH),
        entries: 960_000,
        targets: &[(BEST, 1.8), (ARRAY_QUEUE, 3.5)],
    },
    Case {
        id: "1P-b1/32",
        title: "one producer, closed, pushed one by one, taken in batches of 32",
        work: Work::Flow { producers: 1, push: 1, take: BATCH, closed: true },
        entries: 600_000,
        targets: &[],
    },
    Case {
        id: "2P-fill-b1",
        title: "two producers filling, one by one",
        work: Work::Fill { batch: 1 },
        entries: 12,
        targets: &[(BEST, 5.0)],
    },
    Case {
        id: "2P-fill-b32",
        title: "two producers filling, batches of 32",
        work: Work::Fill { batch: BATCH },
        entries: 24,
        targets: &[(BEST, 1.7)],
    },
    Case {
        id: "2P-b1",
        title: "two producers, closed, one by one",
        work: closed(2, 1),
        entries: 600_000,
        targets: &[(BEST, 1.5)],
    },
    Case {
        id: "2P-b32",
        title: "two producers, closed, batches of 32",
        work: closed(2, BATCH),
        entries: 960_000,
        targets: &[(BEST, 1.5)],
    },
    Case {
        id: "4P-b1",
        title: "four producers, closed, one by one",
        work: closed(4, 1),
        entries: 600_000,
        targets: &[(BEST, 1.8)],
    },
    Case {
        id: "4P-b32",
        title: "four producers, closed, batches of 32",
        work: closed(4, BATCH),
        entries: 960_000,
        targets: &[(BEST, 1.3)],
    },
    Case {
        id: "4P-open-b1",
        title: "four producers, open, one by one",
        work: open(4, 1),
        entries: 600_000,
        targets: &[(BEST, 1.0)],
    },
    Case {
        id: "4P-open-b32",
        title: "four producers, open, batches of 32",
        work: open(4, BATCH),
        entries: 960_000,
        targets: &[],
    },
    Case {
        id: "latency",
        title: "one way from core to core",
        work: Work::Latency,
        entries: 20_000,
        targets: &[(Against::CacheLine, 1.0 / 1.15)],
    },
];
