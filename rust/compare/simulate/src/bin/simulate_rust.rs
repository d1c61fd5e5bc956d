//! The built-in models beside discrete-event simulators in Rust, and our event set beside a heap.
//!
//! ```text
//! simulate_rust [--rounds 31] [--only crates|events|flat] [--expect COUNT,LATENCY_NS,END_NS] [--json FILE]
//! ```
//!
//! `--expect` is what the scenario came to in Python.

use std::error::Error;
use std::path::PathBuf;

use ndiswan_compare::report;
use ndiswan_compare_simulate::{crates, events, flat};

fn main() -> Result<(), Box<dyn Error>> {
    let (mut rounds, mut only, mut json) = (31_usize, String::new(), None::<PathBuf>);
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let value = words.next().ok_or_else(|| format!("expected a value after {word}"))?;
        match word.as_str() {
            "--rounds" => rounds = value.parse::<usize>()?.max(7),
            "--expect" => crates::expect(&value)?,
            "--only" => only = value,
            "--json" => json = Some(value.into()),
            _ => {
                return Err(
                    format!("expected --rounds, --only, --expect or --json, got {word}").into()
                );
            }
        }
    }
    let asked = |what: &str| only.is_empty() || only == what;
    let mut rows = Vec::new();
    if asked("crates") {
        rows.extend(crates::rows(rounds));
    }
    if asked("events") {
        rows.extend(events::rows(rounds));
    }
    if asked("flat") {
        rows.extend(flat::rows(rounds.min(7)));
    }
    report::print("Built-in models beside Rust; processor time of a packet.", &rows);
    if let Some(path) = json {
        report::save(&path, "simulate_rust", &rows, &[])?;
    }
    Ok(())
}
