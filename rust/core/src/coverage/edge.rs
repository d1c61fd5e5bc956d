//! An ownership edge: where the packet (or the adapter) was, what happened, at which level, with how many locks.

use std::fmt;

use super::kind::Kind;
use crate::contract::adapter::Life;
use crate::contract::packet::{Owner, PacketState};
use crate::cx::Irql;

/// Whose a packet is before an event; for an event without a packet, the adapter's life.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Ord, PartialOrd, Hash)]
#[repr(u8)]
#[allow(missing_docs)] // the first six say whose, the others are those of `Life`
pub enum Seat {
    Pool,
    Protocol,
    Ndis,
    /// The miniport has it and MiniportWanSend has not returned.
    InCall,
    /// The miniport has it and MiniportWanSend has returned PENDING.
    Pended,
    Returning,
    Initializing,
    Running,
    Resetting,
    Pausing,
    Paused,
    Halting,
    Halted,
    Stopped,
}

/// Of each seat the name in files and the one for people.
const SEATS: [(Seat, &str, &str); 14] = [
    (Seat::Pool, "pool", "Pool"),
    (Seat::Protocol, "protocol", "Protocol"),
    (Seat::Ndis, "ndis", "Ndis"),
    (Seat::InCall, "miniport_in_call", "Miniport (in the call)"),
    (Seat::Pended, "miniport_pended", "Miniport (pended)"),
    (Seat::Returning, "returning", "Returning"),
    (Seat::Initializing, "initializing", "adapter initializing"),
    (Seat::Running, "running", "adapter running"),
    (Seat::Resetting, "resetting", "adapter resetting"),
    (Seat::Pausing, "pausing", "adapter pausing"),
    (Seat::Paused, "paused", "adapter paused"),
    (Seat::Halting, "halting", "adapter halting"),
    (Seat::Halted, "halted", "adapter halted"),
    (Seat::Stopped, "stopped", "adapter stopped"),
];

impl Seat {
    /// Every seat: those of packets, then those of adapters.
    pub fn all() -> impl Iterator<Item = Seat> {
        SEATS.iter().map(|(seat, ..)| *seat)
    }

    /// Where a packet is.
    #[inline]
    pub fn of_packet(state: PacketState) -> Seat {
        match state.owner() {
            Owner::Pool => Seat::Pool,
            Owner::Protocol => Seat::Protocol,
            Owner::Ndis => Seat::Ndis,
            Owner::Miniport if state.pended() => Seat::Pended,
            Owner::Miniport => Seat::InCall,
            Owner::Returning => Seat::Returning,
        }
    }

    /// Where an adapter is in its life.
    #[inline]
    pub fn of_adapter(life: Life) -> Seat {
        match life {
            Life::Initializing => Seat::Initializing,
            Life::Running => Seat::Running,
            Life::Resetting => Seat::Resetting,
            Life::Pausing => Seat::Pausing,
            Life::Paused => Seat::Paused,
            Life::Halting => Seat::Halting,
            Life::Halted => Seat::Halted,
            Life::Stopped => Seat::Stopped,
        }
    }

    /// Whether it is a packet's (else an adapter's).
    pub fn is_of_packet(self) -> bool {
        self <= Seat::Returning
    }

    /// Its name in files.
    pub fn id(self) -> &'static str {
        SEATS[self as usize].1
    }

    fn by_id(id: &str) -> Option<Seat> {
        SEATS.iter().find(|(_, known, _)| *known == id).map(|(seat, ..)| *seat)
    }
}

impl fmt::Display for Seat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(SEATS[*self as usize].2)
    }
}

/// Of each class of levels the name in files and the one for people; APC counts as PASSIVE, every
/// device level as DIRQL.
const LEVELS: [(&str, &str); 3] =
    [("passive", "PASSIVE"), ("dispatch", "DISPATCH"), ("dirql", "DIRQL")];
/// Of each class of lock counts the one for people; 2 stands for more.
const LOCKS: [&str; 3] = ["no lock", "1 lock", "2 locks or more"];
const PLACES: usize = LEVELS.len() * LOCKS.len();

/// A level and how many spin locks are held, each in three classes.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Ord, PartialOrd, Hash)]
pub struct Place(u8);

impl Place {
    /// The place of an event at that level with so many locks.
    #[inline]
    pub fn of(irql: Irql, locks: u8) -> Place {
        const LEVEL: [u8; 4] = [0, 0, 3, 6]; // by what they have in common with PASSIVE, APC, DISPATCH, DIRQL
        Place(LEVEL[usize::from(irql.0.min(3))] + locks.min(2))
    }

    /// Every place where a CPU can be: with a lock it is at DISPATCH or above.
    pub fn all() -> impl Iterator<Item = Place> {
        (0..PLACES as u8)
            .map(Place)
            .filter(|place| place.irql() > Irql::PASSIVE || place.locks() == 0)
    }

    /// The level.
    pub fn irql(self) -> Irql {
        [Irql::PASSIVE, Irql::DISPATCH, Irql::DIRQL][usize::from(self.0 / 3)]
    }

    /// How many locks; 2 stands for more.
    pub fn locks(self) -> u8 {
        self.0 % 3
    }

    /// The level's name in files.
    pub fn level(self) -> &'static str {
        LEVELS[usize::from(self.0 / 3)].0
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (level, locks) = (LEVELS[usize::from(self.0 / 3)].1, LOCKS[usize::from(self.0 % 3)]);
        write!(f, "{level} · {locks}")
    }
}

/// An ownership edge, as one small number.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Ord, PartialOrd, Hash)]
pub struct Edge(u16);

impl Edge {
    /// How many numbers there are; most stand for what cannot happen.
    pub const COUNT: usize = SEATS.len() * Kind::COUNT * PLACES;

    /// The edge of these three.
    #[inline]
    pub fn new(seat: Seat, kind: Kind, place: Place) -> Edge {
        let row = seat as usize * Kind::COUNT + kind.index();
        Edge((row * PLACES) as u16 + u16::from(place.0))
    }

    /// Where the packet or the adapter was.
    pub fn seat(self) -> Seat {
        SEATS[self.index() / (Kind::COUNT * PLACES)].0
    }

    /// What happened.
    pub fn kind(self) -> Kind {
        Kind::from_index(self.index() / PLACES % Kind::COUNT)
    }

    /// At which level, with how many locks.
    pub fn place(self) -> Place {
        Place((self.index() % PLACES) as u8)
    }

    pub(super) fn index(self) -> usize {
        usize::from(self.0)
    }

    pub(super) fn from_index(index: usize) -> Edge {
        Edge(index as u16)
    }

    /// The edge of these names, as files have them; else which of them is none.
    pub(super) fn by_ids(state: &str, event: &str, irql: &str, locks: u64) -> Result<Edge, String> {
        let expected = |what: &str, got: &str| format!("expected {what}, got {got:?}");
        let seat = Seat::by_id(state).ok_or_else(|| expected("a state", state))?;
        let kind = Kind::by_id(event).ok_or_else(|| expected("a kind of event", event))?;
        let level = LEVELS.iter().position(|(id, _)| *id == irql);
        let level = level.ok_or_else(|| expected("passive, dispatch or dirql", irql))?;
        if locks > 2 {
            return Err(format!("expected 0, 1 or 2 locks, got {locks}"));
        }
        Ok(Edge::new(seat, kind, Place(level as u8 * 3 + locks as u8)))
    }
}

impl fmt::Display for Edge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} · {} · {}", self.seat(), self.kind(), self.place())
    }
}
