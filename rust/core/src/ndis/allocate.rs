//! Where packets come from and go: taken out of the pool and filled, given back to it.

use std::rc::Rc;
use std::sync::Arc;

use super::{Adapter, Moment};
use crate::contract::packet::PacketState;
use crate::cx::Cpu;
use crate::disposition::Packet;
use crate::event::{Name, What};
use crate::packet::BadFrame;
use crate::pool::Slot;
use crate::violation::Violation;

/// Why there is no packet.
#[derive(Debug, thiserror::Error)]
pub enum PacketError {
    /// All of the pool's packets are in use.
    #[error(
        "adapter {adapter:?}: all {packets} packets of the pool are in use; wait for completions, or bind with more packets"
    )]
    Exhausted {
        /// Whose pool.
        adapter: String,
        /// How many it has.
        packets: usize,
    },
    /// The frame does not fit.
    #[error("adapter {adapter:?}: {source}")]
    Frame {
        /// Whose pool.
        adapter: String,
        /// What is wrong with it.
        source: BadFrame,
    },
}

impl Adapter {
    /// Takes a packet out of the pool and fills it.
    ///
    /// # Errors
    /// [`PacketError`] if the pool is exhausted or the frame is empty or too long.
    pub fn packet(&self, frame: &[u8]) -> Result<Packet, PacketError> {
        self.allocate(frame).map(|name| Packet::new(self.arc(), name.slot))
    }

    /// The same by name: [`free`](Self::free) or a send ends it.
    ///
    /// # Errors
    /// As [`packet`](Self::packet).
    pub fn allocate(&self, frame: &[u8]) -> Result<Name, PacketError> {
        self.allocate_on(&Cpu::current(), self.ndis.moment(), frame)
    }

    pub(crate) fn allocate_on(
        &self,
        cpu: &Rc<Cpu>,
        now: Moment,
        frame: &[u8],
    ) -> Result<Name, PacketError> {
        let slot = self.pool.allocate().ok_or_else(|| PacketError::Exhausted {
            adapter: self.name.clone(),
            packets: self.pool.len(),
        })?;
        let place = self.pool.slot(slot);
        let packet = Name { adapter: self.index, slot, generation: place.state().generation() };
        self.ndis.note(self, place, cpu, now, What::Allocate { packet });
        let filled = place.body.lock().fill(&self.info, frame);
        filled.map(|()| packet).map_err(|source| {
            self.free_slot_on(cpu, slot);
            PacketError::Frame { adapter: self.name.clone(), source }
        })
    }

    /// Gives a packet, known by name, back to the pool.
    ///
    /// # Errors
    /// `TOUCH` if it is not the protocol's, `FOREIGN` if it is another adapter's.
    pub fn free(&self, name: Name) -> Result<(), Arc<Violation>> {
        self.may_touch(name, crate::event::Side::Protocol, crate::event::Part::Data)?;
        self.emit(&Cpu::current(), What::Free { packet: self.name_of(name.slot) });
        let _ = self.pool.free(name.slot);
        Ok(())
    }

    /// Gives a packet back that nobody else has: a token's, or the only reference's.
    pub(crate) fn free_slot_on(&self, cpu: &Rc<Cpu>, slot: u32) {
        let pool = &*self.pool;
        let place = pool.slot(slot);
        let state = place.state();
        let Ok(freed) = state.free() else {
            return; // not the protocol's any more, so it cannot free it; nothing is lost
        };
        let packet = Name { adapter: self.index, slot, generation: state.generation() };
        if let Some(span) = self.ndis.bias.alone(cpu) {
            self.ndis.note_freed(self, (packet, place), cpu, self.ndis.instant());
            return pool.free_in(&span, slot, place, freed);
        }
        self.free_shared(cpu, (packet, place), freed);
    }

    #[inline(never)]
    fn free_shared(&self, cpu: &Rc<Cpu>, (packet, place): (Name, &Slot), freed: PacketState) {
        self.ndis.note_freed(self, (packet, place), cpu, self.ndis.moment());
        self.pool.free_own(packet.slot, place, freed);
    }
}
