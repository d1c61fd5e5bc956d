//! Real threads: every packet is answered exactly once, whoever completes it and however it comes back.
#![allow(unreachable_pub)] // support modules are shared between test programs

mod support {
    pub mod card;
}

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ndiswan::miniport::CanComplete;
use ndiswan::ndis::PacketError;
use ndiswan::{
    Config, Delivery, Deserialized, Dispatch, FinalStatus, Mode, Packet, Pending, Rule, Sent,
    Serialized, TimeKind, WanInfo, at_passive,
};
use support::card::{Card, Rig};

/// Threads that send, and threads that complete.
const PRODUCERS: u64 = 4;
const WORKERS: usize = 2;

/// Which sends were answered; each is a number in the packet's data.
struct Answers(Vec<AtomicU8>);

impl Answers {
    fn note(&self, packet: &mut Packet) {
        let number = u64::from_le_bytes(packet.get().data().try_into().unwrap());
        let before = self.0[number as usize].fetch_add(1, Ordering::Relaxed);
        assert_eq!(before, 0, "send {number} is answered once");
    }
}

/// A card that answers some sends at once, completes some inside of the call, and hands the
/// others to its threads.
fn card<M: Mode>(queues: Vec<Sender<Pending<M>>>) -> Card<M> {
    let queues = Mutex::new(queues);
    let turn = AtomicU64::new(0);
    let card = Card::new(move |_, cx, packet| match turn.fetch_add(1, Ordering::Relaxed) % 8 {
        0 => packet.complete(FinalStatus::SUCCESS),
        1 => {
            let (answer, pending) = packet.pend();
            pending.complete(cx, FinalStatus::SUCCESS);
            answer
        }
        turn => {
            let (answer, pending) = packet.pend();
            queues.lock().unwrap()[turn as usize % WORKERS].send(pending).unwrap();
            answer
        }
    });
    let info = WanInfo { max_transmit: 64, ..WanInfo::default() };
    card.with(|card| card.info = info).forgetful()
}

fn work<M: Mode>(queue: &Receiver<Pending<M>>)
where
    Dispatch: CanComplete<M>,
{
    for packet in queue {
        at_passive(|cx| cx.raise(|cx| packet.complete(cx, FinalStatus::SUCCESS))).unwrap();
    }
}

fn produce(rig: &Rig<Deserialized>, answers: &Answers, numbers: impl Iterator<Item = u64>) {
    for number in numbers {
        let packet = loop {
            match rig.adapter().packet(&number.to_le_bytes()) {
                Ok(packet) => break packet,
                Err(PacketError::Exhausted { .. }) => std::thread::yield_now(),
                Err(other) => panic!("{other}"),
            }
        };
        let sent = at_passive(|cx| rig.link.send(cx, packet)).unwrap().unwrap();
        if let Sent::Done(mut packet, status) = sent {
            assert_eq!(status, FinalStatus::SUCCESS);
            answers.note(&mut packet);
        }
    }
}

fn every_packet_is_answered_once(delivery: Delivery, sends: u64) {
    let config = Config { time: TimeKind::Real, delivery, ..Config::default() };
    let (queues, ends): (Vec<_>, Vec<_>) = (0..WORKERS).map(|_| channel()).unzip();
    let rig = Rig::new(config, card(queues), 256);
    let answers = Arc::new(Answers((0..sends).map(|_| AtomicU8::new(0)).collect()));
    let noted = Arc::clone(&answers);
    let _ = rig.peer.on_back.set(Box::new(move |_, mut packet, _| noted.note(&mut packet)));
    std::thread::scope(|scope| {
        for end in ends {
            scope.spawn(move || work(&end));
        }
        let producers: Vec<_> = (0..PRODUCERS)
            .map(|producer| {
                let numbers = (producer..sends).step_by(PRODUCERS as usize);
                let (rig, answers) = (&rig, &answers);
                scope.spawn(move || produce(rig, answers, numbers))
            })
            .collect();
        for producer in producers {
            producer.join().unwrap();
        }
        assert!(rig.ndis.wait_idle(Duration::from_secs(60)), "nothing is left under way");
        // Closing drops the card, and with it the ends of the queues: the workers return.
        assert_eq!(rig.close(), []);
    });
    assert!(answers.0.iter().all(|answer| answer.load(Ordering::Relaxed) == 1));
    let counters = rig.adapter().counters();
    assert_eq!((counters.sends, counters.delivered, counters.taken_back), (sends, sends, 0));
    assert_eq!(counters.answered + counters.pended, sends);
    assert_eq!(rig.ndis.panics().len(), 0);
}

#[test]
fn two_hundred_thousand_sends_of_four_threads_are_answered_once_each() {
    every_packet_is_answered_once(Delivery::Inline, 100_000);
    every_packet_is_answered_once(Delivery::Queued, 100_000);
}

#[test]
#[ignore = "soak: ten million sends; make soak"]
fn soak_ten_million_sends_of_four_threads_are_answered_once_each() {
    every_packet_is_answered_once(Delivery::Inline, 5_000_000);
    every_packet_is_answered_once(Delivery::Queued, 5_000_000);
}

/// One world that is closed while threads send and complete; how many sends there were.
fn a_halt_under_fire<M: Mode>(delivery: Delivery) -> u64
where
    Dispatch: CanComplete<M>,
{
    let config = Config { time: TimeKind::Real, delivery, ..Config::default() };
    let (queues, ends): (Vec<_>, Vec<_>) = (0..WORKERS).map(|_| channel()).unzip();
    let rig = Rig::new(config, card::<M>(queues), 64);
    let (sent, answered) = (AtomicU64::new(0), Arc::new(AtomicU64::new(0)));
    let back = Arc::clone(&answered);
    let _ = rig.peer.on_back.set(Box::new(move |_, _, _| {
        back.fetch_add(1, Ordering::Relaxed);
    }));
    std::thread::scope(|scope| {
        for end in ends {
            scope.spawn(move || work(&end));
        }
        for _ in 0..PRODUCERS {
            scope.spawn(|| {
                while let Ok(packet) = rig.adapter().packet(b"frame") {
                    let taken = at_passive(|cx| rig.link.send(cx, packet)).unwrap();
                    sent.fetch_add(u64::from(taken.is_ok()), Ordering::Relaxed);
                    match taken {
                        Ok(Sent::Pending) => {}
                        Ok(Sent::Done(..)) => drop(answered.fetch_add(1, Ordering::Relaxed)),
                        Err(_) => return, // halted
                    }
                }
            });
        }
        std::thread::sleep(Duration::from_millis(2));
        rig.ndis.close().unwrap();
    });
    let known = [Rule::Halt, Rule::Lost];
    for violation in rig.ndis.violations() {
        assert!(known.contains(&violation.rule), "{violation}");
    }
    let (sent, answered) = (sent.into_inner(), answered.load(Ordering::Relaxed));
    assert_eq!(sent, answered, "every send that was taken is answered once");
    assert_eq!(rig.ndis.panics().len(), 0);
    sent
}

#[test]
fn a_halt_while_threads_send_and_complete_answers_every_send_once() {
    let mut sends = 0;
    for _ in 0..20 {
        sends += a_halt_under_fire::<Deserialized>(Delivery::Inline);
        sends += a_halt_under_fire::<Deserialized>(Delivery::Queued);
        sends += a_halt_under_fire::<Serialized>(Delivery::Inline);
        sends += a_halt_under_fire::<Serialized>(Delivery::Queued);
    }
    assert!(sends > 1000, "{sends}");
}
