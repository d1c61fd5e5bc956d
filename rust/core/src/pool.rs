//! A pool of fixed size: the packets of one adapter, their owners, their histories.
//!
//! A packet never moves: it lives in its slot, and what moves is the right to use it. Who has the
//! right is one atomic word ([`PacketState`]), stepped by the functions of the contract. The
//! body has a lock of its own that is never waited for by a rightful owner; it is what makes
//! even a driver that forgets or doubles a token harmless.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use parking_lot::Mutex;

use crate::contract::packet::{Owner, PacketState};
use crate::history::History;
use crate::info::WanInfo;
use crate::packet::WanPacket;
use crate::rule::Rule;

/// One packet's place.
#[derive(Debug)]
pub(crate) struct Slot {
    word: AtomicU64,
    /// The link that it was sent on last.
    pub(crate) link: AtomicU32,
    /// When it was handed to the miniport, in nanoseconds of the Ndis's clock.
    pub(crate) submitted: AtomicU64,
    /// Bytes of data when it was sent.
    pub(crate) length: AtomicU32,
    /// The descriptor and its data.
    pub(crate) body: Mutex<WanPacket>,
    /// Its last events.
    pub(crate) history: History,
}

impl Slot {
    /// Who owns it now.
    pub(crate) fn state(&self) -> PacketState {
        PacketState::unpack(self.word.load(Ordering::Acquire))
    }

    /// Lets the contract decide and makes its answer the state, in one atomic step.
    pub(crate) fn step(
        &self,
        f: impl Fn(PacketState) -> Result<PacketState, Rule>,
    ) -> Result<PacketState, Rule> {
        let mut word = self.word.load(Ordering::Acquire);
        loop {
            let next = f(PacketState::unpack(word))?;
            match self.word.compare_exchange_weak(
                word,
                next.pack(),
                Ordering::AcqRel,
                Ordering::Acquire,
            ) {
                Ok(_) => return Ok(next),
                Err(now) => word = now,
            }
        }
    }
}

impl Slot {
    /// The same for a step that only the present owner can make, and who is that: no other can
    /// change the word meanwhile.
    pub(crate) fn own_step(
        &self,
        f: impl Fn(PacketState) -> Result<PacketState, Rule>,
    ) -> Result<PacketState, Rule> {
        let next = f(self.state())?;
        self.word.store(next.pack(), Ordering::Release);
        Ok(next)
    }
}

/// The packets of one adapter.
#[derive(Debug)]
pub(crate) struct Pool {
    slots: Box<[Slot]>,
    free: Mutex<Vec<u32>>,
}

impl Pool {
    pub(crate) fn new(packets: u32, info: &WanInfo, keep: usize) -> Pool {
        let slots = (0..packets)
            .map(|_| Slot {
                word: AtomicU64::new(PacketState::default().pack()),
                link: AtomicU32::new(0),
                submitted: AtomicU64::new(0),
                length: AtomicU32::new(0),
                body: Mutex::new(WanPacket::new(info)),
                history: History::new(keep),
            })
            .collect();
        Pool { slots, free: Mutex::new((0..packets).rev().collect()) }
    }

    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    pub(crate) fn get(&self, slot: u32) -> Option<&Slot> {
        self.slots.get(slot as usize)
    }

    pub(crate) fn slot(&self, slot: u32) -> &Slot {
        &self.slots[slot as usize]
    }

    /// Takes a packet out; it is the protocol's.
    pub(crate) fn allocate(&self) -> Option<u32> {
        let index = self.free.lock().pop()?;
        match self.slot(index).own_step(PacketState::allocate) {
            Ok(_) => Some(index),
            Err(_) => None,
        }
    }

    /// Puts a packet of the protocol's back.
    pub(crate) fn free(&self, index: u32) -> Result<(), Rule> {
        self.slot(index).step(PacketState::free)?;
        self.free.lock().push(index);
        Ok(())
    }

    /// Whether there is a packet of this kind.
    pub(crate) fn any(&self, kind: impl Fn(&Slot) -> bool) -> bool {
        self.slots.iter().any(kind)
    }

    /// The packets that `owner` has now.
    pub(crate) fn owned_by(&self, owner: Owner) -> impl Iterator<Item = u32> + '_ {
        let all = self.slots.iter().enumerate();
        all.filter(move |(_, slot)| slot.state().owner == owner).map(|(index, _)| index as u32)
    }
}
