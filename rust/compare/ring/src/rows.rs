//! From runs to rows: who was best, and our ratio to each, round by round.

use ndiswan_compare::report::{Missing, Row};
use ndiswan_compare::rounds::spread;

use crate::cases::{Against, Case};
use crate::side::{CACHE_LINE, Side, missing};

/// The unit of every case.
pub const UNIT: &str = "ns/entry";

/// What one column gave: nanoseconds an entry by round and side, nothing where a side does not know the case.
#[derive(Debug)]
pub struct Column {
    /// The case.
    pub case: Case,
    /// By round, then by side.
    pub rounds: Vec<Vec<Option<f64>>>,
}

impl Column {
    /// The side's median.
    pub fn median(&self, side: usize) -> Option<f64> {
        let all: Option<Vec<f64>> = self.rounds.iter().map(|round| round[side]).collect();
        all.filter(|all| !all.is_empty()).map(|all| spread(all).1)
    }

    /// The rival with the smallest median; the cache lines are none.
    pub fn best(&self, sides: &[Side]) -> Option<usize> {
        let known = (1..sides.len()).filter(|side| sides[*side].is_queue());
        let medians = known.filter_map(|side| Some((side, self.median(side)?)));
        medians.min_by(|one, other| one.1.total_cmp(&other.1)).map(|(side, _)| side)
    }

    fn row(&self, side: usize, name: String, target: Option<f64>) -> Option<Row> {
        let ratios: Option<Vec<f64>> =
            self.rounds.iter().map(|round| Some(round[side]? / round[0]?)).collect();
        Some(Row {
            case: self.case.title.to_string(),
            against: name,
            ours: self.median(0)?,
            rival: self.median(side)?,
            unit: UNIT,
            ratio: spread(ratios?),
            target,
        })
    }

    /// The rows with a target, then one for every rival.
    pub fn rows(&self, sides: &[Side]) -> (Vec<Row>, Vec<Row>) {
        let find = |name: &str| sides.iter().position(|side| side.name == name);
        let asked = self.case.targets.iter().filter_map(|(against, target)| {
            let (side, name) = match against {
                Against::Best => {
                    let best = self.best(sides)?;
                    (best, format!("best rival: {}", sides[best].name))
                }
                Against::Named(name) => (find(name)?, (*name).to_string()),
                Against::CacheLine => (find(CACHE_LINE)?, CACHE_LINE.to_string()),
            };
            self.row(side, name, Some(*target))
        });
        let all =
            (1..sides.len()).filter_map(|side| self.row(side, sides[side].name.to_string(), None));
        (asked.collect(), all.collect())
    }

    /// The rows of the rivals that are not here.
    pub fn missing(&self) -> impl Iterator<Item = Missing> {
        missing().iter().map(|(rival, package)| Missing {
            case: self.case.title.to_string(),
            against: (*rival).to_string(),
            why: format!("its headers are not here: apt-get install {package}"),
        })
    }
}

/// Prints the medians, sides by columns; the best of each column has a star.
pub fn print_medians(columns: &[Column], sides: &[Side]) {
    let names = sides.iter().map(|side| side.name.len()).max().unwrap_or(0);
    print!("{:names$}", "");
    for column in columns {
        print!(" {:>12}", column.case.id);
    }
    println!();
    for (number, side) in sides.iter().enumerate() {
        print!("{:names$}", side.name);
        for column in columns {
            let star = if column.best(sides) == Some(number) { "*" } else { " " };
            match column.median(number) {
                Some(median) => print!(" {median:>11.2}{star}"),
                None => print!(" {:>11} ", "-"),
            }
        }
        println!();
    }
}
