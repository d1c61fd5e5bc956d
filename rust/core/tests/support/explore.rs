//! Breadth-first search over everything that the contract can know: each event is tried in each state.
//!
//! An event that keeps the rules leads to the next state; one that breaks a rule is counted under
//! its rule and must leave the state as it was. The search ends when no new state is found.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::hash::{BuildHasherDefault, Hasher};

use ndiswan::contract::State;
use ndiswan::{Event, Rule};

/// What was found in a whole state space.
#[derive(Debug, Default)]
pub struct Space {
    /// How many states can be reached.
    pub states: usize,
    /// How many events lead from one to another or back to the same.
    pub transitions: usize,
    /// How many events broke a rule, by rule.
    pub broken: BTreeMap<Rule, usize>,
}

/// A quick hash: the standard one takes half of the time here. Equal states are found by comparison.
#[derive(Default)]
struct Quick(u64);

impl Quick {
    fn add(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }
}

impl Hasher for Quick {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.add(u64::from(*byte));
        }
    }

    fn write_u8(&mut self, word: u8) {
        self.add(word.into());
    }

    fn write_u16(&mut self, word: u16) {
        self.add(word.into());
    }

    fn write_u32(&mut self, word: u32) {
        self.add(word.into());
    }

    fn write_u64(&mut self, word: u64) {
        self.add(word);
    }

    fn write_usize(&mut self, word: usize) {
        self.add(word as u64);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// What is looked at on the way.
pub trait Model {
    /// Where it begins.
    fn first(&self) -> State;
    /// The events that are tried in `state`, the wrong ones among them.
    fn events(&self, state: &State, out: &mut Vec<Event>);
    /// Looks at a state; says what is wrong with it.
    fn look_at_state(&mut self, state: &State) -> Result<(), String>;
    /// Looks at an event that kept the rules.
    fn look_at_step(&mut self, before: &State, event: &Event, after: &State) -> Result<(), String>;
}

/// Walks the whole space.
pub fn explore(model: &mut impl Model) -> Space {
    let mut space = Space::default();
    let first = model.first();
    model.look_at_state(&first).unwrap();
    let mut seen: HashSet<State, BuildHasherDefault<Quick>> = HashSet::default();
    seen.insert(first.clone());
    let mut waiting = VecDeque::from([first]);
    let mut events = Vec::new();
    while let Some(state) = waiting.pop_front() {
        events.clear();
        model.events(&state, &mut events);
        let mut next = state.clone();
        for event in &events {
            if let Err(rule) = next.apply(event) {
                assert!(next == state, "{event:?} broke {rule} and changed {state:?}");
                *space.broken.entry(rule).or_default() += 1;
                continue;
            }
            space.transitions += 1;
            let looked = model.look_at_step(&state, event, &next);
            looked.unwrap_or_else(|e| panic!("{e}: {event:?} from {state:?} to {next:?}"));
            if !seen.contains(&next) {
                let looked = model.look_at_state(&next);
                looked.unwrap_or_else(|e| panic!("{e}: {next:?} after {event:?}"));
                seen.insert(next.clone());
                waiting.push_back(next);
            }
            next = state.clone();
        }
    }
    space.states = seen.len();
    space
}
