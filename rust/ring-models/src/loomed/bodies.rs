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
