//! Many packets home by one call of a protocol that takes many.
//!
//! Only packets of which nobody has a token or an object come home so: they are in the pool again before
//! the protocol is called, which knows them by the names of their past lives. So it may send as many in
//! the call. What is not as it should be is left to the single completion.

pub(super) mod chunk;

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use self::chunk::{CHUNK, Completing, Known};
use super::{Adapter, Batch, Delivery, Drivers, Link, MAX_DEPTH};
use crate::cx::{Cpu, Cx};
use crate::event::{Entry, Name, What};
use crate::face::Face;
use crate::history::who;
use crate::pool::{Pool, Slot};
use crate::ring::Completion;
use crate::status::{FinalStatus, Status};

/// The statuses of so many packets; none if all are SUCCESS.
fn finals(packets: usize, status: impl Fn(usize) -> Status) -> Vec<Status> {
    let other = (0..packets).any(|at| status(at) != Status::SUCCESS);
    if other { (0..packets).map(status).collect() } else { Vec::new() }
}

impl Adapter {
    /// From how many packets on the protocol is called for many; never if this is `usize::MAX`.
    pub fn least_back(&self) -> usize {
        let drivers = self.drivers.load();
        self.least(drivers.as_deref().and_then(|drivers| drivers.protocol.many()))
    }

    /// NdisMWanSendComplete for the first of these packets, as many as come home together; how many that
    /// were. 0 says nothing of the first one but that it has to be completed alone.
    ///
    /// `status` gives the final status of each, more than once and without a panic, and `fit` whether a language binding has nothing to
    /// say about a slot.
    pub fn complete_together(
        &self,
        handles: &[u64],
        status: impl Fn(usize) -> Status,
        fit: impl Fn(u32) -> bool,
    ) -> usize {
        Cpu::here(|cpu| {
            if self.ndis.config.delivery == Delivery::Queued {
                return self.queue_alone(cpu, handles, status, fit).unwrap_or(0);
            }
            if cpu.depth.get() >= MAX_DEPTH {
                return 0;
            }
            let alone = self.complete_alone(cpu, handles, &status, &fit);
            alone.or_else(|| self.complete_shared(cpu, handles, status, fit)).unwrap_or(0)
        })
    }

    /// The packet of this name as a batch, and its link: for a driver that only takes many.
    pub fn batch_of(&self, name: Name) -> Option<(Arc<Link>, Batch)> {
        let place = self.pool.get(name.slot)?;
        let link = self.link_by_id(place.link.load(Ordering::Relaxed))?;
        let mut batch = Batch::with_capacity(1);
        let time = place.submitted.load(Ordering::Relaxed);
        batch.push(name, place.length.load(Ordering::Relaxed), time);
        Some((link, batch))
    }

    /// The same by a thread that is alone; `None` if it is not, or nothing can go.
    fn complete_alone(
        &self,
        cpu: &Rc<Cpu>,
        handles: &[u64],
        status: impl Fn(usize) -> Status,
        fit: impl Fn(u32) -> bool,
    ) -> Option<usize> {
        let ndis = &*self.ndis;
        let span = ndis.bias.alone(cpu)?;
        let who = {
            let state = cpu.state.borrow();
            state.may_complete(self.serialized()).ok()?;
            who(cpu.number(), &state)
        };
        let lines = self.links.lock_in(&span)?;
        let pool: &Pool = &self.pool;
        let first = pool.get(Name::of_handle(*handles.first()?, self.index).slot)?;
        let link = lines.find(first.link.load(Ordering::Relaxed))?;
        let mut flow = link.flow.lock_in(&span)?;
        let drivers = flow.drivers.clone()?;
        if handles.len() < self.least(drivers.protocol.many()) {
            return None;
        }
        self.life().may_call().ok()?;
        let now = ndis.instant();
        let mut top = pool.top_in(&span);
        let (mut sizes, mut times) =
            (Vec::with_capacity(handles.len()), Vec::with_capacity(handles.len()));
        let mut known = Known { sizes: [0; CHUNK], times: [0; CHUNK] };
        let by = Completing { cpu, span: &span, now: (now, who) };
        for chunk in handles.chunks(CHUNK) {
            let from = sizes.len();
            let status = |at| status(from + at);
            let home = self.bring_home(link, chunk, &by, (status, &fit), &mut known, &mut top);
            sizes.extend_from_slice(&known.sizes[..home]);
            times.extend_from_slice(&known.times[..home]);
            if home < chunk.len() {
                break;
            }
        }
        if sizes.is_empty() {
            return None;
        }
        let finals = finals(sizes.len(), &status);
        let sum = |sizes: &[u32]| sizes.iter().map(|size| u64::from(*size)).sum::<u64>();
        let (done, bytes) = if finals.is_empty() {
            (sizes.len() as u64, sum(&sizes))
        } else {
            let all = finals.iter().zip(&sizes);
            let good: Vec<u32> = all
                .filter(|(status, _)| **status == Status::SUCCESS)
                .map(|(_, size)| *size)
                .collect();
            (good.len() as u64, sum(&good))
        };
        let home = &handles[..sizes.len()];
        flow.metered_together(pool, home, &status, now.time);
        let batch = Batch::of_home(handles, sizes, times);
        flow.come_home(batch.len() as u32, done, bytes);
        pool.set_top_in(&span, top);
        if !ndis.verify_off() {
            self.last_progress.store(now.time, Ordering::Relaxed);
            self.hang_reported.store(false, Ordering::Relaxed);
        }
        let (count, link) = (batch.len(), Arc::clone(link));
        let waiting = !flow.queue.is_empty();
        drop(flow);
        drop(lines);
        drop(span);
        self.unstall();
        self.bring_many(cpu, &drivers, &link, batch, finals);
        if waiting {
            self.pump(cpu, &link);
        }
        ndis.settle(cpu);
        Some(count)
    }

    /// They go into the ring together.
    fn queue_alone(
        &self,
        cpu: &Rc<Cpu>,
        handles: &[u64],
        status: impl Fn(usize) -> Status,
        fit: impl Fn(u32) -> bool,
    ) -> Option<usize> {
        let ndis = &*self.ndis;
        let span = ndis.bias.alone(cpu)?;
        cpu.state.borrow().may_complete(self.serialized()).ok()?;
        self.life().may_call().ok()?;
        let now = ndis.instant();
        let who = who(cpu.number(), &cpu.state.borrow());
        let by = Completing { cpu, span: &span, now: (now, who) };
        let count = self.claim_each(handles, &by, (&status, fit));
        drop(span);
        if count > 0 {
            self.homeward.ring().push_made(&handles[..count], |at, handle| {
                let slot = Name::of_handle(*handle, self.index).slot;
                // It was looked at.
                let status = FinalStatus::new(status(at)).unwrap_or(FinalStatus::FAILURE);
                Completion { slot, status }
            });
            self.delivery_is_due();
        }
        Some(count)
    }

    /// The same where other threads are in the world.
    fn complete_shared(
        &self,
        cpu: &Rc<Cpu>,
        handles: &[u64],
        status: impl Fn(usize) -> Status,
        fit: impl Fn(u32) -> bool,
    ) -> Option<usize> {
        cpu.state.borrow().may_complete(self.serialized()).ok()?;
        if handles.len() < self.least_back() {
            return None;
        }
        let place_of = |name: Name| self.pool.get(name.slot).filter(|_| name.adapter == self.index);
        let link_of = |place: &Slot| place.link.load(Ordering::Relaxed);
        let first = place_of(Name::of_handle(*handles.first()?, self.index))?;
        let link = self.link_by_id(link_of(first))?;
        let now = self.ndis.moment();
        let mut claimed = Vec::with_capacity(handles.len());
        for (at, handle) in handles.iter().enumerate() {
            let (name, status) = (Name::of_handle(*handle, self.index), status(at));
            let Some(place) = place_of(name).filter(|place| place.is_anonymous()) else { break };
            if !(link_of(place) == link.id && self.is_plain(status) && fit(name.slot)) {
                break;
            }
            let (Ok(status), Ok(())) = (FinalStatus::new(status), self.claim(cpu, name)) else {
                break;
            };
            let what = What::Complete { packet: name, status: status.get() };
            place.completed.store(now.time, Ordering::Relaxed);
            self.ndis.note(self, place, cpu, now, what);
            claimed.push(Completion { slot: name.slot, status });
        }
        if claimed.is_empty() {
            return None;
        }
        self.deliver_together(cpu, &link, &claimed);
        self.ndis.settle(cpu);
        Some(claimed.len())
    }

    /// Delivers completions out of the ring, together where that goes.
    pub(super) fn deliver_run(&self, cpu: &Rc<Cpu>, all: &[Completion]) {
        let least = self.least_back();
        if self.face == Face::Ndis6 && least == usize::MAX && all.len() > 1 {
            return self.deliver_chain(cpu, all);
        }
        let mut rest = all;
        while let Some(next) = rest.first() {
            let run = if rest.len() < least { 0 } else { self.run_of(rest) };
            let link = self.pool.slot(next.slot).link.load(Ordering::Relaxed);
            let link = (run >= least).then(|| self.link_by_id(link)).flatten();
            if let Some(link) = link {
                self.deliver_together(cpu, &link, &rest[..run]);
                rest = &rest[run..];
            } else {
                self.deliver(cpu, next.slot, next.status);
                rest = &rest[1..];
            }
        }
    }

    /// How many of these, from the first on, come home together.
    fn run_of(&self, all: &[Completion]) -> usize {
        let link = |at: &Completion| self.pool.slot(at.slot).link.load(Ordering::Relaxed);
        let fits =
            |at: &&Completion| self.pool.slot(at.slot).is_anonymous() && link(at) == link(&all[0]);
        all.iter().take_while(fits).count()
    }

    fn deliver_together(&self, cpu: &Rc<Cpu>, link: &Arc<Link>, all: &[Completion]) {
        let now = self.ndis.moment();
        let mut batch = Batch::with_capacity(all.len());
        let finals = finals(all.len(), |at| all[at].status.get());
        let (mut waits, mut to) = (false, None);
        for completion in all {
            let place = self.pool.slot(completion.slot);
            let generation = place.state().generation();
            let name = Name { adapter: self.index, slot: completion.slot, generation };
            let submitted = place.submitted.load(Ordering::Relaxed);
            batch.push(name, place.length.load(Ordering::Relaxed), submitted);
            let (waiting, drivers) =
                self.home(cpu, link, completion.slot, completion.status, false, now);
            (waits, to) = (waiting, drivers.or(to));
            self.free_slot_on(cpu, completion.slot);
        }
        if let Some(drivers) = to {
            self.bring_many(cpu, &drivers, link, batch, finals);
            self.put_back(cpu, Some(drivers), None, |lent| &mut lent.up);
        }
        if waits {
            self.pump(cpu, link);
        }
    }

    /// Calls the protocol with packets that are in the pool again.
    fn bring_many(
        &self,
        cpu: &Rc<Cpu>,
        to: &Drivers,
        link: &Arc<Link>,
        batch: Batch,
        statuses: Vec<Status>,
    ) {
        let at = self.completion_level(cpu);
        self.call_on(to, cpu, Entry::SendComplete, at, |drivers| {
            let mut cx = Cx::assume(Rc::clone(cpu));
            drivers.protocol.send_complete_many(&mut cx, link, batch, statuses);
        });
    }
}
