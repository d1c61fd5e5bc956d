//! Designs of drivers and turns of fate: what becomes of the packets in each.
#![allow(unreachable_pub)] // support modules are shared between test programs

mod support {
    pub mod card;
}

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use ndiswan::event::Form;
use ndiswan::policy::{OwedAtHalt, Policy, QueuedAtLineDown, Reentry, WindowShrink};
use ndiswan::{
    Config, Deserialized, FinalStatus, Irql, LinkSettings, Mode, OnViolation, Rule, Serialized,
    SpinLock, Status, WanInfo, at_passive,
};
use support::card::{Card, Rig, Shared};

fn with_policy(policy: Policy) -> Config {
    Config { policy, ..Config::default() }
}

fn window<M: Mode>(card: Card<M>, max_transmit: u32) -> Card<M> {
    card.with(|card| card.info = WanInfo { max_transmit, ..WanInfo::default() })
}

fn complete_all(shared: &Shared<Deserialized>, status: FinalStatus) {
    at_passive(|cx| shared.complete_all(cx, status)).unwrap();
}

fn statuses<M: Mode>(rig: &Rig<M>) -> Vec<FinalStatus> {
    rig.peer.statuses.lock().unwrap().clone()
}

/// Runs `f` at DISPATCH, as a DPC of the driver's would.
fn at_dispatch<M: Mode, R>(rig: &Rig<M>, f: impl FnOnce() -> R) -> R {
    let old = rig.adapter().raise_irql(Irql::DISPATCH).unwrap();
    let result = f();
    rig.adapter().lower_irql(old).unwrap();
    result
}

/// A serialized card that completes early, under a protocol that sends once more when it has a
/// packet back; how deep MiniportWanSend was nested at most, and how often it was called.
fn reentry(policy: Reentry) -> (u32, usize) {
    let depth = Arc::new(AtomicU32::new(0));
    let deepest = Arc::new(AtomicU32::new(0));
    let (now, most) = (Arc::clone(&depth), Arc::clone(&deepest));
    let card = Card::<Serialized>::new(move |_, cx, packet| {
        most.fetch_max(now.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
        let (answer, pending) = packet.pend();
        pending.complete(cx, FinalStatus::SUCCESS);
        now.fetch_sub(1, Ordering::Relaxed);
        answer
    });
    let policy = Policy { serialized_reentry: policy, ..Policy::default() };
    let rig = Rig::new(with_policy(policy), card, 4);
    let link = Arc::clone(&rig.link);
    let left = AtomicU32::new(2);
    let _ = rig.peer.on_back.set(Box::new(move |cx, packet, _| {
        if left.load(Ordering::Relaxed) > 0 {
            left.fetch_sub(1, Ordering::Relaxed);
            link.send(cx, packet).unwrap();
        }
    }));
    assert_eq!(rig.send(), Status::PENDING);
    let calls = rig.card.names.lock().unwrap().len();
    assert_eq!((rig.back(), rig.close()), (3, vec![]));
    (deepest.load(Ordering::Relaxed), calls)
}

#[test]
fn a_send_from_inside_a_serialized_completion_waits_until_the_miniport_returns() {
    assert_eq!(reentry(Reentry::Queued), (1, 3));
}

#[test]
fn by_policy_it_calls_the_miniport_on_the_same_stack() {
    assert_eq!(reentry(Reentry::Recursive), (3, 3));
}

fn shrunk(policy: WindowShrink) -> Rig<Deserialized> {
    let policy = Policy { window_shrink: policy, ..Policy::default() };
    let rig = Rig::new(with_policy(policy), window(Card::keeping(), 3), 8);
    rig.send_many(5);
    assert_eq!((rig.link.outstanding(), rig.link.queued()), (3, 2));
    let settings = LinkSettings { send_window: 1, ..LinkSettings::default() };
    let shrunk = rig.adapter().line_up(Some(&rig.link), None, settings);
    assert_eq!(shrunk.is_err(), policy.window_shrink == WindowShrink::Report);
    assert_eq!((rig.link.window(), rig.link.outstanding(), rig.link.queued()), (1, 3, 2));
    rig
}

#[test]
fn a_window_below_what_is_outstanding_holds_new_sends_back() {
    let rig = shrunk(WindowShrink::HoldBack);
    let mut course = Vec::new();
    while let Some(packet) = rig.card.oldest() {
        at_passive(|cx| packet.complete(cx, FinalStatus::SUCCESS)).unwrap();
        course.push((rig.link.outstanding(), rig.link.queued()));
    }
    assert_eq!(course, [(2, 2), (1, 2), (1, 1), (1, 0), (0, 0)]);
    assert_eq!(rig.close(), []);
}

#[test]
fn by_policy_a_window_below_what_is_outstanding_is_reported() {
    let rig = shrunk(WindowShrink::Report);
    complete_all(&rig.card, FinalStatus::SUCCESS);
    complete_all(&rig.card, FinalStatus::SUCCESS);
    complete_all(&rig.card, FinalStatus::SUCCESS);
    assert_eq!(rig.close(), [Rule::Window]);
}

#[test]
fn a_larger_window_lets_queued_sends_down_at_once() {
    let rig = Rig::new(Config::default(), window(Card::<Deserialized>::keeping(), 1), 8);
    rig.send_many(4);
    let settings = LinkSettings { send_window: 3, ..LinkSettings::default() };
    rig.adapter().line_up(Some(&rig.link), None, settings).unwrap();
    assert_eq!((rig.link.outstanding(), rig.link.queued()), (3, 1));
    complete_all(&rig.card, FinalStatus::SUCCESS);
    complete_all(&rig.card, FinalStatus::SUCCESS);
    assert_eq!((rig.back(), rig.close()), (4, vec![]));
}

#[test]
fn what_a_serialized_miniport_leaves_at_reset_ndis_completes() {
    let rig = Rig::new(Config::default(), window(Card::<Serialized>::keeping(), 1), 8);
    rig.send();
    rig.send();
    assert_eq!(rig.adapter().reset().unwrap(), Status::SUCCESS);
    // First what NDIS held queued itself, then what the miniport left.
    assert_eq!(statuses(&rig), [FinalStatus::REQUEST_ABORTED; 2]);
    let told = rig.peer.told.lock().unwrap().join(", ");
    assert!(told.contains("RESET_START") && told.contains("RESET_END"), "{told}");
    std::mem::forget(rig.card.all());
    assert_eq!(rig.send(), Status::PENDING, "it runs again");
    at_passive(|cx| cx.raise(|cx| rig.card.oldest().unwrap().complete(cx, FinalStatus::SUCCESS)))
        .unwrap();
    assert_eq!(rig.close(), []);
}

#[test]
fn a_token_of_before_the_reset_completes_nothing_after_it() {
    let rig = Rig::new(Config::default(), Card::<Serialized>::keeping(), 8);
    rig.send();
    rig.adapter().reset().unwrap();
    let packet = rig.card.oldest().unwrap();
    at_passive(|cx| cx.raise(|cx| packet.complete(cx, FinalStatus::SUCCESS))).unwrap();
    assert_eq!((rig.back(), rig.close()), (1, vec![Rule::Reset]));
}

fn resetting() -> Rig<Deserialized> {
    let card = window(Card::<Deserialized>::keeping(), 1)
        .with(|card| card.reset = Some(Box::new(|_, _| Status::PENDING)));
    let rig = Rig::new(Config::default(), card, 8);
    rig.send();
    rig.send();
    assert_eq!(rig.adapter().reset().unwrap(), Status::PENDING);
    assert_eq!(statuses(&rig), [FinalStatus::REQUEST_ABORTED], "what was queued is back");
    rig
}

#[test]
fn a_pending_reset_ends_with_reset_complete_and_nothing_is_sent_before() {
    let rig = resetting();
    assert_eq!(rig.send(), Status::RESET_IN_PROGRESS);
    assert_eq!(rig.adapter().reset().unwrap(), Status::RESET_IN_PROGRESS);
    complete_all(&rig.card, FinalStatus::REQUEST_ABORTED);
    at_dispatch(&rig, || rig.adapter().reset_complete(Status::SUCCESS)).unwrap();
    assert_eq!(rig.send(), Status::PENDING);
    complete_all(&rig.card, FinalStatus::SUCCESS);
    assert_eq!((rig.back(), rig.close()), (3, vec![]));
}

#[test]
fn a_deserialized_miniport_that_keeps_packets_over_its_reset_loses_them() {
    let rig = resetting();
    let ended = at_dispatch(&rig, || rig.adapter().reset_complete(Status::SUCCESS));
    assert_eq!(ended.unwrap_err().rule, Rule::Reset);
    assert_eq!(rig.back(), 2);
    std::mem::forget(rig.card.all());
    assert_eq!(rig.close(), [Rule::Reset]);
}

#[test]
fn a_reset_that_was_completed_is_not_completed_again_by_its_return() {
    let card = Card::<Deserialized>::keeping().with(|card| {
        card.reset = Some(Box::new(|shared, _| {
            shared.adapter().reset_complete(Status::SUCCESS).unwrap();
            Status::SUCCESS
        }));
    });
    let rig = Rig::new(Config::default(), card, 8);
    rig.adapter().reset().unwrap();
    let ends = rig.peer.told.lock().unwrap().iter().filter(|t| t.starts_with("reset")).count();
    assert_eq!((ends, rig.close()), (1, vec![Rule::Reset]));
}

fn line_down(policy: QueuedAtLineDown) -> Rig<Deserialized> {
    let policy = Policy { queued_at_line_down: policy, ..Policy::default() };
    let rig = Rig::new(with_policy(policy), window(Card::keeping(), 1), 8);
    rig.send_many(3);
    rig.adapter().line_down(&rig.link).unwrap();
    assert_eq!(rig.try_send(), Err(Rule::Line));
    complete_all(&rig.card, FinalStatus::NO_CABLE);
    rig
}

#[test]
fn sends_that_are_queued_at_line_down_wait_for_the_next_line_up() {
    let rig = line_down(QueuedAtLineDown::Keep);
    assert_eq!((rig.back(), rig.link.queued()), (1, 2));
    rig.adapter().line_up(Some(&rig.link), None, LinkSettings::default()).unwrap();
    complete_all(&rig.card, FinalStatus::SUCCESS);
    complete_all(&rig.card, FinalStatus::SUCCESS);
    assert_eq!((rig.back(), rig.close()), (3, vec![Rule::Line]));
}

#[test]
fn by_policy_they_come_back_at_once() {
    let rig = line_down(QueuedAtLineDown::Return);
    let (failure, cable) = (FinalStatus::FAILURE, FinalStatus::NO_CABLE);
    assert_eq!((statuses(&rig), rig.close()), (vec![failure, failure, cable], vec![Rule::Line]));
}

#[test]
fn closing_the_call_brings_queued_sends_back_and_loses_owed_ones() {
    let rig = Rig::new(Config::default(), window(Card::<Deserialized>::keeping(), 1), 8);
    rig.send_many(3);
    assert_eq!(rig.link.close().unwrap_err().rule, Rule::Lost);
    let closing = FinalStatus::CLOSING;
    assert_eq!(statuses(&rig), [closing, closing, FinalStatus::FAILURE]);
    std::mem::forget(rig.card.all());
    assert_eq!(rig.close(), [Rule::Lost]);
}

fn owed_at_halt(policy: OwedAtHalt) -> (Vec<FinalStatus>, Vec<Rule>) {
    let policy = Policy { owed_at_halt: policy, ..Policy::default() };
    let rig = Rig::new(with_policy(policy), window(Card::<Deserialized>::keeping(), 2), 8);
    rig.send_many(3);
    // Forgotten tokens: nothing runs when they go.
    std::mem::forget(rig.card.all());
    let rules = rig.close();
    assert_eq!(rig.adapter().counters().taken_back, 2);
    (statuses(&rig), rules)
}

#[test]
fn forgotten_tokens_are_lost_at_halt_and_the_protocol_has_its_packets_back() {
    let (closing, failure) = (FinalStatus::CLOSING, FinalStatus::FAILURE);
    let (statuses, rules) = owed_at_halt(OwedAtHalt::Report);
    assert_eq!((statuses, rules), (vec![closing, failure, failure], vec![Rule::Lost; 2]));
}

#[test]
fn by_policy_packets_that_are_owed_at_halt_come_back_quietly() {
    let (closing, failure) = (FinalStatus::CLOSING, FinalStatus::FAILURE);
    let (statuses, rules) = owed_at_halt(OwedAtHalt::Return);
    assert_eq!((statuses, rules), (vec![closing, failure, failure], vec![]));
}

#[test]
fn a_bug_check_stops_the_adapter_and_every_packet_comes_back() {
    let config = Config { on_violation: OnViolation::BugCheck, ..Config::default() };
    let rig = Rig::new(config, window(Card::<Deserialized>::keeping(), 2), 8);
    rig.send_many(5);
    assert!(rig.adapter().release(0, ndiswan::event::Form::Plain).is_err());
    rig.ndis.run(None, None).unwrap();
    assert_eq!(rig.back(), 5, "owed and queued ones");
    assert_eq!(rig.try_send(), Err(Rule::Halt));
    std::mem::forget(rig.card.all());
    assert_eq!(rig.close(), [Rule::LockUnheld, Rule::Halt]);
    assert_eq!(Arc::strong_count(&rig.card), 1, "its drivers are let go");
}

#[test]
fn a_bug_check_inside_of_a_reset_is_not_undone_by_its_end() {
    let config = Config { on_violation: OnViolation::BugCheck, ..Config::default() };
    let card = Card::<Deserialized>::keeping().with(|card| {
        card.reset = Some(Box::new(|shared, _| {
            shared.adapter().release(0, ndiswan::event::Form::Plain).unwrap_err();
            Status::SUCCESS
        }));
    });
    let rig = Rig::new(config, card, 8);
    rig.adapter().reset().unwrap();
    assert_eq!(rig.try_send(), Err(Rule::Halt));
}

#[test]
fn a_lock_that_is_taken_again_through_its_own_guard_is_a_report_and_a_panic_not_a_hang() {
    let card = Card::<Deserialized>::keeping().with(|card| {
        card.timer = Some(Box::new(|shared, cx| {
            let lock = SpinLock::new(shared.adapter(), "queue", 1);
            let mut guard = lock.lock(cx);
            drop(guard.lock(&lock));
        }));
    });
    let rig = Rig::new(Config::default(), card, 8);
    let timer = rig.adapter().timer();
    rig.adapter().set_timer(timer, 1).unwrap();
    rig.ndis.run(None, None).unwrap();
    assert_eq!(rig.ndis.panics().len(), 1);
    assert_eq!(rig.close(), [Rule::LockRecursion]);
}

/// Takes two locks in both orders; whether the second one is held the second time, and the rules.
fn both_orders(on_violation: OnViolation) -> (bool, Vec<Rule>) {
    let config = Config { on_violation, record: true, ..Config::default() };
    let rig = Rig::new(config, Card::<Deserialized>::keeping(), 1);
    let adapter = rig.adapter();
    let (a, b) = (adapter.spin_lock("a"), adapter.spin_lock("b"));
    adapter.acquire(a, Form::Plain).unwrap();
    adapter.acquire(b, Form::Plain).unwrap();
    adapter.release(b, Form::Plain).unwrap();
    adapter.release(a, Form::Plain).unwrap();
    adapter.acquire(b, Form::Plain).unwrap();
    assert_eq!(adapter.acquire(a, Form::Plain).unwrap_err().rule, Rule::LockOrder);
    let taken = adapter.holds(a);
    if taken {
        adapter.release(a, Form::Plain).unwrap();
    }
    adapter.release(b, Form::Plain).unwrap();
    let rules = rig.close();
    let found: Vec<_> = rig.ndis.trace().check().iter().map(|found| found.rule).collect();
    assert_eq!(found, rules, "the recording tells the same");
    (taken, rules)
}

#[test]
fn a_lock_that_is_acquired_out_of_order_is_taken_where_that_is_only_recorded() {
    assert_eq!(both_orders(OnViolation::Raise), (false, vec![Rule::LockOrder]));
    assert_eq!(both_orders(OnViolation::Record), (true, vec![Rule::LockOrder]));
}
