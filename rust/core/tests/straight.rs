//! The straight way of a thread that is alone in its world, and what becomes of it when another one comes.
#![allow(unreachable_pub)] // support modules are shared between test programs

mod support {
    pub mod card;
}

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use ndiswan::event::What;
use ndiswan::ndis::Counters;
use ndiswan::{Config, Deserialized, Irql, Name, Status, WanInfo};
use support::card::{Card, Rig};

fn rig() -> Rig<Deserialized> {
    let card = Card::new(|_, _, packet| packet.into_name().returned(Status::PENDING));
    let info = WanInfo { max_transmit: 64, ..WanInfo::default() };
    Rig::new(Config::default(), card.with(|card| card.info = info).forgetful(), 256)
}

/// Sends a frame; the name of the packet in the life that it has then.
fn send(rig: &Rig<Deserialized>) -> Name {
    let (name, status) = rig.link.send_frame(b"a frame").unwrap();
    assert_eq!(status, Status::PENDING);
    Name { generation: rig.adapter().state_of(name).unwrap().generation(), ..name }
}

fn round_trip(rig: &Rig<Deserialized>) -> Name {
    let name = send(rig);
    rig.adapter().wan_send_complete(name, Status::SUCCESS).unwrap();
    name
}

/// What a packet remembers after three round trips, and a fourth that ends with another status.
fn told(rig: &Rig<Deserialized>) -> (Vec<(What, Irql, u8)>, Vec<u32>, Counters) {
    for _ in 0..3 {
        round_trip(rig);
    }
    let name = send(rig);
    rig.adapter().wan_send_complete(name, Status::FAILURE).unwrap();
    let history = rig.adapter().history_of(name);
    let events = history.iter().map(|event| (event.what, event.irql, event.locks)).collect();
    let cpus = history.iter().map(|event| event.cpu).collect();
    (events, cpus, rig.adapter().counters())
}

#[test]
fn the_straight_way_leaves_the_history_and_the_counts_of_the_general_one() {
    let (alone, shared) = (rig(), rig());
    round_trip(&alone);
    // From here on that world's own thread goes the general way.
    let other = std::thread::scope(|scope| scope.spawn(|| round_trip(&shared)).join().unwrap());
    assert_eq!(other.slot, 0, "the packet of the first in both");
    let ((events, cpus, counters), general) = (told(&alone), told(&shared));
    let own = cpus[0];
    assert_eq!(cpus, [own; 32], "a history of full length, on the one CPU");
    assert!(general.1.ends_with(&[own; 20]), "the other thread's part is older: {:?}", general.1);
    assert_eq!((events, counters), (general.0, general.2));
    assert_eq!((alone.close(), shared.close()), (vec![], vec![]));
}

#[test]
fn a_thread_that_comes_into_the_world_of_another_finds_every_send_answered_once() {
    const TRIPS: u64 = 20_000;
    for others in 1..=3 {
        let rig = rig();
        std::thread::scope(|scope| {
            for _ in 0..others {
                scope.spawn(|| {
                    while rig.peer.back.load(Ordering::Relaxed) < TRIPS / 10 {
                        std::thread::yield_now(); // the world's own thread goes straight by now
                    }
                    for _ in 0..TRIPS {
                        round_trip(&rig);
                    }
                });
            }
            for _ in 0..TRIPS {
                round_trip(&rig);
            }
        });
        let counters = rig.adapter().counters();
        let all = TRIPS * (others + 1);
        assert_eq!((counters.sends, counters.completions, counters.delivered), (all, all, all));
        assert_eq!(rig.peer.back.load(Ordering::Relaxed), all);
        assert_eq!(rig.link.outstanding(), 0);
        assert_eq!(rig.close(), []);
    }
}

#[test]
fn a_completion_of_another_thread_in_the_middle_of_many_is_the_only_one() {
    for _ in 0..300 {
        let rig = rig();
        let names: Vec<Name> = (0..32).map(|_| send(&rig)).collect();
        let complete = |names: &[Name]| {
            let done =
                |name: &&Name| rig.adapter().wan_send_complete(**name, Status::SUCCESS).is_ok();
            names.iter().filter(done).count()
        };
        let done = std::thread::scope(|scope| {
            let other = scope.spawn(|| complete(&names));
            complete(&names) + other.join().unwrap()
        });
        assert_eq!(done, names.len(), "of two who complete, one has it");
        assert_eq!(rig.peer.back.load(Ordering::Relaxed), 32);
        let doubles = rig.close().len();
        assert_eq!(doubles, names.len(), "and the other has broken a rule");
    }
}

/// When timers fired that are set beside one another, anew and from inside, and what the run counted; in a world that another
/// thread has been in, or not.
fn fired(shared: bool) -> (Vec<u64>, u64, u64, [bool; 3]) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let keeps = Arc::clone(&seen);
    let card =
        Card::<Deserialized>::new(|_, _, packet| packet.into_name().returned(Status::PENDING));
    let card = card.with(|card| {
        card.timer = Some(Box::new(move |shared, _| {
            let (adapter, mut seen) = (shared.adapter(), keeps.lock().unwrap());
            seen.push(adapter.ndis.now());
            if seen.len() % 7 != 0 {
                adapter.set_timer(0, 5).unwrap();
            }
        }));
    });
    let rig = Rig::new(Config::default(), card.forgetful(), 4);
    let adapter = rig.adapter();
    let timers = [adapter.timer(), adapter.timer(), adapter.timer()];
    if shared {
        let look = || adapter.timer_is_set(timers[0]);
        std::thread::scope(|scope| assert!(!scope.spawn(look).join().unwrap()));
    }
    for delay in [10, 10, 3] {
        for timer in timers {
            adapter.set_timer(timer, delay).unwrap();
        }
    }
    assert!(adapter.cancel_timer(timers[2]));
    adapter.set_timer(timers[1], 12).unwrap();
    let ran = adapter.ndis.run(None, None).unwrap();
    let (now, set) = (adapter.ndis.now(), timers.map(|timer| adapter.timer_is_set(timer)));
    assert_eq!(rig.close(), []);
    let seen = std::mem::take(&mut *seen.lock().unwrap());
    (seen, ran, now, set)
}

#[test]
fn timers_fire_straight_as_they_do_in_a_shared_world() {
    let alone = fired(false);
    assert_eq!(alone, (vec![3, 8, 12, 17, 22, 27, 32], 7, 32, [false; 3]));
    assert_eq!(fired(true), alone);
}
