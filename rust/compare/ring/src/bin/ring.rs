//! Our completion ring beside the queues that people use instead: what an entry costs, in and out.
//!
//! "Closed" is with at most a pool of packets in flight, each of which goes in again when it is out, "open" with
//! producers that never wait, "filling" with nobody at the other end. "Send, pend, push, drain, regain" is the typed hand-over,
//! a token for each packet, beside the ring alone; "in lists" and "in vectors" with batches of tokens in one or the other, "ledger
//! on" with each step looked up. `ring --help` says what may be asked.

use std::error::Error;
use std::time::{Duration, Instant};

use ndiswan_compare::report;
use ndiswan_compare_ring::cases::{CASES, Case, Work};
use ndiswan_compare_ring::extra::extra;
use ndiswan_compare_ring::options::{Options, USAGE};
use ndiswan_compare_ring::pin::{cores, to_core};
use ndiswan_compare_ring::rivals::native;
use ndiswan_compare_ring::rows::{Column, print_medians};
use ndiswan_compare_ring::side::{Side, missing, sides};
use ndiswan_compare_ring::watchdog;

/// A thread with a core of its own that had less of it than this was interrupted.
const UNDISTURBED: f64 = 0.95;
/// How often a disturbed run is made again before the least disturbed one counts.
const TRIES: usize = 2;
/// On a machine that is never quiet, no more are made again after this time.
const PATIENCE: Duration = Duration::from_mins(4);

/// One run, again where somebody else had the core. Says how often that was.
fn run(side: &Side, case: &Case, entries: u64, cores: &[usize], tries: usize) -> (f64, usize) {
    let alone = match case.work {
        Work::Single { .. } => true,
        Work::Flow { producers, .. } => producers < cores.len(),
        Work::Fill { .. } | Work::Latency => cores.len() > 1,
    };
    watchdog::begin(|| format!("{}, {}", side.name, case.title));
    let mut best = side.run(case, entries, cores);
    let mut again = 0;
    while alone && best.busy < UNDISTURBED && again < tries {
        let next = side.run(case, entries, cores);
        if next.busy > best.busy {
            best = next;
        }
        again += 1;
    }
    (best.ns, again)
}

/// Every side in every case, in turn, each round in another order; the first round warms up.
fn measure(options: &Options, sides: &[Side], cores: &[usize]) -> (Vec<Column>, usize) {
    let wanted = CASES.iter().filter(|case| options.wants(case.id));
    let mut columns: Vec<Column> =
        wanted.map(|case| Column { case: *case, rounds: Vec::new() }).collect();
    let (mut again, begin) = (0, Instant::now());
    for round in 0..=options.rounds {
        eprint!("\rround {round} of {} ", options.rounds);
        for column in &mut columns {
            let case = column.case;
            let entries = (case.entries / options.shrink).max(2) / if round == 0 { 2 } else { 1 };
            let mut row = vec![None; sides.len()];
            for turn in 0..sides.len() {
                let side = (turn + round) % sides.len();
                if sides[side].knows(&case) {
                    let tries = if round > 0 && begin.elapsed() < PATIENCE { TRIES } else { 0 };
                    let (ns, repeats) = run(&sides[side], &case, entries, cores, tries);
                    row[side] = Some(ns);
                    again += repeats;
                }
            }
            if round > 0 {
                column.rounds.push(row);
            }
        }
    }
    eprintln!();
    (columns, again)
}

fn main() -> Result<(), Box<dyn Error>> {
    if std::env::args().any(|word| word == "--help") {
        println!("{USAGE}");
        return Ok(());
    }
    let options = Options::read(std::env::args().skip(1))?;
    let cores = cores();
    let begin = Instant::now();
    let mut sides = sides();
    let ours = sides[0].name;
    sides.retain(|side| side.name == ours || !side.is_queue() || options.wants_queue(side.name));
    // What is measured in one thread stays on one core; other threads choose for themselves.
    to_core(&cores, 0);
    watchdog::watch();
    let (columns, again) = measure(&options, &sides, &cores);

    if !columns.is_empty() {
        println!(
            "Nanoseconds an entry, medians of {} rounds; * is the best rival.\n",
            options.rounds
        );
        print_medians(&columns, &sides);
    }
    let (mut asked, mut all) = (Vec::new(), Vec::new());
    for column in &columns {
        let (targets, others) = column.rows(&sides);
        asked.extend(targets);
        all.extend(others);
    }
    watchdog::begin(|| "what is measured of ours alone".to_string());
    asked.extend(extra(&options)?);
    let absent: Vec<_> = columns.iter().flat_map(Column::missing).collect();
    println!();
    report::print(
        "What issue 4 asks; a ratio is the rival's time by ours, taken per round.",
        &asked,
    );
    for (rival, package) in missing() {
        println!("not measured: {rival} (apt-get install {package})");
    }
    println!("\nThe functions of the rivals in C and C++ are {}.", native::SHIMS);
    println!(
        "{again} runs were made again because a thread had less than {:.0} % of its core; {:.0} s in all.",
        UNDISTURBED * 100.0,
        begin.elapsed().as_secs_f64()
    );
    if let Some(path) = &options.json {
        asked.extend(all);
        report::save(path, "ring", &asked, &absent)?;
    }
    Ok(())
}
