//! Packets of a saturated link on a bare line, in no memory at all.
//!
//! They come back in the order in which they were sent, each in its time on the line after the one before, and at that moment the
//! next is sent; and how large a packet is its number says. So what was on its way when the turns began, and how many there were,
//! tell all the rest; it is worked out when somebody asks, by the line's own clock and the flow's own sizes.

use std::collections::VecDeque;

use super::PacketRecord;
use crate::model::line::Clock;
use crate::model::random::Stream;
use crate::model::size::Size;
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
    /// How large the packets are that are sent, and the luck of that.
    pub(in crate::model) size: Size,
    pub(in crate::model) luck: Stream,
}

/// Turns, and where they began.
#[derive(Debug)]
pub(super) struct Turned {
    start: Start,
    turns: u64,
}

impl Turned {
    /// So many turns.
    pub(super) fn new(start: Start, turns: u64) -> Turned {
        Turned { start, turns }
    }

    /// Whether there are so few that where they began takes more memory than they would one by one.
    pub(super) fn are_few(&self) -> bool {
        self.turns < 8 * self.start.on_way.len() as u64
    }

    /// What became of the packets that came back.
    pub(super) fn iter(&self) -> impl Iterator<Item = PacketRecord> + '_ {
        let Start { link, next, mut clock, ref on_way, ref size, ref luck } = self.start;
        let mut on_way = on_way.clone();
        let mut sizes = size.draws(luck, next);
        (next..next + self.turns).filter_map(move |seq| {
            let back = on_way.pop_front()?;
            let (bytes, sent) = (sizes(), back.finish);
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
        let size = Size::Cycle { bytes: [1, 65_536, 1_500].into() };
        Start { link: 3, next: 6, clock, on_way: on_way.into(), size, luck: Stream::of(0, 0) }
    }

    #[test]
    fn times_follow_from_the_sizes() {
        let turned = Turned::new(start(), 3);
        assert!(turned.are_few());
        let found: Vec<_> = turned.iter().map(|p| (p.seq, p.bytes, p.sent, p.returned)).collect();
        assert_eq!(found, [(4, 125, 0, 1_000), (5, 875, 0, 8_000), (6, 1, 1_000, 8_008)]);
    }

    #[test]
    fn few_are_kept_one_by_one_and_many_as_they_are() {
        for many in [3, 1_000] {
            let mut packets = Packets::default();
            let each: Vec<_> = Turned::new(start(), many).iter().collect();
            packets.push_turned(start(), many);
            assert!(packets.iter().eq(each), "{many}");
            assert_eq!(packets.past.len(), usize::from(many > 16));
        }
    }
}
