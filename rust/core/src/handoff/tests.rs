//! What the ledger finds, which takes a forged page: tokens cannot get there.

use super::*;
use crate::contract::packet::{Owner, PacketState};
use crate::rule::Rule;
use crate::status::FinalStatus;

const SUCCESS: FinalStatus = FinalStatus::SUCCESS;

type Checked = Pool<u32, WithLedger>;

fn pool() -> Checked {
    Pool::with_ledger(2, |index| index)
}

fn forge(pool: &Checked, index: u32, owner: Owner, life: u32) {
    pool.0.forge(index, |page| page.0 = PacketState::new(owner, life));
}

fn found(pool: &Checked) -> Vec<(Rule, Step)> {
    pool.record().iter().map(|broken| (broken.rule, broken.step)).collect()
}

/// Sends a packet, forges its state while it is pending, and completes it.
fn forged_while_pending(forge: impl FnOnce(&Checked)) -> Vec<(Rule, Step)> {
    let pool = pool();
    let pending = pool.packet().unwrap().send().pend();
    forge(&pool);
    pending.complete(SUCCESS);
    // One mistake is one report: what comes after it goes on as if nothing had been.
    let (packet, status) = pool.consumer().unwrap().pop().unwrap();
    assert_eq!(status, SUCCESS);
    drop(packet.send().pend());
    let mut all = found(&pool);
    assert_eq!(all.pop(), Some((Rule::Lost, Step::Drop)));
    assert_eq!(pool.broken(), all.len() as u64 + 1);
    all
}

#[test]
fn a_completion_finds_a_state_that_is_not_the_tokens() {
    let write = |owner, life| forged_while_pending(move |pool| forge(pool, 0, owner, life));
    assert_eq!(forged_while_pending(|_| ()), []);
    assert_eq!(write(Owner::Protocol, 1), [(Rule::Double, Step::Complete)]);
    assert_eq!(write(Owner::Miniport, 7), [(Rule::Stale, Step::Complete)]);
    assert_eq!(write(Owner::Protocol, 0), [(Rule::Foreign, Step::Complete)]);
    assert_eq!(write(Owner::Miniport, 1), [(Rule::Touch, Step::Complete)], "it was pended");
}

#[test]
fn every_other_step_finds_one_too() {
    let pool = pool();
    let forged = || forge(&pool, 0, Owner::Ndis, 5);
    let packet = pool.packet().unwrap();
    forged();
    let sending = packet.send();
    forged();
    sending.pend().complete(SUCCESS);
    forged();
    let mut consumer = pool.consumer().unwrap();
    let sending = consumer.pop().unwrap().0.send();
    forged();
    let Sent::Done(packet, _) = sending.complete(SUCCESS) else { panic!("a status") };
    forged();
    drop(packet);
    forged();
    drop(pool.packet());
    let steps: Vec<Step> = found(&pool).into_iter().map(|(_, step)| step).collect();
    assert_eq!(
        steps,
        [Step::Send, Step::Pend, Step::Deliver, Step::Done, Step::Free, Step::Allocate]
    );
}

#[test]
fn a_state_goes_the_way_of_the_contract() {
    let pool = pool();
    let state = |owner, life| {
        let state = pool.0.forge(0, |page| page.0);
        assert_eq!((state.owner(), state.generation()), (owner, life));
        state
    };
    let packet = pool.packet().unwrap();
    state(Owner::Protocol, 0);
    let sending = packet.send();
    state(Owner::Miniport, 1);
    let pending = sending.pend();
    assert!(state(Owner::Miniport, 1).pended());
    pending.complete(SUCCESS);
    state(Owner::Returning, 1);
    let (packet, _) = pool.consumer().unwrap().pop().unwrap();
    state(Owner::Protocol, 1);
    let Sent::Done(packet, _) = packet.send().complete(SUCCESS) else { panic!("a status") };
    state(Owner::Protocol, 2);
    drop(packet);
    state(Owner::Pool, 2);
    assert_eq!(pool.broken(), 0);
}

#[test]
fn a_packet_that_was_sent_four_billion_times_is_completed_as_before() {
    let pool = pool();
    let token = pool.packet().unwrap().take();
    forge(&pool, 0, Owner::Returning, u32::MAX);
    // As if it came out of the ring.
    token.permit().push(SUCCESS);
    let mut consumer = pool.consumer().unwrap();
    for _ in 0..3 {
        let (packet, status) = consumer.pop().unwrap();
        assert_eq!(status, SUCCESS);
        packet.send().pend().complete(SUCCESS);
    }
    assert_eq!(pool.record(), []);
}

#[test]
fn a_list_adds_to_a_state_what_the_steps_do_in_every_life() {
    for life in [0, 1, 7, u32::MAX - 1, u32::MAX] {
        let before = PacketState::new(Owner::Protocol, life);
        let next = life.wrapping_add(1);
        let sent = before.send().and_then(PacketState::submit);
        let pended = sent.and_then(|state| state.returned(next, crate::Status::PENDING));
        let after = pended.and_then(|state| state.complete(next)).unwrap();
        assert_eq!(before.word().wrapping_add(super::ledger::ROUND), after.word());
    }
}

#[test]
fn a_list_finds_the_one_packet_that_is_not_as_its_token_has_it() {
    let pool = Pool::<u32, WithLedger>::with_ledger(5, |index| index);
    let mut packets = pool.packets(5);
    forge(&pool, 1, Owner::Ndis, 7);
    forge(&pool, 3, Owner::Ndis, 0);
    packets = pool.producer().push_list(packets.send().pend(), |_, status| status);
    assert_eq!(found(&pool), [(Rule::Touch, Step::Send); 2]);
    let packets_of =
        |pool: &Checked| -> Vec<u32> { pool.record().iter().map(|broken| broken.packet).collect() };
    assert_eq!(packets_of(&pool), [1, 3]);
    forge(&pool, 4, Owner::Pool, 1);
    let mut consumer = pool.consumer().unwrap();
    assert_eq!(consumer.drain_list(9, &mut packets), Ok(5));
    assert_eq!(packets_of(&pool), [1, 3, 4]);
    assert_eq!(found(&pool)[2], (Rule::Touch, Step::Deliver));
    // One mistake is one report: what comes after it goes on as if nothing had been.
    drop(pool.producer().push_list(packets.send().pend(), |_, status| status));
    assert_eq!((consumer.drain(9, |_, _| ()), pool.broken()), (5, 3));
}

#[test]
fn a_report_says_what_what_was_found_and_what_to_do() {
    let pool = pool();
    drop(pool.packet().unwrap().send());
    let sending = pool.packet().unwrap().send();
    forge(&pool, 1, Owner::Pool, 9);
    sending.pend().complete(SUCCESS);
    let texts: Vec<String> = pool.record().iter().map(ToString::to_string).collect();
    let expected = "LOST: packet 0 (life 1) was owed, and its token was dropped: it goes home with \
                    NDIS_STATUS_FAILURE. Complete each token, also where the miniport gives up";
    assert_eq!(texts[0], expected);
    assert!(texts[1].starts_with("TOUCH: packet 1 (life 1) made the step Pend while"), "{texts:?}");
    assert!(texts[1].contains("Pool") && texts[1].contains('9'), "{texts:?}");
}

#[test]
fn what_does_not_fit_into_the_record_is_counted() {
    let pool = pool();
    let mut consumer = pool.consumer().unwrap();
    let mut packet = pool.packet().unwrap();
    for _ in 0..300 {
        drop(packet.send().pend());
        packet = consumer.pop().unwrap().0;
    }
    assert_eq!((pool.record().len(), pool.broken()), (256, 300));
}
