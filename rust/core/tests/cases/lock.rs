//! How spin locks are taken and given back, and when none may be held.

use ndiswan::event::Form::{Dpr, Plain};
use ndiswan::{Config, Deserialized, FinalStatus, Rule, SpinLock, Status, at_passive};

use super::ownership::by_name;
use crate::support::card::{Card, Rig};

fn rig() -> Rig<Deserialized> {
    Rig::new(Config::default(), by_name(), 4)
}

/// Completes under the lock of its queue.
pub fn held(breaks: bool) -> Vec<Rule> {
    let rig = rig();
    let (adapter, lock) = (rig.adapter(), rig.adapter().spin_lock("queue"));
    rig.send();
    adapter.acquire(lock, Plain).unwrap();
    if breaks {
        adapter.wan_send_complete(rig.card.last(), Status::SUCCESS).unwrap_err();
    }
    adapter.release(lock, Plain).unwrap();
    if !breaks {
        adapter.wan_send_complete(rig.card.last(), Status::SUCCESS).unwrap();
    }
    rig.ndis.run(None, None).unwrap();
    assert_eq!(rig.back(), 1, "the protocol has it back all the same");
    rig.close()
}

/// Takes the lock that it holds.
pub fn recursion(breaks: bool) -> Vec<Rule> {
    let rig = rig();
    let (adapter, lock) = (rig.adapter(), rig.adapter().spin_lock("queue"));
    adapter.acquire(lock, Plain).unwrap();
    if breaks {
        adapter.acquire(lock, Plain).unwrap_err();
    }
    adapter.release(lock, Plain).unwrap();
    rig.close()
}

/// Releases on an error path, and again at the common exit.
pub fn unheld(breaks: bool) -> Vec<Rule> {
    let rig = rig();
    let (adapter, lock) = (rig.adapter(), rig.adapter().spin_lock("queue"));
    adapter.acquire(lock, Plain).unwrap();
    adapter.release(lock, Plain).unwrap();
    if breaks {
        adapter.release(lock, Plain).unwrap_err();
    }
    rig.close()
}

/// A then B on one path, B then A on another; typed locks show it too.
pub fn order(breaks: bool) -> Vec<Rule> {
    let rig = rig();
    let a = SpinLock::new(rig.adapter(), "a", 1);
    let b = SpinLock::new(rig.adapter(), "b", 2);
    at_passive(|cx| {
        let mut outer = a.lock(cx);
        assert_eq!(*outer.lock(&b).1, 2);
        drop(outer);
        let (first, second) = if breaks { (&b, &a) } else { (&a, &b) };
        drop(first.lock(cx).lock(second));
    })
    .unwrap();
    rig.close()
}

/// The Dpr form at PASSIVE.
pub fn form(breaks: bool) -> Vec<Rule> {
    let rig = rig();
    let (adapter, lock) = (rig.adapter(), rig.adapter().spin_lock("queue"));
    assert_eq!(adapter.acquire(lock, if breaks { Dpr } else { Plain }).is_err(), breaks);
    if !breaks {
        adapter.release(lock, Plain).unwrap();
    }
    rig.close()
}

/// A handler that returns with the lock.
pub fn leak(breaks: bool) -> Vec<Rule> {
    let card = Card::<Deserialized>::new(move |shared, _, packet| {
        let lock = shared.adapter().spin_lock("queue");
        shared.adapter().acquire(lock, Plain).unwrap();
        if !breaks {
            shared.adapter().release(lock, Plain).unwrap();
        }
        packet.complete(FinalStatus::SUCCESS)
    });
    let rig = Rig::new(Config::default(), card, 4);
    rig.send();
    assert_eq!(ndiswan::cx::Cpu::current().locks_held(), 0, "the lock is taken from it");
    rig.close()
}
