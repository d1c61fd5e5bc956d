//! One miniport bound to one protocol.

use std::any::Any;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering};

use arc_swap::ArcSwapOption;
use parking_lot::Mutex;
use serde::Serialize;

use super::device::Devices;
use super::gate::Gate;
use super::lines::Lines;
use super::timer::Timers;
use super::{Ndis, Panic};
use crate::biased::Biased;
use crate::choices::Access;
use crate::contract::adapter::Life;
use crate::contract::cpu::Held;
use crate::cx::{Cpu, Irql};
use crate::driver::AnyMiniport;
use crate::event::{Entry, Name, TakenBack, What};
use crate::face::Face;
use crate::info::WanInfo;
use crate::late::Late;
use crate::oid::Oid;
use crate::pool::Pool;
use crate::protocol::Protocol;
use crate::rule::Rule;
use crate::violation::Violation;

mod calling;

/// The two drivers of an adapter.
pub(crate) struct Drivers {
    pub(crate) miniport: Box<dyn AnyMiniport>,
    pub(crate) protocol: Box<dyn Protocol>,
}

/// References to the drivers for who is alone: one for each way, taken out for a call and put back
/// after it, so that nothing is counted. A call inside of a call of the same way counts.
#[derive(Debug, Default)]
pub(crate) struct Lent {
    pub(crate) down: Option<Arc<Drivers>>,
    pub(crate) up: Option<Arc<Drivers>>,
    /// For whatever else is called.
    pub(crate) call: Option<Arc<Drivers>>,
    /// For what the hardware does, on top of which its interrupt may be called.
    pub(crate) device: Option<Arc<Drivers>>,
    /// One to the adapter itself, for the token that the protocol gets.
    pub(crate) own: Option<Arc<Adapter>>,
    /// The drivers were let go: nothing is put back.
    pub(crate) over: bool,
}

impl std::fmt::Debug for Drivers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Drivers")
    }
}

/// What an adapter counts itself; what is about packets, its links count.
#[derive(Debug, Default)]
pub(crate) struct Count {
    pub(crate) taken_back: AtomicU64,
    pub(crate) receives: AtomicU64,
    pub(crate) resets: AtomicU64,
}

/// What an adapter counted.
#[derive(Copy, Clone, Debug, Default, Eq, Hash, PartialEq, Serialize)]
pub struct Counters {
    /// Sends that the protocol made.
    pub sends: u64,
    /// Sends that NDIS queued.
    pub queued: u64,
    /// Calls of MiniportWanSend.
    pub submitted: u64,
    /// Calls that were answered with a final status.
    pub answered: u64,
    /// Calls that were not answered with a final status.
    pub pended: u64,
    /// Packets that came back by NdisMWanSendComplete.
    pub completions: u64,
    /// Packets that went back to the protocol.
    pub delivered: u64,
    /// Packets that NDIS had to take back.
    pub taken_back: u64,
    /// Frames indicated.
    pub receives: u64,
    /// Resets.
    pub resets: u64,
}

/// One miniport bound to one protocol: what NDIS calls MiniportAdapterHandle.
pub struct Adapter {
    /// Its number in its world.
    pub index: u16,
    /// Its name in reports.
    pub name: String,
    /// Its world.
    pub ndis: Arc<Ndis>,
    /// Whether NDIS serializes its entry points.
    pub(crate) serialized: AtomicBool,
    /// Which send interface the miniport has.
    pub(crate) face: Face,
    /// Since when NDIS waits for send resources, in nanoseconds; 0 if it does not.
    pub(crate) stalled_since: AtomicU64,
    /// MiniportRestart runs, or has answered PENDING.
    pub(crate) restarting: AtomicBool,
    /// What the last restart that ended later came to.
    pub(crate) restarted: AtomicU32,
    /// By which id the next send of a packet can be cancelled, and the life in which that was said; by slot.
    pub(crate) cancel_ids: Mutex<BTreeMap<u32, (u32, u64)>>,
    /// The lives, by slot and number, that went home without their driver's completion, which may still come.
    pub(crate) without: Mutex<BTreeMap<(u32, u32), TakenBack>>,
    /// What the miniport said of itself.
    pub info: Late<WanInfo>,
    pub(crate) me: std::sync::Weak<Adapter>,
    pub(crate) drivers: ArcSwapOption<Drivers>,
    pub(crate) lent: Biased<Lent>,
    pub(crate) life: AtomicU8,
    pub(crate) pool: Late<Pool>,
    /// How many packets the pool gets.
    pub(crate) size: u32,
    pub(crate) links: Biased<Lines>,
    pub(crate) gate: Gate,
    pub(crate) homeward: super::homeward::Homeward,
    pub(crate) deliver_scheduled: AtomicBool,
    /// Somebody wanted to deliver while another was at it.
    pub(crate) deliver_missed: AtomicBool,
    pub(crate) timers: Timers,
    pub(crate) devices: Devices,
    pub(crate) alarm: super::alarm::Alarm,
    /// How many DPC routines run now, those of timers and interrupts among them.
    pub(crate) dpcs_running: AtomicU32,
    pub(crate) calls_running: AtomicU32,
    pub(crate) ignores_packet_timeout: AtomicBool,
    pub(crate) last_progress: AtomicU64,
    pub(crate) hang_reported: AtomicBool,
    /// MiniportShutdown was called.
    pub(crate) went_down: AtomicBool,
    /// When the last reset began; no more once it is reported that it does not end.
    pub(crate) reset_since: AtomicU64,
    pub(crate) storm: super::interrupt::Storm,
    pub(crate) kept: Mutex<Vec<(Oid, crate::oid::Answer)>>,
    /// What the links counted that are gone.
    pub(crate) past: Mutex<Counters>,
    pub(crate) count: Count,
}

impl std::fmt::Debug for Adapter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Adapter")
            .field("name", &self.name)
            .field("life", &self.life())
            .finish_non_exhaustive()
    }
}

/// What a panic says.
pub(crate) fn words(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(ToString::to_string);
    let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "a panic without a text".to_string())
}

impl Adapter {
    /// Whether NDIS serializes its entry points.
    #[inline]
    pub fn serialized(&self) -> bool {
        self.serialized.load(Ordering::Relaxed)
    }

    /// Where it is in its life.
    pub fn life(&self) -> Life {
        Life::from_u8(self.life.load(Ordering::Acquire))
    }

    /// The next part of its life begins; none comes after a bug check.
    pub(crate) fn set_life(&self, life: Life) {
        let unless_stopped = |now| (now != Life::Stopped as u8).then_some(life as u8);
        let _ = self.life.fetch_update(Ordering::AcqRel, Ordering::Acquire, unless_stopped);
    }

    /// How many packets its pool has.
    pub fn packets(&self) -> usize {
        self.size as usize
    }

    /// What it counted. Packets are counted at every verification level, the rest is zero at 0.
    pub fn counters(&self) -> Counters {
        let get = |count: &AtomicU64| count.load(Ordering::Relaxed);
        // Under the lock, so that a line that is let go is counted once.
        let lines = self.links.lock();
        let mut total = *self.past.lock();
        for link in &lines.list {
            total.add(&link.flow.lock().count);
        }
        drop(lines);
        total.pended = total.submitted - total.answered;
        total.taken_back = get(&self.count.taken_back);
        total.receives = get(&self.count.receives);
        total.resets = get(&self.count.resets);
        total
    }

    /// A reference for a token: one that was lent for that, or another.
    #[inline]
    pub(crate) fn arc_on(&self, cpu: &Cpu) -> Arc<Adapter> {
        let lent = cpu.spare.take().filter(|lent| std::ptr::eq(&raw const **lent, self));
        lent.unwrap_or_else(|| self.arc())
    }

    pub(crate) fn arc(&self) -> Arc<Adapter> {
        self.me.upgrade().expect("an adapter is only reached through its Arc")
    }

    pub(crate) fn bump(&self, count: &AtomicU64) {
        if !self.ndis.verify_off() {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[inline(always)]
    #[allow(clippy::inline_always)] // a constant event folds to five stores at each call
    pub(crate) fn emit(&self, cpu: &Rc<Cpu>, what: What) {
        self.ndis.emit(self, cpu, what);
    }

    pub(crate) fn report(
        &self,
        cpu: &Rc<Cpu>,
        rule: Rule,
        packet: Option<Name>,
        detail: String,
    ) -> Arc<Violation> {
        self.ndis.report(self, cpu, rule, packet, detail, false)
    }

    /// Puts a broken rule on record that only a language binding can see (a status that is no
    /// number, a buffer view that is still exported).
    pub fn report_broken(
        &self,
        rule: Rule,
        packet: Option<Name>,
        detail: String,
    ) -> Arc<Violation> {
        self.report(&Cpu::current(), rule, packet, detail)
    }

    /// Calls an entry point at level `at`, looks at what it leaves behind, and catches a panic.
    #[inline(never)]
    pub(crate) fn call<R>(
        &self,
        cpu: &Rc<Cpu>,
        entry: Entry,
        at: Irql,
        f: impl FnOnce(&Drivers) -> R,
    ) -> Option<R> {
        self.calling(cpu, []).call(entry, at, f)
    }

    /// The same for an answer that is looked at: none of one that raised either, since that is what is told.
    pub(super) fn answer_of<R>(
        &self,
        cpu: &Rc<Cpu>,
        entry: Entry,
        at: Irql,
        f: impl FnOnce(&Drivers) -> R,
    ) -> Option<R> {
        let answer = self.call(cpu, entry, at, |drivers| {
            let answer = f(drivers);
            (!cpu.raised.get()).then_some(answer)
        });
        answer.flatten()
    }

    /// [`call`](Self::call) for who has the drivers already.
    #[inline(always)]
    #[allow(clippy::inline_always)] // twice for each packet; the others come by `call`
    pub(crate) fn call_on<R>(
        &self,
        drivers: &Drivers,
        cpu: &Rc<Cpu>,
        entry: Entry,
        at: Irql,
        f: impl FnOnce(&Drivers) -> R,
    ) -> Option<R> {
        let told = self.ndis.tells_all();
        if told {
            self.enter_told(cpu, entry, at);
        } else {
            cpu.state.borrow_mut().enter(self.index, entry, at);
            cpu.depth.set(cpu.depth.get() + 1);
        }
        let open = cpu.balance.count();
        let result = catch_unwind(AssertUnwindSafe(|| f(drivers)));
        if told {
            self.ndis.point(Access::ANY);
        }
        cpu.depth.set(cpu.depth.get() - 1);
        let clean = !told
            && cpu.balance.count() <= open
            && !cpu.raised.get()
            && result.is_ok()
            && cpu.state.borrow_mut().leave_clean();
        if !clean {
            self.leave_unclean(cpu, entry, open, result.is_err());
        }
        result.map_err(|payload| self.caught(entry, &*payload)).ok()
    }

    /// The beginning of an entry point that is told, and before which an explorer is asked.
    #[inline(never)]
    fn enter_told(&self, cpu: &Rc<Cpu>, entry: Entry, at: Irql) {
        self.emit(cpu, What::Enter { entry, at });
        cpu.state.borrow_mut().enter(self.index, entry, at);
        cpu.depth.set(cpu.depth.get() + 1);
        self.ndis.point(Access::ANY);
    }

    /// The end of an entry point that is recorded, or leaves something behind, or did not return.
    #[cold]
    fn leave_unclean(&self, cpu: &Rc<Cpu>, entry: Entry, open: usize, panicked: bool) {
        cpu.balance.forget_behind(open);
        if cpu.raised.take() || panicked {
            self.unwind(cpu);
        }
        if self.ndis.tells_all() || !cpu.state.borrow_mut().leave_clean() {
            self.leave_entry(cpu, entry);
        }
    }

    /// The end of an entry point that is recorded, or leaves something behind.
    fn leave_entry(&self, cpu: &Rc<Cpu>, entry: Entry) {
        if self.ndis.tells_all() {
            self.emit(cpu, What::Leave { entry });
        }
        if cpu.state.borrow_mut().leave_clean() {
            return;
        }
        let verdict = cpu.state.borrow().may_leave();
        if let Err(rule) = verdict {
            self.report_leak(cpu, entry, rule);
        }
        for lock in cpu.state.borrow_mut().leave() {
            self.ndis.locks.force_release(lock);
        }
    }

    #[cold]
    fn caught(&self, entry: Entry, payload: &(dyn Any + Send)) {
        let (adapter, message) = (self.name.clone(), words(payload));
        self.ndis.caught(Panic { adapter, entry: self.face.entry(entry), message });
    }

    /// Gives back what an entry point took and, ending with an exception, did not give back.
    pub(crate) fn unwind(&self, cpu: &Rc<Cpu>) {
        loop {
            let leaked = {
                let state = cpu.state.borrow();
                let began_with = state.inside.last().map_or(0, |inside| inside.locks as usize);
                state.held.last().filter(|_| state.held.len() > began_with).copied()
            };
            let Some(Held { lock, form, .. }) = leaked else { break };
            self.emit(cpu, What::Release { lock, form });
            cpu.state.borrow_mut().release(lock);
            self.ndis.locks.force_release(lock);
        }
        let (now, at) = {
            let state = cpu.state.borrow();
            (state.irql, state.inside.last().map_or(Irql::PASSIVE, |inside| inside.at))
        };
        if now != at {
            let what = if now > at { What::Lower { to: at } } else { What::Raise { to: at } };
            self.emit(cpu, what);
            cpu.state.borrow_mut().irql = at;
        }
    }

    fn report_leak(&self, cpu: &Rc<Cpu>, entry: Entry, rule: Rule) {
        let detail = {
            let state = cpu.state.borrow();
            let entered = state.inside.last().map_or(Irql::PASSIVE, |inside| inside.at);
            let name = self.face.entry(entry);
            if rule == Rule::LockLeak {
                let lock = state.held.last().map(|held| self.ndis.locks.name(held.lock));
                format!("{name} returned and still holds {}", lock.unwrap_or_default())
            } else {
                format!("{name} was entered at {entered} and returned at {}", state.irql)
            }
        };
        self.report(cpu, rule, None, detail);
    }
}
