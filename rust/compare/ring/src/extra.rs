//! What is measured of ours alone, or needs more than the two ends of a queue.

use std::error::Error;

use ndiswan::ring::Open;
use ndiswan_compare::report::Row;
use ndiswan_compare::rounds::{cpu_time, spread};

use crate::options::Options;
use crate::ours::Ours;
use crate::queue::{BATCH, CAPACITY, Queue, Way};
use crate::rivals::{native, rbuffer, rings};
use crate::rows::UNIT;
use crate::watchdog;
use crate::work::typed::{self, Travel};
use crate::work::{engine, idle, single, stopped};

/// A row from what ours and the other one cost in each round.
fn row(case: String, against: &str, rounds: &[(f64, f64)], target: Option<f64>) -> Row {
    let column = |of: fn(&(f64, f64)) -> f64| spread(rounds.iter().map(of).collect());
    Row {
        case,
        against: against.to_string(),
        ours: column(|round| round.0).1,
        rival: column(|round| round.1).1,
        unit: UNIT,
        ratio: column(|round| round.1 / round.0),
        target,
    }
}

/// `ours` and `other` in turn, each first every other time, after one round that warms up.
fn rounds(
    count: usize,
    mut ours: impl FnMut() -> f64,
    mut other: impl FnMut() -> f64,
) -> Vec<(f64, f64)> {
    let mut all = Vec::new();
    for round in 0..=count {
        watchdog::begin(|| format!("round {round} of what is measured of ours alone"));
        all.push(if round % 2 == 0 {
            let first = ours();
            (first, other())
        } else {
            let first = other();
            (ours(), first)
        });
    }
    all.split_off(1)
}

/// All of it, or the typed way alone.
///
/// # Errors
/// The engine refuses the driver of the typed way.
pub fn extra(options: &Options) -> Result<Vec<Row>, Box<dyn Error>> {
    if !options.wants("extra") {
        return if options.wants("typed") { whole_way(options) } else { Ok(Vec::new()) };
    }
    let mut rows = vec![growth(options), flat(options)];
    rows.extend(lanes(options));
    rows.extend(whole_way(options)?);
    rows.extend(stops(options));
    Ok(rows)
}

fn growth(options: &Options) -> Row {
    let entries = 2_000_000 / options.shrink;
    let at = |capacity| move || single::single::<Ours>(capacity, 1, entries).ns;
    let case = "one thread, one by one, capacity 65,536".to_string();
    row(case, "capacity 64", &rounds(options.rounds, at(65_536), at(64)), Some(1.0 / 1.1))
}

/// The last tenth against the first one, each in ten pieces.
fn flat(options: &Options) -> Row {
    const PIECES: usize = 100;
    let mut queue = <Ours as Queue>::make(CAPACITY, 1);
    let (mut ways, mut consumer) = queue.split(1);
    let mut producer = ways.remove(0).enter();
    let piece = options.operations / PIECES as u64;
    let times: Vec<f64> = (0..PIECES as u64)
        .map(|number| {
            watchdog::begin(|| format!("piece {number} of the pushes that stay flat"));
            let begin = cpu_time();
            single::trips(&mut producer, &mut consumer, 1, number * piece, piece);
            (cpu_time() - begin) as f64 / piece as f64
        })
        .collect();
    let pairs: Vec<_> = (0..10).map(|index| (times[PIECES - 10 + index], times[index])).collect();
    row(
        format!("the last tenth of {:.0e} pushes", options.operations as f64),
        "the first tenth",
        &pairs,
        Some(1.0 / 1.1),
    )
}

fn lanes(options: &Options) -> Vec<Row> {
    let measure = |(batch, name): (usize, &str)| {
        watchdog::begin(|| format!("1,000 idle lanes, {name}"));
        let entries = 1_000_000 / options.shrink / BATCH as u64 * BATCH as u64;
        let rounds = idle::idle::<Ours>(1000, batch, options.rounds, entries);
        let rounds: Vec<_> = rounds.into_iter().map(|(alone, beside)| (beside, alone)).collect();
        row(
            format!("one thread, {name}, 1,000 idle lanes"),
            "no idle lanes",
            &rounds,
            Some(1.0 / 1.1),
        )
    };
    [(1, "one by one"), (BATCH, "batches of 32")].map(measure).into()
}

/// The tokens beside the bare ring: with the entries that carry them, and with those of all other cases. The whole engine
/// is there to be looked at: it does much more.
fn whole_way(options: &Options) -> Result<Vec<Row>, Box<dyn Error>> {
    type Tokens = fn(Travel, u64) -> f64;
    let whole = |entries: u64| entries / options.shrink / BATCH as u64 * BATCH as u64;
    let (entries, slow) = (whole(1_000_000), whole(100_000));
    let mut rows = Vec::new();
    for (travel, batch, name) in [
        (Travel::Alone, 1, "one by one"),
        (Travel::Lists, BATCH, "batches of 32 in lists"),
        (Travel::Vectors, BATCH, "batches of 32 in vectors"),
    ] {
        let bare = || typed::bare(batch, entries);
        for (tokens, ledger, target) in [
            (typed::typed as Tokens, "", 1.0 / 1.5),
            (typed::with_ledger, ", ledger on", 1.0 / 2.5),
        ] {
            let ours = || tokens(travel, entries);
            let wide = || single::single::<Ours>(CAPACITY, batch, entries).ns;
            let case = format!("send, pend, push, drain, regain, {name}{ledger}");
            // What a list is for is asked of lists; vectors show what it is worth.
            let target = (travel != Travel::Vectors).then_some(target);
            let narrow = rounds(options.rounds, ours, bare);
            rows.push(row(case.clone(), "the bare ring", &narrow, target));
            let wide = rounds(options.rounds, ours, wide);
            rows.push(row(case, "the bare ring, 16 bytes an entry", &wide, None));
        }
    }
    for (batch, name) in [(1, "one by one"), (BATCH, "batches of 32")] {
        let bare = || typed::bare(batch, entries);
        for (level, ledger) in [(0, ""), (3, ", ledger on")] {
            let mut trips = engine::engine(batch, level)?;
            let ours = || {
                let begin = cpu_time();
                trips(slow);
                (cpu_time() - begin) as f64 / slow as f64
            };
            let case = format!("the same through the whole engine, {name}{ledger}");
            rows.push(row(case, "the bare ring", &rounds(options.rounds, ours, bare), None));
        }
    }
    Ok(rows)
}

/// The worst of a round's stops, as percents of what the other producer did before.
fn worst<Q: Queue>() -> f64 {
    const STOPS: usize = 6;
    let kept =
        stopped::stopped::<Q>(STOPS).into_iter().map(|(running, alone)| alone / running.max(1e-9));
    kept.fold(f64::INFINITY, f64::min) * 100.0
}

fn stops(options: &Options) -> Vec<Row> {
    type Measure = fn() -> f64;
    let sides: &[(&str, Measure)] = &[
        ("ndiswan", worst::<Ours<Open>>),
        ("rbuffer (fetch-add)", worst::<rbuffer::Rbuffer<CAPACITY>>),
        ("crossbeam ArrayQueue", worst::<rings::ArrayQueue>),
        #[cfg(has_rte)]
        ("rte_ring MP/SC", worst::<native::RteMp>),
        #[cfg(has_moodycamel)]
        ("moodycamel", worst::<native::MoodycamelOpen>),
    ];
    let mut all: Vec<Vec<f64>> = Vec::new();
    for round in 0..options.rounds {
        let mut kept = vec![0.0; sides.len()];
        for turn in 0..sides.len() {
            let side = (turn + round) % sides.len();
            watchdog::begin(|| format!("{}, a producer stopped", sides[side].0));
            kept[side] = (sides[side].1)();
        }
        all.push(kept);
    }
    // More is better here, and nothing at all is possible: a tenth of a percent stands for it in the ratio.
    let against = |side: usize| {
        let column = |side: usize| spread(all.iter().map(|round| round[side]).collect());
        let ratios = all.iter().map(|round| round[0] / round[side].max(0.1)).collect();
        Row {
            case: "a producer stopped anywhere: what the other one keeps".to_string(),
            against: sides[side].0.to_string(),
            ours: column(0).1,
            rival: column(side).1,
            unit: "% of before, worst of 6 stops",
            ratio: spread(ratios),
            target: None,
        }
    };
    let nobody = Row {
        against: "nobody stopped".to_string(),
        rival: 100.0,
        ratio: spread(all.iter().map(|round| round[0] / 100.0).collect()),
        target: Some(0.9),
        ..against(0)
    };
    std::iter::once(nobody).chain((1..sides.len()).map(against)).collect()
}
