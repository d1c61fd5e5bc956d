//! Many completions in one call: each is looked at as one by one, and they travel together.
#![allow(unreachable_pub)] // support modules are shared between test programs

mod support {
    pub mod card;
}

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use ndiswan::{
    Config, Delivery, Deserialized, FinalStatus, Irql, Name, Ndis, OnViolation, Pending, Rule,
    Status, Verify, WanInfo, at_passive,
};
use support::card::{Card, Rig};

const PACKETS: u32 = 100;

fn config(delivery: Delivery) -> Config {
    Config { delivery, ..Config::default() }
}

/// A rig whose card keeps what it is sent, and has been sent so many packets.
fn of(ndis: &Arc<Ndis>, packets: u32) -> Rig<Deserialized> {
    let info = WanInfo { max_transmit: packets, ..WanInfo::default() };
    let rig = Rig::on(ndis, Card::keeping().with(|card| card.info = info), packets);
    rig.send_many(packets as usize);
    rig
}

fn owing(config: Config) -> Rig<Deserialized> {
    of(&Ndis::new(config), PACKETS)
}

/// A final status that tells the packets apart.
fn numbered(number: u32) -> FinalStatus {
    FinalStatus::new(Status(0xC001_0000 + number)).unwrap()
}

fn complete(packets: impl IntoIterator<Item = (Pending<Deserialized>, FinalStatus)>) {
    at_passive(|cx| Pending::complete_many(cx, packets)).unwrap();
}

/// The names of what a card owes; the ledger looks after the packets from here.
fn names(rig: &Rig<Deserialized>) -> Vec<Name> {
    rig.card.all().into_iter().for_each(std::mem::forget);
    rig.card.names.lock().unwrap().clone()
}

#[test]
fn tokens_of_one_call_come_home_in_their_order_in_one_batch() {
    let off = Config { verify: Verify::Off, ..config(Delivery::Queued) };
    let rig = owing(off);
    complete(rig.card.all().into_iter().zip((0..).map(numbered)));
    assert_eq!((rig.back(), rig.ndis.drain()), (0, PACKETS as usize));
    let expected: Vec<_> = (0..PACKETS).map(numbered).collect();
    assert_eq!(*rig.peer.statuses.lock().unwrap(), expected);
    assert_eq!(rig.peer.batches.load(Ordering::Relaxed), 1);
    assert_eq!(rig.close(), []);
}

#[test]
fn a_drain_enters_the_protocol_once_for_256_packets() {
    let rig = of(&Ndis::new(config(Delivery::Queued)), 600);
    complete(rig.card.all().into_iter().map(|packet| (packet, FinalStatus::SUCCESS)));
    assert_eq!(rig.ndis.drain(), 600);
    assert_eq!((rig.back(), rig.peer.batches.load(Ordering::Relaxed)), (600, 3));
    assert_eq!(rig.close(), []);
}

#[test]
fn inline_each_comes_home_before_the_next_is_completed() {
    let rig = owing(config(Delivery::Inline));
    let mut back = Vec::new();
    complete(rig.card.all().into_iter().map(|packet| {
        back.push(rig.back());
        (packet, FinalStatus::SUCCESS)
    }));
    assert_eq!(back, (0..u64::from(PACKETS)).collect::<Vec<_>>());
    assert_eq!((rig.back(), rig.close()), (u64::from(PACKETS), vec![]));
}

#[test]
fn tokens_of_two_adapters_may_be_mixed() {
    let ndis = Ndis::new(config(Delivery::Queued));
    let (one, other) = (of(&ndis, PACKETS), of(&ndis, PACKETS));
    let mixed = one.card.all().into_iter().zip(other.card.all());
    complete(mixed.flat_map(|(a, b)| [(a, FinalStatus::SUCCESS), (b, FinalStatus::FAILURE)]));
    assert_eq!(ndis.drain(), 2 * PACKETS as usize);
    for (rig, status) in [(&one, FinalStatus::SUCCESS), (&other, FinalStatus::FAILURE)] {
        assert_eq!(*rig.peer.statuses.lock().unwrap(), vec![status; PACKETS as usize]);
    }
    assert_eq!(one.close(), []);
}

#[test]
fn a_panic_of_the_iterator_loses_nothing() {
    for delivery in [Delivery::Inline, Delivery::Queued] {
        let rig = owing(config(delivery));
        let packets = rig.card.all().into_iter().enumerate().map(|(n, packet)| {
            assert!(n < 40, "on purpose");
            (packet, FinalStatus::SUCCESS)
        });
        catch_unwind(AssertUnwindSafe(|| complete(packets))).unwrap_err();
        rig.ndis.drain();
        assert_eq!(rig.back(), u64::from(PACKETS));
        let done = rig.peer.statuses.lock().unwrap().clone();
        assert_eq!(done.iter().filter(|&&status| status == FinalStatus::SUCCESS).count(), 40);
        assert_eq!(rig.close(), vec![Rule::Lost; PACKETS as usize - 40]);
    }
}

#[test]
fn a_broken_rule_is_reported_in_its_place_and_keeps_none_of_the_others() {
    for delivery in [Delivery::Inline, Delivery::Queued] {
        let rig = owing(config(delivery));
        let names = names(&rig);
        let statuses = (0..names.len()).map(|n| match n {
            20 => Status::PENDING,
            60 => Status::RESOURCES,
            _ => Status::SUCCESS,
        });
        let mut calls: Vec<_> = names.iter().copied().zip(statuses).collect();
        calls.insert(10, (names[3], Status::SUCCESS));
        calls.push((Name { generation: 7, ..names[0] }, Status::SUCCESS));
        let broken = rig.adapter().wan_send_complete_many(calls).unwrap_err();
        let rules: Vec<_> = broken.iter().map(|violation| violation.rule).collect();
        assert_eq!(rules, [Rule::Double, Rule::StatusPending, Rule::Stale]);
        rig.ndis.drain();
        let back = rig.peer.statuses.lock().unwrap().clone();
        assert_eq!((back.len(), back[20]), (PACKETS as usize, FinalStatus::FAILURE));
        let warned = vec![Rule::Double, Rule::StatusPending, Rule::StatusResources, Rule::Stale];
        assert_eq!(rig.close(), warned);
    }
}

#[test]
fn at_the_wrong_level_each_is_reported_and_all_come_home() {
    let rig = owing(config(Delivery::Queued));
    let names = names(&rig);
    let old = rig.adapter().raise_irql(Irql(5)).unwrap();
    let calls = names.into_iter().map(|name| (name, Status::SUCCESS));
    let broken = rig.adapter().wan_send_complete_many(calls).unwrap_err();
    rig.adapter().lower_irql(old).unwrap();
    assert_eq!((broken.len(), rig.ndis.drain()), (PACKETS as usize, PACKETS as usize));
    assert_eq!(rig.close(), vec![Rule::IrqlComplete; PACKETS as usize]);
}

#[test]
fn a_bug_check_in_the_middle_brings_all_home() {
    let stops = Config { on_violation: OnViolation::BugCheck, ..config(Delivery::Queued) };
    let rig = owing(stops);
    let names = names(&rig);
    let mut calls: Vec<_> = names.iter().map(|&name| (name, Status::SUCCESS)).collect();
    calls.insert(50, (names[0], Status::SUCCESS));
    let broken = rig.adapter().wan_send_complete_many(calls).unwrap_err();
    assert_eq!(broken[0].rule, Rule::Double);
    rig.ndis.drain();
    assert_eq!(rig.back(), u64::from(PACKETS));
    let done = rig.peer.statuses.lock().unwrap().clone();
    assert_eq!(done.iter().filter(|&&status| status == FinalStatus::SUCCESS).count(), 50);
}
