//! One place of a history: what is in its words, and how it is read.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::coverage::{Kind, PLAIN};
use crate::cx::Irql;
use crate::event::{Event, Name, Part, Side, TakenBack, What};
use crate::status::Status;

/// One line of it. In one cache line.
#[derive(Debug, Default)]
#[repr(align(32))]
pub(crate) struct Place(pub(super) [AtomicU64; 4]);

pub(super) const COMPLETE: u8 = 5;
/// Allocate, Send and Submit; the generation is the one before.
pub(super) const SENT: u8 = 11;
/// Complete and Deliver.
pub(super) const BACK: u8 = 12;
/// Complete, Deliver and Free.
pub(super) const DONE: u8 = 13;
/// As SENT, and Return with PENDING.
pub(super) const PENDED: u8 = 14;
const REQUEUE: u8 = 15;
const CANCEL: u8 = 16;
/// Send and Submit; the generation is the one before.
pub(super) const AGAIN: u8 = 17;
/// As AGAIN, and Return with PENDING.
pub(super) const AGAIN_PENDED: u8 = 18;

pub(super) const SIDES: [Side; 2] = [Side::Protocol, Side::Miniport];
pub(super) const PARTS: [Part; 3] = [Part::Data, Part::ProtocolReserved, Part::MacReserved];
/// Kind, detail, number and link of an event about a packet.
#[inline(always)]
#[allow(clippy::inline_always)] // see `Ndis::emit`
pub(super) const fn pack(what: What) -> Option<(u8, u8, u32, u32)> {
    Some(match what {
        What::Allocate { .. } => (1, 0, 0, 0),
        What::Send { link, length, .. } => (2, 0, length, link),
        What::Submit { link, .. } => (3, 0, 0, link),
        What::Return { status, .. } => (4, 0, status.0, 0),
        What::Complete { status, .. } => (COMPLETE, 0, status.0, 0),
        What::Deliver { link, status, .. } => (6, 0, status.0, link),
        What::Unsend { link, status, .. } => (7, 0, status.0, link),
        What::Free { .. } => (8, 0, 0, 0),
        What::TakeBack { why, .. } => (9, why as u8 - TakenBack::Reset as u8, 0, 0),
        What::Requeue { link, .. } => (REQUEUE, 0, 0, link),
        What::Cancel { .. } => (CANCEL, 0, 0, 0),
        What::Touch { side, part, .. } => (10, (side as u8) << 4 | part as u8, 0, 0),
        _ => return None,
    })
}

/// Kind and detail, as word 1 has them, of each kind of event about a packet.
pub(super) const CODES: [u16; Kind::PACKET] = {
    let (mut codes, mut at) = ([0; Kind::PACKET], 0);
    while at < Kind::PACKET {
        if let Some((kind, detail, ..)) = pack(PLAIN[at]) {
            codes[at] = (kind as u16) << 8 | detail as u16;
        }
        at += 1;
    }
    codes
};

fn unpack(kind: u8, detail: u8, number: u32, link: u32, packet: Name) -> Option<What> {
    let status = Status(number);
    Some(match kind {
        1 => What::Allocate { packet },
        2 => What::Send { packet, link, length: number },
        3 => What::Submit { packet, link },
        4 => What::Return { packet, status },
        COMPLETE => What::Complete { packet, status },
        6 => What::Deliver { packet, link, status },
        7 => What::Unsend { packet, link, status },
        8 => What::Free { packet },
        9 => What::TakeBack { packet, why: *TakenBack::ALL.get(detail as usize)? },
        REQUEUE => What::Requeue { packet, link },
        CANCEL => What::Cancel { packet },
        10 => What::Touch {
            packet,
            side: *SIDES.get((detail >> 4) as usize)?,
            part: *PARTS.get((detail & 15) as usize)?,
        },
        _ => return None,
    })
}

impl Place {
    #[inline(always)]
    #[allow(clippy::inline_always)] // see `Ndis::emit`
    pub(super) fn set(&self, words: [u64; 4]) {
        for (place, word) in self.0.iter().zip(words) {
            place.store(word, Ordering::Relaxed);
        }
    }

    pub(super) fn kind(&self) -> u8 {
        (self.0[1].load(Ordering::Relaxed) >> 8) as u8
    }

    pub(super) fn events(&self, adapter: u16, slot: u32) -> impl Iterator<Item = Event> + use<> {
        let word = |at: usize| self.0[at].load(Ordering::Relaxed);
        let (who, what, where_) = (word(1), word(2), word(3));
        let packet = Name { adapter, slot, generation: (what >> 32) as u32 };
        let (time, cpu, site) = (word(0), (who >> 32) as u32, (where_ >> 32) as u32);
        let (irql, locks) = (Irql((who >> 24) as u8), (who >> 16) as u8);
        let (number, link) = (what as u32, where_ as u32);
        let all = match self.kind() {
            kind @ (SENT | PENDED | AGAIN | AGAIN_PENDED) => {
                let (fresh, pends) =
                    (kind == SENT || kind == PENDED, kind == PENDED || kind == AGAIN_PENDED);
                let name = Name { generation: packet.generation.wrapping_add(1), ..packet };
                let pended = What::Return { packet: name, status: Status::PENDING };
                [
                    fresh.then_some(What::Allocate { packet }),
                    Some(What::Send { packet, link, length: number }),
                    Some(What::Submit { packet: name, link }),
                    pends.then_some(pended),
                ]
            }
            kind @ (BACK | DONE) => {
                let status = Status(number);
                let back = What::Deliver { packet, link, status };
                let freed = (kind == DONE).then_some(What::Free { packet });
                [Some(What::Complete { packet, status }), Some(back), freed, None]
            }
            kind => [unpack(kind, who as u8, number, link, packet), None, None, None],
        };
        all.into_iter().flatten().map(move |what| Event {
            time,
            cpu,
            irql,
            locks,
            adapter,
            site,
            what,
        })
    }
}
