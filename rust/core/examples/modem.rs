//! Two drivers of the same modem: a typed one that keeps the contract, and one that holds names, as
//! a driver in C does, and completes a packet twice.
//!
//! ```text
//! cargo run --example modem [DIRECTORY]
//! ```
//!
//! It prints what became of the good driver's packets, and the report of what the bad one broke. With
//! a directory it saves both runs there, as traces and as captures that Wireshark reads.

use std::error::Error;
use std::fs::File;
use std::io::BufWriter;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};

use ndiswan::{
    Adapter, Config, Cx, Deserialized, Dispatch, Disposition, FinalStatus, Link, Miniport, Name,
    Ndis, OnViolation, Packet, Passive, Pending, Protocol, Sending, SpinLock, Status, UpToDispatch,
    WanInfo, at_passive,
};

/// What the line carries in a second, in bits.
const SPEED: u64 = 64_000;

/// How long the line needs for a frame, in nanoseconds.
fn time_on_the_line(bytes: usize) -> u64 {
    bytes as u64 * 8 * 1_000_000_000 / SPEED
}

/// The good driver. What it has not sent yet is a queue of tokens: each owes one completion, and
/// none can be completed twice, because completing moves it.
#[derive(Default)]
struct Modem(OnceLock<Card>);

struct Card {
    queue: SpinLock<Vec<Pending<Deserialized>>>,
    sent: u32,
    adapter: Arc<Adapter>,
}

impl Miniport for Modem {
    type Mode = Deserialized;

    fn info(&self) -> WanInfo {
        WanInfo { max_transmit: 4, header_padding: 8, tail_padding: 4, ..WanInfo::default() }
    }

    fn initialize(&self, _: &mut Cx<Passive>, adapter: &Arc<Adapter>) -> Result<(), Status> {
        let queue = SpinLock::new(adapter, "queue", Vec::new());
        let card = Card { queue, sent: adapter.timer(), adapter: Arc::clone(adapter) };
        self.0.set(card).map_err(|_| Status::FAILURE)
    }

    fn wan_send<'call>(
        &self,
        cx: &mut Cx<UpToDispatch>,
        _: &Arc<Link>,
        packet: Sending<'call, Deserialized>,
    ) -> Disposition<'call> {
        let Some(card) = self.0.get() else { return packet.complete(FinalStatus::FAILURE) };
        let delay = time_on_the_line(packet.len());
        let (answer, packet) = packet.pend();
        let idle = {
            let mut queue = card.queue.lock(cx);
            queue.push(packet);
            queue.len() == 1
        };
        // A timer that cannot be set is on record; the packet goes back when the card is halted.
        if idle {
            let _ = card.adapter.set_timer(card.sent, delay);
        }
        answer
    }

    fn timer(&self, cx: &mut Cx<Dispatch>, _: u32) {
        let Some(card) = self.0.get() else { return };
        // The lock is released before completing: with its guard alive this does not compile.
        let (sent, next) = {
            let mut queue = card.queue.lock_dpr(cx);
            if queue.is_empty() {
                return;
            }
            (queue.remove(0), queue.first().map(Pending::len))
        };
        if let Some(bytes) = next {
            let _ = card.adapter.set_timer(card.sent, time_on_the_line(bytes));
        }
        sent.complete(cx, FinalStatus::SUCCESS);
    }

    fn halt(&self, cx: &mut Cx<Passive>) {
        let Some(card) = self.0.get() else { return };
        card.adapter.cancel_timer(card.sent);
        let owed = std::mem::take(&mut *card.queue.lock(cx));
        for packet in owed {
            packet.complete(cx, FinalStatus::FAILURE);
        }
    }
}

/// The bad driver holds names. Its transmit interrupt and its watchdog both believe that the frame
/// is theirs to finish.
#[derive(Default)]
struct Careless(OnceLock<Arc<Adapter>>, Mutex<Vec<Name>>);

impl Miniport for Careless {
    type Mode = Deserialized;

    fn info(&self) -> WanInfo {
        WanInfo::default()
    }

    fn initialize(&self, _: &mut Cx<Passive>, adapter: &Arc<Adapter>) -> Result<(), Status> {
        for _ in ["transmit interrupt", "watchdog"] {
            adapter.timer();
        }
        self.0.set(Arc::clone(adapter)).map_err(|_| Status::FAILURE)
    }

    fn wan_send<'call>(
        &self,
        _: &mut Cx<UpToDispatch>,
        _: &Arc<Link>,
        packet: Sending<'call, Deserialized>,
    ) -> Disposition<'call> {
        let delay = time_on_the_line(packet.len());
        let packet = packet.into_name();
        if let (Some(adapter), Ok(mut queue)) = (self.0.get(), self.1.lock()) {
            queue.push(packet.name);
            for timer in 0..2 {
                let _ = adapter.set_timer(timer, delay * u64::from(timer + 1));
            }
        }
        packet.returned(Status::PENDING)
    }

    fn timer(&self, _: &mut Cx<Dispatch>, timer: u32) {
        let queue = self.1.lock().map(|queue| queue.clone()).unwrap_or_default();
        for packet in queue {
            let status = if timer == 0 { Status::SUCCESS } else { Status::FAILURE };
            // The mistake: nobody takes the name out of the queue.
            let _ = self.0.get().map(|adapter| adapter.wan_send_complete(packet, status));
        }
    }
}

/// A protocol that counts what comes back.
#[derive(Clone, Default)]
struct Peer(Arc<Mutex<Vec<FinalStatus>>>);

impl Protocol for Peer {
    fn send_complete(&self, _: &mut Cx<UpToDispatch>, packet: Packet, status: FinalStatus) {
        drop(packet); // back into the pool
        if let Ok(mut statuses) = self.0.lock() {
            statuses.push(status);
        }
    }
}

/// Sends `frames` through `miniport` on a simulated clock and halts it.
fn run<M: Miniport>(miniport: M, frames: usize) -> Result<(Arc<Ndis>, Peer), Box<dyn Error>> {
    let config = Config { record: true, on_violation: OnViolation::Record, ..Config::default() };
    let ndis = Ndis::new(config);
    let peer = Peer::default();
    let link = ndis.bind(peer.clone(), miniport, 16, "modem")?;
    at_passive(|cx| -> Result<(), Box<dyn Error>> {
        for _ in 0..frames {
            let packet = link.adapter.packet(b"\xff\x03\xc0\x21\x09\x01\x00\x08\0\0\0\0")?;
            link.send(cx, packet).map_err(|refused| refused.violation)?;
        }
        Ok(())
    })??;
    ndis.run(None, None)?;
    ndis.close()?;
    Ok((ndis, peer))
}

fn save(ndis: &Ndis, directory: &Path, name: &str) -> Result<(), Box<dyn Error>> {
    let path = directory.join(name);
    ndis.save_trace(path.with_extension("trace"))?;
    let capture = File::create(path.with_extension("pcapng"))?;
    ndis.trace().to_pcapng(BufWriter::new(capture))?;
    println!("saved {0}.trace and {0}.pcapng", path.display());
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let (good, peer) = run(Modem::default(), 6)?;
    let sent = peer.0.lock().map_or(0, |statuses| statuses.len());
    println!(
        "The good driver: {sent} of 6 packets came back after {} ms, {} rules broken.\n",
        good.now() / 1_000_000,
        good.violations().len()
    );

    let (bad, _) = run(Careless::default(), 1)?;
    println!("The bad driver breaks {} rule(s):\n", bad.violations().len());
    for violation in bad.violations() {
        println!("{violation}\n");
    }
    // The recording says the same without the engine: this is how `ndiswan check` reads a trace.
    for found in bad.trace().check() {
        println!("In the recording, line {}: {}", found.line(), found.detail);
    }
    if let Some(directory) = std::env::args_os().nth(1) {
        save(&good, Path::new(&directory), "good")?;
        save(&bad, Path::new(&directory), "bad")?;
    }
    Ok(())
}
