//! What links do, against what can be computed by hand.

use super::simulation::{Control, Detail, Simulation};
use super::*;

fn fixed(bytes: u32) -> Size {
    Size::Fixed { bytes }
}

fn traffic(arrivals: Arrivals, size: Size, packets: u64) -> Traffic {
    Traffic { arrivals, size, start_ns: 0, packets: Some(packets), class: 0 }
}

fn link(traffic: Traffic, window: u32, rate_bps: u64) -> LinkSpec {
    LinkSpec {
        traffic: vec![traffic],
        queue: QueueSpec { limit: None, ..QueueSpec::default() },
        window,
        card: CardSpec::default(),
        line: LineSpec { rate_bps, ..LineSpec::default() },
        count: 1,
    }
}

fn run(specs: Vec<LinkSpec>) -> Simulation {
    let luck: Vec<Luck> = (0..specs.len()).map(|n| Luck::of(1, n as u64)).collect();
    let mut simulation = Simulation::new(specs, &luck, Detail::Trace).unwrap();
    assert!(simulation.run(None, 1, &Control::default()).unwrap());
    for (_, counters, _) in simulation.counters() {
        assert_eq!(counters.broken, 0);
    }
    simulation
}

#[test]
fn a_closed_loop_keeps_the_line_busy_and_ends_when_its_packets_are_sent() {
    let closed = Arrivals::ClosedLoop { packets: 8, think: None };
    let mut simulation = run(vec![link(traffic(closed, fixed(500), 1_000), 8, 1_000_000)]);
    assert_eq!(simulation.now(), 1_000 * 4_000_000);
    let (_, counters, elapsed) = simulation.counters()[0];
    assert_eq!((counters.sent, counters.succeeded, counters.received), (1_000, 1_000, 1_000));
    assert_eq!(counters.busy_ns, elapsed);
    assert_eq!(counters.most_outstanding, 8);
    // The first eight wait for 1 to 8 frames, the others for 8.
    let latency = &simulation.stages(0).latency;
    assert_eq!(latency.sum(), 4_000_000 * (36 + 992 * 8));
}

#[test]
fn what_finds_the_queue_full_is_dropped() {
    let burst = Arrivals::At { times_ns: (0..10).map(|_| 5).collect() };
    let mut spec = link(traffic(burst, fixed(100), 10), 2, 1_000_000);
    spec.queue.limit = Some(3);
    let mut simulation = run(vec![spec]);
    let (_, counters, _) = simulation.counters()[0];
    assert_eq!((counters.offered, counters.sent, counters.dropped_full), (10, 5, 5));
}

#[test]
fn time_averages_are_sums_over_packets() {
    let mut simulation = run(vec![link(
        traffic(Arrivals::Poisson { mean_ns: 900_000.0 }, fixed(100), 20_000),
        1,
        1_000_000,
    )]);
    let (_, counters, _) = simulation.counters()[0];
    let stages = simulation.stages(0);
    assert_eq!(counters.outstanding_ns, stages.miniport.sum());
    assert_eq!(counters.queued_ns, stages.queued.sum());
    assert_eq!(stages.queued.sum() + stages.miniport.sum(), stages.latency.sum());
}

/// The same link with packets that go round at once, and with ones that are thought about for no time: the second takes no short cut.
#[test]
fn the_short_cut_of_a_saturated_link_changes_nothing() {
    let losses = [Loss::None, Loss::BitErrors { rate: 1e-5 }];
    let sizes: Size = Size::Uniform { low: 40, high: 1500 };
    for (window, packets) in [(1, 1), (1, 3), (4, 4), (8, 8), (8, 20)] {
        for (n, loss) in losses.into_iter().enumerate() {
            let runs: Vec<Simulation> = [None, Some(Duration::Constant { ns: 0.0 })]
                .into_iter()
                .map(|think| {
                    let arrivals = Arrivals::ClosedLoop { packets, think };
                    let mut spec = link(traffic(arrivals, sizes.clone(), 5_000), window, 1 << 20);
                    spec.line.loss = loss;
                    spec.line.propagation_ns = 700_000 * n as u64;
                    spec.line.jitter =
                        (n > 0).then_some(Duration::Exponential { mean_ns: 1_000_000.0 });
                    let mut simulation =
                        Simulation::new(vec![spec], &[Luck::of(3, 0)], Detail::Records).unwrap();
                    // In pieces, as a long run is, with a warm-up.
                    simulation.run_events(None, 777).unwrap();
                    simulation.clear();
                    for until in 1..50 {
                        let control = Control::default();
                        simulation.run(Some(until * 600_000_000), 1, &control).unwrap();
                    }
                    simulation
                })
                .collect();
            let [mut short, mut long] = runs.try_into().unwrap();
            assert_eq!(short.digest(), long.digest(), "window {window}, {packets} packets");
            assert_eq!(short.counters(), long.counters());
            assert_eq!(short.stages(0), long.stages(0));
            assert!(short.packets().eq(long.packets()));
            assert_eq!(short.counters()[0].1.broken, 0);
        }
    }
}
