//! Threads of a driver's own, in each kind of time: they complete what was sent, wait for more, and end with their adapter.
#![allow(unreachable_pub)] // support modules are shared between test programs

mod support {
    pub mod card;
}

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use ndiswan::choices::Shared as Explorer;
use ndiswan::choices::portfolio::Portfolio;
use ndiswan::explore::{Options, explore};
use ndiswan::ndis::{ANY_OBJECT, Waited};
use ndiswan::{
    Adapter, Config, Deserialized, FinalStatus, Irql, Ndis, Rule, Sent, Status, TimeKind,
    at_passive,
};
use support::card::{Card, Rig, Shared};

/// What the thread waits for; any number that is not 0.
const WORK: usize = 0x10;
const MILLISECOND: u64 = 1_000_000;

/// What a thread of the card's does, and what became of it.
#[derive(Default)]
struct Does {
    /// How long it waits at most; for ever without.
    limit: Option<u64>,
    stop: AtomicBool,
    wakes: AtomicU64,
    ended: AtomicBool,
}

impl Does {
    /// Completes what is owed whenever it is woken up, until it is told to stop. Returns where its world is over.
    fn works(&self, card: &Shared<Deserialized>) {
        loop {
            let met = || self.stop.load(Ordering::SeqCst) || !card.owed.lock().unwrap().is_empty();
            let waited = card.adapter().wait_on(WORK, self.limit, met);
            self.wakes.fetch_add(1, Ordering::SeqCst);
            if waited == Waited::Over {
                return;
            }
            let _ = at_passive(|cx| card.complete_all(cx, FinalStatus::SUCCESS));
            if self.stop.load(Ordering::SeqCst) {
                self.ended.store(true, Ordering::SeqCst);
                return;
            }
        }
    }
}

/// A card whose thread does all of its work. MiniportHalt tells it to stop, if it `stops`.
fn card(does: &Arc<Does>, stops: bool) -> Card<Deserialized> {
    let card = Card::new(|shared: &Shared<Deserialized>, _, packet| {
        let answer = shared.keep(packet);
        shared.adapter().ndis.signaled(WORK);
        answer
    });
    let (works, halts) = (Arc::clone(does), Arc::clone(does));
    card.with(|card| {
        let shared = card.shared();
        card.initialize = Some(Box::new(move |own, _| {
            assert!(!Adapter::is_on_own_thread());
            let (works, shared) = (Arc::clone(&works), Arc::clone(&shared));
            let spawned = own.adapter().spawn(move || {
                assert!(Adapter::is_on_own_thread());
                works.works(&shared);
            });
            spawned.expect("a thread");
            Ok::<(), Status>(())
        }));
        card.halt = Some(Box::new(move |own, _| {
            halts.stop.store(stops, Ordering::SeqCst);
            own.adapter().ndis.signaled(WORK);
        }));
    })
}

fn sends(rig: &Rig<Deserialized>, count: u64) {
    for _ in 0..count {
        let packet = rig.adapter().packet(b"frame").unwrap();
        let sent = at_passive(|cx| rig.link.send(cx, packet)).unwrap().unwrap();
        assert!(matches!(sent, Sent::Pending));
    }
}

fn world(time: TimeKind, does: &Arc<Does>, stops: bool) -> Rig<Deserialized> {
    Rig::new(Config { time, ..Config::default() }, card(does, stops), 8)
}

/// In virtual time what was sent is completed at that moment, and a run ends with the thread waiting.
#[test]
fn a_thread_of_virtual_time_works_when_it_is_woken_up() {
    let does = Arc::new(Does::default());
    let rig = world(TimeKind::Virtual, &does, true);
    for round in 1..=3 {
        sends(&rig, 2);
        rig.ndis.run(None, None).unwrap();
        assert_eq!(rig.peer.back.load(Ordering::SeqCst), 2 * round);
        assert_eq!(rig.ndis.now(), 0, "nothing takes time");
    }
    rig.ndis.run(Some(1_000 * MILLISECOND), None).unwrap();
    assert_eq!(rig.ndis.now(), 1_000 * MILLISECOND);
    assert_eq!(rig.close(), []);
    assert!(does.ended.load(Ordering::SeqCst));
    assert_eq!(rig.adapter().threads_left(), 0);
}

/// Its waits with a time-out are events of their time; where nothing else is left, a run without an end is over after some.
#[test]
fn a_thread_that_polls_keeps_no_run_from_its_end() {
    let does = Arc::new(Does { limit: Some(10 * MILLISECOND), ..Does::default() });
    let rig = world(TimeKind::Virtual, &does, true);
    rig.ndis.run(Some(105 * MILLISECOND), None).unwrap();
    assert_eq!(does.wakes.load(Ordering::SeqCst), 10);
    rig.ndis.run(None, None).unwrap();
    let polled = does.wakes.load(Ordering::SeqCst);
    assert!((11..200).contains(&polled), "{polled}");
    sends(&rig, 1);
    let sent = rig.ndis.now();
    rig.ndis.run(None, None).unwrap();
    assert_eq!(rig.peer.back.load(Ordering::SeqCst), 1);
    assert!(rig.ndis.now() > sent);
    assert_eq!(rig.close(), []);
}

/// One whose work brings more work at the same moment lets the clock have its turn: the events of a run may be counted.
#[test]
fn a_thread_whose_work_never_ends_lets_others_go_on() {
    let does = Arc::new(Does::default());
    let rig = world(TimeKind::Virtual, &does, true);
    let (link, again) = (Arc::clone(&rig.link), Arc::new(AtomicBool::new(true)));
    let goes_on = Arc::clone(&again);
    let _ = rig.peer.on_back.set(Box::new(move |cx, packet, _| {
        if goes_on.load(Ordering::SeqCst) {
            let _ = link.send(cx, packet);
        }
    }));
    sends(&rig, 1);
    rig.ndis.run(None, Some(20)).unwrap();
    let back = rig.peer.back.load(Ordering::SeqCst);
    assert!((100..1_000).contains(&back), "{back}");
    again.store(false, Ordering::SeqCst);
    rig.ndis.run(None, None).unwrap();
    assert_eq!(rig.close(), []);
}

/// One that waits for what nobody signals any more is ended with its world, and told.
#[test]
fn a_thread_that_outlives_its_halt_is_ended_and_counted() {
    for time in [TimeKind::Virtual, TimeKind::Real] {
        let does = Arc::new(Does::default());
        let rig = world(time, &does, false);
        sends(&rig, 1);
        assert!(
            rig.ndis
                .wait(Duration::from_secs(10), || { rig.peer.back.load(Ordering::SeqCst) == 1 })
        );
        assert_eq!(rig.close(), []);
        assert!(!does.ended.load(Ordering::SeqCst));
        assert_eq!(rig.adapter().threads_left(), 1, "{time:?}");
    }
}

/// Who waits for any object looks again whatever is signaled.
#[test]
fn a_thread_that_waits_for_any_object_is_woken_by_each() {
    for time in [TimeKind::Virtual, TimeKind::Real] {
        let rig =
            Rig::new(Config { time, ..Config::default() }, Card::<Deserialized>::keeping(), 8);
        let adapter = Arc::clone(rig.adapter());
        let (free, met) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let (its, tells) = (Arc::clone(&free), Arc::clone(&met));
        let spawned = rig.adapter().spawn(move || {
            let waited = adapter.wait_on(ANY_OBJECT, None, || its.load(Ordering::SeqCst));
            tells.store(waited == Waited::Met, Ordering::SeqCst);
        });
        spawned.expect("a thread");
        rig.ndis.wait(Duration::from_millis(10), || false);
        free.store(true, Ordering::SeqCst);
        rig.ndis.signaled(WORK);
        rig.ndis.wait(Duration::from_secs(5), || met.load(Ordering::SeqCst));
        assert!(met.load(Ordering::SeqCst), "{time:?}");
        assert_eq!(rig.close(), []);
    }
}

/// One that does not want to hear of the end is unwound, so that the end comes.
#[test]
fn a_thread_that_goes_on_after_the_end_is_unwound() {
    for time in [TimeKind::Virtual, TimeKind::Real] {
        let rig =
            Rig::new(Config { time, ..Config::default() }, Card::<Deserialized>::keeping(), 8);
        let adapter = Arc::clone(rig.adapter());
        let spawned = rig.adapter().spawn(move || {
            loop {
                let _ = adapter.wait_on(WORK, None, || false);
            }
        });
        spawned.expect("a thread");
        rig.ndis.wait(Duration::from_millis(10), || false);
        assert_eq!(rig.close(), []);
        let messages: Vec<_> = rig.ndis.panics().into_iter().map(|panic| panic.message).collect();
        assert_eq!(messages, ["a thread goes on though its world is over"], "{time:?}");
    }
}

/// A thread that begins another one while the world is being closed keeps nobody from its end, nor does that one.
#[test]
fn a_thread_that_begins_another_at_the_end_is_waited_for() {
    for time in [TimeKind::Virtual, TimeKind::Real] {
        let rig =
            Rig::new(Config { time, ..Config::default() }, Card::<Deserialized>::keeping(), 8);
        let (adapter, begun) = (Arc::clone(rig.adapter()), Arc::new(AtomicU64::new(0)));
        let counts = Arc::clone(&begun);
        let spawned = rig.adapter().spawn(move || {
            assert_eq!(adapter.wait_on(WORK, None, || false), Waited::Over);
            let another = adapter.spawn(move || {
                counts.fetch_add(1, Ordering::SeqCst);
            });
            another.expect("a thread");
        });
        spawned.expect("a thread");
        rig.ndis.wait(Duration::from_millis(10), || false);
        assert_eq!(rig.close(), []);
        let ran = u64::from(time == TimeKind::Real);
        assert_eq!(begun.load(Ordering::SeqCst), ran, "{time:?}");
        assert_eq!(Arc::strong_count(&begun), 1, "nothing of it is left");
    }
}

/// The same of the protocol's threads, which are waited for before the halt.
#[test]
fn a_thread_of_the_protocols_may_begin_another_while_the_world_is_closed() {
    let ndis = Ndis::new(Config { time: TimeKind::Real, ..Config::default() });
    let rig = Rig::on(&ndis, Card::<Deserialized>::keeping(), 8);
    let begun = Arc::new(AtomicU64::new(0));
    let (its, counts) = (Arc::clone(&ndis), Arc::clone(&begun));
    let spawned = ndis.spawn(move || {
        std::thread::sleep(Duration::from_millis(100));
        let another = its.spawn(move || {
            counts.fetch_add(1, Ordering::SeqCst);
        });
        another.expect("a thread");
    });
    spawned.expect("a thread");
    assert_eq!(rig.close(), []);
    assert_eq!(begun.load(Ordering::SeqCst), 1);
}

#[test]
fn a_thread_of_real_time_is_woken_up_and_waited_for() {
    let does = Arc::new(Does { limit: Some(20 * MILLISECOND), ..Does::default() });
    let rig = world(TimeKind::Real, &does, true);
    sends(&rig, 4);
    assert!(rig.ndis.wait_idle(Duration::from_secs(10)));
    assert_eq!(rig.peer.back.load(Ordering::SeqCst), 4);
    assert_eq!(rig.close(), []);
    assert!(does.ended.load(Ordering::SeqCst), "closing waits for its end");
}

/// Under an explorer it is a CPU of its own: no execution is endless, and each comes to its end.
#[test]
fn a_thread_under_an_explorer_ends_with_each_execution() {
    for limit in [None, Some(10 * MILLISECOND)] {
        let explorer = Explorer::new(Portfolio::new(1));
        let options = Options { executions: 300, ..Options::default() };
        let mut worlds = Vec::new();
        let found = explore(&explorer, &options, |ndis: &Arc<Ndis>| {
            let does = Arc::new(Does { limit, ..Does::default() });
            let rig = Rig::on(ndis, card(&does, true), 8);
            sends(&rig, 2);
            ndis.run(None, None).unwrap();
            assert_eq!(rig.peer.back.load(Ordering::SeqCst), 2);
            assert!(!ndis.is_cut_off());
            worlds.push(does);
        });
        assert_eq!(found.executions, 300);
        assert!(found.failures.is_empty(), "{:?}", found.failures);
        assert!(worlds.iter().all(|does| does.ended.load(Ordering::SeqCst)));
    }
}

/// What a thread leaves raised is told, and its end is the end of it.
#[test]
fn a_thread_that_ends_raised_is_told_and_put_right() {
    for time in [TimeKind::Virtual, TimeKind::Real] {
        let rig =
            Rig::new(Config { time, ..Config::default() }, Card::<Deserialized>::keeping(), 8);
        let adapter = Arc::clone(rig.adapter());
        let spawned = rig.adapter().spawn(move || drop(adapter.raise_irql(Irql::DISPATCH)));
        spawned.expect("a thread");
        rig.ndis.wait(Duration::from_millis(100), || rig.ndis.violation_count() > 0);
        assert_eq!(rig.close(), [Rule::IrqlLeak], "{time:?}");
    }
}
