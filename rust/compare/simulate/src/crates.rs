//! The scenario: ours and the crates that simulate.

use std::error::Error;
use std::rc::Rc;

use ndiswan_compare::report::Row;

use crate::table::{Runner, costs, row};
use crate::workload::{Outcome, sizes};
use crate::{ours, rivals};

/// One who runs the scenario with these sizes and so many packets.
type Run = fn(&[u32], u64) -> Outcome;

/// Name, packets in a round, how it runs, and what is asked against it.
const SIDES: [(&str, u64, Run, Option<f64>); 4] = [
    ("ndiswan", 100_000, |sizes, packets| ours::run(sizes, packets, 1), None),
    ("desque, an event for each packet in flight", 50_000, rivals::desque::run, Some(4.0)),
    ("desque, an event for the head of the line", 50_000, rivals::desque::head, None),
    ("nexosim, one thread", 5_000, rivals::nexosim::run, Some(50.0)),
];

/// All come to the same: counts, sums and ends, whatever the number of packets.
pub fn check() {
    let sizes = sizes();
    for packets in [1, 63, 64, 65, 5_000] {
        let expected = ours::run(&sizes, packets, 1);
        for (name, _, run, _) in SIDES {
            assert_eq!(run(&sizes, packets), expected, "{name} with {packets} packets");
        }
    }
}

/// Looks whether the scenario comes to this: packets, the sum of their latencies, the end.
///
/// # Errors
/// It does not, or these are no three numbers.
pub fn expect(outcome: &str) -> Result<(), Box<dyn Error>> {
    let numbers: Vec<u64> = outcome.split(',').map(str::parse).collect::<Result<_, _>>()?;
    let [count, latency_ns, end_ns] = numbers[..] else {
        return Err(format!("expected COUNT,LATENCY_NS,END_NS, got {outcome}").into());
    };
    let expected = Outcome { count, latency_ns: latency_ns.into(), end_ns };
    let got = ours::run(&sizes(), count, 1);
    if got == expected { Ok(()) } else { Err(format!("expected {expected:?}, got {got:?}").into()) }
}

/// The rows.
pub fn rows(rounds: usize) -> Vec<Row> {
    check();
    let sizes = Rc::new(sizes());
    let runner = |(name, packets, run, _): (&str, u64, Run, Option<f64>)| {
        let sizes = Rc::clone(&sizes);
        let expected = run(&sizes, packets);
        Runner::new(name, packets, move |packets| assert_eq!(run(&sizes, packets), expected))
    };
    let all = costs(SIDES.into_iter().map(runner).collect(), rounds);
    let rivals = SIDES.iter().enumerate().skip(1);
    let case = || "closed loop, built in".to_string();
    rivals.map(|(side, (name, .., target))| row(case(), name, &all, (0, side), *target)).collect()
}
