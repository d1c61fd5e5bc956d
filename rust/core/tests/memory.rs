//! Memory that a driver asks for: always there, unless an explorer says that it is not.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

use ndiswan::choices::random::Random;
use ndiswan::choices::shrink::Limits;
use ndiswan::choices::{Choice, Shared};
use ndiswan::explore::{Options, execute, explore, replay, shrink};
use ndiswan::{
    Adapter, Config, Cx, Deserialized, Disposition, FinalStatus, Link, Miniport, Ndis, Packet,
    Passive, Protocol, Rule, Sending, Sent, Status, TimeKind, UpToDispatch, WanInfo, at_passive,
};

struct Peer;

impl Protocol for Peer {
    fn send_complete(&self, _: &mut Cx<UpToDispatch>, _: Packet, _: FinalStatus) {}
}

/// What a card does that sends from copies.
#[derive(Copy, Clone, PartialEq)]
enum Does {
    /// Fails a frame for which there is no memory.
    Fails,
    /// Forgets it.
    Forgets,
    /// Forgets it if it is the second in a row.
    ForgetsTheSecond,
    /// Asks for no memory.
    AsksForNone,
}

struct Card {
    does: Does,
    adapter: OnceLock<Arc<Adapter>>,
    failures: AtomicU32,
}

fn card(does: Does) -> Card {
    Card { does, adapter: OnceLock::new(), failures: AtomicU32::default() }
}

impl Miniport for Card {
    type Mode = Deserialized;

    fn info(&self) -> WanInfo {
        WanInfo::default()
    }

    fn initialize(&self, _: &mut Cx<Passive>, adapter: &Arc<Adapter>) -> Result<(), Status> {
        self.adapter.set(Arc::clone(adapter)).map_err(|_| Status::FAILURE)
    }

    fn wan_send<'call>(
        &self,
        _: &mut Cx<UpToDispatch>,
        _: &Arc<Link>,
        mut packet: Sending<'call, Deserialized>,
    ) -> Disposition<'call> {
        let (adapter, length) = (self.adapter.get().unwrap(), packet.view().data().len());
        if self.does == Does::AsksForNone || adapter.allocate_memory(length).is_some() {
            self.failures.store(0, Ordering::Relaxed);
            return packet.complete(FinalStatus::SUCCESS);
        }
        let before = self.failures.fetch_add(1, Ordering::Relaxed);
        match self.does {
            Does::Forgets => forget(packet),
            Does::ForgetsTheSecond if before == 1 => forget(packet),
            _ => packet.complete(FinalStatus::FAILURE),
        }
    }
}

/// PENDING, and nobody knows of it any more.
fn forget(packet: Sending<'_, Deserialized>) -> Disposition<'_> {
    packet.into_name().returned(Status::PENDING)
}

const FRAMES: usize = 4;

fn scenario(does: Does) -> impl FnMut(&Arc<Ndis>) {
    move |ndis| {
        send(ndis, does);
    }
}

/// Sends frames; how many of them failed.
fn send(ndis: &Arc<Ndis>, does: Does) -> usize {
    let link = ndis.bind(Peer, card(does), 8, "card").unwrap();
    let sent = at_passive(|cx| {
        let frames = (0..FRAMES).map(|_| link.adapter.packet(b"frame").unwrap());
        frames.map(|packet| link.send(cx, packet).unwrap()).collect::<Vec<_>>()
    });
    ndis.run(None, None).unwrap();
    let failed = |sent: &&Sent| matches!(sent, Sent::Done(_, FinalStatus::FAILURE));
    sent.unwrap().iter().filter(failed).count()
}

fn options() -> Options {
    let mut options = Options { executions: 2_000, ..Options::default() };
    options.config.record = true;
    options
}

fn random(seed: u64) -> Shared {
    Shared::new(Random::new(seed))
}

/// What is chosen when allocations, one after the other, fail or do not.
fn answers(fail: &[bool]) -> Vec<Choice> {
    fail.iter().map(|fails| Choice { n: 2, chosen: u32::from(*fails) }).collect()
}

#[test]
fn in_virtual_and_in_real_time_an_allocation_succeeds() {
    for time in [TimeKind::Virtual, TimeKind::Real] {
        let ndis = Ndis::new(Config { time, ..Config::default() });
        let link = ndis.bind(Peer, card(Does::Forgets), 8, "card").unwrap();
        for length in 0..2_000 {
            assert_eq!(link.adapter.allocate_memory(length), Some(vec![0; length]));
        }
        assert!(ndis.choices().is_empty());
        ndis.close().unwrap();
        assert!(ndis.violations().is_empty());
    }
}

#[test]
fn more_than_the_machine_has_is_an_allocation_that_fails() {
    let ndis = Ndis::new(Config::default());
    let link = ndis.bind(Peer, card(Does::Forgets), 8, "card").unwrap();
    assert_eq!(link.adapter.allocate_memory(usize::MAX), None);
    ndis.close().unwrap();
}

#[test]
fn each_allocation_is_one_choice_of_two_and_the_plain_answer_is_that_it_succeeds() {
    for fail in [[false, false], [false, true], [true, false], [true, true]] {
        let mut seen = Vec::new();
        let one = replay(&answers(&fail), &options(), &mut |ndis: &Arc<Ndis>| {
            let link = ndis.bind(Peer, card(Does::Fails), 8, "card").unwrap();
            seen = fail.iter().map(|_| link.adapter.allocate_memory(9).is_none()).collect();
        });
        assert_eq!(seen, fail);
        assert_eq!(one.choices, answers(&fail));
    }
    assert!(replay(&[], &options(), &mut scenario(Does::Forgets)).failure.is_none());
}

#[test]
fn something_else_may_happen_before_an_allocation_and_after_it() {
    let points = |does| replay(&[], &options(), &mut scenario(does)).points;
    assert_eq!(points(Does::Fails), points(Does::AsksForNone) + 2 * FRAMES as u64);
}

#[test]
fn a_driver_that_fails_the_frame_is_left_alone() {
    let mut failed = 0;
    let found =
        explore(&random(1), &options(), |ndis: &Arc<Ndis>| failed += send(ndis, Does::Fails));
    assert!(found.failures.is_empty(), "{:?}", found.failures);
    // Some do, and more do not: as often as any other kind of fault.
    let percent = 100 * failed / (options().executions as usize * FRAMES);
    assert!((20..35).contains(&percent), "{percent} %");
}

#[test]
fn a_driver_that_forgets_the_frame_is_found_and_replays_to_the_same_events() {
    let found = explore(&random(1), &options(), scenario(Does::Forgets));
    let failure = found.failures.first().expect("it was found");
    assert_eq!(failure.symptom.rule, Some(Rule::Lost));
    let one = replay(&failure.choices, &options(), &mut scenario(Does::Forgets));
    let two = replay(&failure.choices, &options(), &mut scenario(Does::Forgets));
    assert_eq!(one.failure.unwrap().0, failure.symptom);
    assert_eq!(one.choices, failure.choices);
    assert_eq!(one.events, two.events);
}

#[test]
fn failures_that_are_not_needed_are_taken_out() {
    for (does, needed) in [(Does::Forgets, 1), (Does::ForgetsTheSecond, 2)] {
        let all = replay(&answers(&[true; 4]), &options(), &mut scenario(does));
        let (symptom, violation) = all.failure.expect("it fails");
        let choices = all.choices;
        assert_eq!(choices, answers(&[true; 4]));
        let failure = ndiswan::explore::Failure { symptom, violation, choices, execution: 1 };
        let small = shrink(&failure, &options(), Limits::default(), scenario(does));
        assert_eq!(small.choices, answers(&vec![true; needed]));
    }
}

#[test]
fn an_allocation_that_succeeds_is_no_edge_of_its_own() {
    let reached = |does| {
        let options = options();
        replay(&[], &options, &mut scenario(does));
        let reached = options.coverage.lock().edges().clone();
        (reached.len(), reached.pairs_len())
    };
    assert_eq!(reached(Does::Fails), reached(Does::AsksForNone));
}

#[test]
fn the_same_choices_give_the_same_events() {
    let explorer = random(3);
    for _ in 0..200 {
        let one = execute(&explorer, &options(), &mut scenario(Does::Fails));
        let two = replay(&one.choices, &options(), &mut scenario(Does::Fails));
        assert_eq!((one.choices, one.events), (two.choices, two.events));
    }
}
