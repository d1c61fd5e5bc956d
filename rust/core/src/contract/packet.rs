//! One packet's part of the contract: who owns it, and which life it is in.
//!
//! `Pool → Protocol → Ndis → Miniport → Returning → Protocol`. A life begins when the miniport
//! is called; its number is what tells a late completion from the completion of the next send.

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

/// What the contract knows of one packet; fits into one machine word.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Ord, PartialOrd, Hash, Serialize, Deserialize)]
pub struct PacketState {
    /// Who owns it.
    pub owner: Owner,
    /// How often it was handed to the miniport.
    pub generation: u32,
    /// Whether MiniportWanSend has returned PENDING in this life.
    pub pended: bool,
    /// Whether and why NDIS took it from the miniport in this life.
    pub taken_back: Option<TakenBack>,
}

impl Default for PacketState {
    fn default() -> PacketState {
        PacketState { owner: Owner::Pool, generation: 0, pended: false, taken_back: None }
    }
}

impl PacketState {
    /// Puts the state into a word.
    pub fn pack(self) -> u64 {
        // Not by the reasons' own numbers: the compiler would then read the four fields, just written
        // one by one, with one wide load, which waits for the stores (measured: a fifth of a send).
        let taken = match self.taken_back {
            None => 0,
            Some(TakenBack::Reset) => 1,
            Some(TakenBack::Halt) => 2,
            Some(TakenBack::Dropped) => 3,
            Some(TakenBack::GivenUp) => 4,
            Some(TakenBack::Raised) => 5,
        };
        u64::from(self.generation) << 32
            | (taken << 8)
            | (u64::from(self.pended) << 4)
            | self.owner as u64
    }

    /// Takes the state out of a word that [`pack`](Self::pack) made.
    pub fn unpack(word: u64) -> PacketState {
        PacketState {
            owner: match word & 7 {
                0 => Owner::Pool,
                1 => Owner::Protocol,
                2 => Owner::Ndis,
                3 => Owner::Miniport,
                _ => Owner::Returning,
            },
            generation: (word >> 32) as u32,
            pended: word & 16 != 0,
            taken_back: match word >> 8 & 7 {
                0 => None,
                1 => Some(TakenBack::Reset),
                2 => Some(TakenBack::Halt),
                3 => Some(TakenBack::Dropped),
                4 => Some(TakenBack::GivenUp),
                _ => Some(TakenBack::Raised),
            },
        }
    }

    fn owned_by(self, owner: Owner) -> PacketState {
        PacketState { owner, ..self }
    }

    /// A protocol takes it out of the pool.
    ///
    /// # Errors
    /// `TOUCH` if somebody uses it.
    pub fn allocate(self) -> Result<PacketState, Rule> {
        if self.owner == Owner::Pool {
            Ok(self.owned_by(Owner::Protocol))
        } else {
            Err(Rule::Touch)
        }
    }

    /// The protocol sends it.
    ///
    /// # Errors
    /// `TOUCH` if it is not the protocol's: it is in flight.
    pub fn send(self) -> Result<PacketState, Rule> {
        if self.owner == Owner::Protocol {
            Ok(self.owned_by(Owner::Ndis))
        } else {
            Err(Rule::Touch)
        }
    }

    /// The miniport is called with it: the next life begins.
    ///
    /// # Errors
    /// `TOUCH` if it was not sent.
    pub fn submit(self) -> Result<PacketState, Rule> {
        if self.owner != Owner::Ndis {
            return Err(Rule::Touch);
        }
        Ok(PacketState {
            owner: Owner::Miniport,
            generation: self.generation.wrapping_add(1),
            pended: false,
            taken_back: None,
        })
    }

    /// MiniportWanSend returned for the life `generation`.
    ///
    /// # Errors
    /// `EARLY` if it was completed in the call and another status than PENDING comes after.
    pub fn returned(self, generation: u32, status: Status) -> Result<PacketState, Rule> {
        let with_miniport = self.owner == Owner::Miniport && self.generation == generation;
        match (status == Status::PENDING, with_miniport) {
            (true, true) => Ok(PacketState { pended: true, ..self }),
            (true, false) => Ok(self), // completed before the return: legal (contract.md 2.6)
            (false, true) => Ok(self.owned_by(Owner::Returning)),
            // Taken back while the call ran: what it says then is of no effect.
            (false, false) if self.generation == generation && self.taken_back.is_some() => {
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
    pub fn complete(self, generation: u32) -> Result<PacketState, Rule> {
        if generation == 0 || (generation == self.generation.wrapping_add(1)) {
            return Err(Rule::Foreign);
        }
        if generation != self.generation {
            return Err(Rule::Stale);
        }
        match (self.owner, self.taken_back) {
            (Owner::Miniport, None) => Ok(self.owned_by(Owner::Returning)),
            (_, Some(TakenBack::Reset)) => Err(Rule::Reset),
            (_, Some(TakenBack::Halt)) => Err(Rule::Halt),
            (_, Some(TakenBack::GivenUp)) => Err(Rule::Late),
            _ => Err(Rule::Double),
        }
    }

    /// Its driver raised, or answered with what is no status: the packet goes home with the return
    /// of the call, and what the driver does with it later is of no effect.
    ///
    /// # Errors
    /// `TOUCH` if the miniport does not have the life `generation`.
    pub fn disown(self, generation: u32) -> Result<PacketState, Rule> {
        if self.owner != Owner::Miniport || self.generation != generation {
            return Err(Rule::Touch);
        }
        Ok(PacketState { taken_back: Some(TakenBack::Raised), ..self })
    }

    /// The protocol gets it back.
    ///
    /// # Errors
    /// `TOUCH` if it was not on its way.
    pub fn deliver(self) -> Result<PacketState, Rule> {
        if self.owner == Owner::Returning {
            Ok(self.owned_by(Owner::Protocol))
        } else {
            Err(Rule::Touch)
        }
    }

    /// A queued send goes back to the protocol without a life.
    ///
    /// # Errors
    /// `TOUCH` if it was not queued.
    pub fn unsend(self) -> Result<PacketState, Rule> {
        if self.owner == Owner::Ndis {
            Ok(self.owned_by(Owner::Protocol))
        } else {
            Err(Rule::Touch)
        }
    }

    /// The protocol gives it back to the pool.
    ///
    /// # Errors
    /// `TOUCH` if it is not the protocol's.
    pub fn free(self) -> Result<PacketState, Rule> {
        if self.owner == Owner::Protocol {
            Ok(self.owned_by(Owner::Pool))
        } else {
            Err(Rule::Touch)
        }
    }

    /// NDIS takes it from the miniport.
    ///
    /// # Errors
    /// `TOUCH` if the miniport does not have it.
    pub fn take_back(self, why: TakenBack) -> Result<PacketState, Rule> {
        if self.owner != Owner::Miniport {
            return Err(Rule::Touch);
        }
        Ok(PacketState { owner: Owner::Returning, taken_back: Some(why), ..self })
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
            Side::Miniport if self.generation != generation => return Err(Rule::Stale),
            Side::Miniport => Owner::Miniport,
        };
        if self.owner == owner { Ok(()) } else { Err(Rule::Touch) }
    }
}
