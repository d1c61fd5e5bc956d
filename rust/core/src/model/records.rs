//! What became of packets, in eight bytes each where they come back in their order.
//!
//! A record has 48 bytes, and fresh memory for so many costs more than a packet does. But most packets of a link follow the one
//! before: the next number, SUCCESS, sent when they were offered. So what is kept is a stream of words:
//!
//! ```text
//! short   0  | bytes (12) | with the miniport (30) | since the return before (21)
//! long    11 | bytes (21) | since the return before (41),  waited (32) | with the miniport (32)
//! whole   10 | status (32),  link (32) | bytes (32),  seq,  offered,  sent,  returned
//! ```
//!
//! Times are nanoseconds. Short and long ones have the link of the record before, its number plus one, and SUCCESS. A saturated link on
//! a bare line needs none ([`turned`]).

pub(super) mod turned;

use crate::status::Status;
pub use turned::Start;
use turned::Turned;

/// What became of one packet.
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq)]
pub struct PacketRecord {
    /// Which link.
    pub link: u32,
    /// Its number there: the flow in the upper 16 bits, the number in the flow below.
    pub seq: u64,
    /// Its bytes.
    pub bytes: u32,
    /// When it was offered.
    pub offered: u64,
    /// When the miniport was called with it.
    pub sent: u64,
    /// When it was handed back.
    pub returned: u64,
    /// With which status.
    pub status: u32,
}

const WHOLE: u64 = 1 << 63;
const LONG: u64 = WHOLE | 1 << 62;
/// Words of a block at most: more would be memory that is fresh each time, fewer is more blocks.
const BLOCK: usize = 1 << 13;

/// What the next record is told by.
#[derive(Copy, Clone, Debug)]
pub(super) struct Last {
    link: u32,
    seq: u64,
    returned: u64,
}

impl Default for Last {
    /// What no record follows.
    fn default() -> Last {
        Last { link: u32::MAX, seq: u64::MAX - 1, returned: 0 }
    }
}

/// Records of packets, in the order in which they were put in.
#[derive(Debug, Default)]
pub struct Packets {
    /// Turns, each with the words before it.
    past: Vec<(Words, Turned)>,
    pub(super) words: Words,
}

impl Packets {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.past.is_empty() && self.words.block.is_empty()
    }

    /// Forgets all of them.
    pub fn clear(&mut self) {
        *self = Packets::default();
    }

    /// Puts one in.
    #[inline]
    pub fn push(&mut self, packet: &PacketRecord) {
        let mut last = self.words.last;
        self.words.push_after(&mut last, packet);
        self.words.last = last;
    }

    /// Puts in those that came back in so many turns.
    pub(super) fn push_turned(&mut self, start: Start, turns: u64) {
        let turned = Turned::new(start, turns);
        if turned.are_few() {
            turned.iter().for_each(|packet| self.push(&packet));
        } else {
            self.past.push((std::mem::take(&mut self.words), turned));
        }
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = PacketRecord> + '_ {
        let past = self.past.iter().flat_map(|(words, turned)| words.iter().chain(turned.iter()));
        past.chain(self.words.iter())
    }
}

/// Records as a stream of words.
#[derive(Debug, Default)]
pub(super) struct Words {
    /// Blocks that are full.
    blocks: Vec<Vec<u64>>,
    /// The one that is being filled.
    block: Vec<u64>,
    pub(super) last: Last,
}

impl Words {
    /// Puts one in behind `last`, which the caller keeps in a place of its own.
    #[inline(always)]
    pub(super) fn push_after(&mut self, last: &mut Last, packet: &PacketRecord) {
        let (took, gap) = (
            packet.returned.wrapping_sub(packet.sent),
            packet.returned.wrapping_sub(last.returned),
        );
        let (follows, bytes) = (follows(last, packet), u64::from(packet.bytes));
        *last = Last { link: packet.link, seq: packet.seq, returned: packet.returned };
        let odd = (packet.offered ^ packet.sent) | bytes >> 12 | took >> 30 | gap >> 21;
        if follows && odd == 0 {
            self.word(bytes << 51 | took << 21 | gap);
        } else {
            self.push_odd(follows, packet, took, gap);
        }
    }

    #[inline(never)]
    fn push_odd(&mut self, follows: bool, packet: &PacketRecord, took: u64, gap: u64) {
        let (waited, bytes) = (packet.sent.wrapping_sub(packet.offered), u64::from(packet.bytes));
        if follows && bytes >> 21 | waited >> 32 | took >> 32 | gap >> 41 == 0 {
            self.word(LONG | bytes << 41 | gap);
            return self.word(waited << 32 | took);
        }
        self.word(WHOLE | u64::from(packet.status));
        self.word(u64::from(packet.link) << 32 | bytes);
        for word in [packet.seq, packet.offered, packet.sent, packet.returned] {
            self.word(word);
        }
    }

    #[inline(always)]
    fn word(&mut self, word: u64) {
        if self.block.len() == self.block.capacity() {
            self.next_block();
        }
        self.block.push(word);
    }

    #[cold]
    #[inline(never)]
    fn next_block(&mut self) {
        let size = (2 * self.block.len()).clamp(8, BLOCK);
        let full = std::mem::replace(&mut self.block, Vec::with_capacity(size));
        if !full.is_empty() {
            self.blocks.push(full);
        }
    }

    fn iter(&self) -> impl Iterator<Item = PacketRecord> + '_ {
        let mut words = self.blocks.iter().flatten().chain(&self.block).copied();
        let mut last = Last::default();
        std::iter::from_fn(move || {
            let first = words.next()?;
            let packet = if first & WHOLE == 0 {
                let took = first >> 21 & ((1 << 30) - 1);
                following(&last, (first >> 51) as u32, first & ((1 << 21) - 1), took, 0)
            } else if first & LONG == LONG {
                let (bytes, gap) = (first >> 41 & ((1 << 21) - 1), first & ((1 << 41) - 1));
                let second = words.next()?;
                following(&last, bytes as u32, gap, second & 0xFFFF_FFFF, second >> 32)
            } else {
                let second = words.next()?;
                PacketRecord {
                    link: (second >> 32) as u32,
                    bytes: second as u32,
                    status: first as u32,
                    seq: words.next()?,
                    offered: words.next()?,
                    sent: words.next()?,
                    returned: words.next()?,
                }
            };
            last = Last { link: packet.link, seq: packet.seq, returned: packet.returned };
            Some(packet)
        })
    }
}

/// Whether link, number and status are those that come after `last`.
#[inline(always)]
fn follows(last: &Last, packet: &PacketRecord) -> bool {
    packet.link == last.link
        && packet.seq == last.seq.wrapping_add(1)
        && packet.status == Status::SUCCESS.0
}

fn following(last: &Last, bytes: u32, gap: u64, took: u64, waited: u64) -> PacketRecord {
    let returned = last.returned + gap;
    let sent = returned - took;
    PacketRecord {
        link: last.link,
        seq: last.seq + 1,
        bytes,
        offered: sent - waited,
        sent,
        returned,
        status: Status::SUCCESS.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_out_is_what_was_put_in() {
        let mut packets = Packets::default();
        let mut all: Vec<PacketRecord> = Vec::new();
        let mut x = 1u64;
        let mut draw = |bits: u64| {
            x = x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (x >> 11) & ((1 << (bits * (x >> 58) / 64)) - 1)
        };
        let (mut seq, mut returned) = (0, 0);
        for n in 0..60_000u64 {
            // Mostly in order, each width about its limit, and now and then anything.
            let odd = n % 97 == 5;
            seq = if odd { draw(60) } else { seq + 1 };
            returned += draw(if odd { 45 } else { 22 });
            let took = draw(if n % 7 == 0 { 34 } else { 31 }).min(returned);
            let waited = if n % 5 == 0 { draw(33).min(returned - took) } else { 0 };
            let sent = returned - took;
            let bytes = draw(if odd { 23 } else { 13 }) as u32;
            let status = if n % 1_013 == 7 { 0xC000_0001 } else { 0 };
            let link = (n / 20_000) as u32;
            let record =
                PacketRecord { link, seq, bytes, offered: sent - waited, sent, returned, status };
            packets.push(&record);
            all.push(record);
        }
        assert!(!packets.is_empty());
        assert!(packets.iter().eq(all));
        packets.clear();
        assert!(packets.is_empty() && packets.iter().next().is_none());
    }

    #[test]
    fn packets_that_follow_each_other_take_a_word_each() {
        let mut packets = Packets::default();
        let record = |n: u64| PacketRecord {
            link: 3,
            seq: n,
            bytes: 1_500,
            offered: 12_000 * n,
            sent: 12_000 * n,
            returned: 12_000 * (n + 64),
            status: 0,
        };
        (0..100_000).for_each(|n| packets.push(&record(n)));
        let Words { blocks, block, .. } = &packets.words;
        let words: usize = blocks.iter().map(Vec::len).sum::<usize>() + block.len();
        assert_eq!(words, 100_000 + 5);
        let room: usize = blocks.iter().map(Vec::capacity).sum();
        assert!(room <= words, "{room} words of room");
    }
}
