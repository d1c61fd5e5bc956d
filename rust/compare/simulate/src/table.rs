//! From sides that each do so many packets at a time to rows.

use ndiswan_compare::report::Row;
use ndiswan_compare::rounds::{Side, measure, spread};

/// One side, and how many packets it does in a round: each as many as the clock needs.
pub struct Runner {
    /// The side.
    pub side: Side,
    /// Packets in a round.
    pub packets: u64,
}

impl Runner {
    /// Does `run` with so many packets in each round.
    pub fn new(name: &str, packets: u64, mut run: impl FnMut(u64) + 'static) -> Runner {
        let run = Box::new(move |_| run(packets));
        Runner { side: Side { name: name.to_string(), run }, packets }
    }
}

/// Nanoseconds of the processor for a packet, by round and side.
pub fn costs(runners: Vec<Runner>, rounds: usize) -> Vec<Vec<f64>> {
    let packets: Vec<f64> = runners.iter().map(|runner| runner.packets as f64).collect();
    let mut sides: Vec<Side> = runners.into_iter().map(|runner| runner.side).collect();
    let mut all = measure(&mut sides, rounds, 1);
    for round in &mut all {
        round.iter_mut().zip(&packets).for_each(|(cost, packets)| *cost /= packets);
    }
    all
}

/// The row of two columns; `against` is the rival.
pub fn row(
    case: String,
    against: &str,
    costs: &[Vec<f64>],
    (ours, rival): (usize, usize),
    target: Option<f64>,
) -> Row {
    let column = |side: usize| costs.iter().map(|round| round[side]).collect();
    Row {
        case,
        against: against.to_string(),
        ours: spread(column(ours)).1,
        rival: spread(column(rival)).1,
        unit: "ns",
        ratio: spread(costs.iter().map(|round| round[rival] / round[ours]).collect()),
        target,
    }
}
