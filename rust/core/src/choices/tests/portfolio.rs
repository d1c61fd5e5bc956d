use super::toy::{lost_update, windows};
use crate::choices::portfolio::Portfolio;
use crate::choices::{Access, Choice, Ended, Explorer, Step};

/// Points with three steps each: too many for the exhaustive search to end.
fn execution(portfolio: &mut Portfolio) {
    let step = |task| Step { task, access: Access { object: 1, write: true }, preempts: task > 0 };
    for _ in 0..30 {
        portfolio.step(&[step(0), step(1), step(2)]);
        portfolio.value(9);
    }
}

#[test]
fn who_finds_more_runs_more_and_everybody_keeps_a_floor() {
    let mut portfolio = Portfolio::new(3);
    let mut before: Vec<u64> = portfolio.executions().map(|(_, executions)| executions).collect();
    for _ in 0..8_000 {
        portfolio.begin();
        execution(&mut portfolio);
        // POS finds an edge each time, and nobody else anything: it is the one whose number grows.
        let pos = 4;
        let choices: [Choice; 0] = [];
        let ended = |new_edges| Ended { choices: &choices, new_edges, failed: false, steps: 30 };
        let turn_of_pos = portfolio.turn() == "pos";
        assert!(portfolio.end(&ended(usize::from(turn_of_pos))));
        before[pos] = 0;
    }
    let executions: Vec<(&str, u64)> = portfolio.executions().collect();
    assert_eq!(executions.len(), 8);
    for (name, executions) in executions {
        if name == "pos" {
            assert!(executions > 3_600, "{name}: {executions}");
        } else {
            assert!((400..800).contains(&executions), "{name}: {executions}");
        }
    }
}

#[test]
fn a_small_program_is_exhausted_and_the_portfolio_says_so() {
    let mut portfolio = Portfolio::new(1);
    let executions = lost_update(0).explore(&mut portfolio, 10_000, |_| true);
    assert!(executions < 10_000);
    // 12 executions of all orders, see `bounded.rs`, after those with sleep sets.
    let certificate = portfolio.certificate().unwrap();
    assert_eq!((certificate.complete, certificate.executions), (true, 12));
    assert!(portfolio.executions().any(|(name, executions)| (name, executions) == ("bounded", 12)));
}

#[test]
fn a_yield_that_is_nothing_for_a_million_executions_stops_nobody() {
    let mut portfolio = Portfolio::new(1);
    for _ in 0..200_000 {
        portfolio.begin();
        portfolio.value(1_000_000);
        let ended = Ended { choices: &[], new_edges: 0, failed: false, steps: 0 };
        assert!(portfolio.end(&ended));
    }
    for (name, executions) in portfolio.executions() {
        assert!((20_000..30_000).contains(&executions), "{name}: {executions}");
    }
}

#[test]
fn it_is_not_much_worse_than_the_best_and_finds_what_needs_memory() {
    for seed in 0..10 {
        assert!(windows(4, 6).found_after(&mut Portfolio::new(seed), 40_000).is_some(), "{seed}");
    }
}

#[test]
fn it_begins_with_what_happens_without_an_adversary_and_nobody_earns_by_that() {
    let mut first = [0; 8];
    for seed in 0..400 {
        let mut portfolio = Portfolio::new(seed);
        for execution in 0..2 {
            portfolio.begin();
            let step = Step { task: 1, access: Access::ANY, preempts: true };
            let asked = [portfolio.step(&[step; 9]), portfolio.value(9) as usize];
            if execution == 0 {
                assert_eq!(asked, [0, 0], "{seed}");
            }
            let turn =
                portfolio.executions().position(|(name, _)| name == portfolio.turn()).unwrap();
            first[turn] += execution;
            // All edges are new at first.
            assert!(portfolio.end(&Ended { choices: &[], new_edges: 40, failed: false, steps: 1 }));
        }
    }
    assert!(first.iter().all(|count| (20..80).contains(count)), "{first:?}");
}
