//! Dead work does not fill the queue, and its going changes nothing.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::*;
use crate::{
    Config, Cx, Deserialized, Disposition, FinalStatus, Link, Miniport, Packet, Protocol, Sending,
    UpToDispatch, WanInfo,
};

fn timer(arming: u64) -> Work {
    Work::Timer { adapter: 0, timer: 0, arming }
}

fn size(queue: &Queue) -> usize {
    queue.inner.with(|inner| inner.agenda.len())
}

/// A queue whose work is alive unless its arming is in `dead`.
struct Model {
    queue: Queue,
    dead: RefCell<BTreeSet<u64>>,
}

impl Model {
    fn new() -> Model {
        Model {
            queue: Queue::new(TimeKind::Virtual, None, &Bias::new(true)),
            dead: RefCell::default(),
        }
    }

    fn wants(&self, work: Work) -> bool {
        !matches!(work, Work::Timer { arming, .. } if self.dead.borrow().contains(&arming))
    }

    fn kill(&self, arming: u64) {
        self.dead.borrow_mut().insert(arming);
        self.queue.note_dead(|work| self.wants(work));
    }

    fn next(&self) -> Option<(u64, Work)> {
        let next = |cpu: &_| self.queue.next_due(cpu, u64::MAX, false, |work| self.wants(work));
        Cpu::here(|cpu| next(cpu)).map(|work| (self.queue.clock.now(), work))
    }
}

#[test]
fn two_hundred_thousand_timers_that_are_cancelled_do_not_fill_the_queue() {
    let model = Model::new();
    for alive in 0..10 {
        model.queue.schedule(500, timer(alive));
    }
    let mut most = 0;
    for arming in 10..200_010 {
        model.queue.schedule(1_000 + arming, timer(arming));
        model.kill(arming);
        most = most.max(size(&model.queue));
    }
    assert!(most <= 2 * FEW, "{most} pieces of work in the queue");
    let left = std::iter::from_fn(|| model.next()).count();
    assert_eq!((left, size(&model.queue)), (10, 0));
}

#[test]
fn what_is_left_comes_in_its_order_and_a_run_ends_when_nothing_else_is() {
    let model = Model::new();
    model.queue.schedule_background(50, Work::HangCheck { adapter: 0 });
    // Times that repeat, so that age decides among them.
    let at = |arming: u64| arming * 7919 % 101;
    for arming in 0..1000 {
        model.queue.schedule(at(arming), timer(arming));
    }
    (0..1000).filter(|arming| arming % 10 != 3).for_each(|arming| model.kill(arming));
    assert!(size(&model.queue) < 500, "it was looked through");
    let mut expected: Vec<_> = (0..1000)
        .filter(|arming| arming % 10 == 3)
        .map(|arming| (at(arming), 3, arming, timer(arming)))
        .chain([(50, 4, 0, Work::HangCheck { adapter: 0 })])
        .collect();
    expected.sort_unstable_by_key(|(at, priority, age, _)| (*at, *priority, *age));
    let came: Vec<_> = std::iter::from_fn(|| model.next()).collect();
    assert_eq!(came, expected.into_iter().map(|(at, _, _, work)| (at, work)).collect::<Vec<_>>());
    assert!(model.queue.is_idle(|work| model.wants(work)));
}

struct Modem;

impl Miniport for Modem {
    type Mode = Deserialized;

    fn info(&self) -> WanInfo {
        WanInfo::default()
    }

    fn wan_send<'call>(
        &self,
        _: &mut Cx<UpToDispatch>,
        _: &Arc<Link>,
        packet: Sending<'call, Deserialized>,
    ) -> Disposition<'call> {
        packet.complete(FinalStatus::SUCCESS)
    }
}

struct Peer;

impl Protocol for Peer {
    fn send_complete(&self, _: &mut Cx<UpToDispatch>, _: Packet, _: FinalStatus) {}
}

#[test]
fn an_adapter_s_timers_that_are_set_anew_or_cancelled_do_not_fill_the_queue() {
    let ndis = Ndis::new(Config::default());
    let link = ndis.bind(Peer, Modem, 1, "modem").unwrap();
    let (anew, cancelled) = (link.adapter.timer(), link.adapter.timer());
    for delay in 0..10_000 {
        link.adapter.set_timer(anew, 1_000_000 + delay).unwrap();
        link.adapter.set_timer(cancelled, 1_000_000 + delay).unwrap();
        assert!(link.adapter.cancel_timer(cancelled));
        assert!(size(&ndis.queue) <= 2 * FEW);
    }
    assert_eq!(ndis.run(None, None).unwrap(), 1, "the one that is set");
    ndis.close().unwrap();
}
