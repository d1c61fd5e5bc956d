use std::collections::HashSet;

use super::toy::windows;
use crate::choices::after::After;
use crate::choices::bounded::Bounded;
use crate::choices::replay::Replay;
use crate::choices::{Choice, Explorer, NAMES, make};

fn somewhere() -> Vec<Choice> {
    let plain = windows(2, 4).run(&mut Replay::new(Vec::new()));
    let mut given = plain.choices[..3].to_vec();
    given[1].chosen = 1;
    given
}

#[test]
fn every_execution_begins_with_the_answers_that_were_given() {
    let given = somewhere();
    for name in NAMES {
        let mut after = After::new(given.clone(), make(name, 3).unwrap());
        let mut others = 0;
        windows(2, 4).explore(&mut after, 50, |execution| {
            assert_eq!(execution.choices[..3], given[..], "{name}");
            others += usize::from(execution.choices[3..].iter().any(|choice| choice.chosen != 0));
            true
        });
        assert!(others > 0, "{name} chooses nothing behind them");
    }
}

#[test]
fn an_exhaustive_explorer_exhausts_what_is_behind_them() {
    let all = |given: Vec<Choice>| {
        let mut after = After::new(given, Box::new(Bounded::new()));
        let mut executions = HashSet::new();
        windows(2, 1).explore(&mut after, 100_000, |execution| {
            executions.insert(execution.choices.clone());
            true
        });
        assert!(after.certificate().unwrap().complete);
        executions
    };
    let first = |chosen| all(vec![Choice { n: 2, chosen }]);
    let (one, other) = (first(0), first(1));
    assert!(!one.is_empty() && one.is_disjoint(&other));
    assert_eq!(&one | &other, all(Vec::new()));
}
