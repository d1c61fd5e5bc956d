//! The story as one SVG picture: swim lanes on the left, what happens and what holds then on the right.
//!
//! It needs nothing from elsewhere, runs no script, and is readable on light and dark ground. Every text is
//! escaped, and what control characters there are become blanks.

use std::fmt::Write;

use super::text::wrap;
use super::{Lane, Step, Story};

const ROW: usize = 24;
const LINE: usize = 16;
const LANE: usize = 74;
const MARGIN: usize = 16;
const TIME: usize = 92;
const GAP: usize = 26;
/// Characters of what happens in a line, and the width of one.
const WORDS: usize = 62;
const LETTER: usize = 7;
const OWNER: usize = 150;
const STATE: usize = 170;

/// Under a class of its own, so that a page which holds the picture keeps its own look.
const STYLE: &str = "\
.story{--ink:#1c2024;--faint:#667079;--line:#c3cad1;--paper:#fff;--group:#f1f4f7;--bad:#b3261e;\
--wrong:#fde7e5}@media(prefers-color-scheme:dark){.story{--ink:#e4e8ec;--faint:#98a2ac;--line:#4a545e;\
--paper:#14181c;--group:#1e242a;--bad:#ff8a80;--wrong:#43201e}}\
.story text{font:12px ui-monospace,Menlo,Consolas,monospace;fill:var(--ink)}\
.story .b{font-weight:bold}.story .m{fill:var(--faint)}.story .x{fill:var(--bad);font-weight:bold}\
.story .l{stroke:var(--line)}.story .a{stroke:var(--ink);stroke-width:1.5}.story .r{stroke-dasharray:4 3}\
.story .g{fill:var(--group)}.story .e{fill:var(--wrong)}.story .d{fill:var(--ink)}\
.story .p{fill:var(--paper)}";

struct Picture {
    body: String,
    y: usize,
    cpus: Vec<usize>,
}

impl Story {
    /// The story as a self-contained SVG document.
    pub fn to_svg(&self) -> String {
        let mut picture = Picture { body: String::new(), y: MARGIN, cpus: self.numbers() };
        picture.head(self);
        let top = picture.y;
        picture.headings(self);
        let first = picture.y;
        for step in &self.steps {
            picture.step(step);
        }
        if let Some(hidden) = self.rest.words() {
            picture.aside(&hidden);
        }
        let (width, height) = (picture.width(), picture.y + MARGIN);
        let ground = picture.ground(top, first);
        let title = match self.rule.as_str() {
            "" => "What happened".to_string(),
            rule => format!("{rule}: {}", self.why),
        };
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
             height=\"{height}\" class=\"story\" role=\"img\">\n<title>{}</title>\n<desc>{}</desc>\n<style>{STYLE}</style>\n\
             <rect class=\"p\" width=\"{width}\" height=\"{height}\"/>\n{ground}{}</svg>\n",
            escape(&title),
            escape(&self.summary()),
            picture.body
        )
    }
}

impl Picture {
    fn left(&self) -> usize {
        MARGIN + TIME + self.cpus.len() * (3 * LANE + GAP)
    }

    fn width(&self) -> usize {
        self.left() + WORDS * LETTER + OWNER + STATE + MARGIN
    }

    /// The middle of a lane.
    fn x(&self, cpu: usize, lane: Lane) -> usize {
        let group = self.cpus.iter().position(|known| *known == cpu).unwrap_or(0);
        MARGIN + TIME + group * (3 * LANE + GAP) + lane as usize * LANE + LANE / 2
    }

    fn text(&mut self, x: usize, class: &str, words: &str) {
        let y = self.y + LINE;
        let words = escape(words);
        let _ = writeln!(self.body, "<text x=\"{x}\" y=\"{y}\" class=\"{class}\">{words}</text>");
    }

    fn head(&mut self, story: &Story) {
        let columns = self.width().saturating_sub(2 * MARGIN) / LETTER - 2;
        let mut lines = Vec::new();
        if !story.rule.is_empty() {
            lines.push(("x", format!("{}: {}", story.rule, story.why)));
        }
        lines.extend(story.sentence.iter().map(|sentence| ("b", sentence.clone())));
        lines.push(("m", story.summary()));
        lines.extend(story.facts.iter().map(|fact| ("m", fact.clone())));
        for (class, words) in lines {
            for line in wrap(&words, columns) {
                self.text(MARGIN, class, &line);
                self.y += LINE;
            }
        }
        self.y += MARGIN;
    }

    fn headings(&mut self, story: &Story) {
        for cpu in self.cpus.clone() {
            let x = self.x(cpu, Lane::Protocol);
            self.text(x - LANE / 2 + 6, "b", &format!("cpu {cpu}"));
        }
        self.y += LINE + 4;
        for cpu in self.cpus.clone() {
            for lane in Lane::ALL {
                let x = self.x(cpu, lane) - lane.name().len() * LETTER / 2;
                self.text(x, "m", lane.name());
            }
        }
        let owner =
            story.packet.as_ref().map_or("owner".to_string(), |name| format!("owner of {name}"));
        let left = self.left();
        self.text(MARGIN, "m", "time (ms)");
        self.text(left, "m", "what happens");
        self.text(left + WORDS * LETTER, "m", &owner);
        self.text(left + WORDS * LETTER + OWNER, "m", "level, locks held");
        self.y += ROW;
    }

    fn step(&mut self, step: &Step) {
        if let Some(hidden) = step.hidden.words() {
            self.aside(&hidden);
        }
        if step.switched {
            self.aside(&format!("── cpu {} goes on ──", step.cpu));
        }
        let left = self.left();
        if !step.text.is_empty() {
            let said = step.said();
            self.text(MARGIN, "m", &crate::event::milliseconds(step.time));
            self.arrow(step);
            self.text(left + WORDS * LETTER, "b", &step.owner);
            let locks = match step.locks.as_slice() {
                [] => step.level.clone(),
                locks => format!("{}, {}", step.level, locks.join(", ")),
            };
            self.text(left + WORDS * LETTER + OWNER, "", &locks);
            for (at, line) in wrap(&said, WORDS - 2).iter().enumerate() {
                self.y += if at == 0 { 0 } else { LINE };
                self.text(left, "", line);
            }
            self.y += ROW;
        }
        if let Some(broken) = &step.broken {
            let room = (self.width() - left) / LETTER - 4;
            let lines = wrap(&broken.words(), room);
            let (y, height) = (self.y, lines.len() * LINE + 8);
            let width = self.width();
            let _ = writeln!(
                self.body,
                "<rect class=\"e\" y=\"{y}\" width=\"{width}\" height=\"{height}\"/>"
            );
            self.text(self.x(step.cpu, step.from) - 4, "x", "✗");
            for line in lines {
                self.text(left, "x", &line);
                self.y += LINE;
            }
            self.y += 8;
        }
    }

    fn aside(&mut self, words: &str) {
        self.text(self.left(), "m", words);
        self.y += ROW;
    }

    fn arrow(&mut self, step: &Step) {
        let (from, to) = (self.x(step.cpu, step.from), self.x(step.cpu, step.to));
        let y = self.y + LINE - 4;
        if from == to {
            let _ = writeln!(self.body, "<circle class=\"d\" cx=\"{from}\" cy=\"{y}\" r=\"4\"/>");
            return;
        }
        let dashed = if step.returns { " r" } else { "" };
        let back = if from < to { to - 8 } else { to + 8 };
        let (above, below) = (y - 4, y + 4);
        let _ = writeln!(
            self.body,
            "<path class=\"a{dashed}\" d=\"M{from} {y}H{back}\"/>\
             <path class=\"d\" d=\"M{to} {y}L{back} {above}V{below}Z\"/>"
        );
    }

    /// What lies under everything: the groups of lanes, and the lanes.
    fn ground(&self, top: usize, first: usize) -> String {
        let mut ground = String::new();
        let end = self.y;
        for cpu in &self.cpus {
            let x = self.x(*cpu, Lane::Protocol) - LANE / 2;
            let (width, height) = (3 * LANE, end - top + 6);
            let _ = writeln!(
                ground,
                "<rect class=\"g\" x=\"{x}\" y=\"{top}\" width=\"{width}\" height=\"{height}\" rx=\"6\"/>"
            );
            for lane in Lane::ALL {
                let x = self.x(*cpu, lane);
                let _ = writeln!(ground, "<path class=\"l\" d=\"M{x} {first}V{end}\"/>");
            }
        }
        ground
    }
}

fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for letter in text.chars() {
        match letter {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            _ if letter.is_control() => escaped.push(' '),
            _ => escaped.push(letter),
        }
    }
    escaped
}
