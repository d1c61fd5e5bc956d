//! The way up: the miniport returns or completes, and the protocol has its packet again.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::{Adapter, Delivery, Drivers, Link, MAX_DEPTH, Moment};
use crate::choices::Access;
use crate::contract::packet::PacketState;
use crate::cx::{Cpu, Cx, Irql};
use crate::dispatch::Work;
use crate::event::{Entry, Name, TakenBack, What};
use crate::face::Face;
use crate::ring::Completion;
use crate::rule::Rule;
use crate::status::{FinalStatus, Status};
use crate::violation::Violation;

/// So many lives are remembered that went home without a completion.
const MOST_WITHOUT: usize = 4096;

/// A packet that was taken from the miniport: how it goes home, which rule its completion broke, and when it was.
pub(super) struct Claimed {
    pub(super) completion: Completion,
    pub(super) broken: Option<Arc<Violation>>,
    at: Moment,
}

impl Adapter {
    /// NdisMWanSendComplete for a packet that is known by name, from the calling thread.
    ///
    /// # Errors
    /// The rule that was broken. What was broken is repaired: if the packet was the miniport's,
    /// it goes back to the protocol all the same, so that nothing is lost.
    #[inline]
    pub fn wan_send_complete(&self, name: Name, status: Status) -> Result<(), Arc<Violation>> {
        // In parts: one that is put together in memory, and read in one go, waits for its own stores.
        let Name { adapter, slot, generation } = name;
        Cpu::here(move |cpu| self.complete_on(cpu, Name { adapter, slot, generation }, status))
    }

    #[inline]
    pub(crate) fn complete_on(
        &self,
        cpu: &Rc<Cpu>,
        name: Name,
        status: Status,
    ) -> Result<(), Arc<Violation>> {
        match self.complete_straight(cpu, name, status, |_, _| Some(())) {
            Some(()) => Ok(()),
            None => self.complete_slowly(cpu, name, status),
        }
    }

    #[inline(never)]
    fn complete_slowly(
        &self,
        cpu: &Rc<Cpu>,
        name: Name,
        status: Status,
    ) -> Result<(), Arc<Violation>> {
        let _around = self.ndis.around_on(cpu, Access::packet(self.index, name.slot));
        let Some(claimed) = self.claim_and_look(cpu, name, status)? else { return Ok(()) };
        // After a broken rule of this CPU's the protocol must not run on top of it.
        self.send_home(cpu, claimed.completion, claimed.broken.is_some(), claimed.at);
        self.ndis.settle(cpu);
        claimed.broken.map_or(Ok(()), Err)
    }

    /// Takes the packet of that name from the miniport, which completes it. `None` for what nobody is to hear of: the echo of
    /// an exception that is on its way to the user.
    ///
    /// # Errors
    /// The rule that was broken, if the packet was not the miniport's.
    pub(super) fn claim_and_look(
        &self,
        cpu: &Rc<Cpu>,
        name: Name,
        status: Status,
    ) -> Result<Option<Claimed>, Arc<Violation>> {
        if let Err(mut rule) = self.claim(cpu, name) {
            if self.is_disowned(name) {
                return Ok(None);
            }
            if rule == Rule::Stale {
                match self.without.lock().get(&(name.slot, name.generation)) {
                    Some(TakenBack::Raised) => return Ok(None),
                    Some(_) => rule = Rule::Late, // it was sent again because NDIS had given it up
                    None => {}
                }
            }
            let detail = self.why_not_complete(rule, name, status);
            let packet = (name.adapter == self.index).then_some(name);
            if packet.is_none() || self.pool.get(name.slot).is_some() {
                self.emit(cpu, What::Complete { packet: name, status });
            }
            return Err(self.report(cpu, rule, packet, detail));
        }
        let at = self.ndis.moment();
        let place = self.pool.slot(name.slot);
        place.completed.store(at.time, Ordering::Relaxed);
        self.ndis.note(self, place, cpu, at, What::Complete { packet: name, status });
        let mut broken = None;
        if !self.ndis.verify_off() {
            let verdict = cpu.state.borrow().may_complete(self.serialized());
            if let Err(rule) = verdict {
                broken = Some(self.report(cpu, rule, Some(name), self.why_not_here(rule, cpu)));
            } else {
                broken = self.look_at_final(cpu, name, status);
            }
        }
        let status = FinalStatus::new(status).unwrap_or(FinalStatus::FAILURE);
        Ok(Some(Claimed { completion: Completion { slot: name.slot, status }, broken, at }))
    }

    /// MiniportWanSend returned `status` for the life that `name` says.
    #[inline(always)]
    #[allow(clippy::inline_always)] // PENDING is the common answer; the rest is not inlined
    pub(crate) fn returned(
        &self,
        cpu: &Rc<Cpu>,
        link: &Link,
        name: Name,
        status: Status,
        deliver: bool,
        called: Moment,
    ) -> Status {
        if status == Status::PENDING {
            self.returned_pending(cpu, name, called);
            return status;
        }
        self.returned_final(cpu, link, name, status, deliver, called)
    }

    pub(super) fn returned_pending(&self, cpu: &Rc<Cpu>, name: Name, called: Moment) {
        let (slot, status) = (self.pool.slot(name.slot), Status::PENDING);
        let _ = slot.step_on(cpu, |packet| packet.returned(name.generation, status));
        let now = self.ndis.later(called);
        self.ndis.note(self, slot, cpu, now, What::Return { packet: name, status });
    }

    #[inline(never)]
    fn returned_final(
        &self,
        cpu: &Rc<Cpu>,
        link: &Link,
        name: Name,
        status: Status,
        deliver: bool,
        called: Moment,
    ) -> Status {
        if self.requeues(status) {
            self.requeue(cpu, link, &[name], called);
            return Status::PENDING;
        }
        let slot = self.pool.slot(name.slot);
        let (had, raised) = (Cell::new(false), Cell::new(false));
        let verdict = slot.step_on(cpu, |packet| {
            had.set(packet.is_with_miniport(name.generation));
            raised.set(had.get() && packet.taken_back() == Some(TakenBack::Raised));
            packet.returned(name.generation, status)
        });
        let now = self.ndis.later(called);
        // Where a send is not answered by the return it was not the driver that answered, but we for it.
        let what = if raised.get() && self.breaks_by_return(status) {
            What::TakeBack { packet: name, why: TakenBack::Raised }
        } else {
            What::Return { packet: name, status }
        };
        self.ndis.note(self, slot, cpu, now, what);
        match verdict {
            Err(rule) => {
                let detail = format!(
                    "{name} was completed inside of the call, and then {} returned {status}; expected NDIS_STATUS_PENDING",
                    self.face.send()
                );
                self.report(cpu, rule, Some(name), detail);
                return Status::PENDING;
            }
            // NDIS had taken it back while the call ran: the protocol was told already.
            Ok(_) if !had.get() => return Status::PENDING,
            Ok(_) => {}
        }
        let status = match what {
            What::TakeBack { .. } => FinalStatus::FAILURE,
            _ => self.look_at_return(cpu, name, status),
        };
        let (waiting, drivers) = self.home(cpu, link, name.slot, status, true, now);
        if let Some(drivers) = drivers.as_deref().filter(|_| deliver) {
            self.send_complete_on(drivers, cpu, name.slot, status);
        }
        self.put_back(cpu, drivers, None, |lent| &mut lent.up);
        if waiting || deliver {
            self.pump(cpu, link);
        }
        status.get()
    }

    /// Brings a completed packet home: inline, or by the ring.
    fn send_home(&self, cpu: &Rc<Cpu>, completion: Completion, aside: bool, now: Moment) {
        if self.goes_inline(cpu) && !aside && cpu.depth.get() < MAX_DEPTH {
            self.deliver_at(cpu, completion.slot, completion.status, now);
        } else {
            self.queue_home(&[completion]);
        }
    }

    /// Whether a protocol may be called on this stack, however deep that is: none runs above DISPATCH.
    pub(super) fn goes_inline(&self, cpu: &Rc<Cpu>) -> bool {
        self.ndis.config.delivery == Delivery::Inline && cpu.irql() <= Irql::DISPATCH
    }

    /// By the ring.
    pub(super) fn queue_home(&self, completions: &[Completion]) {
        match completions {
            [one] => self.homeward.ring().push(*one),
            many => self.homeward.ring().push_batch(many),
        }
        if self.ndis.config.delivery == Delivery::Inline {
            self.ndis.overflow.store(true, Ordering::Release);
        }
        self.delivery_is_due();
    }

    /// Something is in the ring: whoever delivers next is told.
    pub(super) fn delivery_is_due(&self) {
        if !self.deliver_scheduled.swap(true, Ordering::AcqRel) {
            self.ndis.queue.schedule(self.ndis.now(), Work::Deliver { adapter: self.index });
        }
    }

    /// The packet is the protocol's again: its state, its link's window, the counters. Returns
    /// whether sends wait for the window, and the drivers.
    pub(super) fn home(
        &self,
        cpu: &Rc<Cpu>,
        link: &Link,
        slot: u32,
        status: FinalStatus,
        answered: bool,
        now: Moment,
    ) -> (bool, Option<Arc<Drivers>>) {
        let place = self.pool.slot(slot);
        let state = place.state();
        let name = Name { adapter: self.index, slot, generation: state.generation() };
        let deliver = What::Deliver { packet: name, link: link.id, status: status.get() };
        self.ndis.note(self, place, cpu, now, deliver);
        if !self.ndis.verify_off() {
            self.last_progress.store(now.time, Ordering::Relaxed);
            self.hang_reported.store(false, Ordering::Relaxed);
        }
        if !answered {
            self.unstall(); // before the protocol is called, which may send
        }
        let length = u64::from(place.length.load(Ordering::Relaxed));
        let mut flow = link.flow.lock();
        // Before the packet is home: who closes the world waits until none is on its way, and lets
        // the drivers go then.
        let drivers = self.lend_from(cpu, &flow, |lent| &mut lent.up);
        let _ = place.own_step(PacketState::deliver);
        flow.count.answered += u64::from(answered);
        let by_call = !answered && state.taken_back().is_none();
        let at = if by_call { place.completed.load(Ordering::Relaxed) } else { now.time };
        flow.metered((slot, place), status, at, now.time);
        flow.count.completions += u64::from(by_call);
        flow.comes_home(status, length);
        (!flow.queue.is_empty(), drivers)
    }

    /// ProtocolSendComplete, and then whatever the open window lets down.
    pub(crate) fn deliver(&self, cpu: &Rc<Cpu>, slot: u32, status: FinalStatus) {
        self.deliver_at(cpu, slot, status, self.ndis.moment());
    }

    fn deliver_at(&self, cpu: &Rc<Cpu>, slot: u32, status: FinalStatus, now: Moment) {
        let id = self.link_of_slot(slot);
        let (drivers, waiting) = {
            let links = self.links.lock();
            let Some(link) = links.find(id) else { return };
            let (waiting, drivers) = self.home(cpu, link, slot, status, false, now);
            (drivers, waiting.then(|| Arc::clone(link)))
        };
        self.call_up(cpu, (drivers, self.lend_own(cpu)), slot, status);
        if let Some(link) = waiting {
            self.pump(cpu, &link);
        }
    }

    /// The link that the packet of a slot was sent on.
    pub(super) fn link_of_slot(&self, slot: u32) -> u32 {
        self.pool.slot(slot).link.load(Ordering::Relaxed)
    }

    /// Calls the protocol with a packet that is its own again.
    pub(crate) fn send_complete(&self, cpu: &Rc<Cpu>, slot: u32, status: FinalStatus) {
        if let Some(drivers) = self.drivers.load().as_deref() {
            self.send_complete_on(drivers, cpu, slot, status);
        }
    }

    #[inline(never)]
    pub(super) fn send_complete_on(
        &self,
        to: &Drivers,
        cpu: &Rc<Cpu>,
        slot: u32,
        status: FinalStatus,
    ) {
        let at = self.completion_level(cpu);
        self.call_on(to, cpu, Entry::SendComplete, at, |drivers| {
            let mut cx = Cx::assume(Rc::clone(cpu));
            if self.face == Face::Ndis6 {
                let one = [Completion { slot, status }];
                return drivers.protocol.send_complete_names(&mut cx, self, &one);
            }
            drivers.protocol.send_complete_name(&mut cx, self, slot, status);
        });
    }

    /// The level at which a completion comes to the protocol on this CPU: in NDIS 6 the completer's, as its flag says
    /// (ddi:nc-ndis-protocol_send_net_buffer_lists_complete).
    pub(super) fn completion_level(&self, cpu: &Cpu) -> Irql {
        if self.face == Face::Ndis6 { cpu.irql() } else { self.callback_level(cpu) }
    }

    /// The level at which a protocol's callback runs on this CPU.
    pub(crate) fn callback_level(&self, cpu: &Cpu) -> Irql {
        if self.ndis.config.policy.callback_at_dispatch { Irql::DISPATCH } else { cpu.irql() }
    }

    /// Takes a packet from the miniport. The caller brings it home.
    pub(crate) fn take_back(&self, cpu: &Rc<Cpu>, slot: u32, why: TakenBack) -> Option<Name> {
        let state = self.pool.slot(slot).step(|packet| packet.take_back(why)).ok()?;
        let name = Name { adapter: self.index, slot, generation: state.generation() };
        self.bump(&self.count.taken_back);
        self.emit(cpu, What::TakeBack { packet: name, why });
        if why == TakenBack::GivenUp || why == TakenBack::Raised {
            self.went_without(name, why);
        }
        Some(name)
    }

    /// What the driver does with that life later comes of this, and is not told as a mistake of its own.
    fn went_without(&self, name: Name, why: TakenBack) {
        let mut lives = self.without.lock();
        if lives.len() >= MOST_WITHOUT {
            lives.clear();
        }
        lives.insert((name.slot, name.generation), why);
    }

    /// A packet of the miniport's can never be completed by it: reports `LOST` and brings the
    /// packet home with FAILURE. Does nothing if the miniport does not have it.
    pub fn lost(&self, name: Name, why: TakenBack, how: &str) -> Option<Arc<Violation>> {
        let cpu = Cpu::current();
        if self.state_of(name)?.generation() != name.generation {
            return None;
        }
        self.take_back(&cpu, name.slot, why)?;
        let detail = format!("{name} was owed and can never be completed: {how}");
        let violation = self.report(&cpu, Rule::Lost, Some(name), detail);
        let failed = Completion { slot: name.slot, status: FinalStatus::FAILURE };
        self.send_home(&cpu, failed, false, self.ndis.moment());
        Some(violation)
    }

    /// The driver's MiniportWanSend raised, or returned what is no status, and that is what is
    /// reported: what it does with the packet later is not. Whether it still had the packet, which
    /// goes home when the call is answered with a final status.
    pub fn disown(&self, name: Name) -> bool {
        let slot = self.pool.get(name.slot).filter(|_| name.adapter == self.index);
        let had = slot.is_some_and(|slot| slot.step(|p| p.disown(name.generation)).is_ok());
        if had {
            self.went_without(name, TakenBack::Raised);
        }
        had
    }

    /// Brings home, with FAILURE and without a word, what the miniport owes: its driver crashed, and that is what is reported.
    pub fn take_all_home(&self) {
        let cpu = Cpu::current();
        for slot in self.pool.owned_by(crate::contract::packet::Owner::Miniport).collect::<Vec<_>>()
        {
            if self.take_back(&cpu, slot, TakenBack::Raised).is_some() {
                let failed = Completion { slot, status: FinalStatus::FAILURE };
                self.send_home(&cpu, failed, false, self.ndis.moment());
            }
        }
    }

    fn is_disowned(&self, name: Name) -> bool {
        self.state_of(name).is_some_and(|state| {
            state.generation() == name.generation && state.taken_back() == Some(TakenBack::Raised)
        })
    }
}
