//! Packets of a saturated link on a bare line, in two bytes each: how large it was.
//!
//! They come back in the order in which they were sent, each in its time on the line after the one before, and at that moment the
//! next is sent. So what was on its way when the turns began, and the sizes of what was sent since, tell all the rest; it is worked
//! out when somebody asks, by the line's own clock.

use std::collections::VecDeque;

use parking_lot::Mutex;

use super::PacketRecord;
use crate::model::line::Clock;
use crate::status::Status;

/// A packet on its way.
#[derive(Copy, Clone, Debug)]
pub(in crate::model) struct OnWay {
    pub(in crate::model) seq: u64,
    pub(in crate::model) bytes: u32,
    pub(in crate::model) sent: u64,
    /// When it is back.
    pub(in crate::model) finish: u64,
}

/// Where turns begin: what is on its way on a link that has just so many packets and no pause.
#[derive(Debug)]
pub struct Start {
    pub(in crate::model) link: u32,
    /// The number of the packet that is sent next.
    pub(in crate::model) next: u64,
    /// The line when the last of those that are on their way was put on it.
    pub(in crate::model) clock: Clock,
    /// In the order in which they come back.
    pub(in crate::model) on_way: VecDeque<OnWay>,
}

/// Turns, and where they began.
#[derive(Debug)]
pub(super) struct Turned {
    start: Start,
    sizes: Vec<u16>,
}

/// A packet has at least one byte, and at most 65,536: no line has a larger MTU.
#[inline(always)]
pub(in crate::model) fn small(bytes: u32) -> u16 {
    bytes.wrapping_sub(1) as u16
}

/// Memory of turns that nobody asks for any more: fresh memory costs more than writing the sizes to it does.
static SPARE: Mutex<Vec<Vec<u16>>> = Mutex::new(Vec::new());
/// So many pieces are kept, all of them for [`FULL`] turns: 2 MiB.
const SPARES: usize = 32;
const FULL: usize = 1 << 15;

/// Room for the sizes of so many packets, with whatever is there.
pub(in crate::model) fn room(packets: usize) -> Vec<u16> {
    let spare = (packets == FULL).then(|| SPARE.lock().pop()).flatten();
    spare.unwrap_or_else(|| vec![0; packets])
}

impl Drop for Turned {
    fn drop(&mut self) {
        if self.sizes.len() == FULL {
            let mut spare = SPARE.lock();
            if spare.len() < SPARES {
                spare.push(std::mem::take(&mut self.sizes));
            }
        }
    }
}

impl Turned {
    /// Turns in which packets of these sizes ([`small`]) were sent.
    pub(super) fn new(start: Start, mut sizes: Vec<u16>) -> Turned {
        if sizes.len() < sizes.capacity() / 2 {
            sizes.shrink_to_fit();
        }
        Turned { start, sizes }
    }

    /// Whether there are so few that where they began takes more memory than they would one by one.
    pub(super) fn are_few(&self) -> bool {
        self.sizes.len() < 8 * self.start.on_way.len()
    }

    /// What became of the packets that came back.
    pub(super) fn iter(&self) -> impl Iterator<Item = PacketRecord> + '_ {
        let Start { link, next, mut clock, ref on_way } = self.start;
        let mut on_way = on_way.clone();
        self.sizes.iter().zip(next..).filter_map(move |(size, seq)| {
            let back = on_way.pop_front()?;
            let (bytes, sent) = (u32::from(*size) + 1, back.finish);
            let finish = clock.transmit(sent, bytes);
            on_way.push_back(OnWay { seq, bytes, sent, finish });
            Some(PacketRecord {
                link,
                seq: back.seq,
                bytes: back.bytes,
                offered: back.sent,
                sent: back.sent,
                returned: back.finish,
                status: Status::SUCCESS.0,
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::records::Packets;

    fn start() -> Start {
        let mut clock = Clock::new(1_000_000_000);
        let on_way = [(4, 125), (5, 875)].map(|(seq, bytes)| OnWay {
            seq,
            bytes,
            sent: 0,
            finish: clock.transmit(0, bytes),
        });
        Start { link: 3, next: 6, clock, on_way: on_way.into() }
    }

    #[test]
    fn times_follow_from_the_sizes() {
        let turned = Turned::new(start(), vec![small(1), small(65_536), small(1_500)]);
        assert!(turned.are_few());
        let found: Vec<_> = turned.iter().map(|p| (p.seq, p.bytes, p.sent, p.returned)).collect();
        assert_eq!(found, [(4, 125, 0, 1_000), (5, 875, 0, 8_000), (6, 1, 1_000, 8_008)]);
    }

    #[test]
    fn few_are_kept_one_by_one_and_many_as_they_are() {
        for many in [3, 1_000] {
            let mut packets = Packets::default();
            let sizes: Vec<u16> = (0..many).map(|n| n % 700).collect();
            let each: Vec<_> = Turned::new(start(), sizes.clone()).iter().collect();
            packets.push_turned(start(), sizes);
            assert!(packets.iter().eq(each), "{many}");
            assert_eq!(packets.past.len(), usize::from(many > 16));
        }
    }
}
