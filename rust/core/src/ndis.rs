//! The library between protocol and miniport: bind, window, life cycle, delivery.
//!
//! [`Ndis`] is the whole world of one run: its clock, its policy, its adapters, its events and
//! what was found. An [`Adapter`] is one miniport bound to one protocol, a [`Link`] one line of it.
//! Nothing here holds a lock while a driver's function runs.

mod adapter;
mod bind;
mod close;
mod complete;
mod config;
mod deliver;
mod gate;
mod indicate;
mod life;
mod lines;
mod link;
mod request;
mod reset;
mod send;
mod timer;

use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};

use parking_lot::Mutex;

pub use adapter::{Adapter, Counters};
pub use bind::BindError;
pub use config::{Config, Delivery, OnViolation, Spawn, Verify};
pub(crate) use gate::Job;
pub use link::{Link, LinkSettings};
pub use request::RequestError;
pub use send::{PacketError, SendError, Sent};
pub(crate) use timer::HANG;

use crate::cx::Cpu;
use crate::dispatch::{Queue, Work};
use crate::event::{Event, Name, What};
use crate::history::{HISTORY, who};
use crate::rule::Rule;
use crate::spin_lock::LockTable;
use crate::trace::record::{Note, Recording};
use crate::violation::Violation;

/// How many calls may be nested before completions are delivered by the dispatcher instead.
pub(crate) const MAX_DEPTH: u32 = 24;

/// A panic of a driver's function that was caught.
#[derive(Clone, Debug)]
pub struct Panic {
    /// Whose function.
    pub adapter: String,
    /// Which.
    pub entry: &'static str,
    /// What it said.
    pub message: String,
}

/// Where events go.
#[derive(Copy, Clone, Debug)]
enum Watch {
    /// Nowhere.
    Nothing,
    /// Into the packets' histories.
    Histories,
    /// There with their call sites, into the recording, or both.
    Everything,
}

/// When and where a driver's call came in: looked up once, for all the events that it makes.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Moment {
    pub(crate) time: u64,
    site: u32,
}

/// What all handles of one world share.
pub struct Ndis {
    /// How it was set up.
    pub config: Config,
    pub(crate) queue: Queue,
    pub(crate) locks: LockTable,
    adapters: Mutex<Vec<Arc<Adapter>>>,
    /// Whether it takes no more adapters; changed under their lock.
    full: AtomicBool,
    /// The last block of numbers that was taken for further lines; changed under their lock, too.
    blocks: AtomicU32,
    violations: Mutex<Vec<Arc<Violation>>>,
    unseen: AtomicUsize,
    panics: Mutex<Vec<Panic>>,
    pub(crate) recording: Mutex<Recording>,
    pub(crate) sites: Mutex<Vec<String>>,
    /// Completions wait in a ring although delivery is inline: the stack was too deep, or a
    /// lock was held.
    pub(crate) overflow: AtomicBool,
    closed: AtomicBool,
    /// Has its turn who closes it.
    closing: Mutex<()>,
    interrupt: AtomicBool,
    /// The user wants to stop: what would go on for ever by itself pauses.
    pause: AtomicBool,
    watch: Watch,
    pub(crate) me: Weak<Ndis>,
}

impl std::fmt::Debug for Ndis {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ndis").field("config", &self.config).finish_non_exhaustive()
    }
}

impl Ndis {
    /// A world of its own. In real time its dispatcher thread starts.
    pub fn new(config: Config) -> Arc<Ndis> {
        let watch = match config.verify {
            _ if config.record => Watch::Everything,
            Verify::Off | Verify::Counters => Watch::Nothing,
            Verify::LastOwner | Verify::History => Watch::Histories,
            Verify::CallSites => Watch::Everything,
        };
        let ndis = Arc::new_cyclic(|me| Ndis {
            queue: Queue::new(config.time),
            config,
            locks: LockTable::default(),
            adapters: Mutex::default(),
            full: AtomicBool::new(false),
            blocks: AtomicU32::new(1 << 16),
            violations: Mutex::default(),
            unseen: AtomicUsize::new(0),
            panics: Mutex::default(),
            recording: Mutex::default(),
            sites: Mutex::default(),
            overflow: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            closing: Mutex::default(),
            interrupt: AtomicBool::new(false),
            pause: AtomicBool::new(false),
            watch,
            me: Weak::clone(me),
        });
        ndis.start_dispatcher();
        ndis
    }

    /// Now, in nanoseconds of this world's clock.
    pub fn now(&self) -> u64 {
        self.queue.clock.now()
    }

    /// The adapters, in the order in which they were bound.
    pub fn adapters(&self) -> Vec<Arc<Adapter>> {
        self.adapters.lock().clone()
    }

    pub(crate) fn adapter(&self, index: u16) -> Option<Arc<Adapter>> {
        self.adapters.lock().get(index as usize).cloned()
    }

    /// What was found so far, in order.
    pub fn violations(&self) -> Vec<Arc<Violation>> {
        self.violations.lock().clone()
    }

    /// The panics of drivers that were caught, in order.
    pub fn panics(&self) -> Vec<Panic> {
        self.panics.lock().clone()
    }

    /// How many violations were found; one load.
    pub fn violation_count(&self) -> usize {
        self.unseen.load(Ordering::Relaxed)
    }

    /// The recording, if [`Config::record`] is on.
    pub fn events(&self) -> Vec<Event> {
        self.recording.lock().events.clone()
    }

    /// The source line that an [`Event::site`] stands for.
    pub fn call_site(&self, site: u32) -> Option<String> {
        self.sites.lock().get((site as usize).checked_sub(1)?).cloned()
    }

    /// The source lines of all call sites, in the order of [`Event::site`].
    pub fn call_sites(&self) -> Vec<String> {
        self.sites.lock().clone()
    }

    /// Delivers, on the calling thread, every completion that waits in a ring; how many.
    pub fn drain(&self) -> usize {
        self.deliver_all(&Cpu::current())
    }

    /// How many events each packet remembers.
    pub(crate) fn history_length(&self) -> usize {
        match self.config.verify {
            Verify::Off | Verify::Counters => 0,
            Verify::LastOwner => 1,
            Verify::History | Verify::CallSites => HISTORY,
        }
    }

    pub(crate) fn verify_off(&self) -> bool {
        self.config.verify == Verify::Off
    }

    #[cold]
    fn site(&self) -> u32 {
        let Some(text) = self.config.call_site.and_then(|call_site| call_site()) else { return 0 };
        let mut sites = self.sites.lock();
        let known = sites.iter().rposition(|site| *site == text);
        let index = known.unwrap_or_else(|| {
            sites.push(text);
            sites.len() - 1
        });
        index as u32 + 1
    }

    /// Records an event: in the packet's history, and in the recording if there is one.
    #[inline(always)]
    #[allow(clippy::inline_always)] // a constant event folds to five stores at each call
    pub(crate) fn emit(&self, adapter: &Adapter, cpu: &Rc<Cpu>, what: What) {
        if !matches!(self.watch, Watch::Nothing) {
            self.emit_at(adapter, cpu, self.moment(), what);
        }
    }

    /// Now, and where the driver is. The clock is not read if nobody asks for the time later.
    pub(crate) fn moment(&self) -> Moment {
        let site = if self.config.verify == Verify::CallSites { self.site() } else { 0 };
        let unused = self.verify_off() && matches!(self.watch, Watch::Nothing);
        Moment { time: if unused { 0 } else { self.now() }, site }
    }

    /// The same place at a later time: a driver's function ran in between.
    pub(crate) fn later(&self, moment: Moment) -> Moment {
        if matches!(self.watch, Watch::Nothing) {
            return moment; // only events tell these two apart
        }
        Moment { time: self.now(), ..moment }
    }

    /// The same for an event of a call that came in at `moment`.
    #[inline(always)]
    #[allow(clippy::inline_always)] // where the kind of event is known, packing it is a few stores
    pub(crate) fn emit_at(&self, adapter: &Adapter, cpu: &Rc<Cpu>, moment: Moment, what: What) {
        match self.watch {
            Watch::Nothing => {}
            Watch::Histories => {
                // The common case, and the one that has to be cheap.
                if let Some(name) = what.packet()
                    && name.adapter == adapter.index
                    && let Some(slot) = adapter.pool.get(name.slot)
                {
                    let state = cpu.state.borrow();
                    let who = who(cpu.id, state.irql, state.held.len().min(255) as u8);
                    slot.history.keep_words(what, moment.time, who, moment.site);
                }
            }
            Watch::Everything => self.emit_with(adapter, cpu, moment, what, || Note::Nothing),
        }
    }

    /// The same with what only the recording keeps: a frame's data, a verdict's words.
    pub(crate) fn emit_with(
        &self,
        adapter: &Adapter,
        cpu: &Rc<Cpu>,
        moment: Moment,
        what: What,
        note: impl FnOnce() -> Note,
    ) {
        if matches!(self.watch, Watch::Nothing) {
            return;
        }
        let keep = self.config.verify >= Verify::LastOwner;
        let packet = what.packet().filter(|name| name.adapter == adapter.index);
        if packet.is_none() && !self.config.record {
            return;
        }
        let (irql, locks) = {
            let state = cpu.state.borrow();
            (state.irql, state.held.len().min(255) as u8)
        };
        let event = Event {
            time: moment.time,
            cpu: cpu.id,
            irql,
            locks,
            adapter: adapter.index,
            site: moment.site,
            what,
        };
        if keep && let Some(slot) = packet.and_then(|name| adapter.pool.get(name.slot)) {
            slot.history.keep(&event);
        }
        if self.config.record {
            let note = note();
            self.recording.lock().push(event, note);
        }
    }

    /// Puts a broken rule on record and stops the adapter if that is asked for.
    pub(crate) fn report(
        &self,
        adapter: &Adapter,
        cpu: &Rc<Cpu>,
        rule: Rule,
        packet: Option<Name>,
        detail: String,
        warning: bool,
    ) -> Arc<Violation> {
        let history = packet.map(|name| adapter.history_of(name)).unwrap_or_default();
        let verdict = || Note::Verdict { packet, detail: detail.clone(), warning };
        self.emit_with(adapter, cpu, self.moment(), What::Violation { rule }, verdict);
        let (irql, locks, inside) = {
            let state = cpu.state.borrow();
            let locks = state.held.iter().map(|held| self.locks.name(held.lock)).collect();
            (state.irql, locks, state.inside.iter().map(|inside| inside.entry).collect())
        };
        let violation = Arc::new(Violation {
            rule,
            detail,
            adapter: adapter.name.clone(),
            packet,
            history,
            irql,
            locks,
            inside,
            cpu: cpu.id,
            time: self.now(),
            warning,
            sites: self.sites.lock().clone(),
        });
        self.violations.lock().push(Arc::clone(&violation));
        self.unseen.fetch_add(1, Ordering::AcqRel);
        if self.config.on_violation == OnViolation::BugCheck && !warning {
            adapter.stop(cpu);
        }
        violation
    }

    /// Whether `run` shall stop: a language binding has an exception to pass on.
    pub(crate) fn interrupted(&self) -> bool {
        self.interrupt.swap(false, Ordering::AcqRel)
    }

    /// Makes the present or next [`run`](Self::run) return after the event that it is at.
    pub fn interrupt_run(&self) {
        self.interrupt.store(true, Ordering::Release);
    }

    /// The user wants to stop (Ctrl-C): queued sends and waiting completions wait until
    /// [`clear_interrupt`](Self::clear_interrupt), so that drivers that keep each other busy for
    /// ever come to an end.
    pub fn pause(&self) {
        self.pause.store(true, Ordering::Release);
    }

    pub(crate) fn paused(&self) -> bool {
        self.pause.load(Ordering::Relaxed)
    }

    /// Takes [`interrupt_run`](Self::interrupt_run) and [`pause`](Self::pause) back: what they were
    /// for is done.
    pub fn clear_interrupt(&self) {
        self.interrupt.store(false, Ordering::Release);
        if !self.pause.swap(false, Ordering::AcqRel) {
            return;
        }
        for adapter in self.adapters() {
            self.queue.schedule(self.now(), Work::Deliver { adapter: adapter.index });
            for link in adapter.links() {
                let pump = Work::Pump { adapter: adapter.index, link: link.id };
                self.queue.schedule(self.now(), pump);
            }
        }
    }

    pub(crate) fn caught(&self, panic: Panic) {
        self.panics.lock().push(panic);
    }
}
