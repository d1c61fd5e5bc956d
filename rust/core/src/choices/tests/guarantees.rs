//! What the literature promises of the sampling explorers, counted.

use std::collections::HashMap;

use super::toy::Op::{Draw, Expect, FailIf, Local, Match, Set, Spawn, Store};
use super::toy::{World, lost_update, windows};
use crate::choices::pct::Pct;
use crate::choices::pos::Pos;
use crate::choices::random::Random;
use crate::choices::surw::Surw;
use crate::choices::{Access, Ended, Explorer, Step};

/// How many of the executions fail.
fn failures(world: &World, explorer: &mut dyn Explorer, executions: u64) -> u64 {
    let mut failures = 0;
    world.explore(explorer, executions, |execution| {
        failures += u64::from(execution.outcome.failed);
        true
    });
    failures
}

/// How often each order came.
fn orders(world: &World, explorer: &mut dyn Explorer, executions: u64) -> HashMap<Vec<u32>, u64> {
    let mut orders = HashMap::new();
    world.explore(explorer, executions, |execution| {
        *orders.entry(execution.order.clone()).or_default() += 1;
        true
    });
    orders
}

#[test]
fn pct_finds_bugs_of_its_depth_with_the_promised_probability() {
    let there_and_back = World {
        tasks: vec![
            vec![Set(0, 1), Set(0, 0), Match(1, 1), FailIf(1), Local, Local],
            vec![Local, Match(0, 1), Expect(1), Set(1, 1), Set(1, 0)],
        ],
        at_the_end: None,
    };
    for (world, depth) in
        [(windows(1, 4), 2), (lost_update(6), 2), (there_and_back, 3), (windows(2, 1), 4)]
    {
        // The bound with all steps counted, which is the weakest one.
        let k = world.tasks.iter().map(Vec::len).sum::<usize>() as u64;
        let n = world.tasks.len() as u64;
        let one_in = n * k.pow(depth - 1);
        let executions = 100 * one_in;
        let found = failures(&world, &mut Pct::new(5, depth), executions);
        // 100 are expected at the least; three standard deviations less are granted.
        assert!(found >= 70, "depth {depth}: {found} in {executions}, at least 100 are promised");
    }
}

#[test]
fn pct_of_depth_1_changes_tasks_only_where_they_end() {
    lost_update(3).explore(&mut Pct::new(1, 1), 100, |execution| {
        let changes = execution.order.windows(2).filter(|pair| pair[0] != pair[1]).count();
        assert_eq!(changes, 1);
        true
    });
}

#[test]
fn pct_forgets_an_execution_that_was_endless() {
    // 100,000 points once; then bugs that need a change among the first 20 are found again.
    let mut pct = Pct::new(2, 2);
    let step = |task| Step { task, access: Access::default(), preempts: false };
    pct.begin();
    for _ in 0..100_000 {
        pct.step(&[step(0), step(1)]);
    }
    pct.end(&Ended { choices: &[], new_edges: 0, failed: true, steps: 100_000 });
    failures(&lost_update(8), &mut pct, 200);
    assert!(failures(&lost_update(8), &mut pct, 1_000) >= 10);
}

#[test]
fn pos_gives_both_orders_of_a_race_between_many_events_that_do_not_race() {
    // The one who looks has 20 events before; a uniform walk hardly ever lets it be first.
    let mut late = vec![Local; 20];
    late.extend([Match(0, 0), FailIf(1)]);
    let world = World { tasks: vec![late, vec![Set(0, 1)]], at_the_end: None };
    let by_pos = failures(&world, &mut Pos::new(1), 2_000);
    let by_walk = failures(&world, &mut Random::sticky(1, 0), 2_000);
    assert!(by_pos > 40, "{by_pos}: one in 22 is expected");
    assert!(by_walk <= 1, "{by_walk}: one in a million is expected");
}

#[test]
fn pos_draws_again_what_lost_a_race() {
    // Two writes each. If each race is decided anew, one task is done first in 1/4 of the cases; if
    // the loser kept its low priority it would be 1/3.
    let world = World { tasks: vec![vec![Store(0); 2]; 2], at_the_end: None };
    let orders = orders(&world, &mut Pos::new(1), 20_000);
    for order in [vec![0, 0, 1, 1], vec![1, 1, 0, 0]] {
        assert!((4_600..5_400).contains(&orders[&order]), "{}", orders[&order]);
    }
}

#[test]
fn pos_lets_a_task_run_through_beside_one_of_which_nothing_is_known() {
    // What may touch anything, an interrupt that begins, would win one of 20 draws nearly always if each were drawn anew.
    let mut pos = Pos::new(1);
    let access = |object| Access { object, write: true };
    let last = (0..2_000).filter(|_| {
        pos.begin();
        let unknown = Step { task: 1, access: Access::ANY, preempts: true };
        let through = (0..20).all(|event| {
            let own = Step { task: 0, access: access(event % 3 + 1), preempts: false };
            pos.step(&[own, unknown]) == 0
        });
        pos.end(&Ended { choices: &[], new_edges: 0, failed: false, steps: 20 });
        through
    });
    let last = last.count();
    assert!(last > 20, "{last}: half of one in 21 is expected");
}

#[test]
fn surw_lets_a_task_be_first_that_did_nothing_in_the_execution_before() {
    // It does something if a value is drawn, one in 30 executions; it is not to take two of them in a row.
    let world = World {
        tasks: vec![vec![Draw(10), Expect(7), Set(0, 1)], vec![Local, Match(0, 1), FailIf(1)]],
        at_the_end: None,
    };
    let found = failures(&world, &mut Surw::new(1), 6_000);
    assert!(found > 5, "{found}");
}

#[test]
fn surw_makes_all_orders_of_a_short_and_a_long_task_equally_likely() {
    let world = World { tasks: vec![vec![Store(0); 25], vec![Store(0)]], at_the_end: None };
    let orders = orders(&world, &mut Surw::new(1), 26 * 400);
    assert_eq!(orders.len(), 26);
    // 400 each; five standard deviations are 100.
    assert!(orders.values().all(|count| (300..500).contains(count)), "{:?}", orders.values());
}

#[test]
fn surw_makes_all_orders_equally_likely_when_tasks_are_created_on_the_way() {
    let late = vec![
        vec![Store(0), Store(0), Spawn(1), Store(0), Spawn(2), Store(0)],
        vec![Store(0); 2],
        vec![Store(0); 2],
    ];
    let early = vec![vec![Spawn(2), Store(0)], vec![Store(0); 3], vec![Store(0); 3]];
    // The orders of the interesting events: those that come with the creator's last one and the
    // second task's last two in any order, and so on down the tree.
    for (tasks, all) in [(late, 45), (early, 140)] {
        let world = World { tasks, at_the_end: None };
        let mut orders: HashMap<Vec<u32>, u64> = HashMap::new();
        world.explore(&mut Surw::new(1), all * 200, |execution| {
            let mut at = [0; 3];
            let mut order = execution.order.clone();
            order.retain(|&task| {
                let op = world.tasks[task as usize][at[task as usize]];
                at[task as usize] += 1;
                op == Store(0)
            });
            *orders.entry(order).or_default() += 1;
            true
        });
        assert_eq!(orders.len() as u64, all);
        // 200 each; five standard deviations are 70.
        let (least, most) = (orders.values().min().unwrap(), orders.values().max().unwrap());
        assert!(*least > 130 && *most < 270, "{least} to {most}");
    }
}

#[test]
fn surw_is_fair_to_the_object_and_lets_the_rest_run() {
    // The race that matters is among 40 events of private cells.
    let private = |cell| {
        let mut task = vec![Store(cell); 20];
        task.extend([Store(0); 2]);
        task
    };
    let world = World { tasks: vec![private(1), private(2)], at_the_end: None };
    let mut orders: HashMap<Vec<u32>, u64> = HashMap::new();
    world.explore(&mut Surw::new(1), 6_000, |execution| {
        let mut seen = [0; 2];
        let races = execution.order.iter().filter(|&&task| {
            seen[task as usize] += 1;
            seen[task as usize] > 20
        });
        *orders.entry(races.copied().collect()).or_default() += 1;
        true
    });
    // A quarter of the executions is uniform over all events; the rest over these four.
    assert_eq!(orders.len(), 6);
    assert!(orders.values().all(|count| *count > 600), "{orders:?}");
}
