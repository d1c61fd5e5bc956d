//! The trace: what is written is what is read, and the check finds what the engine found.

use std::marker::PhantomData;
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;

use super::*;
use crate::cx::{Cx, Dispatch, Passive, UpToDispatch};
use crate::disposition::{Disposition, Packet, Sending};
use crate::miniport::{Deserialized, Miniport, Mode, Serialized};
use crate::ndis::{Adapter, Config, Link, OnViolation};
use crate::protocol::Protocol;
use crate::rule::Rule;
use crate::status::{FinalStatus, Status};

mod broken;
mod files;
mod foreign;
mod good;
mod lines;

/// What an untyped driver does, entry point by entry point.
#[derive(Copy, Clone)]
struct Script {
    send: fn(&Adapter, Name) -> Status,
    timer: fn(&Adapter),
    halt: fn(&Adapter),
    reset: fn(&Adapter) -> Status,
    hang: u64,
}

const QUIET: Script = Script {
    send: |_, _| Status::PENDING,
    timer: |_| {},
    halt: |_| {},
    reset: |_| Status::SUCCESS,
    hang: 2_000_000_000,
};

/// A driver that holds names, not tokens.
struct Driver<M> {
    script: Script,
    adapter: OnceLock<Arc<Adapter>>,
    mode: PhantomData<fn() -> M>,
}

impl<M: Mode> Driver<M> {
    fn adapter(&self) -> &Adapter {
        self.adapter.get().unwrap()
    }
}

impl<M: Mode> Miniport for Driver<M> {
    type Mode = M;

    fn info(&self) -> WanInfo {
        WanInfo { max_transmit: 2, header_padding: 2, ..WanInfo::default() }
    }

    fn initialize(&self, _: &mut Cx<Passive>, adapter: &Arc<Adapter>) -> Result<(), Status> {
        adapter.timer();
        adapter.spin_lock("first");
        adapter.spin_lock("second");
        self.adapter.set(Arc::clone(adapter)).map_err(|_| Status::FAILURE)
    }

    fn wan_send<'call>(
        &self,
        _: &mut Cx<M::SendLevel>,
        _: &Arc<Link>,
        packet: Sending<'call, M>,
    ) -> Disposition<'call> {
        let held = packet.into_name();
        let status = (self.script.send)(self.adapter(), held.name);
        held.returned(status)
    }

    fn timer(&self, _: &mut Cx<Dispatch>, _: u32) {
        (self.script.timer)(self.adapter());
    }

    fn halt(&self, _: &mut Cx<Passive>) {
        (self.script.halt)(self.adapter());
    }

    fn reset(&self, _: &mut Cx<Dispatch>) -> (Status, bool) {
        ((self.script.reset)(self.adapter()), false)
    }

    fn check_for_hang_interval(&self) -> u64 {
        self.script.hang
    }
}

/// Frees what comes back, and takes every frame that comes up.
#[derive(Clone, Default)]
struct Peer(Arc<Mutex<Vec<FinalStatus>>>);

impl Protocol for Peer {
    fn send_complete(&self, _: &mut Cx<UpToDispatch>, packet: Packet, status: FinalStatus) {
        drop(packet);
        self.0.lock().push(status);
    }

    fn receive(&self, _: &mut Cx<UpToDispatch>, _: &Arc<Link>, _: &[u8]) -> Status {
        Status::SUCCESS
    }
}

fn recording() -> Config {
    Config { record: true, on_violation: OnViolation::Record, ..Config::default() }
}

fn bind<M: Mode>(config: Config, script: Script) -> (Arc<Ndis>, Arc<Link>) {
    let ndis = Ndis::new(config);
    let driver = Driver::<M> { script, adapter: OnceLock::new(), mode: PhantomData };
    let link = ndis.bind(Peer::default(), driver, 4, "card").unwrap();
    (ndis, link)
}

fn packet(link: &Arc<Link>) -> Name {
    link.adapter.packet(b"\xff\x03\xc0\x21hello").unwrap().into_name()
}

/// Sends a new packet; the name that its miniport has.
fn send(link: &Arc<Link>) -> Name {
    let name = packet(link);
    link.send_name(name).unwrap();
    Name { generation: name.generation + 1, ..name }
}

fn complete(link: &Arc<Link>, name: Name) {
    let _ = link.adapter.wan_send_complete(name, Status::SUCCESS);
}

fn rules(found: &[Found]) -> Vec<Rule> {
    found.iter().map(|found| found.rule).collect()
}
