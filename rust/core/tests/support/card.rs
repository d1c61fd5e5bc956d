//! A miniport whose entry points are closures, a protocol that keeps count, and both bound.
#![allow(dead_code)]

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use ndiswan::miniport::CanComplete;
use ndiswan::ndis::BindError;
use ndiswan::protocol::fragment;
use ndiswan::{
    Adapter, Config, Cx, Dirql, Dispatch, Disposition, Face, FinalStatus, Link, Miniport, Mode,
    Name, Ndis, Packet, Passive, Pending, Protocol, Rule, Sending, Sent, Status, UpToDispatch,
    WanInfo, at_passive,
};

type Cxs<M> = Cx<<M as Mode>::SendLevel>;
type OnSend<M> =
    dyn for<'c> Fn(&Shared<M>, &mut Cxs<M>, Sending<'c, M>) -> Disposition<'c> + Send + Sync;
type On<M, L, R> = Option<Box<dyn Fn(&Shared<M>, &mut Cx<L>) -> R + Send + Sync>>;

/// What a card keeps between its entry points.
pub struct Shared<M: Mode> {
    adapter: OnceLock<Arc<Adapter>>,
    /// The packets that it owes.
    pub owed: Mutex<Vec<Pending<M>>>,
    /// The names of the packets that it was handed, in order.
    pub names: Mutex<Vec<Name>>,
}

impl<M: Mode> Shared<M> {
    /// NdisMWanSendComplete's adapter handle.
    pub fn adapter(&self) -> &Arc<Adapter> {
        self.adapter.get().expect("initialize has run")
    }

    /// The oldest packet that it owes.
    pub fn oldest(&self) -> Option<Pending<M>> {
        let mut owed = self.owed.lock().unwrap();
        (!owed.is_empty()).then(|| owed.remove(0))
    }

    /// All that it owes.
    pub fn all(&self) -> Vec<Pending<M>> {
        std::mem::take(&mut *self.owed.lock().unwrap())
    }

    /// Completes all that it owes.
    pub fn complete_all<L: CanComplete<M>>(&self, cx: &mut Cx<L>, status: FinalStatus) {
        for packet in self.all() {
            packet.complete(cx, status);
        }
    }

    /// The name of the packet that it was handed last.
    pub fn last(&self) -> Name {
        *self.names.lock().unwrap().last().expect("a packet was handed over")
    }

    /// Answers PENDING and keeps the packet.
    pub fn keep<'c>(&self, packet: Sending<'c, M>) -> Disposition<'c> {
        let (answer, pending) = packet.pend();
        self.owed.lock().unwrap().push(pending);
        answer
    }
}

/// What is done when sends are to be cancelled.
pub type OnCancel<M> = dyn Fn(&Shared<M>) + Send + Sync;

/// The miniport. Without a closure an entry point does what the trait's default does, and halt
/// completes nothing.
pub struct Card<M: Mode> {
    pub info: WanInfo,
    pub face: Face,
    pub line_up_at_bind: bool,
    send: Box<OnSend<M>>,
    pub initialize: On<M, Passive, Result<(), Status>>,
    pub halt: On<M, Passive, ()>,
    pub reset: On<M, Dispatch, Status>,
    pub check_for_hang: On<M, Dispatch, bool>,
    pub isr: On<M, Dirql, bool>,
    pub handle_interrupt: On<M, Dispatch, ()>,
    pub timer: On<M, Dispatch, ()>,
    pub dpc: On<M, Dispatch, ()>,
    pub query: On<M, Dispatch, ()>,
    pub shutdown: On<M, Passive, ()>,
    pub cancel: Option<Box<OnCancel<M>>>,
    pub pause: On<M, Passive, Status>,
    names: bool,
    shared: Arc<Shared<M>>,
}

impl<M: Mode> Card<M> {
    /// A card that answers a send so.
    pub fn new(
        send: impl for<'c> Fn(&Shared<M>, &mut Cxs<M>, Sending<'c, M>) -> Disposition<'c>
        + Send
        + Sync
        + 'static,
    ) -> Card<M> {
        let shared = Arc::new(Shared {
            adapter: OnceLock::new(),
            owed: Mutex::default(),
            names: Mutex::default(),
        });
        Card {
            info: WanInfo::default(),
            face: Face::Wan,
            line_up_at_bind: true,
            send: Box::new(send),
            initialize: None,
            halt: None,
            reset: None,
            check_for_hang: None,
            isr: None,
            handle_interrupt: None,
            timer: None,
            dpc: None,
            query: None,
            shutdown: None,
            cancel: None,
            pause: None,
            names: true,
            shared,
        }
    }

    /// A card that answers every send PENDING and keeps it.
    pub fn keeping() -> Card<M> {
        Card::new(|shared, _, packet| shared.keep(packet))
    }

    /// The same card without the list of names, which grows.
    pub fn forgetful(mut self) -> Card<M> {
        self.names = false;
        self
    }

    /// What its entry points are given, for its own threads.
    pub fn shared(&self) -> Arc<Shared<M>> {
        Arc::clone(&self.shared)
    }

    /// The same card with this changed.
    pub fn with(mut self, change: impl FnOnce(&mut Card<M>)) -> Card<M> {
        change(&mut self);
        self
    }
}

impl<M: Mode> Miniport for Card<M> {
    type Mode = M;

    fn info(&self) -> WanInfo {
        self.info.clone()
    }

    fn line_up_at_bind(&self) -> bool {
        self.line_up_at_bind
    }

    fn initialize(&self, cx: &mut Cx<Passive>, adapter: &Arc<Adapter>) -> Result<(), Status> {
        let _ = self.shared.adapter.set(Arc::clone(adapter));
        self.initialize.as_ref().map_or(Ok(()), |f| f(&self.shared, cx))
    }

    fn wan_send<'c>(
        &self,
        cx: &mut Cx<M::SendLevel>,
        _: &Arc<Link>,
        packet: Sending<'c, M>,
    ) -> Disposition<'c> {
        if self.names {
            self.shared.names.lock().unwrap().push(packet.name());
        }
        (self.send)(&self.shared, cx, packet)
    }

    fn halt(&self, cx: &mut Cx<Passive>) {
        self.halt.iter().for_each(|f| f(&self.shared, cx));
    }

    fn reset(&self, cx: &mut Cx<Dispatch>) -> (Status, bool) {
        (self.reset.as_ref().map_or(Status::SUCCESS, |f| f(&self.shared, cx)), false)
    }

    fn has_check_for_hang(&self) -> bool {
        self.check_for_hang.is_some()
    }

    fn check_for_hang(&self, cx: &mut Cx<Dispatch>) -> bool {
        self.check_for_hang.as_ref().is_some_and(|f| f(&self.shared, cx))
    }

    fn query_information(
        &self,
        cx: &mut Cx<Dispatch>,
        _: ndiswan::oid::Oid,
    ) -> Option<Result<ndiswan::oid::Answer, Status>> {
        self.query.iter().for_each(|f| f(&self.shared, cx));
        None
    }

    fn isr(&self, cx: &mut Cx<Dirql>) -> bool {
        self.isr.as_ref().is_none_or(|f| f(&self.shared, cx))
    }

    fn handle_interrupt(&self, cx: &mut Cx<Dispatch>) {
        self.handle_interrupt.iter().for_each(|f| f(&self.shared, cx));
    }

    fn timer(&self, cx: &mut Cx<Dispatch>, _: u32) {
        self.timer.iter().for_each(|f| f(&self.shared, cx));
    }

    fn dpc(&self, cx: &mut Cx<Dispatch>, _: u32) {
        self.dpc.iter().for_each(|f| f(&self.shared, cx));
    }

    fn face(&self) -> Face {
        self.face
    }

    fn cancel_send(&self, _: &mut Cx<M::SendLevel>, _: u64) {
        self.cancel.iter().for_each(|f| f(&self.shared));
    }

    fn pause(&self, cx: &mut Cx<Passive>) -> Status {
        self.pause.as_ref().map_or(Status::SUCCESS, |f| f(&self.shared, cx))
    }

    fn shutdown(&self, cx: &mut Cx<Passive>) {
        self.shutdown.iter().for_each(|f| f(&self.shared, cx));
    }
}

type OnTold = dyn Fn(&str) + Send + Sync;
type OnBack = dyn Fn(&mut Cx<UpToDispatch>, Packet, FinalStatus) + Send + Sync;

/// The protocol: counts what comes back, and frees it unless told otherwise.
#[derive(Default)]
pub struct Peer {
    /// How many packets came back by ProtocolSendComplete.
    pub back: AtomicU64,
    /// In how many batches they did.
    pub batches: AtomicU64,
    /// With which status each of them did.
    pub statuses: Mutex<Vec<FinalStatus>>,
    /// What else is done with each.
    pub on_back: OnceLock<Box<OnBack>>,
    /// What was indicated.
    pub frames: Mutex<Vec<Vec<u8>>>,
    /// Line-ups, line-downs, fragments and statuses.
    pub told: Mutex<Vec<String>>,
    /// What else is done in every other callback.
    pub on_told: OnceLock<Box<OnTold>>,
}

impl Peer {
    fn tell(&self, what: &str) {
        self.told.lock().unwrap().push(what.to_string());
        if let Some(f) = self.on_told.get() {
            f(what);
        }
    }
}

struct Shares(Arc<Peer>);

impl Protocol for Shares {
    fn send_complete(&self, cx: &mut Cx<UpToDispatch>, packet: Packet, status: FinalStatus) {
        self.0.back.fetch_add(1, Ordering::Relaxed);
        if self.0.on_back.get().is_none() {
            self.0.statuses.lock().unwrap().push(status);
        }
        if let Some(f) = self.0.on_back.get() {
            f(cx, packet, status);
        }
    }

    fn receive(&self, _: &mut Cx<UpToDispatch>, _: &Arc<Link>, data: &[u8]) -> Status {
        self.0.frames.lock().unwrap().push(data.to_vec());
        self.0.tell("receive");
        Status::SUCCESS
    }

    fn receive_complete(&self, _: &mut Cx<UpToDispatch>, _: &Arc<Link>) {
        self.0.tell("receive complete");
    }

    fn line_up(&self, _: &mut Cx<UpToDispatch>, link: &Arc<Link>) {
        self.0.tell(&format!("up {}", link.window()));
    }

    fn line_down(&self, _: &mut Cx<UpToDispatch>, _: &Arc<Link>) {
        self.0.tell("down");
    }

    fn fragment(&self, _: &mut Cx<UpToDispatch>, _: &Arc<Link>, errors: u32) {
        assert_ne!(errors & (fragment::ALIGNMENT * 2 - 1), 0);
        self.0.tell("fragment");
    }

    fn status(&self, _: &mut Cx<UpToDispatch>, status: Status) {
        self.0.tell(&status.to_string());
    }

    fn reset_complete(&self, _: &mut Cx<UpToDispatch>, status: Status) {
        self.0.tell(&format!("reset {status}"));
    }

    fn batch(&self, deliver: &mut dyn FnMut()) {
        self.0.batches.fetch_add(1, Ordering::Relaxed);
        deliver();
    }
}

/// A world with one adapter.
pub struct Rig<M: Mode> {
    pub ndis: Arc<Ndis>,
    pub link: Arc<Link>,
    pub card: Arc<Shared<M>>,
    pub peer: Arc<Peer>,
}

impl<M: Mode> Rig<M> {
    /// Binds `card` in a world set up so, with this many packets.
    pub fn new(config: Config, card: Card<M>, packets: u32) -> Rig<M> {
        let ndis = Ndis::new(config);
        Rig::on(&ndis, card, packets)
    }

    /// Binds `card` in a world that is there.
    pub fn on(ndis: &Arc<Ndis>, card: Card<M>, packets: u32) -> Rig<M> {
        Rig::try_on(ndis, card, packets).unwrap()
    }

    /// The same, with the error if it does not come up.
    pub fn try_on(ndis: &Arc<Ndis>, card: Card<M>, packets: u32) -> Result<Rig<M>, BindError> {
        let (shared, peer) = (Arc::clone(&card.shared), Arc::new(Peer::default()));
        let link = ndis.bind(Shares(Arc::clone(&peer)), card, packets, "card")?;
        Ok(Rig { ndis: Arc::clone(ndis), link, card: shared, peer })
    }

    /// The adapter.
    pub fn adapter(&self) -> &Arc<Adapter> {
        &self.link.adapter
    }

    /// A packet from the pool.
    pub fn packet(&self) -> Packet {
        self.adapter().packet(b"frame").unwrap()
    }

    /// Sends one packet from a thread; its answer, PENDING among them.
    pub fn send(&self) -> Status {
        self.try_send().unwrap()
    }

    /// Sends so many packets, whatever the answer.
    pub fn send_many(&self, count: usize) {
        for _ in 0..count {
            self.send();
        }
    }

    /// Sends one packet from a thread; the rule it broke otherwise.
    pub fn try_send(&self) -> Result<Status, Rule> {
        let packet = self.packet();
        at_passive(|cx| match self.link.send(cx, packet) {
            Ok(Sent::Pending) => Ok(Status::PENDING),
            Ok(Sent::Done(_, status)) => Ok(status.get()),
            Err(error) => Err(error.violation.rule),
        })
        .unwrap()
    }

    /// How many packets came back by ProtocolSendComplete.
    pub fn back(&self) -> u64 {
        self.peer.back.load(Ordering::Relaxed)
    }

    /// The rules that were broken so far, in order, warnings included.
    pub fn rules(&self) -> Vec<Rule> {
        self.ndis.violations().iter().map(|violation| violation.rule).collect()
    }

    /// Closes the world; the rules that were broken in all.
    pub fn close(&self) -> Vec<Rule> {
        self.ndis.close().unwrap();
        self.rules()
    }
}
