//! The contract itself: one pure function, [`step`].
//!
//! A [`State`] is what the contract knows; an [`Event`] is something that happens; [`step`] says
//! what the contract knows afterwards, or which rule the event breaks. The run time calls the
//! parts of it as things happen (`ledger`, [`cpu`], [`adapter`]); `ndiswan check` calls
//! it on a recording; the tests walk its whole state space. The texts of the rules are in
//! [`crate::rule`].

pub mod adapter;
pub mod cpu;
pub mod order;
pub mod packet;
mod repair;
mod twins;

use std::collections::{BTreeMap, BTreeSet};

use crate::cx::Irql;
use crate::event::{Event, Form, Name, TakenBack, What};
use crate::face::Answer;
use crate::policy::{BeyondWindow, OwedAtHalt, Policy, WindowShrink};
use crate::rule::Rule;
use crate::status::Status;
use adapter::{AdapterState, Life, LinkState};
use cpu::CpuState;
use order::LockOrder;
use packet::{Owner, PacketState};

/// Everything that the contract knows.
#[derive(Clone, Debug, Default, Eq, PartialEq, Ord, PartialOrd, Hash)]
pub struct State {
    /// How it takes what the pages leave open.
    pub policy: Policy,
    /// Whether a broken rule is only recorded: a lock that is acquired out of order is taken then.
    pub records: bool,
    /// Adapters by index.
    pub adapters: BTreeMap<u16, AdapterState>,
    /// Links by id.
    pub links: BTreeMap<u32, LinkState>,
    /// Packets by adapter and slot.
    pub packets: BTreeMap<(u16, u32), PacketState>,
    /// CPUs by number.
    pub cpus: BTreeMap<u32, CpuState>,
    /// Who holds which lock.
    pub owners: BTreeMap<u32, u32>,
    /// In which order locks were taken.
    pub order: LockOrder,
    /// Timers that are set.
    pub timers: BTreeMap<(u16, u32), u64>,
    /// Lives that NDIS has given up, by adapter, slot and number: their drivers' completion may still come.
    pub given_up: BTreeSet<(u16, u32, u32)>,
}

/// What holds after `event` happened in `state`.
///
/// # Errors
/// The rule that `event` breaks; `state` holds on then.
pub fn step(state: &State, event: &Event) -> Result<State, Rule> {
    let mut next = state.clone();
    next.apply(event)?;
    Ok(next)
}

impl State {
    fn packet(&mut self, name: Name) -> &mut PacketState {
        self.packets.entry((name.adapter, name.slot)).or_default()
    }

    fn life(&self, adapter: u16) -> Life {
        self.adapters.get(&adapter).map_or(Life::Initializing, |a| a.life)
    }

    fn serialized(&self, adapter: u16) -> bool {
        self.adapters.get(&adapter).is_some_and(|a| a.serialized)
    }

    /// The packets that the miniport of `adapter` has now.
    pub fn owed(&self, adapter: u16) -> impl Iterator<Item = Name> + '_ {
        let packets = self.packets.range((adapter, 0)..=(adapter, u32::MAX));
        packets
            .filter(|(_, packet)| packet.is_of(Owner::Miniport))
            .map(|(&(adapter, slot), p)| Name { adapter, slot, generation: p.generation() })
    }

    /// The timers of `adapter` that are set.
    pub fn timers_set(&self, adapter: u16) -> impl Iterator<Item = u32> + '_ {
        self.timers.range((adapter, 0)..=(adapter, u32::MAX)).map(|(&(_, timer), _)| timer)
    }

    /// [`step`] in place; on an error nothing is changed that a later event can show.
    ///
    /// # Errors
    /// The rule that `event` breaks.
    pub fn apply(&mut self, event: &Event) -> Result<(), Rule> {
        let adapter = event.adapter;
        match event.what {
            What::Register { serialized, reentrant, face } => {
                let life = Life::Initializing;
                // Again where MiniportInitialize says that it is not serialized: it runs meanwhile.
                let inside = self.adapters.get(&adapter).map_or(0, |known| known.inside);
                let (refused, stalled) = (false, false);
                let known =
                    AdapterState { serialized, reentrant, life, inside, face, refused, stalled };
                self.adapters.insert(adapter, known);
                Ok(())
            }
            What::Acquire { .. }
            | What::Release { .. }
            | What::Raise { .. }
            | What::Lower { .. }
            | What::Enter { .. }
            | What::Leave { .. } => self.apply_cpu(event),
            What::LineUp { .. }
            | What::LineDown { .. }
            | What::CloseCall { .. }
            | What::Indicate { .. } => self.apply_link(event),
            What::Start
            | What::ResetStart
            | What::ResetComplete { .. }
            | What::ResetEnd
            | What::Halt
            | What::Halted
            | What::Stop
            | What::TimerSet { .. }
            | What::TimerCancel { .. }
            | What::TimerFire { .. } => self.apply_life(event),
            What::Pause
            | What::Paused
            | What::ResourcesAvailable
            | What::Requeue { .. }
            | What::Cancel { .. } => self.apply_twin(event),
            What::Violation { .. } => Ok(()),
            _ => self.apply_packet(event),
        }
    }

    fn reports_owed(&self) -> bool {
        self.policy.owed_at_halt == OwedAtHalt::Report
    }

    fn apply_packet(&mut self, event: &Event) -> Result<(), Rule> {
        let life = self.life(event.adapter);
        let serialized = self.serialized(event.adapter);
        match event.what {
            What::Allocate { packet } => {
                *self.packet(packet) = self.packet(packet).allocate()?;
            }
            What::Send { packet, link, .. } => {
                if packet.adapter != event.adapter {
                    return Err(Rule::Foreign);
                }
                let sent = self.packet(packet).send()?;
                self.cpus.entry(event.cpu).or_default().may_send()?;
                life.may_take_send()?;
                let link = self.links.entry(link).or_default();
                link.may_send()?;
                if self.policy.beyond_window == BeyondWindow::Report && !link.has_room() {
                    return Err(Rule::Window);
                }
                *self.packet(packet) = sent;
            }
            What::Submit { packet, link } => {
                let submitted = self.packet(packet).submit()?;
                life.may_send()?;
                self.cpus.entry(event.cpu).or_default().may_send()?;
                self.links.entry(link).or_default().submit()?;
                *self.packet(packet) = submitted;
            }
            What::Return { packet, status } => {
                let now = *self.packet(packet);
                let next = now.returned(packet.generation, status)?;
                if status != Status::PENDING && next != now {
                    match self.answers(event.adapter, status) {
                        Answer::Final => {}
                        Answer::Requeue => return Ok(()), // the event of that name follows
                        Answer::Broken(rule) => return Err(rule),
                    }
                }
                *self.packet(packet) = next;
            }
            What::Complete { packet, status } => {
                if packet.adapter != event.adapter {
                    return Err(Rule::Foreign);
                }
                let done = may_complete(*self.packet(packet), packet.generation, life);
                let done = done.map_err(|rule| self.or_late(packet, rule))?;
                self.cpus.entry(event.cpu).or_default().may_complete(serialized)?;
                self.face(event.adapter).may_end(status, done.cancelled(), self.policy)?;
                self.stall(event.adapter, false); // NDIS tries again what it keeps
                *self.packet(packet) = done;
            }
            What::Deliver { packet, link, .. } => {
                *self.packet(packet) = self.packet(packet).deliver()?;
                self.links.entry(link).or_default().done();
            }
            What::Unsend { packet, .. } => *self.packet(packet) = self.packet(packet).unsend()?,
            What::Free { packet } => *self.packet(packet) = self.packet(packet).free()?,
            What::TakeBack { packet, why } => {
                let taken = self.packet(packet).take_back(why)?;
                self.gives_up(packet, why);
                let at_halt = why == TakenBack::Halt && life != Life::Stopped;
                if why == TakenBack::Dropped || (at_halt && self.reports_owed()) {
                    return Err(Rule::Lost);
                }
                *self.packet(packet) = taken;
            }
            What::Touch { packet, side, part } => {
                self.packet(packet).touch(packet.generation, side, part)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn apply_cpu(&mut self, event: &Event) -> Result<(), Rule> {
        let cpu = self.cpus.entry(event.cpu).or_default();
        match event.what {
            What::Acquire { lock, form } => {
                cpu.may_acquire(lock, form)?;
                for held in &cpu.held {
                    self.order.add(held.lock, lock).map_err(|_| Rule::LockOrder)?;
                }
                cpu.acquire(lock, form);
                self.owners.insert(lock, event.cpu);
            }
            What::Release { lock, form } => {
                cpu.may_release(lock, form)?;
                cpu.release(lock);
                self.owners.remove(&lock);
            }
            What::Raise { to } => {
                cpu.may_raise(to)?;
                cpu.irql = to;
            }
            What::Lower { to } => {
                cpu.may_lower(to)?;
                cpu.irql = to;
            }
            What::Enter { entry, .. } => {
                if let Some(adapter) = self.adapters.get(&event.adapter) {
                    adapter.may_enter(entry)?;
                }
                self.enter(event);
            }
            What::Leave { .. } => {
                cpu.may_leave()?;
                self.leave(event);
            }
            _ => {}
        }
        Ok(())
    }

    fn enter(&mut self, event: &Event) {
        let What::Enter { entry, at } = event.what else { return };
        if let Some(adapter) = self.adapters.get_mut(&event.adapter) {
            adapter.enter(entry);
        }
        self.cpus.entry(event.cpu).or_default().enter(event.adapter, entry, at);
    }

    fn leave(&mut self, event: &Event) {
        let What::Leave { entry } = event.what else { return };
        if let Some(adapter) = self.adapters.get_mut(&event.adapter) {
            adapter.leave(entry);
        }
        for lock in self.cpus.entry(event.cpu).or_default().leave() {
            self.owners.remove(&lock);
        }
    }

    fn apply_link(&mut self, event: &Event) -> Result<(), Rule> {
        let life = self.life(event.adapter);
        let serialized = self.serialized(event.adapter);
        let cpu = self.cpus.entry(event.cpu).or_default();
        let may_indicate =
            life.may_call().and_then(|()| cpu.may_indicate(event.adapter, serialized));
        match event.what {
            What::LineUp { link, window } => {
                may_indicate?;
                let link = self.links.entry(link).or_default();
                let report = self.policy.window_shrink == WindowShrink::Report;
                if report && !link.closed && link.outstanding > window {
                    return Err(Rule::Window);
                }
                link.line_up(window)
            }
            What::LineDown { link } => {
                may_indicate?;
                self.links.entry(link).or_default().line_down()
            }
            What::Indicate { link, .. } => {
                may_indicate?;
                self.links.entry(link).or_default().may_indicate()
            }
            What::CloseCall { link } => {
                cpu.may_send()?;
                let link = self.links.entry(link).or_default();
                if link.closed && life < Life::Halted {
                    return Err(Rule::Handle);
                }
                (link.up, link.closed) = (false, true);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn apply_life(&mut self, event: &Event) -> Result<(), Rule> {
        let owed = matches!(event.what, What::ResetEnd | What::Halted)
            && self.owed(event.adapter).next().is_some();
        // A packet whose MiniportWanSend has not returned could not be completed by its driver yet.
        let pended = matches!(event.what, What::ResetEnd)
            && self
                .packets
                .range((event.adapter, 0)..=(event.adapter, u32::MAX))
                .any(|(_, p)| p.is_of(Owner::Miniport) && p.pended());
        let armed = self.timers_set(event.adapter).next().is_some();
        let reports_owed = self.reports_owed();
        let serialized = self.serialized(event.adapter);
        let life = self.life(event.adapter);
        let may_call = self.cpus.entry(event.cpu).or_default().may_send();
        let Some(adapter) = self.adapters.get_mut(&event.adapter) else {
            return Err(Rule::Handle);
        };
        match event.what {
            What::Start => adapter.life = Life::Running,
            What::ResetStart => {
                life.may_reset()?;
                may_call?;
                (adapter.life, adapter.stalled, adapter.refused) = (Life::Resetting, false, false);
            }
            What::ResetComplete { status } => {
                life.may_complete_reset()?;
                adapter.refused = status == Status::NOT_RESETTABLE;
            }
            What::ResetEnd => {
                life.may_complete_reset()?;
                if pended && !serialized && !adapter.refused {
                    return Err(Rule::Reset);
                }
                adapter.life = Life::Running;
            }
            What::Halt => {
                adapter.may_halt()?;
                adapter.life = Life::Halting;
            }
            What::Halted => {
                if armed {
                    return Err(Rule::Timer);
                }
                if owed && reports_owed {
                    return Err(Rule::Lost);
                }
                adapter.life = Life::Halted;
            }
            What::Stop => adapter.life = Life::Stopped,
            What::TimerSet { timer, at } => {
                if life >= Life::Halted {
                    return Err(Rule::Timer);
                }
                self.cpus.entry(event.cpu).or_default().may_call(Irql::DISPATCH)?;
                self.timers.insert((event.adapter, timer), at);
            }
            What::TimerCancel { timer } | What::TimerFire { timer } => {
                self.timers.remove(&(event.adapter, timer));
            }
            _ => {}
        }
        Ok(())
    }
}

/// Whether the life `generation` of a packet may be completed while the adapter is in `life`;
/// the packet's state afterwards. The one place where packet and adapter meet.
///
/// # Errors
/// As [`PacketState::complete`]; `HALT` after halt has returned.
#[inline]
pub fn may_complete(packet: PacketState, generation: u32, life: Life) -> Result<PacketState, Rule> {
    let verdict = packet.complete(generation);
    match (life.may_call(), verdict) {
        // What is wrong with the packet itself says more than that the adapter is gone.
        (Err(rule), Ok(_)) => Err(rule),
        (_, verdict) => verdict,
    }
}

impl Form {
    /// The level that the caller has to be at, in words.
    pub fn expects(self) -> &'static str {
        match self {
            Form::Plain => "at or below DISPATCH_LEVEL",
            Form::Dpr => "exactly at DISPATCH_LEVEL",
        }
    }
}
