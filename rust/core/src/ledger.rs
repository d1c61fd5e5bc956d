//! The border at which names become rights again.
//!
//! Python and C hold names. Every use of a name comes through here: the contract says whether
//! the one who uses it has the right, and the answer is either the right (the packet's state has
//! moved on, atomically, for this caller alone) or the broken rule. Typed tokens pass by the same
//! doors, so no rule is written twice.

use std::rc::Rc;
use std::sync::Arc;

use crate::choices::Access;
use crate::contract;
use crate::contract::packet::PacketState;
use crate::cx::Cpu;
use crate::event::{Name, Part, Side, TakenBack, What};
use crate::ndis::Adapter;
use crate::packet::WanPacket;
use crate::rule::Rule;
use crate::violation::Violation;

impl Adapter {
    /// The name that the packet in `slot` has in its present life.
    pub(crate) fn name_of(&self, slot: u32) -> Name {
        let generation = self.pool.slot(slot).state().generation();
        Name { adapter: self.index, slot, generation }
    }

    /// Who owns the packet of this name, and whether the name is of its present life.
    pub fn state_of(&self, name: Name) -> Option<PacketState> {
        if name.adapter != self.index {
            return None;
        }
        self.pool.get(name.slot).map(crate::pool::Slot::state)
    }

    /// The last events of the packet of this name, oldest first.
    pub fn history_of(&self, name: Name) -> Vec<crate::event::Event> {
        match self.pool.get(name.slot) {
            Some(slot) if name.adapter == self.index => slot.history.to_vec(self.index, name.slot),
            _ => Vec::new(),
        }
    }

    /// Claims the completion of `name`: afterwards nobody else can.
    pub(crate) fn claim(&self, cpu: &Cpu, name: Name) -> Result<(), Rule> {
        if name.adapter != self.index {
            return Err(Rule::Foreign);
        }
        let slot = self.pool.get(name.slot).ok_or(Rule::Foreign)?;
        let life = self.life();
        slot.step_on(cpu, |packet| contract::may_complete(packet, name.generation, life)).map(drop)
    }

    /// Reports a touch that is not allowed; the typed tokens' check that costs one load.
    pub(crate) fn check_touch(&self, name: Name, side: Side, part: Part) {
        self.ndis.point(Access::packet(self.index, name.slot));
        if self.ndis.verify_off() {
            return;
        }
        let verdict = self.pool.slot(name.slot).state().touch(name.generation, side, part);
        if let Err(rule) = verdict {
            drop(self.report_touch(&Cpu::current(), rule, name, side, part));
        }
    }

    pub(crate) fn report_touch(
        &self,
        cpu: &Rc<Cpu>,
        rule: Rule,
        name: Name,
        side: Side,
        part: Part,
    ) -> Arc<Violation> {
        let now = self.state_of(name).unwrap_or_default();
        let detail = if rule == Rule::Reserved {
            format!("the {side} used {part} of {name}, which is never its own")
        } else if rule == Rule::Stale {
            format!("the {side} used {name}, but the packet is in life {} now", now.generation())
        } else {
            format!("the {side} used {part} of {name}, which belongs to {} now", now.owner())
        };
        self.emit(cpu, What::Touch { packet: name, side, part });
        self.report(cpu, rule, Some(name), detail)
    }

    /// Lets `f` use the packet of this name as `side`.
    ///
    /// # Errors
    /// `TOUCH` if it is not that side's now, `STALE` if the miniport's name is of an earlier
    /// life, `RESERVED` if that part never is, `FOREIGN` for a name of another adapter.
    pub fn with_packet<R>(
        &self,
        name: Name,
        side: Side,
        part: Part,
        f: impl FnOnce(&mut WanPacket) -> R,
    ) -> Result<R, Arc<Violation>> {
        self.may_touch(name, side, part)?;
        Ok(Cpu::here(|cpu| f(&mut self.pool.slot(name.slot).body.lock_on(cpu))))
    }

    /// The same, but a broken rule is `None` and not reported.
    #[inline]
    pub fn with_own_packet<R>(
        &self,
        name: Name,
        side: Side,
        part: Part,
        f: impl FnOnce(&mut WanPacket) -> R,
    ) -> Option<R> {
        self.ndis.point(Access::packet(self.index, name.slot));
        self.with_own_packet_at_once(name, side, part, f)
    }

    /// The same where no other CPU may go on meanwhile, since the caller holds what that would want.
    #[inline]
    pub fn with_own_packet_at_once<R>(
        &self,
        name: Name,
        side: Side,
        part: Part,
        f: impl FnOnce(&mut WanPacket) -> R,
    ) -> Option<R> {
        let slot = self.pool.get(name.slot).filter(|_| name.adapter == self.index)?;
        slot.state().touch(name.generation, side, part).ok()?;
        Some(f(&mut Cpu::here(|cpu| slot.body.lock_on(cpu))))
    }

    /// Whether `side` may use that part of the packet of this name now.
    ///
    /// # Errors
    /// As [`with_packet`](Self::with_packet).
    pub fn may_touch(&self, name: Name, side: Side, part: Part) -> Result<(), Arc<Violation>> {
        self.ndis.point(Access::packet(self.index, name.slot));
        let Some(state) = self.state_of(name) else {
            let cpu = Cpu::current();
            let detail = format!("{name} is not a packet of adapter {:?}", self.name);
            return Err(self.report(&cpu, Rule::Foreign, None, detail));
        };
        state
            .touch(name.generation, side, part)
            .map_err(|rule| self.report_touch(&Cpu::current(), rule, name, side, part))
    }

    /// Reports a move of CurrentBuffer or CurrentLength out of the buffer.
    pub fn padding(&self, rule: Rule, name: Name, bytes: usize) -> Arc<Violation> {
        let packet = self.pool.slot(name.slot).body.lock();
        let (offset, length, end) =
            (packet.current_buffer(), packet.current_length(), packet.end_buffer());
        drop(packet);
        let detail = format!(
            "{bytes} bytes do not fit: data is at {offset}..{} of a buffer of {end} bytes, \
             so {offset} are free before and {} behind it",
            offset + length,
            end - offset - length
        );
        self.report(&Cpu::current(), rule, Some(name), detail)
    }

    /// Whether the life that `name` says is with the miniport.
    pub fn is_with_miniport(&self, name: Name) -> bool {
        self.state_of(name).is_some_and(|state| state.is_with_miniport(name.generation))
    }

    /// Whether NDIS gave that life up, which its driver need not know and may go on with.
    pub fn gave_up(&self, name: Name) -> bool {
        let life = (name.slot, name.generation);
        self.without.lock().get(&life) == Some(&TakenBack::GivenUp)
    }

    /// The link that the packet was sent on last; none if it never was, or that was closed and another has come up since.
    pub fn link_of(&self, name: Name) -> Option<Arc<crate::ndis::Link>> {
        let slot = self.pool.get(name.slot).filter(|_| name.adapter == self.index)?;
        let id = slot.link.load(std::sync::atomic::Ordering::Relaxed);
        self.link_by_id(id)
    }

    /// Gives a packet back to the pool if it is the protocol's; for a binding whose object of
    /// it was let go.
    pub fn release_name(&self, name: Name) {
        self.release_on(&Cpu::current(), name);
    }

    /// The same on a CPU that the caller knows.
    pub fn release_on(&self, cpu: &Rc<Cpu>, name: Name) {
        if name.adapter == self.index && self.pool.get(name.slot).is_some() {
            self.free_slot_on(cpu, name.slot);
        }
    }

    /// Reports that views of a packet's memory are still exported when it changes hands.
    pub fn report_views(&self, name: Name, views: u32) -> Arc<Violation> {
        let detail = format!(
            "{views} view(s) of the data of {name} are still exported while it changes hands; release memoryviews and arrays first"
        );
        self.report(&Cpu::current(), Rule::Touch, Some(name), detail)
    }

    /// Gives the packet in `slot` other memory with the same contents; returns the old.
    pub fn renew_memory(&self, slot: u32) -> Option<Box<[u8]>> {
        let mut body = self.pool.get(slot)?.body.lock();
        let copy: Box<[u8]> = body.buffer().into();
        body.swap_buffer(copy).ok()
    }
}
