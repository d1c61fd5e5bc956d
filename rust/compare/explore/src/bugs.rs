//! The bugs, hunted by both: processor time until one is found.

use std::fs::File;
use std::time::Duration;

use ndiswan_compare::report::{Missing, Row};
use ndiswan_compare::rounds::{cpu_time, spread};
use shuttle::scheduler::{PctScheduler, RandomScheduler};

use crate::drivers::answered_twice::{
    CancelsWithoutTheLock, RemovesAfterwards, SharesItsList, TwoOrders,
};
use crate::drivers::check_then_act::{ChecksTheLineFirst, CountsWhenQueued, LooksAfterItsLock};
use crate::drivers::looks_in_vain::{AcknowledgesLast, GivesUpAnyway};
use crate::drivers::{sends, sends_and_reset};
use crate::nic::{Driver, Play};
use crate::ours::Ours;
use crate::shuttled::Shuttled;
use crate::{ours, shuttled};

/// CPUs beside the protocol's, so that two of them can be at work.
const SERVERS: usize = 2;
const MANY: u64 = u64::MAX / 2;

/// Nanoseconds until something was found, and its words.
type Hunted = (f64, Option<String>);

/// One bug, for each tool.
struct Bug {
    name: &'static str,
    hunt: fn(Tool, u64, Duration, Play) -> Hunted,
    play: Play,
}

#[derive(Copy, Clone, Debug)]
enum Tool {
    Ours,
    Random,
    Pct,
}

fn hunt<O: Driver<Ours>, S: Driver<Shuttled>>(
    tool: Tool,
    seed: u64,
    time: Duration,
    play: Play,
) -> Hunted {
    let begin = cpu_time();
    let failure = match tool {
        Tool::Ours => ours::explore::<O>("portfolio", seed, (MANY, time), play).failure,
        Tool::Random => {
            let scheduler = RandomScheduler::new_from_seed(seed, MANY as usize);
            shuttled::explore::<S>(scheduler, time, play, (SERVERS, false)).failure
        }
        Tool::Pct => {
            let scheduler = PctScheduler::new_from_seed(seed, 3, MANY as usize);
            shuttled::explore::<S>(scheduler, time, play, (SERVERS, false)).failure
        }
    };
    ((cpu_time() - begin) as f64, failure)
}

macro_rules! bugs {
    ($($name:literal $driver:ident $play:expr;)*) => {
        vec![$(Bug { name: $name, hunt: hunt::<$driver<Ours>, $driver<Shuttled>>, play: $play }),*]
    };
}

fn bugs() -> Vec<Bug> {
    bugs! {
        "double-timer-against-interrupt" CancelsWithoutTheLock sends(1);
        "double-reset-against-completion" RemovesAfterwards sends_and_reset(2);
        "double-shared-list" SharesItsList sends(3);
        "lock-order" TwoOrders sends(2);
        "touch-statistics-in-the-send" CountsWhenQueued sends(1);
        "lost-behind-a-dead-line" ChecksTheLineFirst sends(3);
        "reset-ends-twice" LooksAfterItsLock sends_and_reset(2);
        "missed-interrupt" AcknowledgesLast sends(4);
        "insists-watchdog" GivesUpAnyway sends(4);
    }
}

/// Runs `work` without what it prints on standard error: shuttle tells each panic at length.
fn quietly<R>(work: impl FnOnce() -> R) -> std::io::Result<R> {
    let before = rustix::io::dup(rustix::stdio::stderr())?;
    rustix::stdio::dup2_stderr(File::options().write(true).open("/dev/null")?)?;
    let done = work();
    rustix::stdio::dup2_stderr(before)?;
    Ok(done)
}

/// Hunts every bug with every tool; rows where both found it, and a word where one did not.
///
/// # Errors
/// Standard error cannot be turned away.
pub fn rows(seeds: u64, time: Duration) -> std::io::Result<(Vec<Row>, Vec<Missing>)> {
    let (mut rows, mut missing) = (Vec::new(), Vec::new());
    for bug in bugs() {
        let mut results = Vec::new();
        for tool in [Tool::Ours, Tool::Random, Tool::Pct] {
            let hunts = || (0..seeds).map(|seed| (bug.hunt)(tool, seed, time, bug.play)).collect();
            let all: Vec<Hunted> = quietly(hunts)?;
            let found = 2 * all.iter().filter(|hunted| hunted.1.is_some()).count() > all.len();
            let said = all.iter().find_map(|hunted| hunted.1.clone());
            let said = said.as_deref().unwrap_or("nothing").replace('\n', " ");
            println!("{}: {tool:?} says {said}", bug.name);
            results.push((found, all.into_iter().map(|hunted| hunted.0 / 1000.0).collect()));
        }
        let (mine, times): &(bool, Vec<f64>) = &results[0];
        for (against, (found, its)) in ["shuttle random", "shuttle pct"].iter().zip(&results[1..]) {
            let (case, against) = (format!("bug: {}", bug.name), (*against).to_string());
            if !mine || !found {
                let say = |found: bool, all: &[f64]| {
                    let median = spread(all.to_vec()).1;
                    if found { format!("{median:.0} us") } else { "not found".to_string() }
                };
                let (ours, rival) = (say(*mine, times), say(*found, its));
                let why = format!("ours {ours}, it {rival}, of {} s", time.as_secs_f64());
                missing.push(Missing { case, against, why });
                continue;
            }
            let ratios = its.iter().zip(times).map(|(its, mine)| its / mine).collect();
            let (ours, rival) = (spread(times.clone()).1, spread(its.clone()).1);
            let ratio = spread(ratios);
            rows.push(Row { case, against, ours, rival, unit: "us", ratio, target: None });
        }
    }
    Ok((rows, missing))
}
