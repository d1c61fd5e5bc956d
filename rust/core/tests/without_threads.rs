//! The machine has no thread left: who asked for one is told, and the world goes on and comes to its end.
#![allow(unreachable_pub)] // support modules are shared between test programs

mod support {
    pub mod card;
}

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use ndiswan::{Config, Deserialized, Ndis, TimeKind};
use support::card::{Card, Rig};

fn none(_: Box<dyn FnOnce() + Send>) -> io::Result<JoinHandle<()>> {
    Err(io::ErrorKind::WouldBlock.into())
}

/// The dispatcher's, and no other.
fn one(body: Box<dyn FnOnce() + Send>) -> io::Result<JoinHandle<()>> {
    static GIVEN: AtomicBool = AtomicBool::new(false);
    if GIVEN.swap(true, Ordering::SeqCst) { none(body) } else { thread::Builder::new().spawn(body) }
}

#[test]
fn a_world_in_real_time_does_not_begin_without_a_dispatcher() {
    let begun = Ndis::try_new(Config { time: TimeKind::Real, spawn: none, ..Config::default() });
    assert_eq!(begun.map(drop).map_err(|error| error.kind()), Err(io::ErrorKind::WouldBlock));
}

#[test]
fn a_thread_that_was_not_spawned_is_waited_for_by_nobody() {
    let config = Config { time: TimeKind::Real, spawn: one, ..Config::default() };
    let rig = Rig::new(config, Card::<Deserialized>::keeping(), 8);
    let body = Arc::new(());
    for _ in 0..2 {
        let (one, another) = (Arc::clone(&body), Arc::clone(&body));
        assert!(rig.ndis.spawn(move || drop(one)).is_err());
        assert!(rig.adapter().spawn(move || drop(another)).is_err());
    }
    assert!(rig.ndis.wait_idle(Duration::from_secs(10)), "no thread runs");
    assert_eq!(rig.close(), []);
    assert_eq!(Arc::strong_count(&body), 1, "nothing of it is left");
}

#[test]
fn a_thread_of_a_drivers_own_that_cannot_begin_is_told_and_keeps_nobody() {
    let config = Config { spawn: none, ..Config::default() };
    let rig = Rig::new(config, Card::<Deserialized>::keeping(), 8);
    let body = Arc::new(());
    let its = Arc::clone(&body);
    rig.adapter().spawn(move || drop(its)).expect("in virtual time it begins later");
    rig.ndis.run(None, None).expect("the clock runs");
    let told: Vec<_> = rig.ndis.panics().iter().map(|panic| panic.entry).collect();
    assert_eq!(told, ["a thread"]);
    assert_eq!(rig.close(), []);
    assert_eq!(Arc::strong_count(&body), 1, "nothing of it is left");
}
