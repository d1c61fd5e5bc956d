//! A table for people and the same as JSON for `benchmarks/run.py`.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

/// One line of a table: ours against a rival.
#[derive(Debug)]
pub struct Row {
    /// What was done.
    pub case: String,
    /// Who the rival is.
    pub against: String,
    /// Our median.
    pub ours: f64,
    /// The rival's median.
    pub rival: f64,
    /// The unit of both.
    pub unit: &'static str,
    /// Rival by ours, taken per round: smallest, middle, largest. Above 1 ours is better.
    pub ratio: (f64, f64, f64),
    /// What the middle ratio has to reach, where something is asked.
    pub target: Option<f64>,
}

impl Row {
    fn met(&self) -> Option<bool> {
        self.target.map(|target| self.ratio.1 >= target)
    }

    fn json(&self) -> Value {
        let round = |number: f64| (number * 1000.0).round() / 1000.0;
        let (min, median, max) = self.ratio;
        json!({
            "case": self.case, "names": ["ndiswan", self.against],
            "ours": round(self.ours), "rival": round(self.rival),
            "unit": self.unit, "target": self.target.map(round), "met": self.met(),
            "ratio": { "min": round(min), "median": round(median), "max": round(max) },
        })
    }
}

/// A rival that cannot be had here: a row that says so.
#[derive(Debug)]
pub struct Missing {
    /// What would be done.
    pub case: String,
    /// Who the rival is.
    pub against: String,
    /// What to do about it.
    pub why: String,
}

impl Missing {
    fn json(&self) -> Value {
        json!({
            "case": self.case, "names": ["ndiswan", self.against], "missing": self.why,
            "target": null, "met": null,
        })
    }
}

fn machine() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = text.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{}, {cores} cores", model.map_or("unknown processor", |(_, model)| model))
}

fn commit() -> String {
    let asked = Command::new("git").args(["rev-parse", "--short", "HEAD"]).output();
    let answer = asked.ok().filter(|output| output.status.success());
    answer.map_or_else(
        || "unknown".to_string(),
        |output| String::from_utf8_lossy(&output.stdout).trim().to_string(),
    )
}

/// Prints the table.
pub fn print<'a>(title: &str, rows: impl IntoIterator<Item = &'a Row>) {
    let rows: Vec<&Row> = rows.into_iter().collect();
    let width = |of: fn(&Row) -> &str| {
        rows.iter().map(|row| of(row).chars().count()).max().unwrap_or(0)
    };
    let (case, against) = (width(|row| &row.case), width(|row| &row.against).max(5));
    println!("{title}");
    println!(
        "{:<case$}  {:>9}  {:>9}  {:<against$}  ratio: min  median  max  target",
        "", "ours", "rival", "rival"
    );
    for row in rows {
        let (min, median, max) = row.ratio;
        let target = match (row.target, row.met()) {
            (Some(target), Some(true)) => format!("{target:.2} met"),
            (Some(target), _) => format!("{target:.2} NOT met"),
            _ => "-".to_string(),
        };
        println!(
            "{:<case$}  {:>9.1}  {:>9.1}  {:<against$}  {min:>10.3}  {median:>6.3}  {max:.3}  {target}  ({})",
            row.case, row.ours, row.rival, row.against, row.unit
        );
    }
}

/// Writes the table as JSON.
///
/// # Errors
/// The file cannot be written.
pub fn save(path: &Path, table: &str, rows: &[Row], missing: &[Missing]) -> std::io::Result<()> {
    let rows: Vec<Value> =
        rows.iter().map(Row::json).chain(missing.iter().map(Missing::json)).collect();
    let all = json!({"table": table, "machine": machine(), "commit": commit(), "rows": rows});
    std::fs::write(path, format!("{all:#}\n"))
}
