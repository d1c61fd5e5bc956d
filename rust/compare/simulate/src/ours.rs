//! The scenario with our built-in models: ledger on, all counters and histograms.

use ndiswan::model::simulation::{Control, Detail};
use ndiswan::model::{
    Arrivals, CardSpec, LineSpec, LinkSpec, Luck, QueueSpec, Simulation, Size, Traffic,
};

use crate::workload::{Outcome, WINDOW};

/// The line with its traffic, so many times.
pub fn links(sizes: &[u32], packets: u64, count: u32) -> LinkSpec {
    let traffic = Traffic {
        arrivals: Arrivals::ClosedLoop { packets: WINDOW as u32, think: None },
        size: Size::Cycle { bytes: sizes.into() },
        start_ns: 0,
        packets: Some(packets),
        class: 0,
    };
    let mtu = sizes.iter().copied().max().unwrap_or(0);
    LinkSpec {
        traffic: vec![traffic],
        queue: QueueSpec { limit: None, ..QueueSpec::default() },
        window: WINDOW as u32,
        card: CardSpec::default(),
        line: LineSpec { rate_bps: 1_000_000_000, mtu, ..LineSpec::default() },
        count,
    }
}

/// Runs so many links with so many packets each, and adds them up.
pub fn run(sizes: &[u32], packets: u64, count: u32) -> Outcome {
    let specs = vec![links(sizes, packets, count)];
    let mut simulation =
        Simulation::new(specs, &[Luck::of(0, 0)], Detail::Counters).expect("good parameters");
    simulation.run(None, 1, &Control::default()).expect("it ends");
    let latency = &simulation.stages(0).latency;
    Outcome { count: latency.count(), latency_ns: latency.sum(), end_ns: simulation.now() }
}
