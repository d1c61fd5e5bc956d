//! One packet's part of the contract: who owns it, and which life it is in.
//!
//! `Pool → Protocol → Ndis → Miniport → Returning → Protocol`. A life begins when the miniport
//! is called; its number is what tells a late completion from the completion of the next send.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::event::{Part, Side, TakenBack};
use crate::rule::Rule;
use crate::status::Status;

/// Who owns a packet.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Ord, PartialOrd, Hash, Serialize, Deserialize)]
#[repr(u8)]
#[serde(rename_all = "snake_case")]
pub enum Owner {
    /// Nobody uses it.
    Pool = 0,
    /// The protocol, before sending and after it has it back.
    Protocol = 1,
    /// NDIS, on the way down: queued.
    Ndis = 2,
    /// The miniport.
    Miniport = 3,
    /// NDIS, on the way up: completed and not delivered yet.
    Returning = 4,
}

/// What the contract knows of one packet: one machine word, which is how the engine keeps it.
///
/// ```text
/// bits  0–2   who owns it
/// bit   4     whether MiniportWanSend has returned PENDING in this life
/// bit   5     whether NDIS has asked the miniport to give it back
/// bits  8–10  why NDIS took it from the miniport in this life, 0 if it did not
/// bits 32–63  generation: how often it was handed to the miniport
/// ```
#[derive(Copy, Clone, Default, Eq, PartialEq, Ord, PartialOrd, Hash)]
pub struct PacketState(u64);

const OWNER: u64 = 7;
const PENDED: u64 = 1 << 4;
const CANCELLED: u64 = 1 << 5;
const TAKEN_BACK: u64 = 7 << 8;
const LIFE: u64 = u64::MAX << 32;

impl fmt::Debug for PacketState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PacketState")
            .field("owner", &self.owner())
            .field("generation", &self.generation())
            .field("pended", &self.pended())
            .field("taken_back", &self.taken_back())
            .finish()
    }
}

impl PacketState {
    /// A packet in its life `generation`, with `owner`; not pended, not taken back.
    pub fn new(owner: Owner, generation: u32) -> PacketState {
        PacketState(u64::from(generation) << 32 | owner as u64)
    }

    /// The state as a word.
    pub fn word(self) -> u64 {
        self.0
    }

    /// The state that [`word`](Self::word) gave.
    pub fn from_word(word: u64) -> PacketState {
        PacketState(word)
    }

    /// Who owns it.
    pub fn owner(self) -> Owner {
        match self.0 & OWNER {
            0 => Owner::Pool,
            1 => Owner::Protocol,
            2 => Owner::Ndis,
            3 => Owner::Miniport,
            _ => Owner::Returning,
        }
    }

    /// Whether `owner` owns it.
    pub fn is_of(self, owner: Owner) -> bool {
        self.0 & OWNER == owner as u64
    }

    /// How often it was handed to the miniport.
    pub fn generation(self) -> u32 {
        (self.0 >> 32) as u32
    }

    /// Whether MiniportWanSend has returned PENDING in this life.
    pub fn pended(self) -> bool {
        self.0 & PENDED != 0
    }

    /// Whether NDIS has asked the miniport to give it back, in this life.
    pub fn cancelled(self) -> bool {
        self.0 & CANCELLED != 0
    }

    /// Whether and why NDIS took it from the miniport in this life.
    pub fn taken_back(self) -> Option<TakenBack> {
        match (self.0 & TAKEN_BACK) >> 8 {
            0 => None,
            1 => Some(TakenBack::Reset),
            2 => Some(TakenBack::Halt),
            3 => Some(TakenBack::Dropped),
            4 => Some(TakenBack::GivenUp),
            5 => Some(TakenBack::Raised),
            _ => Some(TakenBack::Paused),
        }
    }

    /// The same without what is known of how its last life went.
    #[must_use]
    pub fn without_past(self) -> PacketState {
        PacketState(self.0 & !(PENDED | CANCELLED | TAKEN_BACK))
    }

    /// Whether the miniport has it in the life `generation`.
    pub fn is_with_miniport(self, generation: u32) -> bool {
        self.0 & (OWNER | LIFE) == PacketState::new(Owner::Miniport, generation).0
    }

    /// The same with another owner.
    #[must_use]
    pub fn owned_by(self, owner: Owner) -> PacketState {
        PacketState(self.0 & !OWNER | owner as u64)
    }

    fn taken(self, why: TakenBack) -> PacketState {
        let why = match why {
            TakenBack::Reset => 1,
            TakenBack::Halt => 2,
            TakenBack::Dropped => 3,
            TakenBack::GivenUp => 4,
            TakenBack::Raised => 5,
            TakenBack::Paused => 6,
        };
        PacketState(self.0 & !TAKEN_BACK | why << 8)
    }

    /// From one owner to the next.
    fn step(self, from: Owner, to: Owner) -> Result<PacketState, Rule> {
        if self.is_of(from) { Ok(self.owned_by(to)) } else { Err(Rule::Touch) }
    }

    /// A protocol takes it out of the pool.
    ///
    /// # Errors
    /// `TOUCH` if somebody uses it.
    pub fn allocate(self) -> Result<PacketState, Rule> {
        self.step(Owner::Pool, Owner::Protocol)
    }

    /// The protocol sends it.
    ///
    /// # Errors
    /// `TOUCH` if it is not the protocol's: it is in flight.
    pub fn send(self) -> Result<PacketState, Rule> {
        self.step(Owner::Protocol, Owner::Ndis)
    }

    /// The miniport is called with it: the next life begins.
    ///
    /// # Errors
    /// `TOUCH` if it was not sent.
    pub fn submit(self) -> Result<PacketState, Rule> {
        if !self.is_of(Owner::Ndis) {
            return Err(Rule::Touch);
        }
        Ok(PacketState::new(Owner::Miniport, self.generation().wrapping_add(1)))
    }

    /// MiniportWanSend returned for the life `generation`.
    ///
    /// # Errors
    /// `EARLY` if it was completed in the call and another status than PENDING comes after.
    pub fn returned(self, generation: u32, status: Status) -> Result<PacketState, Rule> {
        match (status == Status::PENDING, self.is_with_miniport(generation)) {
            (true, true) => Ok(PacketState(self.0 | PENDED)),
            (true, false) => Ok(self), // completed before the return: legal (contract.md 2.6)
            (false, true) => Ok(self.owned_by(Owner::Returning)),
            // Taken back while the call ran: what it says then is of no effect.
            (false, false) if self.generation() == generation && self.taken_back().is_some() => {
                Ok(self)
            }
            (false, false) => Err(Rule::Early),
        }
    }

    /// The miniport completes the life `generation`.
    ///
    /// # Errors
    /// `FOREIGN` if the miniport never had it, `STALE` for an earlier life, `RESET`, `HALT` or
    /// `LOST` if NDIS had to take it back, `DOUBLE` if it is completed already.
    #[inline]
    pub fn complete(self, generation: u32) -> Result<PacketState, Rule> {
        // With the miniport in that life, and not taken back: one comparison for the three. First, since after 2³² sends
        // a life has the number 0 of what was never sent.
        let known = (self.0 ^ u64::from(generation) << 32) & (OWNER | TAKEN_BACK | LIFE);
        if known == Owner::Miniport as u64 {
            return Ok(self.owned_by(Owner::Returning));
        }
        Err(self.why_not_complete(generation))
    }

    #[cold]
    fn why_not_complete(self, generation: u32) -> Rule {
        let known = self.generation();
        if generation == 0 || generation == known.wrapping_add(1) {
            return Rule::Foreign;
        }
        if generation != known {
            return Rule::Stale;
        }
        match self.taken_back() {
            Some(TakenBack::Reset) => Rule::Reset,
            Some(TakenBack::Halt) => Rule::Halt,
            Some(TakenBack::GivenUp) => Rule::Late,
            Some(TakenBack::Paused) => Rule::Pause,
            _ => Rule::Double,
        }
    }

    /// The serialized LAN miniport returned RESOURCES for the life `generation`: NDIS has it again.
    ///
    /// # Errors
    /// `EARLY` if it was completed in the call.
    pub fn requeue(self, generation: u32) -> Result<PacketState, Rule> {
        if !self.is_with_miniport(generation) {
            return Err(Rule::Early);
        }
        Ok(PacketState::new(Owner::Ndis, generation))
    }

    /// NDIS asks the miniport to give the life `generation` back.
    ///
    /// # Errors
    /// `TOUCH` if the miniport does not have it.
    pub fn cancel(self, generation: u32) -> Result<PacketState, Rule> {
        if !self.is_with_miniport(generation) {
            return Err(Rule::Touch);
        }
        Ok(PacketState(self.0 | CANCELLED))
    }

    /// Its driver raised, or answered with what is no status: the packet goes home with the return
    /// of the call, and what the driver does with it later is of no effect.
    ///
    /// # Errors
    /// `TOUCH` if the miniport does not have the life `generation`.
    pub fn disown(self, generation: u32) -> Result<PacketState, Rule> {
        if !self.is_with_miniport(generation) {
            return Err(Rule::Touch);
        }
        Ok(self.taken(TakenBack::Raised))
    }

    /// The protocol gets it back.
    ///
    /// # Errors
    /// `TOUCH` if it was not on its way.
    pub fn deliver(self) -> Result<PacketState, Rule> {
        self.step(Owner::Returning, Owner::Protocol)
    }

    /// A queued send goes back to the protocol without a life.
    ///
    /// # Errors
    /// `TOUCH` if it was not queued.
    pub fn unsend(self) -> Result<PacketState, Rule> {
        self.step(Owner::Ndis, Owner::Protocol)
    }

    /// The protocol gives it back to the pool.
    ///
    /// # Errors
    /// `TOUCH` if it is not the protocol's.
    pub fn free(self) -> Result<PacketState, Rule> {
        self.step(Owner::Protocol, Owner::Pool)
    }

    /// NDIS takes it from the miniport.
    ///
    /// # Errors
    /// `TOUCH` if the miniport does not have it.
    pub fn take_back(self, why: TakenBack) -> Result<PacketState, Rule> {
        if !self.is_of(Owner::Miniport) {
            return Err(Rule::Touch);
        }
        Ok(self.owned_by(Owner::Returning).taken(why))
    }

    /// One side uses a part of it, knowing it by the life `generation`.
    ///
    /// # Errors
    /// `RESERVED` if that part never is that side's, `STALE` if the miniport knows an earlier life,
    /// `TOUCH` if it is not that side's now.
    pub fn touch(self, generation: u32, side: Side, part: Part) -> Result<(), Rule> {
        match (side, part) {
            (Side::Miniport, Part::ProtocolReserved) | (Side::Protocol, Part::MacReserved) => {
                return Err(Rule::Reserved);
            }
            _ => {}
        }
        let owner = match side {
            Side::Protocol => Owner::Protocol,
            Side::Miniport if self.generation() != generation => return Err(Rule::Stale),
            Side::Miniport => Owner::Miniport,
        };
        if self.is_of(owner) { Ok(()) } else { Err(Rule::Touch) }
    }
}
