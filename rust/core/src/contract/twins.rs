//! The events that only sister contracts have: requeueing, cancelling, pausing.

use super::State;
use super::adapter::{AdapterState, Life};
use crate::event::{Event, TakenBack, What};
use crate::face::{Answer, Face};
use crate::rule::Rule;
use crate::status::Status;

impl AdapterState {
    /// Whether the miniport may say that it has send resources again.
    ///
    /// # Errors
    /// `STATUS_RESOURCES` for WAN, which never does; `RESOURCES` if it was not out of them.
    pub fn may_have_resources(&self) -> Result<(), Rule> {
        match self.face {
            Face::Wan => Err(Rule::StatusResources),
            Face::Lan if self.serialized && self.stalled => Ok(()),
            _ => Err(Rule::Resources),
        }
    }

    /// Whether the miniport may be halted now.
    ///
    /// # Errors
    /// `PAUSE` for one of NDIS 6 that runs.
    pub fn may_halt(&self) -> Result<(), Rule> {
        // One whose reset never ended cannot be paused.
        let runs = matches!(self.life, Life::Running | Life::Pausing);
        if self.face == Face::Ndis6 && runs { Err(Rule::Pause) } else { Ok(()) }
    }
}

impl State {
    pub(crate) fn face(&self, adapter: u16) -> Face {
        self.adapters.get(&adapter).map_or(Face::Wan, |adapter| adapter.face)
    }

    /// What a return of that adapter's send function means, PENDING aside.
    pub(super) fn answers(&self, adapter: u16, status: Status) -> Answer {
        self.face(adapter).answer(self.serialized(adapter), status)
    }

    pub(super) fn stall(&mut self, adapter: u16, stalled: bool) {
        if let Some(adapter) = self.adapters.get_mut(&adapter) {
            adapter.stalled = stalled;
        }
    }

    pub(super) fn apply_twin(&mut self, event: &Event) -> Result<(), Rule> {
        let owed = self.owed(event.adapter).next().is_some();
        let cpu = self.cpus.entry(event.cpu).or_default().may_send();
        let Some(adapter) = self.adapters.get_mut(&event.adapter) else {
            return Err(Rule::Handle);
        };
        match event.what {
            What::ResourcesAvailable => {
                adapter.may_have_resources()?;
                adapter.stalled = false;
            }
            What::Pause => {
                adapter.life.may_reset()?; // from where a reset may begin a pause may, too
                adapter.life = Life::Pausing;
            }
            What::Paused => {
                adapter.life.may_end_pause()?;
                if owed {
                    return Err(Rule::Pause);
                }
                adapter.life = Life::Paused;
            }
            What::Requeue { packet, link } => {
                adapter.stalled = true;
                *self.packet(packet) = self.packet(packet).requeue(packet.generation)?;
                self.links.entry(link).or_default().done();
            }
            What::Cancel { packet } => {
                cpu?;
                *self.packet(packet) = self.packet(packet).cancel(packet.generation)?;
            }
            _ => {}
        }
        Ok(())
    }

    /// A pause that completed too early takes what the miniport still has.
    pub(super) fn repair_pause(&mut self, event: &Event) {
        if self.life(event.adapter) == Life::Pausing {
            self.take_leftovers(event.adapter, TakenBack::Paused);
            let _ = self.apply(event);
        }
    }
}
