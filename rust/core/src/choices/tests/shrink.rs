//! The shrinker: small, minimal, and never anything that does not fail.

use std::time::Duration;

use super::toy::Op::{Draw, Expect, FailIf, Local, Match, Set};
use super::toy::{World, lost_update, password, windows};
use crate::choices::random::Random;
use crate::choices::replay::Replay;
use crate::choices::shrink::{Limits, Shrunk, shrink};
use crate::choices::{Choice, Explorer};

/// Runs choices leniently; those really used, if the world fails.
fn fails(world: &World, choices: &[Choice]) -> Option<Vec<Choice>> {
    let mut replay = Replay::lenient(choices.to_vec());
    replay.begin();
    let execution = world.run(&mut replay);
    execution.outcome.failed.then_some(execution.choices)
}

/// Choices that fail, as chance finds them.
fn failing(world: &World, seed: u64) -> Vec<Choice> {
    let mut choices = Vec::new();
    let found = world.explore(&mut Random::new(seed), 5_000_000, |execution| {
        choices.clone_from(&execution.choices);
        !execution.outcome.failed
    });
    assert!(found < 5_000_000, "chance did not find it");
    choices
}

const ALL: Limits = Limits { executions: u64::MAX, time: Duration::from_secs(600) };

fn shrunk(world: &World, seed: u64) -> Shrunk {
    let shrunk = shrink(&failing(world, seed), |choices| fails(world, choices), ALL);
    assert!(shrunk.reproduced && shrunk.minimal);
    shrunk
}

fn size(choices: &[Choice]) -> (usize, usize, Vec<u32>) {
    let values: Vec<u32> = choices.iter().map(|choice| choice.chosen).collect();
    let end = values.iter().rposition(|value| *value != 0).map_or(0, |last| last + 1);
    (values.iter().filter(|value| **value != 0).count(), end, values[..end].to_vec())
}

/// Tries everything that is one change away.
fn is_minimal(world: &World, best: &[Choice]) {
    let smaller = |candidate: Vec<Choice>| {
        if size(&candidate) < size(best) {
            let used = fails(world, &candidate);
            assert!(used.is_none_or(|used| size(&used) >= size(best)), "{best:?} {candidate:?}");
        }
    };
    for at in 0..best.len() {
        let mut candidate = best.to_vec();
        candidate.remove(at);
        smaller(candidate);
        for lower in 0..best[at].chosen {
            let mut candidate = best.to_vec();
            candidate[at].chosen = lower;
            smaller(candidate);
        }
        if at + 1 < best.len() {
            let mut candidate = best.to_vec();
            (candidate[at].chosen, candidate[at + 1].chosen) =
                (best[at + 1].chosen, best[at].chosen);
            smaller(candidate);
        }
    }
}

fn worlds() -> Vec<World> {
    let sizes = World {
        tasks: vec![
            vec![Draw(12), Draw(12), Expect(7), Set(0, 1), Local, Set(0, 0), Draw(5)],
            vec![Draw(9), Match(0, 1), Draw(6), Local, FailIf(4)],
            vec![Local, Draw(3), Local],
        ],
        at_the_end: None,
    };
    vec![lost_update(10), windows(2, 5), windows(3, 1), password(&[3, 1], 5), sizes]
}

#[test]
fn the_result_fails_strictly_replayed_and_is_1_minimal() {
    for world in worlds() {
        for seed in 0..10 {
            let Shrunk { choices, .. } = shrunk(&world, seed);
            let mut replay = Replay::new(choices.clone());
            assert!(world.run(&mut replay).outcome.failed);
            assert_eq!(replay.diverged(), None);
            is_minimal(&world, &choices);
        }
    }
}

#[test]
fn the_result_has_no_more_switches_than_the_bug_needs() {
    for (world, needs) in [(lost_update(10), 1), (windows(2, 5), 3), (windows(3, 1), 5)] {
        for seed in 0..10 {
            let Shrunk { choices, .. } = shrunk(&world, seed);
            let switches = choices.iter().filter(|choice| choice.chosen != 0).count();
            assert_eq!(switches, needs, "{choices:?}");
        }
    }
}

#[test]
fn a_limit_is_kept_and_what_is_returned_fails_all_the_same() {
    let world = windows(2, 5);
    let choices = failing(&world, 1);
    for executions in 0..60 {
        let mut made = 0;
        let run = |choices: &[Choice]| {
            made += 1;
            fails(&world, choices)
        };
        let limits = Limits { executions, ..ALL };
        let shrunk = shrink(&choices, run, limits);
        assert_eq!(made, shrunk.executions);
        assert!(made <= executions && !shrunk.minimal);
        assert_eq!(shrunk.reproduced, executions > 0);
        assert!(fails(&world, &shrunk.choices).is_some());
    }
    let none = Limits { time: Duration::ZERO, ..ALL };
    assert_eq!(shrink(&choices, |choices| fails(&world, choices), none).executions, 0);
}

#[test]
fn what_does_not_fail_again_is_given_back_unchanged() {
    let choices = failing(&windows(2, 5), 1);
    let shrunk = shrink(&choices, |_| None, ALL);
    let expected = Shrunk { choices, reproduced: false, minimal: false, executions: 1 };
    assert_eq!(shrunk, expected);
}

#[test]
fn a_failure_that_comes_and_goes_gives_nothing_that_was_not_seen_to_fail() {
    let world = windows(2, 5);
    let choices = failing(&world, 1);
    for every in 2..6 {
        let mut seen = vec![choices.clone()];
        let mut count = 0;
        let run = |choices: &[Choice]| {
            count += 1;
            let used = fails(&world, choices).filter(|_| count == 1 || count % every != 0)?;
            seen.push(choices.to_vec());
            Some(used)
        };
        let shrunk = shrink(&choices, run, ALL);
        assert!(seen.contains(&shrunk.choices));
    }
}

#[test]
fn a_large_value_is_lowered_in_few_executions() {
    let run = |choices: &[Choice]| {
        let used = choices.first().copied().unwrap_or(Choice { n: 100_000, chosen: 0 });
        (used.chosen >= 1_501).then(|| vec![used])
    };
    let shrunk = shrink(&[Choice { n: 100_000, chosen: 98_765 }], run, ALL);
    assert_eq!(shrunk.choices, [Choice { n: 100_000, chosen: 1_501 }]);
    assert!(shrunk.executions < 60, "{}", shrunk.executions);
}

/// Shrinks values, each of 10, of a world that uses all that it is given and fails by this rule.
fn shrunk_values(values: &[u32], rule: impl Fn(&[u32]) -> bool) -> Vec<u32> {
    let choices: Vec<Choice> = values.iter().map(|&chosen| Choice { n: 10, chosen }).collect();
    let run = |choices: &[Choice]| {
        let values: Vec<u32> = choices.iter().map(|choice| choice.chosen).collect();
        rule(&values).then(|| choices.to_vec())
    };
    shrink(&choices, run, ALL).choices.iter().map(|choice| choice.chosen).collect()
}

#[test]
fn each_kind_of_change_is_needed_for_something() {
    let ends_with_2 = |values: &[u32]| values.ends_with(&[2]) && !values.contains(&0);
    assert_eq!(shrunk_values(&[1, 1, 1, 1, 2], ends_with_2), [2], "taken out");
    let is_1_and_2 = |values: &[u32]| {
        let mut sorted = values.to_vec();
        sorted.sort_unstable();
        sorted == [1, 2]
    };
    assert_eq!(shrunk_values(&[2, 1], is_1_and_2), [1, 2], "exchanged");
    let has_4 = |values: &[u32]| values.iter().any(|value| *value >= 4);
    assert_eq!(shrunk_values(&[0, 3, 9, 0, 7, 1], has_4), [4], "made 0 and lower");
    let equal = |values: &[u32]| {
        let is = |at: usize| values.get(at) == Some(&1);
        is(1) && is(2) && is(4) && is(0) == is(3)
    };
    assert_eq!(shrunk_values(&[1; 5], equal), [0, 1, 1, 0, 1], "two made 0");
    let later = |values: &[u32]| values == [1, 0, 1] || values == [0, 0, 0, 0, 1];
    assert_eq!(shrunk_values(&[1, 0, 1], later), [0, 0, 0, 0, 1], "made 0 and shifted");
    let either = |values: &[u32]| values == [0, 0, 0, 1] || values == [1, 0, 0, 0, 1, 1];
    assert_eq!(shrunk_values(&[1, 0, 0, 0, 1, 1], either), [0, 0, 0, 1], "one in place of all");
    let count_and_items = |values: &[u32]| {
        let items = values.len().saturating_sub(1);
        values.first().is_some_and(|count| *count as usize == items) && items > 1
    };
    assert_eq!(shrunk_values(&[4, 1, 1, 1, 1], count_and_items), [2, 0, 1], "lower and taken out");
}

#[test]
fn what_was_used_is_kept_only_if_it_fails_by_itself() {
    // A world that claims to have used less than it did.
    let run = |choices: &[Choice]| {
        let enough = choices.iter().filter(|choice| choice.chosen == 1).count() >= 2;
        enough.then(|| choices[..1].to_vec())
    };
    let three = vec![Choice { n: 2, chosen: 1 }; 3];
    let shrunk = shrink(&three, run, ALL);
    assert!(run(&shrunk.choices).is_some(), "{shrunk:?}");
}
