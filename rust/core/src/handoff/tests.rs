//! What the ledger finds, which takes a forged page: tokens cannot get there.

use super::ledger::Page;
use super::*;
use crate::contract::packet::{Owner, PacketState};
use crate::rule::Rule;
use crate::status::FinalStatus;

const SUCCESS: FinalStatus = FinalStatus::SUCCESS;

type Checked = Pool<u32, WithLedger>;

fn pool() -> Checked {
    Pool::with_ledger(2, |index| index)
}

fn found(pool: &Checked) -> Vec<(Rule, Step)> {
    pool.record().iter().map(|broken| (broken.rule, broken.step)).collect()
}

/// Sends a packet, forges its state while it is pending, and completes it.
fn forged_while_pending(forge: impl FnOnce(&Page)) -> Vec<(Rule, Step)> {
    let pool = pool();
    let token = pool.packet().unwrap().send().pend().take();
    forge(token.page());
    Pending::new(token).complete(SUCCESS);
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
    let write =
        |owner, life| forged_while_pending(move |page| page.write(PacketState::new(owner, life)));
    assert_eq!(forged_while_pending(|_| ()), []);
    assert_eq!(write(Owner::Protocol, 1), [(Rule::Double, Step::Complete)]);
    assert_eq!(write(Owner::Miniport, 7), [(Rule::Stale, Step::Complete)]);
    assert_eq!(write(Owner::Protocol, 0), [(Rule::Foreign, Step::Complete)]);
    assert_eq!(write(Owner::Miniport, 1), [(Rule::Touch, Step::Complete)], "it was pended");
}

#[test]
fn every_other_step_finds_one_too() {
    let forge = |page: &Page| page.write(PacketState::new(Owner::Ndis, 5));
    let pool = pool();
    let token = pool.packet().unwrap().take();
    forge(token.page());
    let token = Packet::new(token).send().take();
    forge(token.page());
    let token = Sending::new(token).pend().take();
    let page = token.page();
    Pending::new(token).complete(SUCCESS);
    forge(page);
    let mut consumer = pool.consumer().unwrap();
    let token = consumer.pop().unwrap().0.send().take();
    forge(token.page());
    let Sent::Done(packet, _) = Sending::new(token).complete(SUCCESS) else { panic!("a status") };
    let token = packet.take();
    forge(token.page());
    drop(Packet::new(token));
    forge(page);
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
    let state = |owner, life, page: &Page| {
        assert_eq!((page.state().owner(), page.state().generation()), (owner, life));
    };
    let token = pool.packet().unwrap().take();
    let page = token.page();
    state(Owner::Protocol, 0, page);
    let sending = Packet::new(token).send();
    state(Owner::Miniport, 1, page);
    let pending = sending.pend();
    assert!(page.state().pended());
    pending.complete(SUCCESS);
    state(Owner::Returning, 1, page);
    let (packet, _) = pool.consumer().unwrap().pop().unwrap();
    state(Owner::Protocol, 1, page);
    let Sent::Done(packet, _) = packet.send().complete(SUCCESS) else { panic!("a status") };
    state(Owner::Protocol, 2, page);
    drop(packet);
    state(Owner::Pool, 2, page);
    assert_eq!(pool.broken(), 0);
}

#[test]
fn a_packet_that_was_sent_four_billion_times_is_completed_as_before() {
    let pool = pool();
    let token = pool.packet().unwrap().take();
    token.page().write(PacketState::new(Owner::Returning, u32::MAX));
    // As if it came out of the ring.
    Packet::new(token).take().permit().push(SUCCESS);
    let mut consumer = pool.consumer().unwrap();
    for _ in 0..3 {
        let (packet, status) = consumer.pop().unwrap();
        assert_eq!(status, SUCCESS);
        packet.send().pend().complete(SUCCESS);
    }
    assert_eq!(pool.record(), []);
}

#[test]
fn a_report_says_what_what_was_found_and_what_to_do() {
    let pool = pool();
    drop(pool.packet().unwrap().send());
    let token = pool.packet().unwrap().send().take();
    token.page().write(PacketState::new(Owner::Pool, 9));
    Sending::new(token).pend().complete(SUCCESS);
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
