//! Who listens to what happens on the links: nobody, a digest, or a list of packets or of events.

use super::card::Frame;
pub use super::digest::Digest;
use super::digest::Factors;
use super::records::Last;
pub use super::records::{PacketRecord, Packets, Start};
use crate::status::{FinalStatus, Status};

/// Hears what happens, in the order in which it does on one link.
pub trait Sink {
    /// MiniportWanSend was called with packet `seq` and returned `status`.
    fn sent(&mut self, time: u64, seq: u64, bytes: u32, status: Status);
    /// NdisMWanSendComplete was called, and the protocol has the packet back.
    fn completed(&mut self, time: u64, seq: u64, status: FinalStatus);
    /// The packet was not sent at all.
    fn dropped(&mut self, time: u64, seq: u64);
    /// The last bit of a frame is out; it arrives at the far end at `at`, or does not.
    fn left(&mut self, frame: &Frame, at: Option<u64>);
    /// The packet is done with: everything that is known of it.
    fn packet(&mut self, packet: &PacketRecord);
}

/// Hears of turns of a saturated link on a bare line, and of nothing else.
pub trait Turns {
    /// A frame arrives when its last bit is out, its packet comes back in that moment, and the next goes, `seq`.
    fn turn(&mut self, frame: &Frame, packet: &PacketRecord, seq: u64, bytes: u32);
    /// There were so many.
    fn end(self, turns: u64);
}

/// One that may be asked to hold apart what changes with each event, while many events follow each other without a pause: in
/// a local variable it stays in a register.
pub trait Listener: Sink {
    /// The part, and a reference to the rest.
    type Apart<'a>: Sink
    where
        Self: 'a;
    /// From now on the part hears what happens, until it is dropped.
    fn apart(&mut self) -> Self::Apart<'_>;
    /// The same for turns, where how many there were tells all records.
    type Turning<'a>: Turns
    where
        Self: 'a;
    /// From now on the part hears what happens, until it is told how many turns there were.
    fn turning(&mut self, start: impl FnOnce() -> Start) -> Self::Turning<'_>;
}

impl<S: Sink> Sink for &mut S {
    #[inline]
    fn sent(&mut self, time: u64, seq: u64, bytes: u32, status: Status) {
        (**self).sent(time, seq, bytes, status);
    }
    #[inline]
    fn completed(&mut self, time: u64, seq: u64, status: FinalStatus) {
        (**self).completed(time, seq, status);
    }
    #[inline]
    fn dropped(&mut self, time: u64, seq: u64) {
        (**self).dropped(time, seq);
    }
    #[inline]
    fn left(&mut self, frame: &Frame, at: Option<u64>) {
        (**self).left(frame, at);
    }
    #[inline]
    fn packet(&mut self, packet: &PacketRecord) {
        (**self).packet(packet);
    }
}

/// Nobody listens; it costs nothing.
#[derive(Debug, Default)]
pub struct Nobody;

impl Sink for Nobody {
    #[inline]
    fn sent(&mut self, _: u64, _: u64, _: u32, _: Status) {}
    #[inline]
    fn completed(&mut self, _: u64, _: u64, _: FinalStatus) {}
    #[inline]
    fn dropped(&mut self, _: u64, _: u64) {}
    #[inline]
    fn left(&mut self, _: &Frame, _: Option<u64>) {}
    #[inline]
    fn packet(&mut self, _: &PacketRecord) {}
}

impl Turns for Nobody {
    #[inline]
    fn turn(&mut self, _: &Frame, _: &PacketRecord, _: u64, _: u32) {}
    #[inline]
    fn end(self, _: u64) {}
}

impl Listener for Nobody {
    type Apart<'a> = Nobody;
    #[inline]
    fn apart(&mut self) -> Nobody {
        Nobody
    }
    type Turning<'a> = Nobody;
    #[inline]
    fn turning(&mut self, _: impl FnOnce() -> Start) -> Nobody {
        Nobody
    }
}

impl Sink for Digest {
    #[inline]
    fn sent(&mut self, time: u64, seq: u64, bytes: u32, status: Status) {
        self.fold(1, time, seq, u64::from(bytes) << 32 | u64::from(status.0));
    }
    #[inline]
    fn completed(&mut self, time: u64, seq: u64, status: FinalStatus) {
        self.fold(2, time, seq, u64::from(Status::from(status).0));
    }
    #[inline]
    fn dropped(&mut self, time: u64, seq: u64) {
        self.fold(3, time, seq, 0);
    }
    #[inline]
    fn left(&mut self, frame: &Frame, at: Option<u64>) {
        if let Some(at) = at {
            self.fold(4, at, frame.seq, 0);
        }
    }
    #[inline]
    fn packet(&mut self, _: &PacketRecord) {}
}

/// What of [`Records`] changes with each event, in a local variable; where it came from it is again when this is dropped.
#[derive(Debug)]
pub struct Apart<'a> {
    digest: Digest,
    last: Last,
    home: &'a mut Records,
}

impl Drop for Apart<'_> {
    #[inline]
    fn drop(&mut self) {
        self.home.digest = self.digest;
        self.home.packets.words.last = self.last;
    }
}

impl Sink for Apart<'_> {
    #[inline(always)]
    fn sent(&mut self, time: u64, seq: u64, bytes: u32, status: Status) {
        self.digest.sent(time, seq, bytes, status);
    }
    #[inline(always)]
    fn completed(&mut self, time: u64, seq: u64, status: FinalStatus) {
        self.digest.completed(time, seq, status);
    }
    #[inline]
    fn dropped(&mut self, time: u64, seq: u64) {
        self.digest.dropped(time, seq);
    }
    #[inline(always)]
    fn left(&mut self, frame: &Frame, at: Option<u64>) {
        self.digest.left(frame, at);
    }
    #[inline(always)]
    fn packet(&mut self, packet: &PacketRecord) {
        self.home.packets.words.push_after(&mut self.last, packet);
    }
}

/// What hears of turns: where they begin and how many there are tells the records of all of them.
#[derive(Debug)]
pub struct Turning<'a> {
    digest: Digest,
    factors: Factors,
    home: &'a mut Digest,
    packets: Option<(Start, &'a mut Packets)>,
}

impl Turns for Turning<'_> {
    #[inline(always)]
    fn turn(&mut self, frame: &Frame, _: &PacketRecord, seq: u64, bytes: u32) {
        self.digest.fold_turn(&self.factors, frame.finish, frame.seq, seq, bytes);
    }
    #[inline]
    fn end(self, turns: u64) {
        *self.home = self.digest;
        if let Some((start, packets)) = self.packets {
            packets.push_turned(start, turns);
        }
    }
}

impl Listener for Digest {
    type Apart<'a> = &'a mut Digest;
    #[inline]
    fn apart(&mut self) -> &mut Digest {
        self
    }
    type Turning<'a> = Turning<'a>;
    #[inline]
    fn turning(&mut self, _: impl FnOnce() -> Start) -> Turning<'_> {
        Turning { digest: *self, factors: Factors::unknown(), home: self, packets: None }
    }
}

impl Listener for Records {
    type Apart<'a> = Apart<'a>;
    #[inline]
    fn apart(&mut self) -> Apart<'_> {
        Apart { digest: self.digest, last: self.packets.words.last, home: self }
    }
    type Turning<'a> = Turning<'a>;
    #[inline]
    fn turning(&mut self, start: impl FnOnce() -> Start) -> Turning<'_> {
        let packets = Some((start(), &mut self.packets));
        Turning {
            digest: self.digest,
            factors: Factors::unknown(),
            home: &mut self.digest,
            packets,
        }
    }
}

/// The digest, and what became of each packet.
#[derive(Debug, Default)]
pub struct Records {
    /// The fingerprint.
    pub digest: Digest,
    /// The packets in the order in which they came back.
    pub packets: Packets,
}

impl Sink for Records {
    #[inline]
    fn sent(&mut self, time: u64, seq: u64, bytes: u32, status: Status) {
        self.digest.sent(time, seq, bytes, status);
    }
    #[inline]
    fn completed(&mut self, time: u64, seq: u64, status: FinalStatus) {
        self.digest.completed(time, seq, status);
    }
    #[inline]
    fn dropped(&mut self, time: u64, seq: u64) {
        self.digest.dropped(time, seq);
    }
    #[inline]
    fn left(&mut self, frame: &Frame, at: Option<u64>) {
        self.digest.left(frame, at);
    }
    #[inline]
    fn packet(&mut self, packet: &PacketRecord) {
        self.packets.push(packet);
    }
}

/// Something that happened, for a trace.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
#[allow(missing_docs)] // the fields are those of the method of `Sink` with the same name, and of its `Frame`
pub enum Happened {
    Sent { time: u64, seq: u64, bytes: u32, status: Status },
    Completed { time: u64, seq: u64, status: Status },
    Dropped { time: u64, seq: u64 },
    Left { seq: u64, finish: u64, wire_bytes: u32, at: Option<u64> },
}

/// Everything that happened, in order.
#[derive(Debug, Default)]
pub struct Trace {
    /// Digest and packets.
    pub records: Records,
    /// The events.
    pub events: Vec<Happened>,
}

impl Sink for Trace {
    fn sent(&mut self, time: u64, seq: u64, bytes: u32, status: Status) {
        self.records.sent(time, seq, bytes, status);
        self.events.push(Happened::Sent { time, seq, bytes, status });
    }
    fn completed(&mut self, time: u64, seq: u64, status: FinalStatus) {
        self.records.completed(time, seq, status);
        self.events.push(Happened::Completed { time, seq, status: status.into() });
    }
    fn dropped(&mut self, time: u64, seq: u64) {
        self.records.dropped(time, seq);
        self.events.push(Happened::Dropped { time, seq });
    }
    fn left(&mut self, frame: &Frame, at: Option<u64>) {
        self.records.left(frame, at);
        let Frame { seq, finish, wire_bytes, .. } = *frame;
        self.events.push(Happened::Left { seq, finish, wire_bytes, at });
    }
    fn packet(&mut self, packet: &PacketRecord) {
        self.records.packet(packet);
    }
}

impl Turns for &mut Trace {
    fn turn(&mut self, frame: &Frame, packet: &PacketRecord, seq: u64, bytes: u32) {
        let now = frame.finish;
        self.left(frame, Some(now));
        self.completed(now, frame.seq, FinalStatus::SUCCESS);
        self.packet(packet);
        self.sent(now, seq, bytes, Status::PENDING);
    }
    fn end(self, _: u64) {}
}

impl Listener for Trace {
    type Apart<'a> = &'a mut Trace;
    fn apart(&mut self) -> &mut Trace {
        self
    }
    type Turning<'a> = &'a mut Trace;
    fn turning(&mut self, _: impl FnOnce() -> Start) -> &mut Trace {
        self
    }
}
