//! Many packets by one call, as a language binding takes them: what the engine leaves behind.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use ndiswan::miniport::Deserialized;
use ndiswan::ndis::{Batch, Frames, SentMany};
use ndiswan::{
    Adapter, Config, Cx, Delivery, Disposition, FinalStatus, Link, Miniport, Name, Ndis, Packet,
    Protocol, Rule, Sending, Status, TimeKind, UpToDispatch, WanInfo,
};

const PACKETS: u32 = 100;

#[derive(Clone, Default)]
struct Card {
    owed: Arc<Mutex<Vec<u64>>>,
    panics: Arc<AtomicBool>,
}

impl Miniport for Card {
    type Mode = Deserialized;

    fn info(&self) -> WanInfo {
        WanInfo { max_transmit: 80, ..WanInfo::default() }
    }

    fn wan_send<'call>(
        &self,
        _: &mut Cx<UpToDispatch>,
        _: &Arc<Link>,
        packet: Sending<'call, Deserialized>,
    ) -> Disposition<'call> {
        let held = packet.into_name();
        self.owed.lock().unwrap().push(held.name.handle());
        held.returned(Status::PENDING)
    }

    fn many(&self) -> Option<usize> {
        Some(10)
    }

    fn wan_send_many(
        &self,
        _: &mut Cx<UpToDispatch>,
        _: &Arc<Link>,
        batch: &Arc<Batch>,
        _: &mut Vec<Status>,
    ) {
        if self.panics.load(Ordering::Relaxed) {
            // No message: the hook's output is of no use.
            std::panic::resume_unwind(Box::new("injected"));
        }
        self.owed.lock().unwrap().extend(batch.handles());
    }
}

/// How many came back by each call.
#[derive(Clone, Default)]
struct Peer(Arc<Mutex<Vec<usize>>>);

impl Protocol for Peer {
    fn send_complete(&self, _: &mut Cx<UpToDispatch>, packet: Packet, _: FinalStatus) {
        drop(packet);
        self.0.lock().unwrap().push(1);
    }

    fn many(&self) -> Option<usize> {
        Some(10)
    }

    fn send_complete_many(
        &self,
        _: &mut Cx<UpToDispatch>,
        _: &Arc<Link>,
        batch: Batch,
        statuses: Vec<Status>,
    ) {
        assert!(statuses.is_empty() || statuses.len() == batch.len());
        self.0.lock().unwrap().push(batch.len());
    }
}

struct World {
    ndis: Arc<Ndis>,
    link: Arc<Link>,
    card: Card,
    peer: Peer,
}

impl World {
    fn new(config: Config) -> World {
        let (card, peer) = (Card::default(), Peer::default());
        let ndis = Ndis::new(config);
        let link = ndis.bind(peer.clone(), card.clone(), PACKETS, "card").unwrap();
        World { ndis, link, card, peer }
    }

    fn adapter(&self) -> &Arc<Adapter> {
        &self.link.adapter
    }

    fn send(&self, frames: usize) -> SentMany {
        let sizes = vec![64; frames];
        self.link.send_many(&Frames::new(self.adapter(), &sizes, None).unwrap())
    }

    /// Completes all that is owed, as many together as go.
    fn complete(&self) {
        let owed = std::mem::take(&mut *self.card.owed.lock().unwrap());
        let (mut rest, adapter) = (&owed[..], self.adapter());
        while let Some(next) = rest.first() {
            let done = adapter.complete_together(rest, |_| Status::SUCCESS, |_| true);
            if done == 0 {
                let name = Name::of_handle(*next, adapter.index);
                adapter.wan_send_complete(name, Status::SUCCESS).unwrap();
            }
            rest = &rest[done.max(1)..];
        }
        self.ndis.drain();
    }

    fn is_quiet(&self) {
        let count = self.adapter().counters();
        assert_eq!(count.sends, count.delivered);
        assert_eq!(self.link.outstanding(), 0);
        let fresh: Vec<_> = (0..PACKETS).map(|_| self.adapter().packet(b"x").unwrap()).collect();
        assert!(self.adapter().packet(b"x").is_err(), "each packet is in the pool once");
        drop(fresh);
    }
}

/// With queued delivery in real time another thread delivers, and nothing says when it is done: tests/test_batches.py waits.
fn configs() -> impl Iterator<Item = Config> {
    let times = [TimeKind::Virtual, TimeKind::Real];
    let all = times.into_iter().flat_map(|time| {
        [Delivery::Inline, Delivery::Queued].map(|delivery| Config {
            time,
            delivery,
            ..Config::default()
        })
    });
    let all = all.filter(|it| !(it.time == TimeKind::Real && it.delivery == Delivery::Queued));
    all.flat_map(|config| [false, true].map(|record| Config { record, ..config.clone() }))
}

#[test]
fn a_window_lets_eighty_down_together_and_the_rest_follows_together() {
    for config in configs() {
        let world = World::new(config);
        let sent = world.send(95);
        assert_eq!(sent.statuses, [Status::PENDING; 95]);
        assert_eq!((world.link.outstanding(), world.link.queued()), (80, 15));
        let named: Vec<u64> = sent.batch.handles().to_vec();
        assert_eq!(named[..80], world.card.owed.lock().unwrap()[..]);
        world.complete();
        assert_eq!(
            named[80..],
            world.card.owed.lock().unwrap()[..],
            "in the life that it was told"
        );
        world.complete();
        assert_eq!(world.peer.0.lock().unwrap().iter().sum::<usize>(), 95);
        world.is_quiet();
        assert_eq!(world.ndis.violation_count(), 0);
    }
}

#[test]
fn fewer_than_the_driver_wants_go_one_by_one() {
    for config in configs() {
        let world = World::new(config);
        world.send(9);
        world.complete();
        assert_eq!(*world.peer.0.lock().unwrap(), [1; 9]);
        world.is_quiet();
    }
}

#[test]
fn a_panic_in_a_call_with_many_brings_every_packet_home() {
    for config in configs() {
        let world = World::new(config);
        world.card.panics.store(true, Ordering::Relaxed);
        world.send(50);
        world.ndis.drain();
        world.card.panics.store(false, Ordering::Relaxed);
        let rules: Vec<Rule> = world.ndis.violations().iter().map(|found| found.rule).collect();
        assert_eq!(rules, [Rule::Lost; 50]);
        assert_eq!(world.ndis.panics().len(), 1);
        world.is_quiet();
        world.send(50);
        world.complete();
        world.is_quiet();
    }
}

#[test]
fn a_thousand_rounds_of_two_threads_lose_and_double_nothing() {
    let world = World::new(Config::default());
    std::thread::scope(|scope| {
        let work = || {
            for _ in 0..500 {
                // The pool may be in the other one's hands: what does not go is not sent.
                drop(world.send(40));
                world.complete();
            }
        };
        scope.spawn(work);
        work();
    });
    while world.adapter().counters().delivered < world.adapter().counters().sends {
        world.complete();
    }
    world.is_quiet();
    assert_eq!(world.ndis.violation_count(), 0);
}
