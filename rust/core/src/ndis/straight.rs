//! The straight way: a send and a completion in which nothing is in the way, by a thread that is alone.
//!
//! All conditions are looked at before anything is changed, and they are the contract's own functions. If
//! one does not hold, nothing was done, and the general way (`send.rs`, `complete.rs`) finds out why, reports, repairs,
//! queues. So no rule is only here, and what is here leaves the same events, counts and states behind.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::adapter::Lent;
use super::link::Flow;
use super::{Adapter, Delivery, Drivers, Link, MAX_DEPTH, Moment};
use crate::biased::Alone;
use crate::contract;
use crate::contract::adapter::Life;
use crate::contract::packet::PacketState;
use crate::cx::Cpu;
use crate::event::Name;
use crate::history::who;
use crate::info::WanInfo;
use crate::packet::WanPacket;
use crate::pool::Slot;
use crate::status::{FinalStatus, Status};
use crate::trace::record::Note;

/// A condition does not hold. Nothing is done here: the compiler is to see that it seldom comes to this. It takes what is behind
/// twenty conditions, each as likely as not, for something that hardly ever happens, and calls there what it would have in line.
#[cold]
#[inline(never)]
fn missed<T>() -> Option<T> {
    std::hint::black_box(());
    None
}

impl Link {
    /// A packet from the pool to the miniport, with nothing in between: `put` puts so many bytes in, and `told` hears which one
    /// it is before the miniport is called with it.
    #[inline]
    pub(crate) fn send_straight(
        self: &Arc<Self>,
        cpu: &Rc<Cpu>,
        length: u32,
        put: impl FnOnce(&mut WanPacket, &WanInfo),
        told: impl FnOnce(Name),
    ) -> Option<(Name, Status)> {
        let adapter = &*self.adapter;
        let ndis = &*adapter.ndis;
        let span = ndis.bias.alone(cpu)?;
        let who = {
            let state = cpu.state.borrow();
            if state.may_send().is_err() {
                return missed();
            }
            who(cpu.number(), &state)
        };
        let (info, pool) = (&*adapter.info, &*adapter.pool);
        let fits = length > 0 && length as usize <= info.room();
        if adapter.life() != Life::Running || !fits {
            return missed();
        }
        let Some(mut flow) = self.flow.lock_in(&span) else { return missed() };
        if !flow.is_clear_for(length) {
            return missed();
        }
        let Some((slot, place)) = pool.next_in(&span) else { return missed() };
        let Some(mut body) = place.body.lock_in(&span) else { return missed() };
        let free = place.state();
        let step = free.allocate().and_then(PacketState::send).and_then(PacketState::submit);
        let Ok(state) = step else { return missed() };
        let Some(mut lent) = adapter.lent.lock_in(&span) else { return missed() };
        if !adapter.try_enter(cpu) {
            return missed();
        }
        // From here on it is done.
        let now = ndis.instant();
        pool.take_in(&span, place);
        place.set_in(&span, state);
        put(&mut body, info);
        let packet = Name { adapter: adapter.index, slot, generation: free.generation() };
        ndis.note_sent(self, (packet, place), cpu, (now, who), length, || body.data());
        place.goes_down(self.id, length, now.time, true);
        flow.goes_down();
        flow.offered_straight(slot, length);
        let drivers = lent.down.take().or_else(|| flow.drivers.clone());
        drop((flow, body, lent, span));
        let name = Name { generation: state.generation(), ..packet };
        told(packet);
        let status = self.call_down(drivers, cpu, name, now);
        if status != Status::PENDING {
            adapter.free_slot_on(cpu, slot);
        }
        Some((packet, status))
    }

    /// A packet that the protocol has goes to the miniport, with nothing in between.
    #[inline]
    pub(super) fn send_name_straight(
        self: &Arc<Self>,
        cpu: &Rc<Cpu>,
        name: Name,
    ) -> Option<Status> {
        let adapter = &*self.adapter;
        let ndis = &*adapter.ndis;
        let span = ndis.bias.alone(cpu)?;
        let who = {
            let state = cpu.state.borrow();
            if state.may_send().is_err() {
                return missed();
            }
            who(cpu.number(), &state)
        };
        if adapter.life() != Life::Running || name.adapter != adapter.index {
            return missed();
        }
        let Some(place) = adapter.pool.get(name.slot) else { return missed() };
        let step = place.state().send().and_then(PacketState::submit);
        let Ok(state) = step else { return missed() };
        let Some(body) = place.body.lock_in(&span) else { return missed() };
        let length = body.current_length() as u32;
        let Some(mut flow) = self.flow.lock_in(&span) else { return missed() };
        if !body.has_padding(&adapter.info) || !flow.is_clear_for(length) {
            return missed();
        }
        let Some(mut lent) = adapter.lent.lock_in(&span) else { return missed() };
        if !adapter.try_enter(cpu) {
            return missed();
        }
        // From here on it is done.
        let now = ndis.instant();
        let before = place.state().generation();
        place.set_in(&span, state);
        let packet = Name { generation: before, ..name };
        ndis.note_again(self, (packet, place), cpu, (now, who), length, || Note::of(&body));
        let packet = Name { generation: state.generation(), ..name };
        place.goes_down(self.id, length, now.time, false);
        flow.goes_down();
        flow.offered_straight(name.slot, length);
        let drivers = lent.down.take().or_else(|| flow.drivers.clone());
        drop((flow, body, lent, span));
        Some(self.call_down(drivers, cpu, packet, now))
    }

    #[inline(always)]
    #[allow(clippy::inline_always)] // see `Bias::alone`
    fn call_down(
        self: &Arc<Self>,
        drivers: Option<Arc<Drivers>>,
        cpu: &Rc<Cpu>,
        name: Name,
        now: Moment,
    ) -> Status {
        let adapter = &*self.adapter;
        let answer = self.call_miniport(drivers.as_deref(), cpu, name);
        let status = if answer == Some(Status::PENDING) {
            adapter.pended_straight(cpu, name, now, drivers);
            Status::PENDING
        } else {
            let status = self.answered(cpu, name, answer, false, now);
            adapter.put_back(cpu, drivers, None, |lent| &mut lent.down);
            status
        };
        adapter.leave(cpu);
        adapter.ndis.settle(cpu);
        status
    }
}

#[cold]
#[inline(never)]
fn let_go(own: Option<Arc<Adapter>>) {
    drop(own);
}

impl Adapter {
    /// The drivers for a call of this way, as long as the link has some: lent ones, or counted.
    #[inline]
    pub(super) fn lend_from(
        &self,
        cpu: &Cpu,
        flow: &Flow,
        place: impl Fn(&mut Lent) -> &mut Option<Arc<Drivers>>,
    ) -> Option<Arc<Drivers>> {
        let known = flow.drivers.as_ref()?;
        let lent = self.ndis.bias.briefly(cpu.thread).and_then(|span| {
            let mut lent = self.lent.lock_in(&span)?;
            place(&mut lent).take()
        });
        Some(lent.unwrap_or_else(|| Arc::clone(known)))
    }

    /// The reference for the token of a packet that goes home, if there is one.
    #[inline]
    pub(super) fn lend_own(&self, cpu: &Cpu) -> Option<Arc<Adapter>> {
        let span = self.ndis.bias.briefly(cpu.thread)?;
        self.lent.lock_in(&span)?.own.take()
    }

    /// ProtocolSendComplete, by references that were taken out for it.
    #[inline(always)]
    #[allow(clippy::inline_always)] // see `Bias::alone`
    pub(super) fn call_up(
        &self,
        cpu: &Rc<Cpu>,
        (drivers, own): (Option<Arc<Drivers>>, Option<Arc<Adapter>>),
        slot: u32,
        status: FinalStatus,
    ) {
        let before = cpu.spare.lend(own);
        if let Some(drivers) = drivers.as_deref() {
            self.send_complete_on(drivers, cpu, slot, status);
        }
        let mut own = cpu.spare.give_back(before);
        if own.as_deref().is_some_and(|own| !std::ptr::eq(own, self)) {
            let_go(own.take()); // of another adapter, whose token ended here
        }
        self.put_back(cpu, drivers, own, |lent| &mut lent.up);
    }

    /// The references that were taken out for a call.
    #[inline(always)]
    #[allow(clippy::inline_always)] // see `Bias::alone`
    pub(super) fn put_back(
        &self,
        cpu: &Cpu,
        drivers: Option<Arc<Drivers>>,
        own: Option<Arc<Adapter>>,
        place: impl Fn(&mut Lent) -> &mut Option<Arc<Drivers>>,
    ) {
        if let Some(span) = self.ndis.bias.briefly(cpu.thread)
            && let Some(mut lent) = self.lent.lock_in(&span)
            && !lent.over
            && place(&mut lent).is_none()
            && (own.is_none() || lent.own.is_none())
        {
            *place(&mut lent) = drivers;
            if own.is_some() {
                lent.own = own;
            }
            return;
        }
        // Perhaps the last ones, whose end is a driver's code: not in a span, nor under a lock.
        drop((drivers, own));
    }

    /// The call with a packet was answered with PENDING.
    #[inline(always)]
    #[allow(clippy::inline_always)] // see `Bias::alone`
    fn pended_straight(
        &self,
        cpu: &Rc<Cpu>,
        name: Name,
        called: Moment,
        drivers: Option<Arc<Drivers>>,
    ) {
        let (ndis, place) = (&*self.ndis, self.pool.slot(name.slot));
        if let Some(span) = ndis.bias.alone(cpu)
            && let Ok(pended) = place.state().returned(name.generation, Status::PENDING)
            && let Some(mut lent) = self.lent.lock_in(&span)
            && !lent.over
            && lent.down.is_none()
        {
            place.set_in(&span, pended);
            let who = who(cpu.number(), &cpu.state.borrow());
            ndis.note_pended(self, (name, place), cpu, (ndis.instant(), who));
            lent.down = drivers;
            return;
        }
        self.returned_pending(cpu, name, called);
        drop(drivers); // as in `put_back`
    }

    /// For a language binding that has its own copy of the packet: NdisMWanSendComplete by a thread that is alone, if nothing
    /// is in its way and `take` says so, which takes what the driver did to the packet over, or changes nothing and says no.
    /// Whether it was done; if not, nothing was.
    #[inline]
    pub fn complete_at_once(
        &self,
        cpu: &Rc<Cpu>,
        name: Name,
        status: Status,
        take: impl FnOnce(&mut WanPacket) -> bool,
    ) -> bool {
        let look = |place: &Slot, span: &Alone<'_>| {
            let mut body = place.body.lock_in(span)?;
            take(&mut body).then_some(())
        };
        self.complete_straight(cpu, name, status, look).is_some()
    }

    /// A completion with SUCCESS that goes home on this stack, unless `look`, which comes when nothing else is in the way,
    /// says no.
    #[inline]
    pub(super) fn complete_straight(
        &self,
        cpu: &Rc<Cpu>,
        name: Name,
        status: Status,
        look: impl FnOnce(&Slot, &Alone<'_>) -> Option<()>,
    ) -> Option<()> {
        let ndis = &*self.ndis;
        if status != Status::SUCCESS
            || name.adapter != self.index
            || ndis.config.delivery != Delivery::Inline
            || cpu.depth.get() >= MAX_DEPTH
        {
            return None;
        }
        let status = FinalStatus::SUCCESS;
        let span = ndis.bias.alone(cpu)?;
        let who = {
            let state = cpu.state.borrow();
            if state.may_complete(self.serialized()).is_err() {
                return missed();
            }
            who(cpu.number(), &state)
        };
        let Some(place) = self.pool.get(name.slot) else { return missed() };
        let claimed = contract::may_complete(place.state(), name.generation, self.life());
        let Ok(home) = claimed.and_then(PacketState::deliver) else { return missed() };
        let Some(mut lent) = self.lent.lock_in(&span) else { return missed() };
        let Some(lines) = self.links.lock_in(&span) else { return missed() };
        let Some(link) = lines.find(place.link.load(Ordering::Relaxed)) else { return missed() };
        let Some(mut flow) = link.flow.lock_in(&span) else { return missed() };
        if look(place, &span).is_none() {
            return missed();
        }
        // From here on it is done.
        let now = ndis.instant();
        ndis.note_back(link, (name, place), cpu, (now, who), status.get());
        if !ndis.verify_off() {
            self.last_progress.store(now.time, Ordering::Relaxed);
            self.hang_reported.store(false, Ordering::Relaxed);
        }
        place.set_in(&span, home);
        self.unstall();
        flow.count.completions += 1;
        flow.metered((name.slot, place), status, now.time, now.time);
        flow.comes_home(status, u64::from(place.length.load(Ordering::Relaxed)));
        let drivers = lent.up.take().or_else(|| flow.drivers.clone());
        let own = lent.own.take();
        let waiting = (!flow.queue.is_empty()).then(|| Arc::clone(link));
        drop(flow);
        drop(lines);
        drop(lent);
        drop(span);
        self.call_up(cpu, (drivers, own), name.slot, status);
        if let Some(link) = waiting {
            self.pump(cpu, &link);
        }
        ndis.settle(cpu);
        Some(())
    }
}
