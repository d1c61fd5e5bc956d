//! One packet of a link, in the place where it stays.

use crate::contract::packet::{Owner, PacketState};
use crate::model::card::Frame;
use crate::model::sink::PacketRecord;
use crate::status::{FinalStatus, Status};

/// One packet.
#[derive(Copy, Clone, Debug)]
pub(super) struct Slot {
    pub(super) state: PacketState,
    pub(super) seq: u64,
    pub(super) offered: u64,
    pub(super) sent: u64,
    pub(super) bytes: u32,
    pub(super) wire_bytes: u32,
    pub(super) flow: u32,
}

impl Slot {
    /// One that nobody uses.
    pub(super) fn new() -> Slot {
        let state = PacketState::new(Owner::Pool, 0);
        Slot { state, seq: 0, offered: 0, sent: 0, bytes: 0, wire_bytes: 0, flow: 0 }
    }

    /// What became of it.
    pub(super) fn record(&self, link: u32, returned: u64, status: FinalStatus) -> PacketRecord {
        let (seq, bytes, offered, sent) = (self.seq, self.bytes, self.offered, self.sent);
        PacketRecord { link, seq, bytes, offered, sent, returned, status: Status::from(status).0 }
    }

    /// It as the card has it.
    pub(super) fn frame(&self, handle: u32, finish: u64) -> Frame {
        let (bytes, wire_bytes) = (self.bytes, self.wire_bytes);
        Frame { handle, bytes, wire_bytes, seq: self.seq, offered: self.offered, finish }
    }
}
