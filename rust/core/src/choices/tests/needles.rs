//! What is found step by step by those who remember, and hardly ever by chance.

use super::toy::{World, gates, password, windows};
use crate::choices::coverage::Coverage;
use crate::choices::random::Random;
use crate::choices::{Access, Choice, Ended, Explorer, Step};

const SEEDS: u64 = 5;

fn found_by(make: impl Fn(u64) -> Box<dyn Explorer>, world: &World, budget: u64) -> usize {
    (0..SEEDS).filter(|seed| world.found_after(&mut *make(*seed), budget).is_some()).count()
}

#[test]
fn coverage_finds_a_value_that_must_be_guessed_digit_by_digit_and_chance_does_not() {
    let world = password(&[3, 1, 5, 2, 4, 3], 7);
    let guided = found_by(|seed| Box::new(Coverage::new(seed)), &world, 8_000);
    let chance = found_by(|seed| Box::new(Random::new(seed)), &world, 8_000);
    assert_eq!((guided, chance), (5, 0));
}

#[test]
fn coverage_finds_an_order_that_must_be_met_gate_by_gate_and_chance_does_not() {
    let world = gates(8, 10);
    let guided = found_by(|seed| Box::new(Coverage::new(seed)), &world, 10_000);
    let chance = found_by(|seed| Box::new(Random::new(seed)), &world, 10_000);
    assert!(guided >= 4 && chance == 0, "{guided} against {chance} of {SEEDS}");
}

#[test]
fn what_was_suggested_is_run_first_and_becomes_an_example() {
    let world = windows(2, 4);
    let mut failing: Vec<Choice> = Vec::new();
    world.explore(&mut Random::new(1), 100_000, |execution| {
        failing.clone_from(&execution.choices);
        !execution.outcome.failed
    });
    let mut coverage = Coverage::new(1);
    coverage.suggest(&failing);
    assert_eq!(world.found_after(&mut coverage, 1), Some(1));
    assert_eq!(coverage.examples(), 1);
}

#[test]
fn the_corpus_does_not_grow_for_ever() {
    let world = windows(2, 4);
    let mut coverage = Coverage::new(1);
    for _ in 0..2_000 {
        coverage.begin();
        let execution = world.run(&mut coverage);
        let ended = Ended { choices: &execution.choices, new_edges: 1, failed: false, steps: 1 };
        coverage.end(&ended);
    }
    assert_eq!(coverage.examples(), 512);
}

#[test]
fn a_fault_in_a_long_execution_in_which_nothing_comes_in_between_is_soon_found_by_chance() {
    let step = |task| Step { task, access: Access::ANY, preempts: task > 0 };
    let mut needed = Vec::new();
    for seed in 0..20 {
        let mut random = Random::new(seed);
        let found = (1..10_000).find(|_| {
            random.begin();
            let fault = random.value(2) == 1;
            let goes_on = (0..500).filter(|_| random.step(&[step(0), step(1)]) == 0).count();
            random.end(&Ended { choices: &[], new_edges: 0, failed: false, steps: 501 });
            fault && goes_on == 500
        });
        needed.push(found.unwrap());
    }
    assert!(needed.iter().sum::<i32>() < 20 * 40, "{needed:?}");
}

#[test]
fn where_no_value_is_asked_for_no_execution_is_plain_for_sure() {
    let step = |task| Step { task, access: Access::ANY, preempts: task > 0 };
    let mut random = Random::new(1);
    let mut plain = 0;
    for _ in 0..1000 {
        random.begin();
        plain += i32::from((0..500).all(|_| random.step(&[step(0), step(1)]) == 0));
        random.end(&Ended { choices: &[], new_edges: 0, failed: false, steps: 500 });
    }
    assert!(plain < 20, "{plain}");
}
