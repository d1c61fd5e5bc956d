//! Packets that the protocol has, as one array or chain: as many together as go down at once.
//!
//! They are known by name, and may have an id to cancel by, several NET_BUFFERs, a history. The one at which something
//! is in the way goes alone, the general way, as in [`send_many`](Link::send_many).

use std::rc::Rc;
use std::sync::Arc;

use super::batch::Batch;
use super::send_many::GoingDown;
use super::{Adapter, Link};
use crate::contract::adapter::Life;
use crate::contract::packet::PacketState;
use crate::cx::Cpu;
use crate::event::{Name, What};
use crate::status::Status;
use crate::violation::Violation;

impl Link {
    /// Sends packets by one call, from the calling thread: each is answered as [`send_name`](Self::send_name) answers it.
    ///
    /// A packet that breaks a rule stays where it is, and keeps none of the others; after a bug check the rest is not sent.
    pub fn send_chain(self: &Arc<Self>, names: &[Name]) -> Vec<Result<Status, Arc<Violation>>> {
        Cpu::here(|cpu| {
            let mut answers: Vec<Result<Status, Arc<Violation>>> = Vec::new();
            let least = self.adapter.least_down();
            while let Some(rest) = names.get(answers.len()..).filter(|rest| !rest.is_empty()) {
                let bad = answers.iter().any(Result::is_err);
                if bad && self.adapter.life() == Life::Stopped {
                    break;
                }
                let together = (rest.len() >= least).then(|| self.gather_names(cpu, rest, least));
                let Some(down) = together.flatten() else {
                    answers.push(self.send_name(rest[0]));
                    continue;
                };
                let (batch, mut statuses) = (Arc::new(down.batch), Vec::new());
                self.hand_down_many(&down.drivers, cpu, &batch, false, down.now, &mut statuses);
                answers.extend(statuses.into_iter().map(Ok));
                self.adapter.leave(cpu);
            }
            self.adapter.ndis.settle(cpu);
            answers
        })
    }

    /// As many of these as go, as the miniport's; none if not even the first does.
    fn gather_names(&self, cpu: &Rc<Cpu>, names: &[Name], least: usize) -> Option<GoingDown> {
        let adapter = &*self.adapter;
        let (most, drivers) = {
            let flow = self.flow.lock();
            (flow.room().min(names.len()), flow.drivers.clone()?)
        };
        if most < least || !adapter.try_enter(cpu) {
            return None;
        }
        let now = adapter.ndis.moment();
        let mut batch = Batch::with_capacity(most);
        for &name in &names[..most] {
            let Ok(length) = self.may_send(cpu, name) else { break };
            let place = adapter.pool.slot(name.slot);
            {
                let mut flow = self.flow.lock();
                // Under the lock, as for a single send.
                let clear = adapter.life() == Life::Running && flow.is_clear_for(length);
                if !clear || place.step(PacketState::send).is_err() {
                    break;
                }
                flow.goes_down();
                flow.offered(name.slot, length, now.time);
            }
            place.goes_down(self.id, length, now.time, false);
            let send = What::Send { packet: name, link: self.id, length };
            adapter.ndis.note(adapter, place, cpu, now, send);
            batch.push(self.submit_one(cpu, name, now), length, now.time);
        }
        if batch.is_empty() {
            adapter.leave(cpu);
            return None;
        }
        Some(GoingDown { batch, drivers, now })
    }
}

impl Adapter {
    /// How many bytes a packet has now, whoever owns it; 0 for a name of another adapter.
    pub fn length_of(&self, name: Name) -> u32 {
        let own = self.pool.get(name.slot).filter(|_| name.adapter == self.index);
        own.map_or(0, |slot| slot.body.lock().current_length() as u32)
    }
}
