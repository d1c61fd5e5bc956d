//! What each explorer finds, on seeded bugs of several kinds.

use super::toy::Op::{Draw, Expect, FailIf, Local, Lock, Match, Read, Set, Spawn, Store, Unlock};
use super::toy::{World, lost_update, password, windows};
use crate::choices::{NAMES, make};

const SEEDS: u64 = 10;

/// Every explorer finds it within the budget, whatever the seed.
fn all_find(name: &str, world: &World, budget: u64) {
    each_finds(&NAMES, name, world, budget);
}

fn each_finds(explorers: &[&str], name: &str, world: &World, budget: u64) {
    for explorer in explorers {
        for seed in 0..SEEDS {
            let found = world.found_after(&mut *make(explorer, seed).unwrap(), budget);
            assert!(found.is_some(), "{explorer} with seed {seed} did not find {name} in {budget}");
        }
    }
}

#[test]
fn all_find_an_update_that_is_lost_by_one_preemption() {
    all_find("the lost update", &lost_update(8), 2_000);
}

#[test]
fn all_find_what_needs_three_preemptions_and_pct_does_if_it_is_made_for_them() {
    let explorers = ["random", "pct4", "pos", "surw", "bounded", "coverage", "portfolio"];
    each_finds(&explorers, "two windows", &windows(2, 2), 20_000);
    assert_eq!(windows(2, 2).found_after(&mut *make("pct3", 0).unwrap(), 20_000), None);
}

#[test]
fn all_find_what_needs_a_value_and_a_preemption() {
    let world = World {
        tasks: vec![
            vec![Draw(10), Expect(7), Set(0, 1), Local, Set(0, 0)],
            vec![Local, Local, Match(0, 1), FailIf(1)],
        ],
        at_the_end: None,
    };
    all_find("the value and the preemption", &world, 20_000);
}

#[test]
fn all_find_the_wrong_order_of_two_tasks_that_are_created_late() {
    let world = World {
        tasks: vec![
            vec![Spawn(1), Local, Local, Spawn(2), Local, Set(0, 1), Set(0, 2)],
            vec![Local, Local, Local, Read(0), Store(1)],
            vec![Match(0, 1), Match(1, 0), FailIf(2)],
        ],
        at_the_end: None,
    };
    all_find("the wrong order", &world, 5_000);
}

#[test]
fn all_find_two_locks_taken_in_two_orders() {
    let world = World {
        tasks: vec![
            vec![Local, Lock(0), Lock(1), Unlock(1), Unlock(0)],
            vec![Local, Lock(1), Lock(0), Unlock(0), Unlock(1)],
        ],
        at_the_end: None,
    };
    for explorer in NAMES {
        let mut stuck = false;
        world.explore(&mut *make(explorer, 1).unwrap(), 2_000, |execution| {
            stuck = execution.outcome.stuck;
            !stuck
        });
        assert!(stuck, "{explorer}");
    }
}

#[test]
fn none_finds_anything_in_the_mended_twin() {
    let task = vec![Local, Lock(1), Read(0), Store(0), Unlock(1), Local];
    let world = World { tasks: vec![task.clone(), task], at_the_end: Some((0, 2)) };
    for explorer in NAMES {
        let found = world.found_after(&mut *make(explorer, 1).unwrap(), 3_000);
        assert_eq!(found, None, "{explorer}");
    }
}

#[test]
fn the_plain_value_is_given_in_half_of_the_cases_or_more_by_all_that_draw_values() {
    let world = World { tasks: vec![vec![Draw(5); 40]], at_the_end: None };
    for explorer in ["random", "pct", "pos", "surw"] {
        let (mut plain, mut all, mut whole) = (0, 0, 0);
        world.explore(&mut *make(explorer, 1).unwrap(), 2_000, |execution| {
            let zeros = execution.choices.iter().filter(|choice| choice.chosen == 0).count();
            plain += zeros;
            all += execution.choices.len();
            whole += usize::from(zeros == execution.choices.len());
            true
        });
        assert!(2 * plain > all && plain < all, "{explorer}: {plain} of {all}");
        assert!(whole > 200, "{explorer}: {whole} executions without a fault");
    }
}

#[test]
fn each_value_below_the_number_comes_and_none_above() {
    let world = password(&[1], 7);
    for explorer in NAMES {
        let mut seen = [false; 7];
        world.explore(&mut *make(explorer, 1).unwrap(), 2_000, |execution| {
            seen[execution.choices[0].chosen as usize] = true;
            true
        });
        assert_eq!(seen, [true; 7], "{explorer}");
    }
}
