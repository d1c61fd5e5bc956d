use super::toy::{lost_update, windows};
use crate::choices::random::Random;
use crate::choices::replay::{Diverged, Replay};
use crate::choices::{Access, Choice, Explorer, NAMES, Step, make};

const fn choice(n: u32, chosen: u32) -> Choice {
    Choice { n, chosen }
}

#[test]
fn the_same_seed_makes_the_same_choices_and_another_one_others() {
    let world = windows(2, 4);
    let choices_of = |name, seed| {
        let mut all = Vec::new();
        world.explore(&mut *make(name, seed).unwrap(), 300, |execution| {
            all.push(execution.choices.clone());
            true
        });
        all
    };
    for name in NAMES {
        assert_eq!(choices_of(name, 7), choices_of(name, 7), "{name}");
        if name != "bounded" {
            assert_ne!(choices_of(name, 7), choices_of(name, 8), "{name}");
        }
    }
}

#[test]
fn what_any_explorer_did_can_be_replayed() {
    let world = windows(2, 4);
    for name in NAMES {
        world.explore(&mut *make(name, 1).unwrap(), 200, |execution| {
            let mut replay = Replay::new(execution.choices.clone());
            replay.begin();
            let again = world.run(&mut replay);
            assert_eq!((&again.order, &again.outcome), (&execution.order, &execution.outcome));
            assert_eq!(replay.diverged(), None);
            assert!(replay.unused().is_empty());
            true
        });
    }
}

#[test]
fn a_replay_without_choices_is_what_happens_without_an_adversary() {
    let execution = lost_update(2).run(&mut Replay::new(Vec::new()));
    assert_eq!(execution.preemptions, 0);
    assert!(execution.choices.iter().all(|choice| choice.chosen == 0));
    assert!(!execution.outcome.failed);
}

#[test]
fn from_the_first_other_question_on_all_answers_are_0_and_the_place_is_told() {
    let mut replay = Replay::new(vec![choice(3, 2), choice(4, 3), choice(3, 1)]);
    replay.begin();
    assert_eq!([replay.value(3), replay.value(3), replay.value(3)], [2, 0, 0]);
    assert_eq!(replay.diverged(), Some(Diverged { at: 1, recorded: 4, asked: 3 }));
    assert_eq!(
        replay.diverged().unwrap().to_string().split(':').next(),
        Some("choice 1 has 3 answers, and had 4 when it was recorded")
    );
    replay.begin();
    assert_eq!((replay.diverged(), replay.unused().len()), (None, 3));
}

#[test]
fn behind_the_end_of_a_record_answers_are_0_and_nothing_diverges() {
    let mut replay = Replay::new(vec![choice(2, 1)]);
    replay.begin();
    assert_eq!([replay.value(2), replay.value(9), replay.value(2)], [1, 0, 0]);
    assert_eq!(replay.diverged(), None);
}

#[test]
fn a_lenient_replay_takes_the_nearest_answer_there_is_and_goes_on() {
    let mut replay = Replay::lenient(vec![choice(9, 8), choice(4, 3), choice(3, 1)]);
    replay.begin();
    assert_eq!([replay.value(3), replay.value(4), replay.value(3)], [2, 3, 1]);
}

#[test]
fn a_point_with_one_step_uses_no_answer() {
    let step = Step { task: 0, access: Access::default(), preempts: false };
    let mut replay = Replay::new(vec![choice(2, 1)]);
    replay.begin();
    assert_eq!([replay.step(&[step]), replay.step(&[step, step])], [0, 1]);
}

#[test]
fn a_sticky_walk_goes_on_and_a_uniform_one_changes_all_the_time() {
    let world = lost_update(50);
    let preemptions = |of_256| {
        let mut all = 0;
        world.explore(&mut Random::sticky(3, of_256), 200, |execution| {
            all += execution.preemptions;
            true
        });
        all / 200
    };
    // About 200 points with two steps each: half of them change the task, or a half of 1 in 16.
    assert!((85..=105).contains(&preemptions(0)), "{}", preemptions(0));
    assert!((3..=9).contains(&preemptions(240)), "{}", preemptions(240));
}

#[test]
fn an_explorer_has_a_name_and_there_are_no_others() {
    for name in NAMES.iter().chain(&["pct1", "pct9", "bounded-sleep"]) {
        assert!(make(name, 0).is_some(), "{name}");
    }
    for name in ["", "pct0", "pct10", "pct-1", "Random", "dfs"] {
        assert!(make(name, 0).is_none(), "{name}");
    }
}

#[test]
fn accesses_conflict_if_they_share_an_object_and_one_writes() {
    let access = |object, write| Access { object, write };
    assert!(access(1, true).conflicts(access(1, false)));
    assert!(access(1, false).conflicts(access(1, true)));
    assert!(access(1, true).conflicts(access(1, true)));
    assert!(!access(1, false).conflicts(access(1, false)));
    assert!(!access(1, true).conflicts(access(2, true)));
    assert!(!access(0, true).conflicts(access(0, true)));
}
