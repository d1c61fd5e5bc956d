//! Built-in traffic as a protocol under the general engine: it sends what its flows offer, keeps the send window, and queues the
//! rest, as a [`super::Link`] does.
//!
//! So a miniport of one's own, in Rust or Python, can have traffic that nobody had to write.

use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;

use super::card::NEVER;
use super::counters::{Counters, Stages};
use super::queue::{Queue, QueueSpec, Waiting};
use super::source::Source;
use super::spec::Luck;
use super::traffic::Traffic;
use crate::cx::{AtMostDispatch, Cx, Passive, UpToDispatch};
use crate::disposition::Packet;
use crate::ndis::{Link, Sent};
use crate::protocol::Protocol;
use crate::status::{FinalStatus, Status};

/// A protocol that sends the packets of some flows.
#[derive(Clone, Debug)]
pub struct Feed(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    link: OnceLock<Arc<Link>>,
    work: Mutex<Work>,
}

#[derive(Debug)]
struct Work {
    sources: Vec<Source>,
    queue: Queue,
    window: u32,
    outstanding: u32,
    /// A reset is going on: what is sent now would be refused.
    held: bool,
    /// Packets that go round found the queue full, and wait for room.
    turned_away: bool,
    /// The flow and the times of each packet in flight, by slot; queued ones have numbers of their own.
    packets: Vec<Record>,
    waiting: Vec<Record>,
    free: Vec<u32>,
    dropped: Vec<Waiting>,
    counters: Counters,
    stages: Stages,
    alarm_at: u64,
}

#[derive(Copy, Clone, Debug, Default)]
struct Record {
    flow: usize,
    bytes: u32,
    offered: u64,
    sent: u64,
}

impl Feed {
    /// Flows towards a link with this send window; what it cannot take waits in such a queue. The parameters must be valid.
    pub fn new(traffic: &[Traffic], queue: QueueSpec, window: u32, luck: &Luck) -> Feed {
        let source = |(n, flow)| {
            let n = n as u64;
            Source::new(flow, window, luck.arrivals.part(n), luck.sizes.part(n))
        };
        let classes = traffic.iter().map(|flow| flow.class).max().unwrap_or(0).saturating_add(1);
        let work = Work {
            sources: traffic.iter().enumerate().map(source).collect(),
            queue: Queue::new(queue, classes),
            window,
            outstanding: 0,
            held: false,
            turned_away: false,
            packets: Vec::new(),
            waiting: Vec::new(),
            free: Vec::new(),
            dropped: Vec::new(),
            counters: Counters::default(),
            stages: Stages::default(),
            alarm_at: NEVER,
        };
        Feed(Arc::new(Inner { link: OnceLock::new(), work: Mutex::new(work) }))
    }

    /// Begins to send on `link`, which it was bound to; a second time does nothing.
    pub fn start(&self, link: &Arc<Link>) {
        if self.0.link.set(Arc::clone(link)).is_ok() {
            self.0.rearm(&mut self.0.work.lock());
        }
    }

    /// What it has counted: packets offered, dropped, sent, and how they came back.
    pub fn counters(&self) -> Counters {
        self.0.work.lock().counters
    }

    /// How long packets waited and were with the miniport.
    pub fn stages(&self) -> Stages {
        self.0.work.lock().stages.clone()
    }
}

impl Inner {
    fn now(&self) -> u64 {
        self.link.get().map_or(0, |link| link.adapter.ndis.now())
    }

    /// Sets the alarm for the next packet.
    fn rearm(&self, work: &mut Work) {
        let due = work.sources.iter().map(Source::due).min().unwrap_or(NEVER);
        if due == NEVER || due == work.alarm_at {
            return;
        }
        let Some(link) = self.link.get() else { return };
        work.alarm_at = due;
        link.adapter.set_alarm(due.saturating_sub(link.adapter.ndis.now()));
    }

    /// One packet that is due is offered, and sent if the window takes it. One only: at the same instant the card goes first.
    fn offer_one<L: AtMostDispatch>(&self, cx: &mut Cx<L>, of: Option<usize>) {
        let now = self.now();
        let mut work = self.work.lock();
        let due = |flow: &usize| work.sources[*flow].due() <= now;
        let Some(flow) =
            of.map_or_else(|| (0..work.sources.len()).find(due), |flow| Some(flow).filter(due))
        else {
            return;
        };
        let goes = work.offer(flow, now);
        drop(work);
        if let Some((flow, bytes, offered)) = goes {
            self.send(cx, flow, bytes, offered);
        }
    }

    /// Hands a packet to the miniport.
    fn send<L: AtMostDispatch>(&self, cx: &mut Cx<L>, flow: usize, bytes: u32, offered: u64) {
        let Some(link) = self.link.get() else { return };
        let sent = self.now();
        let Ok(packet) = link.adapter.packet(&vec![0; bytes as usize]) else {
            return self.came_back(flow, sent, None);
        };
        let slot = packet.into_name();
        {
            let mut work = self.work.lock();
            let place = slot.slot as usize;
            if work.packets.len() <= place {
                work.packets.resize(place + 1, Record::default());
            }
            work.packets[place] = Record { flow, bytes, offered, sent };
        }
        let packet = Packet::new(Arc::clone(&link.adapter), slot.slot);
        match link.send(cx, packet) {
            Ok(Sent::Pending) => {}
            Ok(Sent::Done(packet, status)) => {
                drop(packet);
                self.came_back(flow, sent, Some((slot.slot, status)));
            }
            Err(error) => {
                drop(error.packet);
                self.came_back(flow, sent, Some((slot.slot, FinalStatus::FAILURE)));
            }
        }
    }

    fn came_back(&self, flow: usize, now: u64, packet: Option<(u32, FinalStatus)>) {
        let mut work = self.work.lock();
        work.outstanding -= 1;
        if let Some((slot, status)) = packet {
            let record = work.packets[slot as usize];
            work.counters.completed(status);
            work.stages.miniport.record(now - record.sent);
            work.stages.latency.record(now - record.offered);
        }
        work.sources[flow].handed_back(now);
    }

    /// What waits and the window takes now is sent.
    fn send_waiting<L: AtMostDispatch>(&self, cx: &mut Cx<L>) {
        loop {
            let now = self.now();
            let mut work = self.work.lock();
            let Some(record) = work.next_waiting(now) else { return };
            drop(work);
            self.send(cx, record.flow, record.bytes, record.offered);
        }
    }
}

impl Work {
    /// A flow offers its packet: what to send, if the window takes it now.
    fn offer(&mut self, flow: usize, now: u64) -> Option<(usize, u32, u64)> {
        let (_, bytes) = self.sources[flow].take(now);
        self.counters.offered += 1;
        self.counters.offered_bytes += u64::from(bytes);
        if self.queue.is_empty() && self.may_send() {
            self.counts_as_sent(bytes, now, now);
            return Some((flow, bytes, now));
        }
        if !self.queue.has_room() {
            self.counters.dropped_full += 1;
            self.turned_away |= self.sources[flow].turned_away(now);
            return None;
        }
        let record = Record { flow, bytes, offered: now, sent: 0 };
        let slot = self.free.pop().unwrap_or(self.waiting.len() as u32);
        if slot as usize == self.waiting.len() {
            self.waiting.push(record);
        } else {
            self.waiting[slot as usize] = record;
        }
        self.queue.push(self.sources[flow].class(), Waiting { slot, bytes, since: now });
        None
    }

    fn next_waiting(&mut self, now: u64) -> Option<Record> {
        if self.queue.is_empty() || !self.may_send() {
            return None;
        }
        let next = self.queue.pop(now, &mut self.dropped);
        while let Some(dropped) = self.dropped.pop() {
            self.counters.dropped_early += 1;
            let flow = self.waiting[dropped.slot as usize].flow;
            self.free.push(dropped.slot);
            self.sources[flow].handed_back(now);
        }
        let next = next?;
        self.free.push(next.slot);
        let record = self.waiting[next.slot as usize];
        self.counts_as_sent(record.bytes, record.offered, now);
        Some(record)
    }

    fn try_again(&mut self, now: u64) {
        let room = self.queue.has_room() || self.queue.is_empty() && self.may_send();
        if self.turned_away && room {
            self.turned_away = false;
            self.sources.iter_mut().for_each(|source| source.try_again(now));
        }
    }

    fn may_send(&self) -> bool {
        self.outstanding < self.window && !self.held
    }

    fn counts_as_sent(&mut self, bytes: u32, offered: u64, now: u64) {
        self.outstanding += 1;
        self.counters.sent += 1;
        self.counters.sent_bytes += u64::from(bytes);
        self.counters.most_outstanding =
            self.counters.most_outstanding.max(self.outstanding.into());
        self.stages.queued.record(now - offered);
    }
}

impl Protocol for Feed {
    fn send_complete(&self, cx: &mut Cx<UpToDispatch>, packet: Packet, status: FinalStatus) {
        let slot = packet.into_name();
        if let Some(link) = self.0.link.get() {
            drop(Packet::new(Arc::clone(&link.adapter), slot.slot));
        }
        let flow = self.0.work.lock().packets[slot.slot as usize].flow;
        self.0.came_back(flow, self.0.now(), Some((slot.slot, status)));
        self.0.send_waiting(cx);
        let goes_round = self.0.work.lock().sources[flow].goes_round();
        if goes_round {
            self.0.offer_one(cx, Some(flow));
        }
        let mut work = self.0.work.lock();
        work.try_again(self.0.now());
        self.0.rearm(&mut work);
    }

    fn status(&self, cx: &mut Cx<UpToDispatch>, status: Status) {
        match status {
            Status::RESET_START => self.0.work.lock().held = true,
            Status::RESET_END => {
                self.0.work.lock().held = false;
                self.0.send_waiting(cx);
                self.0.rearm(&mut self.0.work.lock());
            }
            _ => {}
        }
    }

    fn alarm(&self, cx: &mut Cx<Passive>) {
        self.0.work.lock().alarm_at = NEVER;
        self.0.offer_one(cx, None);
        self.0.rearm(&mut self.0.work.lock());
    }
}
