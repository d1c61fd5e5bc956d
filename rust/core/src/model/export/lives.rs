//! The life of each packet, put together from the events of its link.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::model::records::Packets;
use crate::model::simulation::Simulation;
use crate::model::sink::Happened;
use crate::status::Status;

/// A packet that left the card.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct Left {
    /// When its last bit was out.
    pub finish: u64,
    /// Bytes on the line.
    pub wire_bytes: u32,
    /// When it arrives; `None` if the line lost it.
    pub at: Option<u64>,
}

/// What became of a packet that was sent.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct Life {
    /// The flow in the upper 16 bits, the number in the flow below.
    pub seq: u64,
    /// Its bytes.
    pub bytes: u32,
    /// When it was offered, where that is known: packets in flight, or sent before the warm-up ended, do not say.
    pub offered: Option<u64>,
    /// When the miniport was called with it.
    pub sent: u64,
    /// When it was completed and handed back, which is one instant in these models, and with which status.
    pub completed: Option<(u64, Status)>,
    /// What the line did with it.
    pub left: Option<Left>,
}

/// A packet's name: flow and number.
#[derive(Copy, Clone, Debug)]
pub(super) struct Name(pub(super) u64);

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.0 >> 48, self.0 & ((1 << 48) - 1))
    }
}

/// Everything that happened on one link.
#[derive(Clone, Debug)]
pub struct Story<'a> {
    /// What it is called.
    pub name: &'a str,
    /// Its line's rate in bits per second.
    pub rate_bps: u64,
    /// The time at which it stands.
    pub now: u64,
    /// The packets that were sent, in that order.
    pub lives: Vec<Life>,
    /// When packets were dropped, and which.
    pub dropped: Vec<(u64, u64)>,
}

impl<'a> Story<'a> {
    /// The story of the link with that number; without its end if somebody sets `stop` meanwhile.
    pub fn of(
        simulation: &Simulation,
        number: usize,
        name: &'a str,
        stop: &AtomicBool,
    ) -> Story<'a> {
        let now = simulation.links().nth(number).map_or(0, crate::model::Link::now);
        let rate_bps = simulation.spec_of(number).map_or(0, |spec| spec.line.rate_bps);
        let mut story = Story { name, rate_bps, now, lives: Vec::new(), dropped: Vec::new() };
        let mut places = HashMap::new();
        let goes_on = || !stop.load(Ordering::Relaxed);
        for event in simulation.events_of(number).iter().take_while(|_| goes_on()) {
            story.hear(event, &mut places);
        }
        let own = simulation.packets_of(number);
        for record in own.into_iter().flat_map(Packets::iter).take_while(|_| goes_on()) {
            if let Some(&place) = places.get(&record.seq) {
                story.lives[place].offered = Some(record.offered);
            }
        }
        story
    }

    fn hear(&mut self, event: &Happened, places: &mut HashMap<u64, usize>) {
        match *event {
            Happened::Sent { time, seq, bytes, .. } => {
                places.insert(seq, self.lives.len());
                let life =
                    Life { seq, bytes, offered: None, sent: time, completed: None, left: None };
                self.lives.push(life);
            }
            Happened::Completed { time, seq, status } => {
                if let Some(&place) = places.get(&seq) {
                    self.lives[place].completed = Some((time, status));
                }
            }
            Happened::Left { seq, finish, wire_bytes, at } => {
                if let Some(&place) = places.get(&seq) {
                    self.lives[place].left = Some(Left { finish, wire_bytes, at });
                }
            }
            Happened::Dropped { time, seq } => self.dropped.push((time, seq)),
        }
    }
}
