//! Executions of the completion race: what one costs, and what a point of it costs.

use std::time::Duration;

use ndiswan_compare::report::Row;
use ndiswan_compare::rounds::{cpu_time, spread};
use shuttle::scheduler::{PctScheduler, RandomScheduler};

use crate::drivers::race::{PLAY, Race};
use crate::{ours, shuttled};

/// Executions in a round.
const TIMES: u64 = 2_000;
const LONG: Duration = Duration::from_mins(10);

/// Microseconds an execution, and points in one.
type Cost = (f64, f64);

fn cost(run: impl FnOnce() -> (u64, u64, Option<String>)) -> Cost {
    let begin = cpu_time();
    let (executions, points, failure) = run();
    let time = (cpu_time() - begin) as f64 / 1000.0;
    assert_eq!((executions, failure), (TIMES, None), "the race is a good driver");
    (time / TIMES as f64, points as f64 / TIMES as f64)
}

fn ours(explorer: &str, round: u64) -> Cost {
    cost(|| {
        let all = ours::explore::<Race<_>>(explorer, round, (TIMES, LONG), PLAY);
        (all.executions, all.points, all.failure)
    })
}

fn theirs(explorer: &str, round: u64, every_event: bool) -> Cost {
    let world = (1, every_event);
    cost(|| {
        let all = if explorer == "pct" {
            let scheduler = PctScheduler::new_from_seed(round, 3, TIMES as usize);
            shuttled::explore::<Race<_>>(scheduler, LONG, PLAY, world)
        } else {
            let scheduler = RandomScheduler::new_from_seed(round, TIMES as usize);
            shuttled::explore::<Race<_>>(scheduler, LONG, PLAY, world)
        };
        (all.executions, all.points, all.failure)
    })
}

/// The rows; every side runs once a round, each round another one first.
pub fn rows(rounds: usize) -> Vec<Row> {
    let cases: Vec<(&str, bool)> =
        ["random", "pct"].into_iter().flat_map(|name| [(name, false), (name, true)]).collect();
    let mut all = vec![Vec::new(); cases.len()];
    for round in 0..=rounds {
        for turn in 0..cases.len() {
            let at = (turn + round) % cases.len();
            let (explorer, every_event) = cases[at];
            let pair = if round % 2 == 0 {
                let mine = ours(explorer, round as u64);
                (mine, theirs(explorer, round as u64, every_event))
            } else {
                let its = theirs(explorer, round as u64, every_event);
                (ours(explorer, round as u64), its)
            };
            if round > 0 {
                all[at].push(pair);
            }
        }
    }
    let both = cases.iter().zip(&all);
    both.flat_map(|(case, pairs)| [execution(*case, pairs), point(*case, pairs)]).collect()
}

fn name((explorer, every_event): (&str, bool), pairs: &[(Cost, Cost)]) -> String {
    let middle = |of: fn(&(Cost, Cost)) -> f64| spread(pairs.iter().map(of).collect()).1;
    let which = if every_event { "every event a point" } else { "its own points" };
    let points = (middle(|pair| pair.0.1), middle(|pair| pair.1.1));
    format!("{explorer}, {which} ({:.0} : {:.0})", points.0, points.1)
}

fn execution(case: (&str, bool), pairs: &[(Cost, Cost)]) -> Row {
    let column = |of: fn(&(Cost, Cost)) -> f64| spread(pairs.iter().map(of).collect());
    Row {
        case: format!("an execution: {}", name(case, pairs)),
        against: "shuttle".to_string(),
        ours: column(|pair| pair.0.0).1,
        rival: column(|pair| pair.1.0).1,
        unit: "us",
        ratio: column(|pair| pair.1.0 / pair.0.0),
        target: Some(3.0),
    }
}

fn point(case: (&str, bool), pairs: &[(Cost, Cost)]) -> Row {
    let column = |of: fn(&(Cost, Cost)) -> f64| spread(pairs.iter().map(of).collect());
    Row {
        case: format!("a point: {}", name(case, pairs)),
        against: "shuttle".to_string(),
        ours: column(|pair| 1000.0 * pair.0.0 / pair.0.1).1,
        rival: column(|pair| 1000.0 * pair.1.0 / pair.1.1).1,
        unit: "ns",
        ratio: column(|pair| pair.1.0 / pair.1.1 / (pair.0.0 / pair.0.1)),
        target: None,
    }
}
