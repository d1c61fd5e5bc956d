//! What is told of a card whose driver crashed, or did what a sanitizer found: its words, and the packets that it had.

use std::fmt::Write as _;

use ndiswan::{Adapter, Name};

use crate::card::Card;

impl Card {
    /// The driver is not called any more.
    #[cold]
    pub(crate) fn crash(&self, mut why: String) {
        if self.crashed().is_some() {
            return;
        }
        why.push_str(&self.held());
        why.push_str(&self.broken());
        if self.driver.crashed.set(why.clone()).is_ok() {
            (self.settings.on_crash)(&why);
        }
    }

    /// Something that the driver did and that breaks no rule of the contract; it is called further on.
    #[cold]
    pub(crate) fn found(&self, mut what: String) {
        what.push_str(&self.held());
        (self.settings.on_crash)(&what);
    }

    /// The rules that the driver broke before, each once, as lines that follow a sentence: what it does now may come of them.
    fn broken(&self) -> String {
        let Some(adapter) = self.adapter() else { return String::new() };
        let mut rules = Vec::new();
        let mut text = String::new();
        for broken in adapter.ndis.violations() {
            if broken.adapter == adapter.name && !broken.warning && !rules.contains(&broken.rule) {
                rules.push(broken.rule);
                let detail = broken.detail.lines().next().unwrap_or_default();
                let _ = write!(text, "\n  it had broken {}: {detail}", broken.rule.id());
            }
        }
        text
    }

    /// The packets that the driver has, each with its last events, as lines that follow a sentence. Reads without a lock.
    pub(crate) fn held(&self) -> String {
        let (Some(arena), Some(adapter)) = (self.arena.get(), self.adapter()) else {
            return String::new();
        };
        let held = arena.names().filter(|(name, open)| *open && adapter.is_with_miniport(*name));
        held.take(MOST_TOLD).map(|(name, _)| told(adapter, name, "the driver had")).collect()
    }

    /// The same, and where it has none the packets that it had last.
    pub(crate) fn held_last(&self) -> String {
        let (held, Some(arena), Some(adapter)) = (self.held(), self.arena.get(), self.adapter())
        else {
            return String::new();
        };
        if !held.is_empty() {
            return held;
        }
        let when = |name| adapter.history_of(name).last().map(|event| event.time);
        let mut names: Vec<Name> = arena.names().map(|(name, _)| name).collect();
        names.sort_by_key(|name| (std::cmp::Reverse(when(*name)), name.slot));
        names.dedup_by_key(|name| name.slot);
        names.iter().take(2).map(|name| told(adapter, *name, "the driver had had")).collect()
    }
}

/// Of so many packets a report tells the history.
const MOST_TOLD: usize = 4;

fn told(adapter: &Adapter, name: Name, verb: &str) -> String {
    let mut text = format!("\n  {verb} {name}");
    for event in adapter.history_of(name) {
        let _ = write!(text, "\n            {}", ndiswan::violation::describe(&event));
    }
    text
}
