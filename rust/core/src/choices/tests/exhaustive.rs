//! The exhaustive search against a search that leaves nothing out.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::toy::Op::{Draw, Expect, Local, Lock, Match, Read, Set, Spawn, Store, Unlock};
use super::toy::{Op, Outcome, World};
use crate::choices::bounded::Bounded;
use crate::choices::{Choice, Ended, Explorer, Step};

/// Counts through all choices, like an odometer.
#[derive(Default)]
struct All {
    choices: Vec<Choice>,
    at: usize,
}

impl All {
    fn next(&mut self, n: u32) -> u32 {
        if self.at == self.choices.len() {
            self.choices.push(Choice { n, chosen: 0 });
        }
        self.at += 1;
        self.choices[self.at - 1].chosen
    }
}

impl Explorer for All {
    fn begin(&mut self) {
        self.at = 0;
    }

    fn step(&mut self, steps: &[Step]) -> usize {
        if steps.len() < 2 { 0 } else { self.next(steps.len() as u32) as usize }
    }

    fn value(&mut self, n: u32) -> u32 {
        self.next(n)
    }

    fn end(&mut self, _: &Ended<'_>) -> bool {
        while let Some(Choice { n, chosen }) = self.choices.pop() {
            if chosen + 1 < n {
                self.choices.push(Choice { n, chosen: chosen + 1 });
                return true;
            }
        }
        false
    }
}

/// Each outcome, with the fewest preemptions that lead there; and how many executions there are for
/// each number of preemptions.
fn everything(world: &World) -> (BTreeMap<Key, u32>, Vec<u64>) {
    let (mut outcomes, mut executions) = (BTreeMap::new(), Vec::new());
    world.explore(&mut All::default(), u64::MAX, |execution| {
        let preemptions = execution.preemptions as usize;
        executions.resize(executions.len().max(preemptions + 1), 0);
        executions[preemptions] += 1;
        let fewest = outcomes.entry(key(&execution.outcome)).or_insert(u32::MAX);
        *fewest = execution.preemptions.min(*fewest);
        true
    });
    (outcomes, executions)
}

type Key = (Vec<u32>, Vec<u32>, bool);

fn key(outcome: &Outcome) -> Key {
    (outcome.cells.clone(), outcome.registers.clone(), outcome.stuck)
}

/// The search, bound by bound, against the list of everything.
fn agrees(world: &World) -> Result<(), TestCaseError> {
    let (outcomes, executions) = everything(world);
    for sleeping in [true, false] {
        let mut search = if sleeping { Bounded::with_sleep_sets() } else { Bounded::new() };
        let mut found = BTreeMap::new();
        let mut count = 0;
        for bound in 0.. {
            let before = count;
            let mut most = 0;
            let certificate = loop {
                search.begin();
                let execution = world.run(&mut search);
                most = most.max(execution.preemptions);
                found.entry(key(&execution.outcome)).or_insert(bound);
                count += 1;
                let ended = Ended {
                    choices: &execution.choices,
                    new_edges: 0,
                    failed: false,
                    steps: execution.steps,
                };
                let goes_on = search.end(&ended);
                if let Some(found) = search.certificate().filter(|c| c.executions == count) {
                    prop_assert_eq!(found.bound, bound);
                    prop_assert_eq!(goes_on, !found.complete);
                    break found;
                }
                prop_assert!(goes_on);
            };
            prop_assert!(most <= bound || sleeping, "{} preemptions at bound {}", most, bound);
            let within: u64 = executions.iter().take(bound as usize + 1).sum();
            if sleeping {
                prop_assert!(count - before <= within);
            } else {
                prop_assert_eq!(count - before, within);
                prop_assert_eq!(certificate.complete, executions.len() <= bound as usize + 1);
            }
            let expected = outcomes.iter().filter(|(_, fewest)| **fewest <= bound);
            prop_assert!(found.keys().eq(expected.map(|(key, _)| key)), "bound {}", bound);
            if certificate.complete {
                break;
            }
        }
        prop_assert_eq!(&found, &outcomes);
    }
    Ok(())
}

fn op() -> impl Strategy<Value = Op> {
    let cell = 0_usize..3;
    prop_oneof![
        1 => Just(Local),
        3 => cell.clone().prop_map(Read),
        3 => cell.clone().prop_map(Store),
        2 => (cell.clone(), 1_u32..4).prop_map(|(cell, value)| Set(cell, value)),
        2 => (cell, 0_u32..3).prop_map(|(cell, value)| Match(cell, value)),
        1 => (2_u32..4).prop_map(Draw),
        1 => (0_u32..2).prop_map(Expect),
        1 => Just(Lock(3)),
        1 => Just(Unlock(3)),
    ]
}

/// Two or three tasks, of which the last is created by the first or there from the beginning.
fn world() -> impl Strategy<Value = World> {
    let short = prop::collection::vec(op(), 1..4);
    let long = prop::collection::vec(op(), 2..6);
    let tasks = prop_oneof![prop::collection::vec(short, 3), prop::collection::vec(long, 2),];
    (tasks, any::<bool>()).prop_map(|(mut tasks, spawn)| {
        if spawn {
            let last = tasks.len() - 1;
            tasks[0].insert(0, Spawn(last));
        }
        World { tasks, at_the_end: None }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn every_outcome_within_the_bound_is_reached_and_no_other(world in world()) {
        agrees(&world)?;
    }
}

#[test]
fn a_task_that_ends_a_task_that_waits_and_a_value_are_no_exceptions() {
    for tasks in [
        vec![vec![Read(0)], vec![Store(0)], vec![Set(0, 3), Match(0, 1)]],
        vec![vec![Lock(3), Store(0), Unlock(3)], vec![Lock(3), Read(0), Unlock(3), Set(1, 1)]],
        vec![vec![Draw(3), Expect(1), Set(0, 2)], vec![Match(0, 2), Draw(2), Store(1)]],
        vec![vec![Spawn(2), Store(0)], vec![Store(1), Read(0)], vec![Store(0), Read(1)]],
    ] {
        agrees(&World { tasks, at_the_end: None }).unwrap();
    }
}
