//! What may be said on the command line.

use std::path::PathBuf;

use crate::cases::CASES;

/// How the program is called.
pub const USAGE: &str = "\
ring [--rounds 9] [--quick] [--only CASE]... [--queue NAME]... [--operations 1000000000] [--json FILE]

  --only CASE     one column, `extra` for what is measured of ours alone, or `typed` for the typed way
                  alone; may be repeated
  --queue NAME    ours and the rivals with this in their name; may be repeated
  --operations N  pushes in the case that they stay flat
  --quick         a tenth of the entries in every run";

/// What is run.
#[derive(Clone, Debug)]
pub struct Options {
    /// Rounds, at least 7.
    pub rounds: usize,
    /// Entries are divided by this.
    pub shrink: u64,
    /// The columns that were named, or none for all.
    pub only: Vec<String>,
    /// Parts of the rivals' names, or none for all.
    pub queues: Vec<String>,
    /// Pushes in the case that they stay flat.
    pub operations: u64,
    /// Where to write the table.
    pub json: Option<PathBuf>,
}

impl Options {
    /// Reads the words after the program's name.
    ///
    /// # Errors
    /// A word that is not known, or a value that is missing or out of range.
    pub fn read(mut words: impl Iterator<Item = String>) -> Result<Options, String> {
        let mut options = Options {
            rounds: 9,
            shrink: 1,
            only: Vec::new(),
            queues: Vec::new(),
            operations: 1_000_000_000,
            json: None,
        };
        while let Some(word) = words.next() {
            if word == "--quick" {
                options.shrink = 10;
                options.operations /= 10;
                continue;
            }
            let value = words.next().ok_or_else(|| format!("no value after {word}\n{USAGE}"))?;
            let number = || {
                value
                    .parse::<u64>()
                    .map_err(|_| format!("expected a number after {word}, got {value}"))
            };
            match word.as_str() {
                "--rounds" => options.rounds = number()?.max(7) as usize,
                "--operations" => options.operations = number()?.max(1000),
                "--json" => options.json = Some(value.into()),
                "--queue" => options.queues.push(value),
                "--only"
                    if ["extra", "typed"].contains(&value.as_str())
                        || CASES.iter().any(|case| case.id == value) =>
                {
                    options.only.push(value);
                }
                "--only" => {
                    let known: Vec<_> = CASES.iter().map(|case| case.id).collect();
                    return Err(format!(
                        "expected {}, extra or typed, got {value}",
                        known.join(", ")
                    ));
                }
                _ => return Err(format!("unknown: {word}\n{USAGE}")),
            }
        }
        Ok(options)
    }

    /// Whether this column is asked for.
    pub fn wants(&self, id: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only == id)
    }

    /// Whether this rival is asked for.
    pub fn wants_queue(&self, name: &str) -> bool {
        let name = name.to_lowercase();
        self.queues.is_empty() || self.queues.iter().any(|part| name.contains(&part.to_lowercase()))
    }
}
