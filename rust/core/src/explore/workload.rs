//! What is done to a miniport that comes without a scenario: everything, as the explorer says.
//!
//! The same as `python/ndiswan/exploring/workload.py` does, question by question: the same answers are the same execution,
//! event by event, so what is found with one is replayed, shrunk and told with the other. This one never leaves Rust.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crate::contract::adapter::Life;
use crate::cx::{Cx, UpToDispatch};
use crate::disposition::Packet;
use crate::miniport::Miniport;
use crate::ndis::{BindError, Link, Ndis};
use crate::oid::Oid;
use crate::protocol::Protocol;
use crate::status::{FinalStatus, Status};

const PACKETS: u32 = 8;
const MOST: u32 = 10;
const AGAIN: u32 = 3;
const SHORTEST: u32 = 2;
/// So long a line may take to come up by itself.
const LINE: Duration = Duration::from_secs(2);
/// Longer than HANG and LATE wait, in nanoseconds.
const SEEN: u64 = 60_000_000_000;

/// What only the driver's side knows of it.
pub trait Subject {
    /// Whether it has a function for interrupts.
    fn interrupts(&self) -> bool;

    /// Whether a line that is down after the bind takes a telephone call. It is asked for that, as TAPI begins.
    fn telephones(&self) -> bool {
        false
    }

    /// Whether nothing more is to be done to it: it crashed.
    fn is_over(&self) -> bool {
        false
    }
}

/// How far the workload came.
#[derive(Debug)]
pub enum Came {
    /// To its end, or to the driver's.
    ToItsEnd,
    /// The miniport did not come up.
    Refused(BindError),
    /// The miniport is up, and its line is not: what brings it up takes a telephone call.
    NoLine,
    /// A frame was not taken: there was no packet for it, or it was too long.
    NoFrame(String),
}

/// Sends what it is told to, and sometimes again from inside of a completion.
#[derive(Debug)]
struct Peer {
    /// How many bytes a frame has, once the miniport is known.
    sizes: OnceLock<[u32; 4]>,
    link: OnceLock<Arc<Link>>,
    sent: AtomicU32,
    again: AtomicU32,
    sending: AtomicU32,
    stopped: AtomicBool,
    failed: OnceLock<String>,
}

/// The peer as the protocol that is bound.
struct Bound(Arc<Peer>);

// All of a world in adversarial time runs on one thread.
const ORDER: Ordering = Ordering::Relaxed;

/// One more.
fn up(count: &AtomicU32) {
    count.store(count.load(ORDER).wrapping_add(1), ORDER);
}

/// One fewer.
fn down(count: &AtomicU32) {
    count.store(count.load(ORDER).wrapping_sub(1), ORDER);
}

/// What frames are of.
static FRAME: [u8; 4096] = [0xFF; 4096];

impl Peer {
    /// Sends a frame of some size, if there is a line and a packet.
    fn send(&self, ndis: &Ndis) {
        let which = ndis.choose(4, "size");
        let (Some(first), Some(sizes)) = (self.link.get(), self.sizes.get()) else { return };
        let other = connection(ndis, first);
        let link = other.as_ref().unwrap_or(first);
        if self.stopped.load(ORDER) || !link.is_up() || self.sent.load(ORDER) >= PACKETS {
            return;
        }
        up(&self.sent);
        up(&self.sending);
        let length = sizes[which as usize] as usize;
        let sent = match FRAME.get(..length) {
            Some(frame) => link.send_frame(frame),
            None => link.send_frame(&vec![0xFF; length]),
        };
        if let Err(crate::ndis::FrameError::Packet(error)) = &sent {
            let _ = self.failed.set(error.to_string());
        }
        if !matches!(sent, Ok((_, Status::PENDING))) {
            down(&self.sent);
        }
        down(&self.sending);
    }
}

/// Another link that is up, of a miniport that has several; none for the first one itself.
fn connection(ndis: &Ndis, first: &Arc<Link>) -> Option<Arc<Link>> {
    if first.adapter.info.endpoints == 1 {
        return None;
    }
    let up = |link: &Arc<Link>| link.is_up() && !Arc::ptr_eq(link, first);
    let mut others: Vec<_> = first.adapter.links().into_iter().filter(up).collect();
    match others.len() {
        0 => None,
        count => match ndis.choose(1 + count as u32, "connection") {
            0 => None,
            other => Some(others.swap_remove(other as usize - 1)),
        },
    }
}

impl Protocol for Bound {
    fn send_complete(&self, _: &mut Cx<UpToDispatch>, packet: Packet, _: FinalStatus) {
        let peer = &*self.0;
        down(&peer.sent);
        let ndis = &packet.adapter().ndis;
        if peer.again.load(ORDER) < AGAIN && ndis.choose(4, "send again") == 1 {
            up(&peer.again);
            peer.send(ndis);
        }
        drop(packet); // not before: the pool's next packet is to be another one
    }
}

/// Binds the miniport in the world and does to it what the explorer says: sends of the smallest, a middle and the largest
/// size, from this thread, from others and from inside of completions; interrupts, resets, requests; and when the machine
/// gets on with what is outstanding. Closing the world is the caller's.
pub fn workload<M: Miniport>(
    ndis: &Arc<Ndis>,
    miniport: M,
    name: &str,
    subject: &dyn Subject,
) -> Came {
    let peer = Arc::new(Peer {
        sizes: OnceLock::new(),
        link: OnceLock::new(),
        sent: AtomicU32::new(0),
        again: AtomicU32::new(0),
        sending: AtomicU32::new(0),
        stopped: AtomicBool::new(false),
        failed: OnceLock::new(),
    });
    let mut link = match ndis.bind(Bound(Arc::clone(&peer)), miniport, PACKETS + 2, name) {
        Ok(link) => link,
        Err(error) => return Came::Refused(error),
    };
    if subject.is_over() {
        return Came::ToItsEnd;
    }
    if !link.is_up() {
        if subject.telephones() {
            return Came::NoLine;
        }
        if subject.is_over() {
            return Came::ToItsEnd;
        }
        if ndis.choose(4, "wait for the line") != 1 {
            link = line_of(ndis, &link).unwrap_or(link);
        }
        if subject.is_over() {
            return Came::ToItsEnd;
        }
    }
    let largest = link.adapter.info.max_frame_size;
    let _ = peer.sizes.set([64, SHORTEST, largest / 2 + 1, largest]);
    let _ = peer.link.set(Arc::clone(&link));
    let kinds = if subject.interrupts() { 7 } else { 6 };
    for _ in 0..=ndis.choose(MOST, "operations") {
        let operation = ndis.choose(kinds, "operation");
        operate(
            ndis,
            &peer,
            &link,
            if kinds == 6 && operation > 2 { operation + 1 } else { operation },
        );
        if subject.is_over() {
            return Came::ToItsEnd;
        }
        if let Some(why) = peer.failed.get() {
            return Came::NoFrame(why.clone());
        }
    }
    if ndis.choose(4, "run at the end") == 0 {
        let _ = ndis.run(None, None);
        wait_for_what_is_owed(ndis, &link, kinds == 7);
    }
    peer.stopped.store(true, ORDER);
    ndis.wait(Duration::from_secs(10), || peer.sending.load(ORDER) == 0);
    Came::ToItsEnd
}

/// A line that comes up by itself, some time after the driver did: a leased one, for example. It is another link than that of
/// the bind.
fn line_of(ndis: &Arc<Ndis>, bound: &Arc<Link>) -> Option<Arc<Link>> {
    let up = || bound.adapter.links().into_iter().find(|link| link.is_up());
    ndis.wait(LINE, || up().is_some());
    up()
}

/// If packets are owed, or the end of a reset, an interrupt may bring it, or nothing will: then HANG sees that.
fn wait_for_what_is_owed(ndis: &Arc<Ndis>, link: &Arc<Link>, interrupts: bool) {
    let owed = || {
        let packets = link.adapter.links().iter().map(|link| link.outstanding()).sum::<u32>();
        packets + u32::from(link.adapter.life() == Life::Resetting)
    };
    let mut before = 0;
    while interrupts && owed() != 0 && owed() != before {
        before = owed();
        link.adapter.interrupt();
        let _ = ndis.run(None, None);
    }
    if owed() != 0 {
        let _ = ndis.run(Some(ndis.now().saturating_add(SEEN)), None);
    }
}

fn operate(ndis: &Arc<Ndis>, peer: &Arc<Peer>, link: &Arc<Link>, operation: u32) {
    match operation {
        0 => peer.send(ndis),
        1 => drop(ndis.run(None, None)),
        2 => {
            let (peer, world) = (Arc::clone(peer), Arc::clone(ndis));
            drop(ndis.spawn(move || peer.send(&world))); // never refused but in real time
        }
        3 => link.adapter.interrupt(),
        4 => drop(link.adapter.reset()),
        5 => {
            let link = Arc::clone(link);
            drop(ndis.spawn(move || drop(link.adapter.reset())));
        }
        _ => drop(link.query(Oid::WAN_GET_INFO)),
    }
}
