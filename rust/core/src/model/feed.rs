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
use crate::biased::Biased;
use crate::contract::adapter::Life;
use crate::cx::{AtMostDispatch, Cpu, Cx, Passive, UpToDispatch};
use crate::disposition::Packet;
use crate::ndis::{Adapter, Link, Sent};
use crate::protocol::Protocol;
use crate::status::{FinalStatus, Status};

/// A protocol that sends the packets of some flows.
#[derive(Clone, Debug)]
pub struct Feed(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// Until it is bound.
    before: Mutex<Option<Work>>,
    up: OnceLock<Up>,
}

#[derive(Debug)]
struct Up {
    link: Arc<Link>,
    work: Biased<Work>,
}

#[derive(Debug)]
struct Work {
    sources: Vec<Source>,
    queue: Queue,
    window: u32,
    outstanding: u32,
    /// A reset is going on: what is sent now would be refused.
    held: bool,
    /// The line is down, or the adapter is being halted: nobody sends then.
    down: bool,
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

#[derive(Copy, Clone, Debug)]
struct Record {
    flow: usize,
    bytes: u32,
    offered: u64,
    /// [`NEVER`] of one that is not in flight.
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
            down: false,
            turned_away: false,
            packets: Vec::new(),
            waiting: Vec::new(),
            free: Vec::new(),
            dropped: Vec::new(),
            counters: Counters::default(),
            stages: Stages::default(),
            alarm_at: NEVER,
        };
        Feed(Arc::new(Inner { before: Mutex::new(Some(work)), up: OnceLock::new() }))
    }

    /// Begins to send on `link`, which it was bound to; a second time does nothing.
    pub fn start(&self, link: &Arc<Link>) {
        let mut before = self.0.before.lock();
        let Some(work) = before.take() else { return };
        let work = Biased::new(&link.adapter.ndis.bias, work);
        let up = self.0.up.get_or_init(|| Up { link: Arc::clone(link), work });
        drop(before);
        up.rearm(&mut up.work.lock());
    }

    /// What it has counted: packets offered, dropped, sent, and how they came back.
    pub fn counters(&self) -> Counters {
        self.look(|work| work.counters)
    }

    /// How long packets waited and were with the miniport.
    pub fn stages(&self) -> Stages {
        self.look(|work| work.stages.clone())
    }

    fn look<R: Default>(&self, f: impl Fn(&Work) -> R) -> R {
        if let Some(work) = &*self.0.before.lock() {
            return f(work);
        }
        let look = |up: &Up| Cpu::here(|cpu| f(&up.work.lock_on(cpu)));
        self.0.up.get().map(look).unwrap_or_default()
    }
}

impl Up {
    fn now(&self) -> u64 {
        self.link.adapter.ndis.now()
    }

    /// Sets the alarm for the next packet.
    fn rearm(&self, work: &mut Work) {
        let due = work.sources.iter().map(Source::due).min().unwrap_or(NEVER);
        if due == NEVER || due == work.alarm_at {
            return;
        }
        work.alarm_at = due;
        self.link.adapter.set_alarm(due.saturating_sub(self.now()));
    }

    /// Hands a packet to the miniport.
    fn send<L: AtMostDispatch>(&self, cx: &mut Cx<L>, record: Record) {
        let (sent, bytes) = (self.now(), record.bytes as usize);
        let record = Record { sent, ..record };
        let keep = |slot: u32| self.work.lock_on(cx.cpu()).keep(slot, record);
        let straight = self.link.send_straight(
            cx.cpu(),
            record.bytes,
            |body, info| body.put_zeros(info, bytes),
            |name| keep(name.slot),
        );
        if let Some((name, status)) = straight {
            if let Ok(status) = FinalStatus::new(status) {
                self.came_back(cx.cpu(), record.flow, sent, Some((name.slot, status)));
            }
            return;
        }
        let Ok(packet) = self.link.adapter.packet(&vec![0; bytes]) else {
            return self.came_back(cx.cpu(), record.flow, sent, None);
        };
        let slot = packet.into_name().slot;
        keep(slot);
        let packet = Packet::new(Arc::clone(&self.link.adapter), slot);
        match self.link.send(cx, packet) {
            Ok(Sent::Pending) => {}
            Ok(Sent::Done(packet, status)) => {
                drop(packet);
                self.came_back(cx.cpu(), record.flow, sent, Some((slot, status)));
            }
            Err(error) => {
                drop(error.packet);
                let failed = Some((slot, FinalStatus::FAILURE));
                self.came_back(cx.cpu(), record.flow, sent, failed);
            }
        }
    }

    fn came_back(&self, cpu: &Cpu, flow: usize, now: u64, packet: Option<(u32, FinalStatus)>) {
        self.work.lock_on(cpu).came_back(flow, now, packet);
    }

    /// What waits and the window takes now is sent.
    fn send_waiting<L: AtMostDispatch>(&self, cx: &mut Cx<L>) {
        loop {
            let waiting = self.work.lock_on(cx.cpu()).next_waiting(self.now());
            let Some(record) = waiting else { return };
            self.send(cx, record);
        }
    }
}

impl Work {
    /// The packet in `slot` is that one.
    fn keep(&mut self, slot: u32, record: Record) {
        let place = slot as usize;
        if self.packets.len() <= place {
            self.packets.resize(place + 1, Record { flow: 0, bytes: 0, offered: 0, sent: NEVER });
        }
        self.packets[place] = record;
    }

    fn came_back(&mut self, flow: usize, now: u64, packet: Option<(u32, FinalStatus)>) {
        self.outstanding -= 1;
        if let Some((slot, status)) = packet {
            let record = self.packets[slot as usize];
            self.packets[slot as usize].sent = NEVER;
            self.counters.completed(status);
            self.stages.miniport.record(now - record.sent);
            self.stages.latency.record(now - record.offered);
        } else {
            self.counters.completed(FinalStatus::FAILURE); // it was none that the link takes
        }
        self.sources[flow].handed_back(now);
    }

    /// The packet of this flow, or of the first one that has one, if it is due. One only: at the same instant the card goes first.
    fn offer_due(&mut self, of: Option<usize>, now: u64) -> Option<Record> {
        let due = |flow: &usize| self.sources[*flow].due() <= now;
        let first = || (0..self.sources.len()).find(due);
        let flow = of.map_or_else(first, |flow| Some(flow).filter(due))?;
        self.offer(flow, now)
    }

    /// A flow offers its packet: what to send, if the window takes it now.
    fn offer(&mut self, flow: usize, now: u64) -> Option<Record> {
        let (_, bytes) = self.sources[flow].take(now);
        self.counters.offered += 1;
        self.counters.offered_bytes += u64::from(bytes);
        if self.queue.is_empty() && self.may_send() {
            self.counts_as_sent(bytes, now, now);
            return Some(Record { flow, bytes, offered: now, sent: NEVER });
        }
        if !self.queue.has_room() {
            self.counters.dropped_full += 1;
            self.turned_away |= self.sources[flow].turned_away(now);
            return None;
        }
        let record = Record { flow, bytes, offered: now, sent: NEVER };
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
        self.outstanding < self.window && !self.held && !self.down
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
        let adapter = Arc::clone(packet.adapter());
        let slot = packet.into_name().slot;
        self.send_complete_name(cx, &adapter, slot, status);
    }

    fn send_complete_name(
        &self,
        cx: &mut Cx<UpToDispatch>,
        adapter: &Adapter,
        slot: u32,
        status: FinalStatus,
    ) {
        adapter.free_slot_on(cx.cpu(), slot);
        let Some(up) = self.0.up.get() else { return };
        let (mut work, mut now) = (up.work.lock_on(cx.cpu()), up.now());
        // Whoever else sends on the link has packets of its own.
        let own = work.packets.get(slot as usize).filter(|packet| packet.sent != NEVER);
        let Some(&Record { flow, .. }) = own else { return };
        work.down |= adapter.life() >= Life::Halting;
        work.came_back(flow, now, Some((slot, status)));
        while let Some(record) = work.next_waiting(now) {
            drop(work);
            up.send(cx, record);
            (work, now) = (up.work.lock_on(cx.cpu()), up.now());
        }
        if work.sources[flow].goes_round()
            && let Some(record) = work.offer_due(Some(flow), now)
        {
            drop(work);
            up.send(cx, record);
            (work, now) = (up.work.lock_on(cx.cpu()), up.now());
        }
        work.try_again(now);
        up.rearm(&mut work);
    }

    fn status(&self, cx: &mut Cx<UpToDispatch>, status: Status) {
        let Some(up) = self.0.up.get() else { return };
        match status {
            Status::RESET_START => up.work.lock().held = true,
            Status::RESET_END => {
                up.work.lock().held = false;
                up.send_waiting(cx);
                up.rearm(&mut up.work.lock());
            }
            _ => {}
        }
    }

    fn line_down(&self, _: &mut Cx<UpToDispatch>, link: &Arc<Link>) {
        if let Some(up) = self.0.up.get().filter(|up| up.link.id == link.id) {
            up.work.lock().down = true;
        }
    }

    fn line_up(&self, cx: &mut Cx<UpToDispatch>, link: &Arc<Link>) {
        if let Some(up) = self.0.up.get().filter(|up| up.link.id == link.id) {
            up.work.lock().down = false;
            up.send_waiting(cx);
            up.rearm(&mut up.work.lock());
        }
    }

    fn alarm(&self, cx: &mut Cx<Passive>) {
        let Some(up) = self.0.up.get() else { return };
        let goes = {
            let mut work = up.work.lock_on(cx.cpu());
            work.alarm_at = NEVER;
            work.down |= up.link.adapter.life() >= Life::Halting;
            work.offer_due(None, up.now())
        };
        if let Some(record) = goes {
            up.send(cx, record);
        }
        up.rearm(&mut up.work.lock_on(cx.cpu()));
    }
}
