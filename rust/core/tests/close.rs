//! The end of a world: whoever closes it and however long a halt takes, everything comes home.
#![allow(unreachable_pub)] // support modules are shared between test programs

mod support {
    pub mod card;
}

use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ndiswan::ndis::BindError;
use ndiswan::{
    Config, Delivery, Deserialized, FinalStatus, Ndis, Status, TimeKind, WanInfo, at_passive,
};
use support::card::{Card, Rig};

fn wide(card: Card<Deserialized>) -> Card<Deserialized> {
    card.with(|card| card.info = WanInfo { max_transmit: 8, ..WanInfo::default() })
}

/// Two threads close; the first waits in MiniportHalt until the second has come back, and completes
/// only then what it owes.
fn closed_by_two(time: TimeKind, delivery: Delivery) {
    let (begun, has_begun) = channel();
    let (back, is_back) = channel::<()>();
    let is_back = Mutex::new(is_back);
    let card = Card::<Deserialized>::keeping().with(|card| {
        card.halt = Some(Box::new(move |shared, cx| {
            begun.send(()).unwrap();
            is_back.lock().unwrap().recv_timeout(Duration::from_secs(60)).unwrap();
            cx.raise(|cx| shared.complete_all(cx, FinalStatus::SUCCESS));
        }));
    });
    let rig = Rig::new(Config { time, delivery, ..Config::default() }, wide(card), 8);
    rig.send_many(5);
    std::thread::scope(|scope| {
        let first = scope.spawn(|| rig.ndis.close().unwrap());
        has_begun.recv().unwrap();
        rig.ndis.close().unwrap();
        assert!(!rig.ndis.is_closed(), "the first thread closes it");
        back.send(()).unwrap();
        first.join().unwrap();
    });
    assert!(rig.ndis.is_closed());
    assert_eq!((rig.back(), rig.rules()), (5, vec![]));
    let counters = rig.adapter().counters();
    assert_eq!((counters.completions, counters.delivered), (5, 5));
    assert_eq!(Arc::strong_count(&rig.card), 1, "its drivers are let go");
}

#[test]
fn a_halt_that_waits_for_the_other_thread_that_closes_loses_nothing() {
    std::thread::scope(|scope| {
        for time in [TimeKind::Virtual, TimeKind::Real] {
            for delivery in [Delivery::Inline, Delivery::Queued] {
                scope.spawn(move || closed_by_two(time, delivery));
            }
        }
    });
}

#[test]
fn nothing_is_bound_while_the_world_is_being_closed() {
    let ndis = Ndis::new(Config::default());
    let (inside, answers) = (Arc::clone(&ndis), Arc::new(Mutex::new(Vec::new())));
    let given = Arc::clone(&answers);
    let card = Card::<Deserialized>::keeping().with(|card| {
        card.halt = Some(Box::new(move |_, _| {
            let bound = Rig::try_on(&inside, Card::<Deserialized>::keeping(), 1);
            given.lock().unwrap().push(bound.err());
        }));
    });
    let rig = Rig::on(&ndis, card, 1);
    assert_eq!(rig.close(), []);
    assert!(matches!(answers.lock().unwrap()[..], [Some(BindError::Closing)]));
    let late = Rig::try_on(&ndis, Card::<Deserialized>::keeping(), 1);
    assert!(matches!(late.err(), Some(BindError::Closed)));
    assert_eq!(rig.link.adapter.index, 0);
    assert!(ndis.adapters().is_empty());
}

#[test]
fn an_adapter_that_is_initialized_while_another_thread_closes_is_halted_too() {
    for _ in 0..20 {
        let ndis = Ndis::new(Config::default());
        let (begun, has_begun) = channel();
        let (halted, is_halted) = channel();
        let card = Card::<Deserialized>::keeping().with(|card| {
            card.initialize = Some(Box::new(move |_, _| {
                begun.send(()).unwrap();
                std::thread::sleep(Duration::from_millis(5));
                Ok(())
            }));
            card.halt = Some(Box::new(move |_, _| halted.send(()).unwrap()));
        });
        std::thread::scope(|scope| {
            let bound = scope.spawn(|| Rig::try_on(&ndis, card, 1));
            has_begun.recv().unwrap();
            ndis.close().unwrap();
            if let Ok(rig) = bound.join().unwrap() {
                assert_eq!(rig.try_send(), Err(ndiswan::Rule::Halt));
            }
        });
        assert_eq!(is_halted.iter().count(), 1);
        assert!(ndis.is_closed());
    }
}

#[test]
fn a_thread_that_closes_waits_for_a_halt_that_another_has_called() {
    let (begun, has_begun) = channel();
    let card = Card::<Deserialized>::keeping().with(|card| {
        card.halt = Some(Box::new(move |shared, cx| {
            begun.send(()).unwrap();
            std::thread::sleep(Duration::from_millis(50));
            cx.raise(|cx| shared.complete_all(cx, FinalStatus::SUCCESS));
        }));
    });
    let rig = Rig::new(Config::default(), card, 1);
    assert_eq!(rig.send(), Status::PENDING);
    std::thread::scope(|scope| {
        scope.spawn(|| rig.adapter().halt().unwrap());
        has_begun.recv().unwrap();
        assert_eq!(rig.close(), []);
    });
    assert_eq!(rig.back(), 1);
    assert!(at_passive(|_| ()).is_ok());
}

#[test]
fn a_closed_world_is_freed_with_its_last_handle_and_its_trace_still_names_the_adapters() {
    let ndis = Ndis::new(Config { record: true, ..Config::default() });
    let (world, rig) = (Arc::downgrade(&ndis), Rig::on(&ndis, Card::<Deserialized>::keeping(), 1));
    let adapter = Arc::downgrade(&rig.link.adapter);
    assert_eq!(rig.close(), []);
    drop(rig);
    assert_eq!(ndis.trace().header.adapters.len(), 1);
    drop(ndis);
    assert_eq!((world.strong_count(), adapter.strong_count()), (0, 0));
}
