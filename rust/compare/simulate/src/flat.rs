//! What a packet costs when there are few or many of them, on one link or on many.

use ndiswan::model::simulation::{Control, Detail};
use ndiswan::model::{LinkSpec, Luck, Simulation};
use ndiswan_compare::report::Row;
use ndiswan_compare::rounds::{cpu_time, spread};

use crate::ours;
use crate::workload::sizes;

/// Links, and packets on each, as powers of ten.
const SHAPES: [(u32, u32); 10] =
    [(0, 2), (0, 3), (0, 4), (0, 5), (0, 6), (0, 7), (0, 8), (2, 6), (4, 4), (5, 3)];
/// Fewer packets are repeated until they are so many.
const AT_LEAST: u64 = 200_000;
/// So many short runs between two looks at the clock, each of which takes as long as a hundred packets.
const TOGETHER: u64 = 16;
/// The dearest costs at most twice what the cheapest does.
const FLAT: f64 = 0.5;

/// Nanoseconds of the processor for a packet: the run alone, and with making the links before it.
fn cost(spec: &LinkSpec) -> (f64, f64) {
    let packets = spec.traffic[0].packets.unwrap_or(0) * u64::from(spec.count);
    let times = AT_LEAST.div_ceil(packets);
    let (mut run, mut left, begin) = (0, times, cpu_time());
    let make = |_| {
        let specs = vec![spec.clone()];
        Simulation::new(specs, &[Luck::of(0, 0)], Detail::Counters).expect("good parameters")
    };
    while left > 0 {
        let many = left.min(TOGETHER);
        left -= many;
        let mut simulations: Vec<Simulation> = (0..many).map(make).collect();
        let now = cpu_time();
        for simulation in &mut simulations {
            simulation.run(None, 1, &Control::default()).expect("it ends");
        }
        run += cpu_time() - now;
        for simulation in &simulations {
            assert_eq!(simulation.stages(0).latency.count(), packets);
        }
    }
    let all = cpu_time() - begin;
    let each = (times * packets) as f64;
    (run as f64 / each, all as f64 / each)
}

/// The rows.
pub fn rows(rounds: usize) -> Vec<Row> {
    let sizes = sizes();
    let spec =
        |(links, packets): (u32, u32)| ours::links(&sizes, 10_u64.pow(packets), 10_u32.pow(links));
    let specs = SHAPES.map(spec);
    let round = |number: usize| {
        let mut costs = vec![(0.0, 0.0); specs.len()];
        for turn in 0..specs.len() {
            let at = (turn + number) % specs.len();
            costs[at] = cost(&specs[at]);
        }
        costs
    };
    let all: Vec<_> = (0..=rounds).map(round).skip(1).collect();
    let runs = |at: usize| row(&all, at, |cost| cost.0, "a run", Some(FLAT));
    let made = |at: usize| row(&all, at, |cost| cost.1, "making the links and the run", None);
    let alone = (0..SHAPES.len()).map(runs);
    alone.chain([made(0), made(SHAPES.len() - 1)]).collect()
}

/// The row of one shape, beside the cheapest run of the round.
fn row(
    all: &[Vec<(f64, f64)>],
    at: usize,
    of: fn(&(f64, f64)) -> f64,
    what: &str,
    target: Option<f64>,
) -> Row {
    let cheapest = |round: &[(f64, f64)]| round.iter().map(|cost| cost.0).fold(f64::MAX, f64::min);
    let pairs = || all.iter().map(|round| (of(&round[at]), cheapest(round)));
    let (links, packets) = SHAPES[at];
    Row {
        case: format!("{what}: 10^{links} links, 10^{packets} packets on each"),
        against: "the cheapest".to_string(),
        ours: spread(pairs().map(|(ours, _)| ours).collect()).1,
        rival: spread(pairs().map(|(_, least)| least).collect()).1,
        unit: "ns",
        ratio: spread(pairs().map(|(ours, least)| least / ours).collect()),
        target,
    }
}
