//! Resets in real time, beside what other threads do.
#![allow(unreachable_pub)] // support modules are shared between test programs

mod support {
    pub mod card;
}

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ndiswan::{Config, Deserialized, FinalStatus, Mode, Serialized, Status, TimeKind, at_passive};
use support::card::{Card, Rig};

fn real() -> Config {
    Config { time: TimeKind::Real, ..Config::default() }
}

#[test]
fn a_reset_waits_for_the_send_that_another_thread_has_begun() {
    let (begun, has_begun) = channel();
    let inside = Arc::new(AtomicBool::new(false));
    let (seen, found) = (Arc::clone(&inside), Arc::new(Mutex::new(None)));
    let told = Arc::clone(&found);
    let card = Card::<Deserialized>::new(move |shared, _, packet| {
        inside.store(true, Ordering::SeqCst);
        begun.send(()).unwrap();
        std::thread::sleep(Duration::from_millis(50));
        inside.store(false, Ordering::SeqCst);
        shared.keep(packet)
    })
    .with(|card| {
        card.reset = Some(Box::new(move |shared, cx| {
            *told.lock().unwrap() = Some(seen.load(Ordering::SeqCst));
            shared.complete_all(cx, FinalStatus::REQUEST_ABORTED);
            Status::SUCCESS
        }));
    });
    let rig = Rig::new(real(), card, 2);
    std::thread::scope(|scope| {
        scope.spawn(|| assert_eq!(rig.send(), Status::PENDING));
        has_begun.recv().unwrap();
        assert_eq!(rig.adapter().reset().unwrap(), Status::SUCCESS);
    });
    assert_eq!(*found.lock().unwrap(), Some(false), "MiniportReset beside MiniportWanSend");
    assert_eq!((rig.back(), rig.close()), (1, vec![]));
}

#[test]
fn a_world_with_a_reset_that_is_pending_is_not_idle() {
    let card = Card::<Deserialized>::keeping()
        .with(|card| card.reset = Some(Box::new(|_, _| Status::PENDING)));
    let rig = Rig::new(real(), card, 2);
    assert!(rig.ndis.wait_idle(Duration::from_secs(20)));
    assert_eq!(rig.adapter().reset().unwrap(), Status::PENDING);
    assert!(!rig.ndis.wait_idle(Duration::from_millis(20)));
    at_passive(|cx| cx.raise(|_| rig.adapter().reset_complete(Status::SUCCESS))).unwrap().unwrap();
    assert!(rig.ndis.wait_idle(Duration::from_secs(20)));
    assert_eq!(rig.close(), []);
}

#[test]
fn a_halt_waits_for_the_reset_that_another_thread_ends() {
    let card = Card::<Deserialized>::keeping()
        .with(|card| card.reset = Some(Box::new(|_, _| Status::PENDING)));
    let rig = Rig::new(real(), card, 2);
    assert_eq!(rig.adapter().reset().unwrap(), Status::PENDING);
    let adapter = Arc::clone(rig.adapter());
    let ends = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(50));
        at_passive(|cx| cx.raise(|_| adapter.reset_complete(Status::SUCCESS))).unwrap()
    });
    assert_eq!(rig.close(), []);
    assert!(ends.join().unwrap().is_ok(), "the reset was over before the halt began");
}

/// A driver that says that it cannot be reset, and completes its send afterwards.
fn refuses<M: Mode>() {
    let card = Card::<M>::keeping()
        .with(|card| card.reset = Some(Box::new(|_, _| Status::NOT_RESETTABLE)));
    let rig = Rig::new(Config { record: true, ..Config::default() }, card, 2);
    assert_eq!(rig.send(), Status::PENDING);
    assert_eq!(rig.adapter().reset().unwrap(), Status::NOT_RESETTABLE);
    assert_eq!(rig.back(), 0, "no reset took place");
    let (adapter, name) = (Arc::clone(rig.adapter()), rig.card.last());
    at_passive(|cx| cx.raise(|_| adapter.wan_send_complete(name, Status::SUCCESS)))
        .unwrap()
        .unwrap();
    assert_eq!(rig.back(), 1);
    let ndis = Arc::clone(&rig.ndis);
    assert_eq!(rig.close(), []);
    assert!(ndis.trace().check().is_empty(), "nor does the trace say so");
}

#[test]
fn a_reset_that_a_driver_refuses_leaves_its_sends_with_it() {
    refuses::<Serialized>();
    refuses::<Deserialized>();
}
