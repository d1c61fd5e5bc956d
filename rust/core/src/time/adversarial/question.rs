//! What the explorer was asked, as somebody reads it who chooses by hand: a world that records keeps it.

use std::ops::Range;

use super::{Adversary, Inner, State, Way};
use crate::choices::Access;
use crate::cx::{Cpu, Irql};
use crate::ndis::Ndis;

/// One question, with what was the case when it was asked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Question {
    /// What is chosen.
    pub kind: Kind,
    /// The words of each answer; none for a value, which is a number.
    pub answers: Vec<Answer>,
    /// How many answers there are.
    pub n: u32,
    /// The one that was given.
    pub chosen: u32,
    /// On which virtual CPU it was asked.
    pub cpu: usize,
    /// The driver's line that it was at, if it was at one.
    pub site: Option<String>,
    /// How many events had happened.
    pub events: u64,
    /// The virtual CPUs, by their numbers.
    pub cpus: Vec<At>,
}

/// What is chosen.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Kind {
    /// Who goes on.
    Step,
    /// On which CPU something begins.
    Place,
    /// A value, and what it is for.
    Value(String),
}

/// An answer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Answer {
    /// What would happen.
    pub words: String,
    /// What it would touch first; empty if that is not known.
    pub touches: String,
}

/// What a virtual CPU was at.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct At {
    /// Its number in events.
    pub id: u32,
    /// The level at which it runs.
    pub irql: Irql,
    /// What it waits for, if it waits.
    pub waits: Option<String>,
    /// Whether it has anything to do.
    pub busy: bool,
}

impl Question {
    /// What the answer means that was given.
    pub(super) fn said(&self) -> String {
        match &self.kind {
            Kind::Value(what) => format!("{what:?} is {} of 0 to {}", self.chosen, self.n - 1),
            _ => self.answers[self.chosen as usize].words.clone(),
        }
    }
}

impl Ndis {
    /// What was asked for each of the [`choices`](Self::choices), if the world records, as of
    /// [`choice_words`](Self::choice_words).
    pub fn questions(&self) -> Vec<Question> {
        self.queue.adversary.as_ref().map(Adversary::questions).unwrap_or_default()
    }

    /// Who goes on.
    pub(super) fn asked_step(
        &self,
        adversary: &Adversary,
        inner: &Inner,
        chosen: usize,
    ) -> Question {
        let answer = |index: usize| {
            let (words, access) = match inner.ways[index] {
                Way::Cpu(other) => (format!("cpu {other} goes on"), inner.steps[index].access),
                Way::Work(index) => {
                    (format!("{} begins", inner.pending[index].work.words()), Access::ANY)
                }
            };
            Answer { words, touches: access.words(|lock| self.locks.name(lock)) }
        };
        let answers = (0..inner.ways.len()).map(answer).collect();
        self.asked(adversary, inner, Kind::Step, answers, chosen as u32)
    }

    /// Where it begins.
    pub(super) fn asked_place(
        &self,
        adversary: &Adversary,
        inner: &Inner,
        places: impl Iterator<Item = usize>,
        chosen: usize,
    ) -> Question {
        let on = |place| Answer { words: format!("on cpu {place}"), touches: String::new() };
        self.asked(adversary, inner, Kind::Place, places.map(on).collect(), chosen as u32)
    }

    fn asked(
        &self,
        adversary: &Adversary,
        inner: &Inner,
        kind: Kind,
        answers: Vec<Answer>,
        chosen: u32,
    ) -> Question {
        let n = answers.len() as u32;
        let mut asked = adversary.asked(inner, kind, n, chosen);
        (asked.answers, asked.site) = (answers, self.here());
        for (number, at) in asked.cpus.iter_mut().enumerate() {
            if let State::Lock(lock) = inner.cpus[number].state {
                at.waits = Some(self.locks.name(lock));
            }
        }
        asked
    }
}

impl Adversary {
    /// A question without the words of its answers.
    pub(super) fn asked(&self, inner: &Inner, kind: Kind, n: u32, chosen: u32) -> Question {
        let me = Cpu::current_number();
        let all: Range<usize> = 0..inner.cpus.len();
        let at = |number: usize| {
            let (cpu, seen) = (Cpu::numbered(number), &inner.cpus[number]);
            At {
                id: cpu.number(),
                irql: if number == me { Cpu::current().irql() } else { seen.irql },
                waits: match seen.state {
                    State::Lock(lock) => Some(format!("lock {lock}")),
                    State::Waits(_) => Some("what others do".to_string()),
                    State::Sleeps(u64::MAX) => Some("what it waits for".to_string()),
                    State::Sleeps(_) => Some("the end of its sleep".to_string()),
                    _ => None,
                },
                busy: seen.state != State::Idle || seen.inbox.is_some(),
            }
        };
        let (answers, events, cpus) = (Vec::new(), self.seen(), all.map(at).collect());
        Question { kind, answers, n, chosen, cpu: me, site: None, events, cpus }
    }

    fn questions(&self) -> Vec<Question> {
        self.inner.lock().asked.clone().unwrap_or_default()
    }

    /// What each answer means, in words.
    pub(crate) fn words(&self) -> Vec<String> {
        let inner = self.inner.lock();
        inner.asked.iter().flatten().map(Question::said).collect()
    }
}
