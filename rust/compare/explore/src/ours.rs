//! The same drivers over the engine, as Rust handlers, explored by `ndiswan::explore`.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use ndiswan::choices::{Shared, make};
use ndiswan::event::{Form::Plain, Part, Side};
use ndiswan::explore::{Options, explore as explore_scenario};
use ndiswan::{
    Adapter, Cx, Deserialized, Dispatch, Disposition, FinalStatus, Link, Miniport, Name, Ndis,
    Packet, Passive, Protocol, Sending, Status, UpToDispatch, WanInfo, at_passive,
};

use crate::nic::{Driver, Nic, Play};

const MILLISECOND: u64 = 1_000_000;

/// One adapter of the engine.
#[derive(Debug)]
pub struct Ours {
    adapter: Arc<Adapter>,
    locks: Vec<u32>,
}

impl Nic for Ours {
    type Packet = Name;

    fn locked<R>(&self, lock: usize, work: impl FnOnce() -> R) -> R {
        // A refused lock is a broken rule, which is on record; the driver goes on.
        let _ = self.adapter.acquire(self.locks[lock], Plain);
        let done = work();
        let _ = self.adapter.release(self.locks[lock], Plain);
        done
    }

    fn set_timer(&self, timer: u32) {
        let _ = self.adapter.set_timer(timer, MILLISECOND);
    }

    fn cancel_timer(&self, timer: u32) -> bool {
        self.adapter.cancel_timer(timer)
    }

    fn interrupt(&self) {
        self.adapter.interrupt();
    }

    fn look(&self) {
        self.adapter.ndis.choose(1, "");
    }

    fn complete(&self, packet: Name, well: bool) {
        let status = if well { Status::SUCCESS } else { Status::REQUEST_ABORTED };
        let _ = self.adapter.wan_send_complete(packet, status);
    }

    fn reset_complete(&self) {
        let _ = self.adapter.reset_complete(Status::SUCCESS);
    }

    fn touch(&self, packet: Name) {
        let _ = self.adapter.may_touch(packet, Side::Miniport, Part::Data);
    }
}

struct Card<D> {
    driver: D,
    nic: OnceLock<Ours>,
}

impl<D: Driver<Ours>> Card<D> {
    fn nic(&self) -> &Ours {
        self.nic.get().expect("it was initialized")
    }
}

impl<D: Driver<Ours>> Miniport for Card<D> {
    type Mode = Deserialized;

    fn info(&self) -> WanInfo {
        WanInfo { max_transmit: 4, ..WanInfo::default() }
    }

    fn initialize(&self, _: &mut Cx<Passive>, adapter: &Arc<Adapter>) -> Result<(), Status> {
        for _ in 0..D::TIMERS {
            adapter.timer();
        }
        let locks = (0..D::LOCKS).map(|_| adapter.spin_lock("driver")).collect();
        self.nic.set(Ours { adapter: Arc::clone(adapter), locks }).map_err(|_| Status::FAILURE)
    }

    fn wan_send<'call>(
        &self,
        _: &mut Cx<UpToDispatch>,
        _: &Arc<Link>,
        packet: Sending<'call, Deserialized>,
    ) -> Disposition<'call> {
        let held = packet.into_name();
        self.driver.send(self.nic(), held.name);
        held.returned(Status::PENDING)
    }

    fn timer(&self, _: &mut Cx<Dispatch>, timer: u32) {
        self.driver.timer(self.nic(), timer);
    }

    fn handle_interrupt(&self, _: &mut Cx<Dispatch>) {
        self.driver.interrupt(self.nic());
    }

    fn reset(&self, _: &mut Cx<Dispatch>) -> (Status, bool) {
        let over = self.driver.reset(self.nic());
        (if over { Status::SUCCESS } else { Status::PENDING }, false)
    }

    fn halt(&self, _: &mut Cx<Passive>) {
        self.driver.halt(self.nic());
    }
}

struct Peer;

impl Protocol for Peer {
    fn send_complete(&self, _: &mut Cx<UpToDispatch>, packet: Packet, _: FinalStatus) {
        drop(packet);
    }
}

/// What a run of ours came to.
#[derive(Debug)]
pub struct Explored {
    /// How many executions there were.
    pub executions: u64,
    /// How many points they had together.
    pub points: u64,
    /// The words of what failed.
    pub failure: Option<String>,
}

/// Runs executions with the explorer of that name until one fails, or there were so many, or the time ends.
pub fn explore<D: Driver<Ours>>(
    explorer: &str,
    seed: u64,
    (executions, time): (u64, Duration),
    play: Play,
) -> Explored {
    let made = make(explorer, seed).unwrap_or_else(|| panic!("no explorer is called {explorer}"));
    let decides = Shared::from(made);
    let options = Options { executions, time, ..Options::default() };
    let all = explore_scenario(&decides, &options, |ndis| scenario::<D>(ndis, play));
    Explored {
        executions: all.executions,
        points: all.points,
        failure: all.failures.first().map(|failure| format!("{:?}", failure.symptom)),
    }
}

fn scenario<D: Driver<Ours>>(ndis: &Arc<Ndis>, play: Play) {
    let card = Card { driver: D::new(), nic: OnceLock::new() };
    let link = ndis.bind(Peer, card, 8, "card").expect("it binds");
    at_passive(|cx| {
        for _ in 0..play.packets {
            let packet = link.adapter.packet(&[0x21; 64]).expect("the pool has enough");
            drop(link.send(cx, packet));
        }
    })
    .expect("a thread at PASSIVE_LEVEL");
    if play.reset {
        let _ = link.adapter.reset();
    }
    let _ = ndis.run(None, None);
}
