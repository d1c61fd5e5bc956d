//! Counts and certificates of the exhaustive search.

use super::toy::Op::{Draw, FailIf, Local, Match, Set, Store};
use super::toy::{World, lost_update, windows};
use crate::choices::bounded::Bounded;
use crate::choices::portfolio::Portfolio;
use crate::choices::{Access, Certificate, Ended, Explorer, Step};

fn run(world: &World, search: &mut Bounded) -> u64 {
    world.explore(search, u64::MAX, |_| true)
}

#[test]
fn sleep_sets_leave_out_orders_of_what_is_independent() {
    // Three tasks that share nothing, and three of which two share a cell.
    for (tasks, with, without) in [
        (vec![vec![Set(0, 1), Set(0, 2)], vec![Set(1, 1), Set(1, 2)], vec![Set(2, 1)]], 36, 54),
        (vec![vec![Set(0, 1), Set(1, 2)], vec![Set(1, 1), Set(2, 2)], vec![Set(3, 1)]], 41, 54),
    ] {
        let world = World { tasks, at_the_end: None };
        let asleep = run(&world, &mut Bounded::with_sleep_sets());
        let awake = run(&world, &mut Bounded::new());
        assert_eq!((asleep, awake), (with, without));
    }
}

#[test]
fn what_needs_k_preemptions_is_found_at_bound_k_and_not_before() {
    for (count, needs) in [(1, 1), (2, 3), (3, 5)] {
        let world = windows(count, 0);
        let mut search = Bounded::with_sleep_sets();
        assert!(world.found_after(&mut search, u64::MAX).is_some());
        assert_eq!(search.bound(), needs);
        assert_eq!(search.certificate().unwrap().bound, needs - 1);
        let mut less = Bounded::with_sleep_sets().up_to(needs - 1);
        assert_eq!(world.found_after(&mut less, u64::MAX), None);
    }
}

#[test]
fn the_certificate_says_the_bound_the_executions_and_whether_there_is_more() {
    let world = lost_update(0);
    let mut search = Bounded::new();
    assert_eq!(search.certificate(), None);
    assert_eq!(run(&world, &mut search), 2 + 4 + 6);
    let certificate = search.certificate().unwrap();
    assert_eq!(certificate, Certificate { bound: 2, executions: 12, complete: true });

    let mut search = Bounded::new().up_to(1);
    assert_eq!(run(&world, &mut search), 2 + 4);
    let certificate = search.certificate().unwrap();
    assert_eq!(certificate, Certificate { bound: 1, executions: 6, complete: false });
}

/// Keeps from a search what the steps touch, as a driver does that has variables of its own.
struct Untold(Bounded);

impl Explorer for Untold {
    fn begin(&mut self) {
        self.0.begin();
    }

    fn step(&mut self, steps: &[Step]) -> usize {
        let untold = |step: &Step| Step { access: Access::default(), ..*step };
        self.0.step(&steps.iter().map(untold).collect::<Vec<_>>())
    }

    fn value(&mut self, n: u32) -> u32 {
        self.0.value(n)
    }

    fn end(&mut self, ended: &Ended<'_>) -> bool {
        self.0.end(ended)
    }
}

#[test]
fn with_sleep_sets_an_outcome_is_missed_if_accesses_are_not_told_and_without_none_is() {
    // The second task, the first one, the third one, in this order and no other.
    let tasks = vec![vec![Set(0, 1)], vec![Set(0, 2)], vec![Match(0, 1)]];
    let world = World { tasks, at_the_end: None };
    let reaches = |search| {
        let mut reached = false;
        world.explore(&mut Untold(search), u64::MAX, |execution| {
            let outcome = &execution.outcome;
            reached |= outcome.cells[0] == 1 && outcome.registers[2] == 1;
            true
        });
        reached
    };
    assert!(reaches(Bounded::new()));
    assert!(!reaches(Bounded::with_sleep_sets()), "if it is reached, nothing was left out");
}

#[test]
fn values_are_enumerated() {
    let world = World { tasks: vec![vec![Draw(4), Draw(5), FailIf(4)]], at_the_end: None };
    let mut seen = Vec::new();
    world.explore(&mut Bounded::with_sleep_sets(), u64::MAX, |execution| {
        seen.push((execution.choices[0].chosen, execution.choices[1].chosen));
        true
    });
    let all: Vec<_> = (0..4).flat_map(|a| (0..5).map(move |b| (a, b))).collect();
    assert_eq!(seen, all);
}

#[test]
fn there_is_no_certificate_for_a_world_that_does_not_repeat() {
    let step = |task| Step { task, access: Access::default(), preempts: false };
    let mut search = Bounded::with_sleep_sets();
    for execution in 0..1_000 {
        search.begin();
        // Every third execution has another task.
        let other = u32::from(execution % 3 == 0);
        for _ in 0..3 {
            search.step(&[step(0), step(1 + other)]);
        }
        if !search.end(&Ended { choices: &[], new_edges: 0, failed: false, steps: 3 }) {
            break;
        }
    }
    assert_eq!(search.certificate(), None);
    assert!(search.is_unsteady());
}

#[test]
fn what_was_exhausted_is_no_proof_any_more_once_the_same_answers_lead_elsewhere() {
    let step = |task, preempts| Step { task, access: Access::default(), preempts };
    for explorer in [&mut Bounded::new() as &mut dyn Explorer, &mut Portfolio::new(1)] {
        let mut before = None;
        for task in [1, 2] {
            for _ in 0..6 {
                explorer.begin();
                for _ in 0..8 {
                    explorer.step(&[step(0, false), step(task, true)]);
                }
                let ended = Ended { choices: &[], new_edges: 0, failed: false, steps: 8 };
                assert!(explorer.end(&ended));
            }
            before.get_or_insert(explorer.is_unsteady());
        }
        assert_eq!(before, Some(false));
        for _ in 0..200 {
            explorer.begin();
            explorer.step(&[step(0, false), step(3, true)]);
            explorer.end(&Ended { choices: &[], new_edges: 0, failed: false, steps: 1 });
        }
        assert!(explorer.is_unsteady());
        assert_eq!(explorer.certificate(), None);
    }
}

#[test]
fn work_that_may_begin_at_two_places_is_tried_at_both() {
    // The same task twice among the steps: an interrupt on this CPU or on the other one.
    let step = |task| Step { task, access: Access::default(), preempts: false };
    let mut search = Bounded::with_sleep_sets();
    let mut firsts = Vec::new();
    loop {
        search.begin();
        let first = search.step(&[step(0), step(1), step(1)]);
        firsts.push(first);
        if first == 0 {
            search.step(&[step(1), step(1)]);
        } else {
            search.step(&[step(0)]);
        }
        if !search.end(&Ended { choices: &[], new_edges: 0, failed: false, steps: 2 }) {
            break;
        }
    }
    assert_eq!(firsts, [0, 0, 1, 2]);
}

#[test]
fn work_that_was_tried_at_one_place_is_not_asleep_at_the_other() {
    // Task 1 may begin at two places at first, and at one after the first step of task 0.
    let step = |task| Step { task, access: Access::default(), preempts: false };
    let mut search = Bounded::with_sleep_sets();
    let mut taken = Vec::new();
    loop {
        search.begin();
        let first = search.step(&[step(1), step(0), step(1)]);
        let second = if first == 1 { search.step(&[step(1), step(0)]) } else { 0 };
        taken.push((first, second));
        if !search.end(&Ended { choices: &[], new_edges: 0, failed: false, steps: 2 }) {
            break;
        }
    }
    assert_eq!(taken, [(0, 0), (1, 0), (1, 1), (2, 0)]);
}

#[test]
fn what_is_asleep_at_one_place_is_tried_at_a_second_one() {
    // Task 1 may begin at one place at first, and at two after the first step of task 0.
    let step = |task| Step { task, access: Access::default(), preempts: false };
    let mut search = Bounded::with_sleep_sets();
    let mut taken = Vec::new();
    loop {
        search.begin();
        let first = search.step(&[step(1), step(0)]);
        let second = if first == 1 { search.step(&[step(1), step(1), step(0)]) } else { 0 };
        taken.push((first, second));
        if !search.end(&Ended { choices: &[], new_edges: 0, failed: false, steps: 2 }) {
            break;
        }
    }
    assert_eq!(taken, [(0, 0), (1, 0), (1, 1), (1, 2)]);
}

#[test]
fn a_long_program_with_few_preemptions_is_exhausted_quickly() {
    let mut task = vec![Local; 40];
    task.push(Store(0));
    let world = World { tasks: vec![task.clone(), task], at_the_end: None };
    let mut search = Bounded::with_sleep_sets().up_to(1);
    assert!(run(&world, &mut search) < 200);
    assert_eq!(search.certificate().map(|certificate| certificate.bound), Some(1));
}
