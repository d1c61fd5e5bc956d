//! NeXosim: two models that send each other messages, on one thread of its executor.

use std::collections::VecDeque;
use std::time::Duration;

use ::nexosim::Message;
use ::nexosim::model::{Context, Model, schedulable};
use ::nexosim::ports::{Output, QuerySource};
use ::nexosim::simulation::{Mailbox, SimInit};
use ::nexosim::time::MonotonicTime;
use serde::{Deserialize, Serialize};

use crate::workload::{CYCLE, NS_PER_BYTE, Outcome, WINDOW};

/// A packet on its way; when it was sent.
#[derive(Copy, Clone, Message, Serialize, Deserialize)]
pub struct Packet {
    size: u32,
    sent_ns: u64,
}

/// The card with its line.
#[derive(Serialize, Deserialize)]
pub struct Line {
    back: Output<Packet>,
    queue: VecDeque<Packet>,
}

#[Model]
#[expect(clippy::unused_async, reason = "a port is an async function")]
impl Line {
    /// MiniportWanSend.
    pub async fn send(&mut self, packet: Packet, cx: &Context<Self>) {
        self.queue.push_back(packet);
        if self.queue.len() == 1 {
            self.begin(cx);
        }
    }

    fn begin(&self, cx: &Context<Self>) {
        if let Some(packet) = self.queue.front() {
            let time = Duration::from_nanos(NS_PER_BYTE * u64::from(packet.size));
            cx.schedule_event(time, schedulable!(Self::sent), ()).expect("in the future");
        }
    }

    /// The last bit is out.
    #[nexosim(schedulable)]
    async fn sent(&mut self, (): (), cx: &Context<Self>) {
        let packet = self.queue.pop_front().expect("a packet is on the line");
        self.begin(cx);
        self.back.send(packet).await;
    }
}

/// Counts, and sends again.
#[derive(Serialize, Deserialize)]
pub struct Protocol {
    send: Output<Packet>,
    sizes: Vec<u32>,
    left: u64,
    sent: u64,
    count: u64,
    latency_ns: u64,
}

#[Model]
#[expect(clippy::unused_async, reason = "a port is an async function")]
impl Protocol {
    #[nexosim(init)]
    async fn begin(&mut self) {
        for _ in 0..WINDOW {
            self.send_one(0).await;
        }
    }

    async fn send_one(&mut self, sent_ns: u64) {
        if self.left == 0 {
            return;
        }
        self.left -= 1;
        let size = self.sizes[self.sent as usize % CYCLE];
        self.sent += 1;
        self.send.send(Packet { size, sent_ns }).await;
    }

    /// ProtocolSendComplete.
    pub async fn back(&mut self, packet: Packet, cx: &Context<Self>) {
        let now = since_start(cx.time());
        self.count += 1;
        self.latency_ns += now - packet.sent_ns;
        self.send_one(now).await;
    }

    /// How many came back, and the sum of their latencies.
    pub async fn outcome(&mut self) -> (u64, u64) {
        (self.count, self.latency_ns)
    }
}

fn since_start(time: MonotonicTime) -> u64 {
    time.duration_since(MonotonicTime::EPOCH).as_nanos() as u64
}

/// One event and two messages for each packet.
pub fn run(sizes: &[u32], packets: u64) -> Outcome {
    let mut line = Line { back: Output::default(), queue: VecDeque::new() };
    let (send, sizes) = (Output::default(), sizes.to_vec());
    let mut protocol = Protocol { send, sizes, left: packets, sent: 0, count: 0, latency_ns: 0 };
    let (to_line, to_protocol) =
        (Mailbox::with_capacity(WINDOW as usize), Mailbox::with_capacity(WINDOW as usize));
    protocol.send.connect(Line::send, &to_line);
    line.back.connect(Protocol::back, &to_protocol);
    let mut bench = SimInit::with_num_threads(1);
    let outcome = QuerySource::new().connect(Protocol::outcome, &to_protocol).register(&mut bench);
    let bench = bench.add_model(line, to_line, "line").add_model(protocol, to_protocol, "protocol");
    let mut simulation = bench.init(MonotonicTime::EPOCH).expect("it begins");
    simulation.run().expect("it ends");
    let end_ns = since_start(simulation.time());
    let (count, latency_ns) = simulation.process_query(&outcome, ()).expect("it answers");
    Outcome { count, latency_ns: latency_ns.into(), end_ns }
}
