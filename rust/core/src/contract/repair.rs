//! What holds after a broken rule: the engine repairs, so that the run goes on and nothing is lost.
//!
//! [`State::apply`] leaves the state alone when an event breaks a rule. What NDIS makes of the
//! event then is here, and the check of a recording goes on with it: a refused send stays with
//! the protocol, a completion at the wrong place brings its packet home all the same.

use super::State;
use super::adapter::Life;
use super::packet::{Owner, PacketState};
use crate::event::{Event, Name, TakenBack, What};
use crate::rule::Rule;
use crate::status::Status;

impl State {
    /// What `event`, which keeps every rule, is warned of.
    pub fn warning(&self, event: &Event) -> Option<Rule> {
        let known = |status: Status| (!status.is_known()).then_some(Rule::StatusUnknown);
        match event.what {
            What::Complete { status: Status::RESOURCES, .. } => {
                let warn = self.face(event.adapter).warns_of_resources(self.policy);
                warn.then_some(Rule::StatusResources)
            }
            What::Complete { status, .. } | What::ResetComplete { status } => known(status),
            // A return that comes after a completion or a taking back is PENDING, or is not heard.
            What::Return { packet, status } => {
                let now = self.packets.get(&(packet.adapter, packet.slot)).copied();
                let heard = now.is_some_and(|now| now.taken_back().is_none());
                known(status).filter(|_| heard)
            }
            _ => None,
        }
    }

    /// Makes of `event`, which broke `rule`, what the engine makes of it.
    pub fn repair(&mut self, event: &Event, rule: Rule) {
        match event.what {
            What::Acquire { lock, form } if rule == Rule::LockOrder && self.records => {
                self.cpus.entry(event.cpu).or_default().acquire(lock, form);
                self.owners.insert(lock, event.cpu);
            }
            What::Acquire { .. } | What::Raise { .. } | What::Lower { .. } => {}
            What::Release { lock, .. } => {
                self.cpus.entry(event.cpu).or_default().release(lock);
                self.owners.remove(&lock);
            }
            What::Enter { .. } => self.enter(event),
            What::Leave { .. } => self.leave(event),
            What::LineUp { link, window } if rule == Rule::Window => {
                let _ = self.links.entry(link).or_default().line_up(window);
            }
            What::ResetEnd | What::Halted => self.repair_end(event, rule),
            What::Paused => self.repair_pause(event),
            What::Halt => {
                self.adapters.entry(event.adapter).and_modify(|a| a.life = Life::Halting);
            }
            _ => self.repair_packet(event, rule),
        }
    }

    fn repair_packet(&mut self, event: &Event, rule: Rule) {
        let Some(name) = event.what.packet() else { return };
        let now = *self.packet(name);
        let next = match event.what {
            // It can be read nowhere else who has it: the recording is believed.
            What::Allocate { .. } => Ok(now.owned_by(Owner::Protocol)),
            What::Submit { link, .. } => {
                self.links.entry(link).or_default().outstanding += 1;
                Ok(PacketState::new(Owner::Miniport, name.generation))
            }
            What::Deliver { link, .. } => {
                if now.is_of(Owner::Miniport) {
                    self.links.entry(link).or_default().done();
                }
                Ok(now.owned_by(Owner::Protocol))
            }
            What::Return { status, .. } => now.returned(name.generation, status),
            // On a dead adapter it is refused; at a wrong place the packet goes home all the same.
            What::Complete { .. } if rule != Rule::Halt && name.adapter == event.adapter => {
                now.complete(name.generation)
            }
            What::TakeBack { why, .. } => now.take_back(why),
            _ => Err(rule),
        };
        if let Ok(next) = next {
            *self.packet(name) = next;
        }
    }

    /// One thing that a reset or a halt left over is put right; there may be more.
    fn repair_end(&mut self, event: &Event, rule: Rule) {
        match (event.what, rule) {
            (What::ResetEnd, Rule::Reset) if self.life(event.adapter) == Life::Resetting => {
                self.take_leftovers(event.adapter, TakenBack::Reset);
                let _ = self.apply(event);
            }
            (What::Halted, Rule::Timer) => {
                let timer = self.timers_set(event.adapter).next();
                timer.and_then(|timer| self.timers.remove(&(event.adapter, timer)));
            }
            (What::Halted, Rule::Lost) => {
                let name = self.owed(event.adapter).next();
                let taken = name.map(|name| (name, self.packet(name).take_back(TakenBack::Halt)));
                if let Some((name, Ok(taken))) = taken {
                    *self.packet(name) = taken;
                }
            }
            _ => {}
        }
    }

    /// Makes `event` hold although it breaks a rule here: of what several CPUs do at once, the order
    /// of recording is not always that of happening, and who saw it happen found nothing.
    pub fn believe(&mut self, event: &Event) {
        let life = self.life(event.adapter);
        let adapter = self.adapters.get_mut(&event.adapter);
        match (event.what, adapter) {
            (What::Enter { .. }, _) => self.enter(event),
            (What::LineUp { link, window }, _) => {
                let link = self.links.entry(link).or_default();
                (link.up, link.window) = (true, window);
            }
            (What::LineDown { link }, _) => self.links.entry(link).or_default().up = false,
            (What::TimerSet { timer, at }, _) => {
                self.timers.insert((event.adapter, timer), at);
            }
            (What::ResetStart, Some(adapter)) => adapter.life = life.max(Life::Resetting),
            (What::Pause, Some(adapter)) => adapter.life = life.max(Life::Pausing),
            (What::Paused, Some(adapter)) => adapter.life = life.max(Life::Paused),
            (What::ResetEnd, Some(adapter)) if life == Life::Resetting => {
                adapter.life = Life::Running;
            }
            (What::Halted, Some(adapter)) => adapter.life = life.max(Life::Halted),
            _ => self.believe_packet(event),
        }
    }

    fn believe_packet(&mut self, event: &Event) {
        let Some(name) = event.what.packet() else { return };
        let now = *self.packet(name);
        let owner = match event.what {
            What::Allocate { .. } | What::Unsend { .. } | What::Deliver { .. } => Owner::Protocol,
            What::Send { .. } | What::Requeue { .. } => Owner::Ndis,
            What::Submit { .. } => return self.repair_packet(event, Rule::Touch),
            What::Complete { .. } | What::TakeBack { .. } => Owner::Returning,
            What::Free { .. } => Owner::Pool,
            _ => return,
        };
        if let What::Deliver { link, .. } = event.what {
            self.links.entry(link).or_default().done();
        }
        if name.generation == now.generation() {
            *self.packet(name) = now.owned_by(owner);
        }
    }

    /// NDIS takes whatever the miniport of `adapter` still has.
    pub fn take_leftovers(&mut self, adapter: u16, why: TakenBack) {
        let owed: Vec<_> = self.owed(adapter).collect();
        for name in owed {
            if let Ok(taken) = self.packet(name).take_back(why) {
                *self.packet(name) = taken;
            }
        }
    }

    /// That packet went home; its driver may not know that NDIS gave it up.
    pub(super) fn gives_up(&mut self, packet: Name, why: TakenBack) {
        if why == TakenBack::GivenUp {
            self.given_up.insert((packet.adapter, packet.slot, packet.generation));
        }
    }

    /// Who completes an earlier life is late, and not confused, if it was sent again because NDIS had given it up.
    pub(super) fn or_late(&self, packet: Name, rule: Rule) -> Rule {
        let life = (packet.adapter, packet.slot, packet.generation);
        if rule == Rule::Stale && self.given_up.contains(&life) { Rule::Late } else { rule }
    }
}
