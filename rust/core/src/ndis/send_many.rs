//! Many frames by one call: to a miniport that takes many, as many together as go down at once.
//!
//! What can go down together is taken, filled, sent and submitted, then the miniport is called once, then
//! its answers are looked at. The frame at which something is in the way (the window, the gate, the pool)
//! goes alone, the general way, which queues it or says what is wrong; so no rule is looked at here.

use std::rc::Rc;
use std::sync::Arc;

use super::back_many::chunk::CHUNK;
use super::batch::{Frames, SentMany};
use super::emit::Watch;
use super::link::Flow;
use super::{Adapter, Batch, Drivers, FrameError, Link, Moment};
use crate::biased::Alone;
use crate::contract::adapter::Life;
use crate::contract::packet::PacketState;
use crate::cx::{Cpu, Irql};
use crate::event::{Entry, Name, TakenBack, What};
use crate::face::Face;
use crate::history::who;
use crate::pool::{Pool, Slot};
use crate::status::Status;
use crate::trace::record::Note;

/// Packets that are the miniport's now, and the drivers. Who has it is inside.
pub(super) struct GoingDown {
    pub(super) batch: Batch,
    pub(super) drivers: Arc<Drivers>,
    pub(super) now: Moment,
}

/// What is the same of all frames that go down together by a thread that is alone.
struct Going<'a> {
    cpu: &'a Rc<Cpu>,
    span: &'a Alone<'a>,
    /// When, and by whom, as the histories say it.
    now: (Moment, u64),
    longest: u32,
    frames: &'a Frames<'a>,
    /// The first frame of them.
    from: usize,
}

impl Adapter {
    /// From how many packets on this driver is called for many, in this world. An explorer that
    /// chooses who runs next wants each call by itself, but where an array is what the contract has.
    pub(super) fn least(&self, driver: Option<usize>) -> usize {
        let alone = self.ndis.queue.adversary.is_some() && self.face == Face::Wan;
        driver.filter(|_| !alone).unwrap_or(usize::MAX)
    }

    pub(super) fn least_down(&self) -> usize {
        let drivers = self.drivers.load();
        self.least(drivers.as_deref().and_then(|drivers| drivers.miniport.many()))
    }
}

impl Link {
    /// Takes a packet for each frame, fills it and sends it, from the calling thread.
    ///
    /// It is as [`send_frame`](Self::send_frame) for each, in order. A frame that breaks a rule keeps none of the
    /// others; one for which there is no packet ends the call.
    pub fn send_many(self: &Arc<Self>, frames: &Frames<'_>) -> SentMany {
        Cpu::here(|cpu| {
            let statuses = Vec::with_capacity(frames.len());
            let (broken, stopped) = (Vec::new(), None);
            let mut sent = SentMany { batch: Arc::default(), statuses, broken, stopped };
            let least = self.adapter.least_down();
            while sent.stopped.is_none() && sent.statuses.len() < frames.len() {
                let (at, bad) = (sent.statuses.len(), !sent.broken.is_empty());
                if bad && self.adapter.life() == Life::Stopped {
                    break; // a bug check: the rest would say no more
                }
                if frames.len() - at < least || !self.send_together(cpu, frames, &mut sent, least) {
                    self.send_alone(frames, &mut sent);
                }
            }
            self.adapter.ndis.settle(cpu);
            sent
        })
    }

    /// The next frame by itself.
    fn send_alone(self: &Arc<Self>, frames: &Frames<'_>, sent: &mut SentMany) {
        let at = sent.statuses.len();
        let time = self.adapter.ndis.now();
        let (name, status) = match self.send_frame(frames.frame(at)) {
            // In the life that begins when it comes to the miniport.
            Ok((name, status)) => {
                (Name { generation: name.generation.wrapping_add(1), ..name }, status)
            }
            Err(FrameError::Packet(error)) => return sent.stopped = Some(error),
            Err(FrameError::Violation(violation)) => {
                sent.broken.push(violation);
                // No handle: life 0 was never sent.
                (Name { adapter: 0, slot: 0, generation: 0 }, Status::FAILURE)
            }
        };
        Arc::make_mut(&mut sent.batch).push(name, frames.size(at), time);
        sent.statuses.push(status);
    }

    /// The next frames together, as many as go; false if not even one does.
    fn send_together(
        self: &Arc<Self>,
        cpu: &Rc<Cpu>,
        frames: &Frames<'_>,
        sent: &mut SentMany,
        least: usize,
    ) -> bool {
        let at = sent.statuses.len();
        let gathered = self.gather_alone(cpu, frames, at, least);
        let Some(down) = gathered.or_else(|| self.gather(cpu, frames, at, least)) else {
            return false;
        };
        let (batch, from) = (Arc::new(down.batch), sent.statuses.len());
        let statuses = &mut sent.statuses;
        if !self.hand_down_many(&down.drivers, cpu, &batch, false, down.now, statuses) {
            for (name, status) in batch.names(self.adapter.index).zip(&statuses[from..]) {
                if *status != Status::PENDING {
                    self.adapter.free_slot_on(cpu, name.slot);
                }
            }
        }
        if sent.batch.is_empty() {
            sent.batch = batch;
        } else {
            Arc::make_mut(&mut sent.batch).append(&batch);
        }
        self.adapter.leave(cpu);
        true
    }

    /// Frames go down together, by a thread that is alone.
    fn gather_alone(
        &self,
        cpu: &Rc<Cpu>,
        frames: &Frames<'_>,
        from: usize,
        least: usize,
    ) -> Option<GoingDown> {
        let adapter = &*self.adapter;
        let ndis = &*adapter.ndis;
        let span = ndis.bias.alone(cpu)?;
        let who = {
            let state = cpu.state.borrow();
            state.may_send().ok()?;
            who(cpu.number(), &state)
        };
        let mut flow = self.flow.lock_in(&span)?;
        let most = flow.room().min(frames.len() - from);
        if adapter.life() != Life::Running || most < least {
            return None;
        }
        let drivers = flow.drivers.clone()?;
        if !adapter.try_enter(cpu) {
            return None;
        }
        let now = ndis.instant();
        let mut handles = Vec::with_capacity(most);
        // Neither changes while we are in here.
        let longest = if flow.is_clear_for(0) { flow.longest() } else { 0 };
        let pool: &Pool = &adapter.pool;
        let (mut top, slots) = (pool.top_in(&span), pool.slots());
        let going = Going { cpu, span: &span, now: (now, who), longest, frames, from };
        let mut free = [0; CHUNK];
        while handles.len() < most {
            let some = CHUNK.min(most - handles.len());
            let some = pool.free_from(top, &mut free[..some]);
            if some == 0
                || self.take_down(slots, &free[..some], &going, &mut flow, &mut top, &mut handles)
                    < some
            {
                break;
            }
        }
        flow.go_down(handles.len() as u32);
        pool.set_top_in(&span, top);
        drop((flow, span));
        if handles.is_empty() {
            adapter.leave(cpu);
            return None;
        }
        let batch = Batch::of_moment(handles, frames.sizes(from), now.time);
        Some(GoingDown { batch, drivers, now })
    }

    /// These free packets, of which the first is `top`, are taken, filled, sent and submitted with the next frames; how many, until
    /// one does not go. A function of its own, so that what the loop needs stays in registers.
    #[inline(never)]
    fn take_down(
        &self,
        slots: &[Slot],
        free: &[u32],
        going: &Going<'_>,
        flow: &mut Flow,
        top: &mut u32,
        handles: &mut Vec<u64>,
    ) -> usize {
        let adapter = &*self.adapter;
        let Going { cpu, span, now, longest, frames, from } = *going;
        let (ndis, info, index) = (&*adapter.ndis, &adapter.info, adapter.index);
        let first = from + handles.len();
        for (at, (slot, size)) in (first..).zip(free.iter().zip(frames.sizes(first))) {
            let (slot, size) = (*slot, *size);
            let Some(place) = slots.get(slot as usize).filter(|_| size <= longest) else { break };
            let Some(mut body) = place.body.lock_in(span) else { break };
            let free = place.state();
            let sent = free.allocate().and_then(PacketState::send);
            let Ok(state) = sent.and_then(PacketState::submit) else { break };
            *top = place.below();
            place.set_in(span, state);
            match frames.bytes(at) {
                Some(frame) => body.put(info, frame),
                None => body.put_zeros(info, size as usize),
            }
            let packet = Name { adapter: index, slot, generation: free.generation() };
            ndis.note_sent(self, (packet, place), cpu, now, size, || body.data());
            place.goes_down(self.id, size, now.0.time, true);
            flow.offered(slot, size, now.0.time);
            handles.push(Name { generation: state.generation(), ..packet }.handle());
        }
        from + handles.len() - first
    }

    /// The same where other threads are in the world.
    fn gather(
        &self,
        cpu: &Rc<Cpu>,
        frames: &Frames<'_>,
        from: usize,
        least: usize,
    ) -> Option<GoingDown> {
        let adapter = &*self.adapter;
        let ndis = &*adapter.ndis;
        cpu.state.borrow().may_send().ok()?;
        let (most, drivers) = {
            let flow = self.flow.lock();
            (flow.room().min(frames.len() - from), flow.drivers.clone()?)
        };
        if most < least || !adapter.try_enter(cpu) {
            return None;
        }
        let now = ndis.moment();
        let mut batch = Batch::with_capacity(most);
        for at in from..from + most {
            let size = frames.size(at);
            let Ok(name) = adapter.allocate_on(cpu, now, frames.frame(at)) else { break };
            let place = adapter.pool.slot(name.slot);
            let taken = {
                let mut flow = self.flow.lock();
                // Under the lock, as for a single send.
                let clear = adapter.life() == Life::Running && flow.is_clear_for(size);
                let taken = clear && place.own_step(PacketState::send).is_ok();
                if taken {
                    flow.goes_down();
                    flow.offered(name.slot, size, now.time);
                }
                taken
            };
            if !taken {
                adapter.free_slot_on(cpu, name.slot);
                break;
            }
            place.goes_down(self.id, size, now.time, true);
            let send = What::Send { packet: name, link: self.id, length: size };
            ndis.note(adapter, place, cpu, now, send);
            let name = self.submit_one(cpu, name, now);
            batch.push(name, size, now.time);
        }
        if batch.is_empty() {
            adapter.leave(cpu);
            return None;
        }
        Some(GoingDown { batch, drivers, now })
    }

    /// A packet that was sent is the miniport's: its next life begins.
    pub(super) fn submit_one(&self, cpu: &Rc<Cpu>, name: Name, now: Moment) -> Name {
        let place = self.adapter.pool.slot(name.slot);
        let state = place.own_step(PacketState::submit).unwrap_or_else(|_| place.state());
        let name = Name { generation: state.generation(), ..name };
        self.note_submit((name, place), cpu, now, || Note::of(&place.body.lock()));
        name
    }

    /// Sends many of what is queued, if the miniport takes many and so many may go; the caller is inside.
    pub(super) fn pump_many(self: &Arc<Self>, cpu: &Rc<Cpu>) -> bool {
        let adapter = &*self.adapter;
        let (slots, drivers) = {
            let mut flow = self.flow.lock();
            let most = if flow.state.up { flow.queue.len().min(flow.room()) } else { 0 };
            let Some(drivers) = flow.drivers.as_ref().filter(|_| !flow.going_down) else {
                return false;
            };
            if most == 0 || most < adapter.least(drivers.miniport.many()) {
                return false;
            }
            let drivers = Arc::clone(drivers);
            flow.state.outstanding += u32::try_from(most).unwrap_or(u32::MAX);
            flow.count.submitted += most as u64;
            (flow.queue.drain(..most).collect::<Vec<u32>>(), drivers)
        };
        let now = adapter.ndis.moment();
        let mut batch = Batch::with_capacity(slots.len());
        for slot in slots {
            let place = adapter.pool.slot(slot);
            place.submitted.store(now.time, std::sync::atomic::Ordering::Relaxed);
            let name = Name { adapter: adapter.index, slot, generation: 0 };
            let name = self.submit_one(cpu, name, now);
            batch.push(name, place.length.load(std::sync::atomic::Ordering::Relaxed), now.time);
        }
        self.hand_down_many(&drivers, cpu, &Arc::new(batch), true, now, &mut Vec::new());
        true
    }

    /// The call itself, and what comes of it: how each send is answered is added to `statuses`. Whether all were with PENDING.
    pub(super) fn hand_down_many(
        self: &Arc<Self>,
        drivers: &Drivers,
        cpu: &Rc<Cpu>,
        batch: &Arc<Batch>,
        deliver: bool,
        now: Moment,
        statuses: &mut Vec<Status>,
    ) -> bool {
        let adapter = &*self.adapter;
        let at = if adapter.serialized() { Irql::DISPATCH } else { cpu.irql() };
        let mut answers = Vec::new();
        let called = adapter.call_on(drivers, cpu, Entry::WanSend, at, |drivers| {
            drivers.miniport.wan_send_many(cpu, self, batch, &mut answers);
        });
        let names = batch.names(adapter.index);
        if called.is_none() {
            for name in names {
                adapter.lost(name, TakenBack::Dropped, "MiniportWanSend panicked");
                statuses.push(Status::PENDING);
            }
            return true;
        }
        if answers.is_empty() && self.pend_many(cpu, batch, now) {
            statuses.resize(statuses.len() + batch.len(), Status::PENDING);
            return true;
        }
        let answers = answers.into_iter().chain(std::iter::repeat(Status::PENDING));
        let mut again = Vec::new();
        for (name, answer) in names.zip(answers) {
            if !again.is_empty() || adapter.requeues(answer) {
                again.push(name); // and all behind it, whatever it said of them
                statuses.push(Status::PENDING);
            } else {
                statuses.push(adapter.returned(cpu, self, name, answer, deliver, now));
            }
        }
        if !again.is_empty() {
            adapter.requeue(cpu, self, &again, now);
        }
        false
    }

    /// All were answered with PENDING; false if this thread is not alone, and nothing was done.
    fn pend_many(&self, cpu: &Rc<Cpu>, batch: &Batch, called: Moment) -> bool {
        let adapter = &*self.adapter;
        let ndis = &*adapter.ndis;
        let Some(span) = ndis.bias.alone(cpu) else { return false };
        let (now, who) = (ndis.later(called), who(cpu.number(), &cpu.state.borrow()));
        let (slots, plain) = (adapter.pool.slots(), matches!(ndis.watch, Watch::Histories));
        for handle in batch.handles() {
            let name = Name::of_handle(*handle, adapter.index);
            let Some(place) = slots.get(name.slot as usize) else { continue };
            if let Ok(state) = place.state().returned(name.generation, Status::PENDING) {
                place.set_in(&span, state);
            }
            if !(plain && place.history.pend_sent(now.time, who, name.generation)) {
                ndis.note_pended(adapter, (name, place), cpu, (now, who));
            }
        }
        true
    }
}
