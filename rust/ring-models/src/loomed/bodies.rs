//! Permits and what they are the right to: nobody is at a body while another is.

use loom::thread;

use super::model::{Barriers, Tally, assert_caught, explore};
use super::permit::{Permit, Places};
use super::sync::Arc;
use crate::status::FinalStatus;

type Pool = Places<u32, (), ()>;

/// Two producers write to a body each and complete it; the consumer writes to what it gets, sends it round once
/// more by itself, and gets it again.
fn round(early: &Tally) {
    // Permits borrow their pool, and loom's threads cannot.
    let pool: &'static Pool = Box::leak(Box::new(Pool::new(2, |_| 0, ())));
    let producers = [1, 2].map(|producer| {
        let mut permit = pool.take().unwrap();
        thread::spawn(move || {
            *permit.get_mut() += producer;
            permit.push(FinalStatus::SUCCESS);
        })
    });
    assert!(pool.take().is_none(), "each once");
    let mut reader = pool.reader().unwrap();
    let again = |mut permit: Permit<'static, u32, (), ()>| {
        *permit.get_mut() += 10;
        permit.push(FinalStatus::SUCCESS);
    };
    for _ in 0..2 {
        if let Some((permit, _)) = reader.pop() {
            early.count();
            again(permit);
        } else {
            thread::yield_now();
        }
    }
    for producer in producers {
        producer.join().unwrap();
    }
    let mut seen = Vec::new();
    while let Some((mut permit, _)) = reader.pop() {
        seen.push(*permit.get_mut() % 10);
        permit.give();
    }
    seen.sort_unstable();
    assert_eq!(seen, [1, 2], "each once");
    assert_eq!(pool.free(), 2, "each once");
}

/// A producer completes one packet alone, and two in a list, to whose bodies it writes; the consumer takes what is there
/// into another list, and writes to it. By the one alone it comes to know the lane: of a lane that it does not look at
/// yet it is told by a word that synchronizes, and the list's own store would not matter.
fn lists(early: &Tally) {
    let pool: &'static Pool = Box::leak(Box::new(Pool::new(3, |_| 0, ())));
    let alone = pool.take().unwrap();
    let mut list = pool.list(2);
    while let Some(permit) = pool.take() {
        assert!(list.push(permit, FinalStatus::SUCCESS, ()).is_ok(), "it is this pool's");
    }
    let producer = thread::spawn(move || {
        let lane = pool.lane();
        lane.push(alone, FinalStatus::FAILURE);
        list.answer(|body, status| {
            *body += 1;
            status
        });
        lane.push_list(&mut list);
    });
    let mut reader = pool.reader().unwrap();
    let mut back = pool.list(3);
    let mut drain = |most, back: &mut _| {
        let write = |permit: &mut Permit<'static, u32, (), ()>| *permit.get_mut() += 10;
        reader.drain_list(most, back, write).expect("they are this pool's")
    };
    for most in [1, 2] {
        if drain(most, &mut back) == 2 {
            early.count();
        } else {
            thread::yield_now();
        }
    }
    producer.join().unwrap();
    drain(3, &mut back);
    let mut seen = Vec::new();
    while let Some((mut permit, status, ())) = back.pop() {
        seen.push((permit.index(), *permit.get_mut(), status));
        permit.give();
    }
    let (one, other) = (FinalStatus::FAILURE, FinalStatus::SUCCESS);
    assert_eq!(seen, [(2, 11, other), (1, 11, other), (0, 10, one)], "each once, in their order");
    assert_eq!(pool.free(), 3, "each once");
}

#[test]
fn nor_while_they_travel_in_lists() {
    let early = Arc::new(Tally::default());
    let counted = Arc::clone(&early);
    let schedules = explore(Barriers::Without, move || lists(&counted));
    println!("{schedules} schedules, {} with an early list", early.get());
    assert!(early.get() > 10 && early.get() < schedules, "{} of {schedules}", early.get());
}

#[test]
fn loom_sees_a_list_that_is_handed_over_relaxed() {
    const MODEL: &str = "bodies::nor_while_they_travel_in_lists";
    assert_caught(MODEL, "publish_all");
    assert_caught(MODEL, "observe");
    assert_caught(MODEL, "observe_all");
}

#[test]
fn nobody_touches_a_body_while_another_does_and_each_permit_comes_back_once() {
    let early = Arc::new(Tally::default());
    let counted = Arc::clone(&early);
    let schedules = explore(Barriers::Without, move || round(&counted));
    println!("{schedules} schedules, {} early pops", early.get());
    assert!(early.get() > 10, "{}", early.get());
}

#[test]
fn loom_sees_a_body_that_is_handed_over_relaxed() {
    const MODEL: &str =
        "bodies::nobody_touches_a_body_while_another_does_and_each_permit_comes_back_once";
    assert_caught(MODEL, "publish");
    assert_caught(MODEL, "observe");
}
