//! The contract folded over a recording, and how its findings have to lie beside the engine's.
//!
//! The fold: before each event its CPU is at the level that the event says. An event that breaks a
//! rule is put right as the engine does it (`State::repair`), and the fold goes on; of what a halt
//! leaves over there may be several. What is found must stand in the recording directly behind the
//! event, as violations of the same rules in the same order; any other violation there must be of a
//! rule that no event shows.

use ndiswan::contract::State;
use ndiswan::event::{TakenBack, What};
use ndiswan::{Adapter, Config, Event, Name, OnViolation, Rule};

/// A rule that the engine reported and no event shows, with the event before it.
pub type Unseen = (Rule, Option<What>);

/// What the contract knows after a recording, and what of the engine's reports no event shows.
#[derive(Debug, Default)]
pub struct Fold {
    pub state: State,
    pub unseen: Vec<Unseen>,
    before: Option<What>,
    waiting: Vec<Rule>,
    at: usize,
}

impl Fold {
    /// Before the first event.
    pub fn new(config: &Config) -> Fold {
        let records = config.on_violation == OnViolation::Record;
        let state = State { policy: config.policy, records, ..State::default() };
        Fold { state, ..Fold::default() }
    }

    /// Takes in what came since the last time.
    pub fn take(&mut self, events: &[Event]) -> Result<(), String> {
        for event in &events[self.at..] {
            self.one(event).map_err(|e| format!("event {}: {event:?}: {e}", self.at))?;
            self.at += 1;
        }
        Ok(())
    }

    fn one(&mut self, event: &Event) -> Result<(), String> {
        if let What::Violation { rule } = event.what {
            if self.waiting.first() == Some(&rule) {
                self.waiting.remove(0);
            } else {
                self.unseen.push((rule, self.before));
            }
            return Ok(());
        }
        self.settled()?;
        self.waiting = find(&mut self.state, event);
        self.before = Some(event.what);
        Ok(())
    }

    /// Whether the engine has reported all that the contract found.
    pub fn settled(&self) -> Result<(), String> {
        let (waiting, before) = (&self.waiting, self.before);
        if waiting.is_empty() {
            return Ok(());
        }
        Err(format!("{before:?} breaks {waiting:?}, and the engine did not report it"))
    }

    /// Whether contract and engine agree on who owns each packet.
    pub fn agrees_on_owners(&self, adapter: &Adapter) -> Result<(), String> {
        for (&(index, slot), known) in &self.state.packets {
            let name = Name { adapter: index, slot, generation: known.generation() };
            if index != adapter.index {
                continue;
            }
            let real = adapter.state_of(name).ok_or("a slot that there is not")?;
            if (real.owner(), real.generation()) != (known.owner(), known.generation()) {
                return Err(format!(
                    "slot {slot}: the engine has {real:?}, the contract {known:?}"
                ));
            }
        }
        Ok(())
    }
}

/// What `event` breaks, each put right.
fn find(state: &mut State, event: &Event) -> Vec<Rule> {
    state.cpus.entry(event.cpu).or_default().irql = event.irql;
    let serialized = state.adapters.get(&event.adapter).is_some_and(|a| a.serialized);
    if serialized && event.what == What::ResetEnd {
        state.take_leftovers(event.adapter, TakenBack::Reset);
    }
    let warning = state.warning(event);
    let mut found = Vec::new();
    while let Err(rule) = state.apply(event) {
        found.push(rule);
        state.repair(event, rule);
        if event.what != What::Halted {
            break;
        }
    }
    if found.is_empty() {
        found.extend(warning);
    }
    found
}
