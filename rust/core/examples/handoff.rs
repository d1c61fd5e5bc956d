//! Buffers that go to a thread and come back, by the tokens and the ring alone: `cargo run --example handoff`.

use std::sync::mpsc::{Receiver, channel};

use ndiswan::FinalStatus;
use ndiswan::handoff::{Pending, Pool};
use ndiswan::ring::Waited;

type Buffer = Vec<u8>;

/// The card: it has what it was sent for as long as it needs, and cannot keep it by mistake.
fn card<'p>(pool: &'p Pool<Buffer>, sent: &Receiver<Pending<'p, Buffer>>) {
    let producer = pool.producer();
    for packet in sent {
        let status = match packet.len() {
            0 => FinalStatus::INVALID_LENGTH,
            3 => continue, // a bug: this one is forgotten
            _ => FinalStatus::SUCCESS,
        };
        producer.push(packet, status);
    }
}

fn main() {
    let pool = Pool::new(4, |_| Buffer::new());
    std::thread::scope(|scope| {
        let (line, sent) = channel();
        let pool = &pool;
        scope.spawn(move || card(pool, &sent));
        for frame in ["hello", "", "bug", "goodbye"] {
            let mut packet = pool.packet().expect("there are four");
            packet.clear();
            packet.extend_from_slice(frame.as_bytes());
            line.send(packet.send().pend()).expect("the card is there");
        }
        let mut consumer = pool.consumer().expect("nobody else has it");
        let mut left = pool.len();
        while left > 0 && consumer.wait(None) == Waited::Ready {
            left -= consumer.drain(left, |packet, status| {
                println!("{:?} is back: {status}", String::from_utf8_lossy(&packet));
            });
        }
    });
    for broken in pool.record() {
        println!("{broken}");
    }
}
