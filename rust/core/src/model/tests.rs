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
        multilink: None,
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
    let uniform = Size::Uniform { low: 40, high: 1500 };
    let cycle = Size::Cycle { bytes: (0..97).map(|n| 40 + n * 53 % 1400).collect() };
    let cases = [(1, 1), (1, 3), (4, 4), (8, 8), (8, 20)].into_iter();
    for ((window, packets), sizes) in cases.flat_map(|case| [(case, &uniform), (case, &cycle)]) {
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
            assert!(short.links().map(Link::batches).eq(long.links().map(Link::batches)));
            assert!(short.packets().eq(long.packets()));
            assert_eq!(short.counters()[0].1.broken, 0);
        }
    }
}

/// The same from the first send to the last completion, in pieces of so many events, and to a time in their middle.
#[test]
fn the_short_cuts_at_both_ends_change_nothing() {
    let uniform = Size::Uniform { low: 40, high: 1_400 };
    let cycle = Size::Cycle { bytes: (0..97).map(|n| 40 + n * 53 % 1400).collect() };
    for packets in [1, 5, 8, 9, 40, 700] {
        for (piece, start_ns, sizes) in
            [(1, 0, &cycle), (3, 7_000, &cycle), (1_000, 0, &cycle), (1_000, 9, &uniform)]
        {
            let runs: Vec<Simulation> = [None, Some(Duration::Constant { ns: 0.0 })]
                .into_iter()
                .map(|think| {
                    let arrivals = Arrivals::ClosedLoop { packets: 8, think };
                    let mut spec = link(traffic(arrivals, sizes.clone(), packets), 8, 1 << 20);
                    spec.traffic[0].start_ns = start_ns;
                    let luck = [Luck::of(3, 0)];
                    let mut simulation =
                        Simulation::new(vec![spec], &luck, Detail::Records).unwrap();
                    simulation.run(Some(4_000_000), 1, &Control::default()).unwrap();
                    while simulation.run_events(None, piece).unwrap() == piece {}
                    simulation
                })
                .collect();
            let [mut short, mut long] = runs.try_into().unwrap();
            let what = format!("{packets} packets, {piece} events at a time");
            assert_eq!(short.digest(), long.digest(), "{what}");
            assert_eq!((short.now(), short.events()), (long.now(), long.events()), "{what}");
            assert_eq!(short.counters(), long.counters(), "{what}");
            assert_eq!(short.stages(0), long.stages(0), "{what}");
            assert!(short.links().map(Link::batches).eq(long.links().map(Link::batches)));
            assert!(short.packets().eq(long.packets()), "{what}");
            assert_eq!(short.packets().count() as u64, packets);
        }
    }
}

fn bundle(members: &[(u64, u32)], fragment_bytes: u32, header_bytes: u32) -> MultilinkSpec {
    let member = |(rate_bps, window): &(u64, u32)| Member {
        line: LineSpec { rate_bps: *rate_bps, mtu: 2_000, ..LineSpec::default() },
        card: CardSpec::default(),
        window: *window,
    };
    MultilinkSpec { members: members.iter().map(member).collect(), fragment_bytes, header_bytes }
}

/// One microsecond a byte.
const SLOW: u64 = 8_000_000;

#[test]
fn fragments_of_a_packet_go_over_several_lines_at_once() {
    let cases = [
        // Two halves at the same time, with a header each.
        (bundle(&[(SLOW, 1), (SLOW, 1)], 500, 4), 504_000),
        // The first line takes the first and the third fragment.
        (bundle(&[(SLOW, 2), (SLOW, 2)], 400, 0), 600_000),
        // A line of half the speed carries one of two.
        (bundle(&[(SLOW, 1), (SLOW / 2, 1)], 500, 0), 1_000_000),
        // Windows of one: the faster line takes the third when it is free.
        (bundle(&[(SLOW, 1), (SLOW / 4, 1)], 250, 0), 1_000_000),
        (bundle(&[(SLOW, 1)], 1_000, 0), 1_000_000),
    ];
    for (multilink, each) in cases {
        let arrivals = Arrivals::ClosedLoop { packets: 1, think: None };
        let mut spec = link(traffic(arrivals, fixed(1_000), 50), 1, SLOW);
        spec.multilink = Some(multilink);
        let mut simulation = run(vec![spec]);
        let (_, counters, _) = simulation.counters()[0];
        assert_eq!((counters.succeeded, counters.received), (50, 50));
        assert_eq!(simulation.now(), 50 * each);
        assert_eq!(simulation.stages(0).delivery.sum(), u128::from(50 * each));
    }
}

#[test]
fn a_packet_is_lost_with_any_of_its_fragments_and_comes_back_all_the_same() {
    let arrivals = Arrivals::Poisson { mean_ns: 1_500_000.0 };
    let mut spec = link(traffic(arrivals, Size::Uniform { low: 1, high: 1_500 }, 20_000), 6, SLOW);
    let mut multilink = bundle(&[(SLOW, 3), (SLOW, 3), (SLOW / 3, 2)], 200, 4);
    for member in &mut multilink.members {
        member.line.loss = Loss::BitErrors { rate: 1e-5 };
        member.card.completes = Completes::WhenCopied;
        member.card.descriptors = 2;
    }
    multilink.members[0].card.dies =
        Some(Death { mean_up_ns: 3e9, check_for_hang_ns: 100_000_000, ..Death::default() });
    spec.multilink = Some(multilink);
    let mut simulation = run(vec![spec]);
    let (_, counters, _) = simulation.counters()[0];
    assert_eq!(counters.succeeded + counters.aborted, 20_000);
    // What a card had copied of them vanishes with its memory of two, and what was out may come back aborted.
    let (told, memory) =
        (counters.received + counters.lost + counters.aborted, 2 * counters.resets);
    assert!((20_000 - memory..=20_000 + memory).contains(&told), "{counters:?}");
    assert!(counters.resets > 3 && counters.aborted > 0, "{counters:?}");
    // 771 bytes with headers of 4 on average: 1 − (1 − 10⁻⁵)^(8·771) is 6.0 %, and the resets take some.
    let lost = counters.lost as f64 / 20_000.0;
    assert!((0.055..0.08).contains(&lost), "{lost}");
}
