//! What a story ends with.

use crate::event::{Event, Name, What};
use crate::rule::{Rule, RuleSeverity};
use crate::trace::Trace;

/// What a story ends with: a broken rule, or something else that went wrong.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Ending {
    /// The id of the rule, or a word of the caller's such as `EXCEPTION`.
    pub rule: String,
    /// What was expected and what came.
    pub why: String,
    /// The packet that it is about, if it is about one.
    pub packet: Option<Name>,
    /// The number of the event at which it shows, in [`Trace::events`].
    pub index: usize,
    /// Whether it only warns.
    pub warning: bool,
}

impl Trace {
    /// What the engine reported while it was recorded, in order. If it reported nothing, what the
    /// check of the recording finds.
    pub fn endings(&self) -> Vec<Ending> {
        let all = self.events.iter().enumerate();
        let reported: Vec<Ending> =
            all.filter_map(|(at, event)| self.reported(at, event)).collect();
        if !reported.is_empty() {
            return reported;
        }
        let found = self.check().into_iter().map(|found| Ending {
            rule: found.rule.id().to_string(),
            why: found.detail,
            packet: found.packet,
            index: found.index,
            warning: found.warning,
        });
        found.collect()
    }

    /// The ending that a story is about if nobody says which: the first that is no warning.
    pub fn ending(&self) -> Option<Ending> {
        let all = self.endings();
        let at = all.iter().position(|ending| !ending.warning).unwrap_or(0);
        all.into_iter().nth(at)
    }

    fn reported(&self, index: usize, event: &Event) -> Option<Ending> {
        let What::Violation { rule } = event.what else { return None };
        let said = self.verdicts.get(&index);
        let severity = rule.info().severity == RuleSeverity::Warning;
        Some(Ending {
            rule: rule.id().to_string(),
            why: said.map_or_else(|| rule.info().sentence.to_string(), |said| said.detail.clone()),
            packet: said.and_then(|said| said.packet),
            index,
            warning: said.map_or(severity, |said| said.warning),
        })
    }
}

impl Ending {
    /// The rule, if it is one of the contract's.
    pub(super) fn known(&self) -> Option<Rule> {
        Rule::by_id(&self.rule)
    }

    /// Whether it is about a packet that the miniport had still: another CPU may be the one that has it.
    pub(super) fn is_about_what_was_left(&self) -> bool {
        use Rule::{Halt, Hang, Late, Lost, Reset};
        self.known().is_some_and(|rule| matches!(rule, Reset | Lost | Halt | Late | Hang))
    }

    /// The event that did it: for a violation the one before it on its CPU.
    pub(super) fn culprit(&self, events: &[Event]) -> Option<usize> {
        let last = events.get(self.index)?;
        if !matches!(last.what, What::Violation { .. }) {
            return Some(self.index);
        }
        let before = events[..self.index].iter().rposition(|event| {
            event.cpu == last.cpu && !matches!(event.what, What::Violation { .. })
        });
        before.filter(|at| events[*at].adapter == last.adapter)
    }
}
