//! The story of a failure: what happened to whom, step by step, up to the rule that was broken.
//!
//! ```text
//! Trace --endings--> Ending --Story::of--> Story --to_text-----> a sequence diagram for a terminal
//!                                               \--to_mermaid--> `sequenceDiagram`
//!                                               \--to_svg------> one picture, without a script
//! ```
//!
//! A story is data first ([`Story`], [`Step`]); the three forms say the same. By default only what
//! matters is told: what happened to the packet that the rule is about, the entry points and locks
//! that it happened inside of, the line and the life of its adapter. The rest is counted
//! ("… 12 other events"), and so is the middle of what has more than a thousand steps. The same trace gives the same story, to the letter.
//!
//! CPUs are numbered from 0 in the order in which they appear.

use serde::Serialize;

use crate::rule::Rule;
use crate::trace::Trace;

mod ending;
mod matters;
mod mermaid;
mod svg;
mod tell;
mod text;
mod words;

pub use ending::Ending;

/// Whose side of the border something happens on.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Ord, PartialOrd, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Lane {
    /// The driver that sends.
    Protocol,
    /// The library between the two.
    Ndis,
    /// The driver that transmits.
    Miniport,
}

impl Lane {
    /// The three lanes, from left to right.
    pub const ALL: [Lane; 3] = [Lane::Protocol, Lane::Ndis, Lane::Miniport];

    /// Its name in a picture.
    pub fn name(self) -> &'static str {
        ["protocol", "ndis", "miniport"][self as usize]
    }
}

/// One thing that happened. Owner, level and locks are those that hold after it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Step {
    /// The number of its event in the trace.
    pub index: usize,
    /// When, in nanoseconds.
    pub time: u64,
    /// On which CPU, counted from 0.
    pub cpu: usize,
    /// Who does it.
    pub from: Lane,
    /// Who it is done to; the same if it stays where it is.
    pub to: Lane,
    /// Whether it is an answer: the way back of a call.
    pub returns: bool,
    /// What it is; empty if all it is is [`broken`](Self::broken).
    pub text: String,
    /// Who owns the packet that the story is about, or that the step is about.
    pub owner: String,
    /// The CPU's interrupt request level.
    pub level: String,
    /// The names of the spin locks that the CPU holds, in order of acquisition.
    pub locks: Vec<String>,
    /// The driver's source line, if it was recorded.
    pub site: Option<String>,
    /// Whether that is another line than the step before had.
    #[serde(skip)]
    pub(crate) moved: bool,
    /// Whether another CPU did the step before.
    pub switched: bool,
    /// What is broken here, if something is.
    pub broken: Option<Broken>,
    /// Events that are left out before it.
    pub hidden: Hidden,
}

/// What is broken at a step.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Broken {
    /// The id of the rule, or what went wrong otherwise.
    pub rule: String,
    /// What was expected and what came.
    pub why: String,
}

/// How many events are left out at one place.
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Hidden {
    /// All of them.
    pub events: usize,
    /// Those about other packets.
    pub packets: usize,
}

/// How a story is to be told.
#[derive(Clone, Debug, Default)]
pub struct Telling {
    /// Every event, to the end of the trace, and not only what matters.
    pub full: bool,
    /// How many context switches it is from first-in-first-out, if a scheduler knows: how many of
    /// its choices were not 0.
    pub switches: Option<usize>,
    /// Sentences for the head, such as which choice matters, or what replays it.
    pub facts: Vec<String>,
}

/// The story of a failure.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Story {
    /// The id of the rule that was broken, or what went wrong otherwise; empty if nothing did.
    pub rule: String,
    /// What was expected and what came.
    pub why: String,
    /// What the rule says, if it is one.
    pub sentence: Option<String>,
    /// The packet that it is about, if it is about one.
    pub packet: Option<String>,
    /// The adapter that it is about.
    pub adapter: String,
    /// How many CPUs take part in what is told.
    pub cpus: usize,
    /// How many events there are up to the end of the story.
    pub events: usize,
    /// How many context switches it is from first-in-first-out, if that is known.
    pub switches: Option<usize>,
    /// What else is to be said.
    pub facts: Vec<String>,
    /// What happened.
    pub steps: Vec<Step>,
    /// Events that are left out behind the last step.
    pub rest: Hidden,
}

impl Story {
    /// The story of `ending`, or of the whole trace if there is none.
    pub fn of(trace: &Trace, ending: Option<&Ending>, telling: &Telling) -> Story {
        tell::story(trace, ending, telling)
    }

    /// The story as data: one JSON document.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default() // numbers and texts: it does not fail
    }

    /// The CPUs that take part, by their numbers.
    pub(crate) fn numbers(&self) -> Vec<usize> {
        let mut cpus: Vec<usize> = self.steps.iter().map(|step| step.cpu).collect();
        cpus.sort_unstable();
        cpus.dedup();
        cpus
    }

    /// One line on what the story consists of.
    pub(crate) fn summary(&self) -> String {
        let many = |count: usize, what: &str| match count {
            1 => format!("1 {what}"),
            _ => format!("{count} {what}s"),
        };
        let mut parts = vec![
            format!("adapter {:?}", self.adapter),
            many(self.cpus, "CPU"),
            format!("{} of {}", many(self.steps.len(), "step"), many(self.events, "event")),
        ];
        if let Some(switches) = self.switches {
            parts.push(format!("{} from first-in-first-out", many(switches, "switch")));
        }
        parts.join(", ").replace("switchs", "switches")
    }
}

impl Step {
    /// What it is and where: a call site is shown by its file's name where it is another than before.
    pub(crate) fn said(&self) -> String {
        match &self.site {
            Some(site) if self.moved => {
                let short = site.rsplit('/').next().unwrap_or(site);
                format!("{} [{short}]", self.text)
            }
            _ => self.text.clone(),
        }
    }
}

impl Broken {
    /// The two in one sentence.
    pub(crate) fn words(&self) -> String {
        let breaks = if Rule::by_id(&self.rule).is_some() { "breaks " } else { "" };
        format!("{breaks}{}: {}", self.rule, self.why)
    }
}

impl Hidden {
    /// What is left out, in words; `None` if nothing is.
    pub(crate) fn words(self) -> Option<String> {
        let others = match (self.events, self.packets) {
            (0, _) => return None,
            (1, 1) => "1 event about another packet".to_string(),
            (1, _) => "1 other event".to_string(),
            (events, packets) if events == packets => {
                format!("{events} events about other packets")
            }
            (events, 0) => format!("{events} other events"),
            (events, packets) => {
                format!("{events} other events, {packets} of them about other packets")
            }
        };
        Some(format!("… {others}"))
    }
}

#[cfg(test)]
mod tests;
