//! The story for a terminal: a sequence diagram of characters, one line a step.
//!
//! ```text
//!   time  cpu 0    cpu 1                                     owner of
//!     ms  P  N  M  P  N  M  what happens                      0.3                level     locks
//!  0.000  ├─→│  │  │  │  │  NdisSend, 8 bytes                 Ndis               PASSIVE
//!  0.000  │  ├─→│  │  │  │  MiniportWanSend (life 1)          Miniport, in call  PASSIVE
//!         │  │  │  │  │  │  ── cpu 1 goes on ──
//!  1.000  │  │  │  │  │←─┤  NdisMWanSendComplete(SUCCESS)     Returning          DISPATCH  queue
//!         │  │  │  │  │  ✗  breaks LOCK_HELD: …
//! ```

use std::fmt::Write;

use super::{Lane, Step, Story};

/// With less room for what happens, all CPUs share three lanes.
const LEAST: usize = 26;
/// Three lanes of one CPU.
const LANES: usize = 7;
const LEVEL: usize = 8;

/// Where the columns are.
struct Table {
    time: usize,
    decimals: usize,
    /// The CPUs that have lanes; none if all share one group.
    cpus: Vec<usize>,
    what: usize,
    owner: usize,
    locks: usize,
    width: usize,
}

impl Story {
    /// The story as text of at most `width` columns (100 are good; fewer than 80 are not kept).
    pub fn to_text(&self, width: usize) -> String {
        let width = width.max(80);
        let table = Table::of(self, width);
        let mut text = self.head(width);
        if self.steps.is_empty() {
            text.push_str("\nnothing happened\n");
            return text;
        }
        table.headings(self, &mut text);
        for step in &self.steps {
            table.step(step, &mut text);
        }
        if let Some(hidden) = self.rest.words() {
            table.line(&mut text, &hidden);
        }
        text.push_str(
            "\nP protocol, N NDIS, M miniport; owner, level and locks are those after the step\n",
        );
        text
    }

    fn head(&self, width: usize) -> String {
        let mut rows = Vec::new();
        if !self.rule.is_empty() {
            rows.push((self.rule.as_str(), self.why.clone()));
        }
        rows.extend(self.sentence.iter().map(|sentence| ("rule", sentence.clone())));
        rows.extend(self.packet.iter().map(|packet| ("packet", packet.clone())));
        rows.push(("story", self.summary()));
        rows.extend(self.facts.iter().map(|fact| ("", fact.clone())));
        let names = rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0).max(8);
        let mut text = String::new();
        for (name, words) in rows {
            for (at, line) in wrap(&words, width - names - 2).iter().enumerate() {
                let name = if at == 0 { name } else { "" };
                let _ = writeln!(text, "{name:<names$}  {line}");
            }
        }
        text
    }
}

impl Table {
    fn of(story: &Story, width: usize) -> Table {
        let nanoseconds = story.steps.iter().any(|step| step.time % 1_000 != 0);
        let decimals = if nanoseconds { 6 } else { 3 };
        let longest = story.steps.iter().map(|step| time(step.time, decimals).len());
        let locks = story.steps.iter().map(|step| step.locks.join(", ").chars().count());
        let mut table = Table {
            time: longest.max().unwrap_or(0).max(4),
            decimals,
            cpus: story.numbers(),
            what: 0,
            owner: story.steps.iter().map(|s| s.owner.chars().count()).max().unwrap_or(0).max(8),
            locks: locks.max().unwrap_or(0).clamp(5, 16),
            width,
        };
        let rest = |table: &Table| table.left() + table.owner + LEVEL + table.locks + 8;
        if rest(&table) + LEAST > width {
            table.cpus.clear();
            table.locks = if rest(&table) + LEAST > width { 5 } else { table.locks };
        }
        table.what = width.saturating_sub(rest(&table)).max(LEAST / 2);
        table
    }

    /// The width of time, CPU and lanes.
    fn left(&self) -> usize {
        let shared = if self.is_shared() { 5 } else { 0 };
        self.time + shared + self.cpus.len().max(1) * (LANES + 2)
    }

    fn is_shared(&self) -> bool {
        self.cpus.is_empty()
    }

    fn headings(&self, story: &Story, text: &mut String) {
        let mut above = format!("{:>width$}", "time", width = self.time);
        let mut below = format!("{:>width$}", "ms", width = self.time);
        if self.is_shared() {
            let _ = write!(above, "     {:LANES$}", "");
            below.push_str("  cpu  P  N  M");
        }
        for cpu in &self.cpus {
            let _ = write!(above, "  {:<LANES$}", format!("cpu {cpu}"));
            below.push_str("  P  N  M");
        }
        let (what, owner) = (self.what, self.owner);
        let packet = story.packet.clone().unwrap_or_default();
        let of = if packet.is_empty() { "" } else { "owner of" };
        let _ = write!(above, "  {:<what$}  {of:<owner$}", "");
        let _ = write!(
            below,
            "  {:<what$}  {packet:<owner$}  {:<LEVEL$}  locks",
            "what happens", "level"
        );
        let _ = write!(text, "\n{}\n{}\n", above.trim_end(), below.trim_end());
    }

    fn step(&self, step: &Step, text: &mut String) {
        if let Some(hidden) = step.hidden.words() {
            self.line(text, &hidden);
        }
        if step.switched {
            self.line(text, &format!("── cpu {} goes on ──", step.cpu));
        }
        if !step.text.is_empty() {
            self.row(step, text);
        }
        if let Some(broken) = &step.broken {
            let said = broken.words();
            let room = self.width.saturating_sub(self.left() + 4);
            for (at, line) in wrap(&said, room).iter().enumerate() {
                let indent = if at == 0 { "" } else { "  " };
                let mark = (at == 0).then_some(step);
                let _ = writeln!(text, "{}  {indent}{line}", self.lanes(mark, None));
            }
        }
    }

    /// What happens, with the columns that say what holds then.
    fn row(&self, step: &Step, text: &mut String) {
        let said = step.said();
        let (what, owner) = (self.what, self.owner);
        for (at, line) in wrap(&said, what).iter().enumerate() {
            let row = if at == 0 {
                let lanes = self.lanes(None, Some(step));
                let (holder, locks) = (&step.owner, cut(&step.locks.join(", "), self.locks));
                format!("{lanes}  {line:<what$}  {holder:<owner$}  {:<LEVEL$}  {locks}", step.level)
            } else {
                format!("{}  {line}", self.lanes(None, None))
            };
            let _ = writeln!(text, "{}", row.trim_end());
        }
    }

    fn line(&self, text: &mut String, what: &str) {
        let _ = writeln!(text, "{}  {what}", self.lanes(None, None));
    }

    /// Time and lanes, with a mark where something broke, or with the arrow of a step.
    fn lanes(&self, mark: Option<&Step>, arrow: Option<&Step>) -> String {
        let mut left = match arrow {
            Some(step) => format!("{:>width$}", time(step.time, self.decimals), width = self.time),
            None => " ".repeat(self.time),
        };
        if self.is_shared() {
            let cpu = arrow.map_or_else(String::new, |step| step.cpu.to_string());
            let _ = write!(left, "  {cpu:>3}  {}", group(mark, arrow));
        }
        for cpu in &self.cpus {
            let here = |step: &&Step| step.cpu == *cpu;
            let _ = write!(left, "  {}", group(mark.filter(here), arrow.filter(here)));
        }
        left
    }
}

/// Three lanes, with a mark or an arrow if there is one.
fn group(mark: Option<&Step>, arrow: Option<&Step>) -> String {
    match (mark, arrow) {
        (Some(step), _) => mark_at(step.from),
        (_, Some(step)) => arrow_of(step),
        _ => "│  │  │".to_string(),
    }
}

fn mark_at(lane: Lane) -> String {
    ["✗  │  │", "│  ✗  │", "│  │  ✗"][lane as usize].to_string()
}

/// Three lanes with an arrow between two of them; from the outer to the outer it goes past the middle.
fn arrow_of(step: &Step) -> String {
    let (from, to) = (step.from as usize, step.to as usize);
    let mut cells: Vec<char> = "│  │  │".chars().collect();
    if from == to {
        cells[from * 3] = '●';
        return cells.into_iter().collect();
    }
    let line = if step.returns { '╌' } else { '─' };
    let (left, right) = (from.min(to) * 3, from.max(to) * 3);
    cells[left + 1..right].fill(line);
    cells[from * 3] = if from < to { '├' } else { '┤' };
    cells[if from < to { right - 1 } else { left + 1 }] = if from < to { '→' } else { '←' };
    cells.into_iter().collect()
}

/// The text, cut off where it is too long.
fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_string();
    }
    text.chars().take(width - 1).chain(['…']).collect()
}

/// Milliseconds with so many decimals; whole ones without.
fn time(ns: u64, decimals: usize) -> String {
    let text = crate::event::milliseconds(ns);
    text[..text.len() - (6 - decimals)].to_string()
}

/// The text in lines of at most `width` characters, broken at blanks where there are any.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in text.split_whitespace() {
        let word: Vec<char> = word.chars().collect();
        if used > 0 && used + 1 + word.len() > width {
            lines.push(String::new());
            used = 0;
        }
        // A word that is too long begins a line, and fills it but for its last piece.
        let mut pieces = word.chunks(width.max(1));
        let last = pieces.next_back().unwrap_or_default();
        for piece in pieces {
            let line = lines.len() - 1;
            lines[line].extend(piece);
            lines.push(String::new());
        }
        let line = lines.len() - 1;
        if used > 0 {
            lines[line].push(' ');
            used += 1;
        }
        used += last.len();
        lines[line].extend(last);
    }
    lines
}
