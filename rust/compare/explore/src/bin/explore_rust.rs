//! The explorer of Rust drivers beside shuttle, on the same drivers.
//!
//! ```text
//! explore_rust [--rounds 9] [--seconds 2] [--seeds 5] [--json FILE]
//! ```
//!
//! A point is where another CPU may come in. "Its own points" are those of shuttle's mutexes and
//! condition variables; "every event a point" adds those that our world has, before and after each
//! event of the contract. Behind each case is how many points an execution has, ours : shuttle's.

use std::error::Error;
use std::path::PathBuf;
use std::time::Duration;

use ndiswan_compare::report;
use ndiswan_compare_explore::drivers::race::{PLAY, Race};
use ndiswan_compare_explore::{bugs, shuttled, speed};
use shuttle::scheduler::RandomScheduler;

fn main() -> Result<(), Box<dyn Error>> {
    let (mut rounds, mut seconds, mut seeds, mut json) = (9_usize, 2.0, 5, None::<PathBuf>);
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let value = words.next().ok_or_else(|| format!("expected a value after {word}"))?;
        match word.as_str() {
            "--rounds" => rounds = value.parse::<usize>()?.max(7),
            "--seconds" => seconds = value.parse()?,
            "--seeds" => seeds = value.parse::<u64>()?.max(3),
            "--json" => json = Some(value.into()),
            _ => {
                return Err(
                    format!("expected --rounds, --seconds, --seeds or --json, got {word}").into()
                );
            }
        }
    }
    // A panic is how shuttle says what it found; a backtrace of it would cost more than the search.
    std::panic::set_hook(Box::new(|_| {}));
    // shuttle is first on this thread: its panic hook reads its own thread-local state, which has to outlive our
    // stacks, since those end by unwinding.
    let scheduler = RandomScheduler::new_from_seed(0, 1);
    shuttled::explore::<Race<_>>(scheduler, Duration::from_secs(1), PLAY, (1, false));

    let mut rows = speed::rows(rounds);
    report::print("The completion race; processor time.", &rows);
    println!();
    let (found, missing) = bugs::rows(seeds, Duration::from_secs_f64(seconds))?;
    report::print("\nProcessor time to a bug, median of the seeds.", &found);
    for one in &missing {
        println!("{} against {}: {}", one.case, one.against, one.why);
    }
    rows.extend(found);
    if let Some(path) = json {
        report::save(&path, "explore_rust", &rows, &missing)?;
    }
    Ok(())
}
