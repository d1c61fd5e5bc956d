//! Spin locks by a thread that is alone in its world: the same verdicts, and another thread that comes is kept out.
#![allow(unreachable_pub)] // support modules are shared between test programs

mod support {
    pub mod card;
}

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ndiswan::cx::Cpu;
use ndiswan::event::Form::{self, Dpr, Plain};
use ndiswan::{Adapter, Config, Deserialized, Irql, Rule, Status, Violation};
use support::card::{Card, Rig};

const LOCKS: u64 = 3;

fn rig() -> Rig<Deserialized> {
    let card = Card::new(|_, _, packet| packet.into_name().returned(Status::PENDING));
    Rig::new(Config::default(), card.forgetful(), 4)
}

/// Two worlds with locks; in the second one another thread was, so that nobody is alone there any more.
fn worlds() -> (Rig<Deserialized>, Rig<Deserialized>) {
    let (alone, shared) = (rig(), rig());
    for rig in [&alone, &shared] {
        for lock in 0..LOCKS as u32 {
            assert_eq!(rig.adapter().spin_lock(&format!("lock {lock}")), lock);
        }
    }
    let adapter = shared.adapter();
    std::thread::scope(|scope| scope.spawn(|| take(adapter, 0)).join().unwrap());
    assert!(!shared.adapter().acquire_at_once(&Cpu::current(), 0, Plain), "nobody is alone there");
    (alone, shared)
}

fn take(adapter: &Adapter, lock: u32) {
    adapter.acquire(lock, Plain).unwrap();
    adapter.release(lock, Plain).unwrap();
}

/// What a step came to: the rule, the level, how many locks the CPU holds, and which.
type Seen = (Option<Rule>, Irql, usize, Vec<bool>);

fn step(adapter: &Adapter, kind: u64, lock: u32, form: Form) -> Seen {
    let rule = |result: Result<(), Arc<Violation>>| result.err().map(|broken| broken.rule);
    let cpu = Cpu::current();
    let broken = match kind {
        0..4 => rule(adapter.acquire(lock, form)),
        4..8 => rule(adapter.release(lock, form)),
        8 => rule(adapter.raise_irql(Irql::DISPATCH).map(drop)),
        _ => rule(adapter.lower_irql(Irql::PASSIVE)),
    };
    let held = (0..LOCKS as u32).map(|lock| adapter.holds(lock)).collect();
    (broken, cpu.irql(), cpu.locks_held(), held)
}

/// What many steps come to, from a seed. The CPU holds nothing afterwards.
fn told(rig: &Rig<Deserialized>, seed: u64) -> Vec<Seen> {
    let adapter = rig.adapter();
    let mut word = seed;
    let mut next = |below: u64| {
        word = word.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (word >> 33) % below
    };
    let steps = (0..400).map(|_| {
        let form = if next(4) == 0 { Dpr } else { Plain };
        step(adapter, next(10), next(LOCKS) as u32, form)
    });
    let all = steps.collect();
    for lock in 0..LOCKS as u32 {
        for form in [Plain, Dpr] {
            let _ = adapter.release(lock, form);
        }
    }
    if Cpu::current().irql() > Irql::PASSIVE {
        adapter.lower_irql(Irql::PASSIVE).unwrap();
    }
    assert_eq!(Cpu::current().locks_held(), 0);
    all
}

#[test]
fn the_straight_way_of_locks_finds_what_the_general_one_finds() {
    let mut found = Vec::new();
    for seed in 0..50 {
        let (alone, shared) = worlds();
        let (straight, general) = (told(&alone, seed), told(&shared, seed));
        assert_eq!(straight, general, "seed {seed}");
        found.extend(straight.iter().filter_map(|seen| seen.0));
        assert_eq!(alone.close(), shared.close());
    }
    for rule in
        [Rule::LockRecursion, Rule::LockUnheld, Rule::LockForm, Rule::LockOrder, Rule::IrqlLeak]
    {
        assert!(found.contains(&rule), "no seed breaks {rule:?}");
    }
}

#[test]
fn a_second_lock_is_taken_at_once_when_its_order_is_known_and_not_the_other_way_round() {
    let rig = rig();
    let adapter = rig.adapter();
    let (a, b) = (adapter.spin_lock("a"), adapter.spin_lock("b"));
    adapter.acquire(a, Plain).unwrap();
    assert!(
        !adapter.acquire_at_once(&Cpu::current(), b, Plain),
        "nobody has looked at that order yet"
    );
    take(adapter, b);
    assert!(adapter.acquire_at_once(&Cpu::current(), b, Plain));
    assert!(!adapter.release_at_once(&Cpu::current(), a, Plain), "not the last one");
    assert!(
        adapter.release_at_once(&Cpu::current(), b, Plain)
            && adapter.release_at_once(&Cpu::current(), a, Plain)
    );
    assert!(adapter.acquire_at_once(&Cpu::current(), b, Plain));
    assert!(!adapter.acquire_at_once(&Cpu::current(), a, Plain));
    assert_eq!(adapter.acquire(a, Plain).unwrap_err().rule, Rule::LockOrder);
    adapter.release(b, Plain).unwrap();
    assert_eq!(rig.close(), [Rule::LockOrder]);
}

#[test]
fn a_thread_that_comes_into_the_world_of_another_is_kept_out_by_a_lock_that_is_held() {
    const TURNS: u64 = 20_000;
    for _ in 0..5 {
        let rig = rig();
        let (adapter, count) = (rig.adapter(), AtomicU64::new(0));
        let lock = adapter.spin_lock("count");
        // Not one step: what two do at once is lost.
        let add = || {
            adapter.acquire(lock, Plain).unwrap();
            count.store(count.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
            adapter.release(lock, Plain).unwrap();
        };
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while count.load(Ordering::Relaxed) < TURNS / 10 {
                    std::thread::yield_now();
                }
                (0..TURNS).for_each(|_| add());
            });
            (0..TURNS).for_each(|_| add());
        });
        assert_eq!(count.load(Ordering::Relaxed), 2 * TURNS);
        assert_eq!(rig.close(), []);
    }
}
