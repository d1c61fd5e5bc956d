//! The library between protocol and miniport: bind, window, life cycle, delivery.
//!
//! [`Ndis`] is the whole world of one run: its clock, its policy, its adapters, its events and
//! what was found. An [`Adapter`] is one miniport bound to one protocol, a [`Link`] one line of it.
//! Nothing here holds a lock while a driver's function runs.

mod adapter;
mod alarm;
mod allocate;
mod back_many;
mod batch;
mod bind;
mod chain;
mod close;
mod complete;
mod complete_many;
mod config;
mod deliver;
mod device;
mod emit;
mod gate;
mod homeward;
mod indicate;
mod interrupt;
mod life;
mod lines;
mod link;
mod look;
mod memory;
pub(crate) mod own_thread;
mod panic;
mod pause;
mod request;
mod reset;
mod send;
mod send_chain;
mod send_many;
mod sent;
mod straight;
mod thread;
mod timer;
mod twins;

use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, Weak};

use parking_lot::Mutex;

pub use adapter::{Adapter, Counters};
pub(crate) use adapter::{Drivers, words};
pub use allocate::PacketError;
pub use batch::{BadFrames, Batch, Frames, SentMany};
pub use bind::BindError;
pub use chain::Chain;
pub use complete_many::Completions;
pub use config::{Config, Delivery, OnViolation, Spawn, Verify};
pub(crate) use emit::Moment;
use emit::Watch;
pub(crate) use gate::Job;
pub use link::{Link, LinkSettings, Measured, NoTimes};
pub use own_thread::{ANY_OBJECT, Waited};
pub use panic::Panic;
pub use request::RequestError;
pub use sent::{FrameError, SendError, Sent};
use thread::Threads;
pub(crate) use timer::HANG;
pub use twins::DISPATCH_LEVEL;

use crate::biased::{Bias, Biased};
use crate::cx::Cpu;
use crate::dispatch::{Queue, Work};
use crate::event::{Event, Name, What};
use crate::history::HISTORY;
use crate::rule::Rule;
use crate::spin_lock::LockTable;
use crate::time::TimeKind;
use crate::time::adversarial::Adversary;
use crate::time::polls::Polls;
use crate::trace::AdapterEntry;
use crate::trace::record::{Note, Recording};
use crate::violation::Violation;

/// How many calls may be nested before completions are delivered by the dispatcher instead.
pub(crate) const MAX_DEPTH: u32 = 24;

/// What all handles of one world share.
pub struct Ndis {
    /// How it was set up, but for what decides in adversarial time.
    pub config: Config,
    pub(crate) queue: Queue,
    /// Whether one thread is alone in it.
    pub(crate) bias: Arc<Bias>,
    pub(crate) locks: LockTable,
    adapters: Biased<Vec<Arc<Adapter>>>,
    /// Of the adapters when they are gone: what is told of them, and they themselves, as long as somebody else has them.
    pub(crate) gone: OnceLock<(Vec<AdapterEntry>, Vec<Weak<Adapter>>)>,
    /// Whether it takes no more adapters; changed under their lock.
    full: AtomicBool,
    /// The last block of numbers that was taken for further lines; changed under their lock, too.
    blocks: AtomicU32,
    violations: Mutex<Vec<Arc<Violation>>>,
    found: AtomicUsize,
    panics: Mutex<Vec<Panic>>,
    caught: AtomicUsize,
    pub(crate) recording: Mutex<Recording>,
    /// Shared with the violations, so that one does not copy the table.
    pub(crate) sites: Mutex<Arc<Vec<String>>>,
    /// Completions wait in a ring although delivery is inline: a deep stack, or a lock was held.
    pub(crate) overflow: AtomicBool,
    /// Whose ring comes first when all are delivered.
    first_to_deliver: AtomicUsize,
    closed: AtomicBool,
    /// Has its turn who closes it.
    closing: Mutex<()>,
    interrupt: AtomicBool,
    /// The user wants to stop: what would go on for ever by itself pauses.
    pause: AtomicBool,
    watch: Watch,
    /// Whether events without a packet are of use too.
    told: bool,
    threads: Threads,
    own_threads: own_thread::OwnThreads,
    pub(crate) polls: Polls,
    pub(crate) me: Weak<Ndis>,
}

impl std::fmt::Debug for Ndis {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ndis").field("config", &self.config).finish_non_exhaustive()
    }
}

impl Ndis {
    /// A world of its own, by [`try_new`](Self::try_new).
    ///
    /// # Panics
    /// If that fails.
    pub fn new(config: Config) -> Arc<Ndis> {
        Ndis::try_new(config).expect("there is a thread for the dispatcher")
    }

    /// A world of its own. In real time its dispatcher thread starts.
    ///
    /// # Errors
    /// The machine's own, in real time: it has no thread for the dispatcher.
    pub fn try_new(mut config: Config) -> std::io::Result<Arc<Ndis>> {
        let watch = Watch::of(&config);
        let told = config.record || config.adversity.is_some();
        let bias = match config.time {
            TimeKind::Adversarial => Bias::of_worlds(),
            // At level 4 each event asks the interpreter, which no span may wait for.
            time => Bias::new(time == TimeKind::Virtual && config.verify != Verify::CallSites),
        };
        let (adversity, aloud) = (config.adversity.take(), config.asks_aloud());
        let adversary = adversity.map(|settings| Adversary::new(settings, aloud, &bias));
        let policy = adversary.as_ref().map(|adversary| adversary.policy(config.policy));
        let config = Config { policy: policy.unwrap_or(config.policy), ..config };
        let ndis = Arc::new_cyclic(|me| Ndis {
            queue: Queue::new(config.time, adversary, &bias),
            adapters: Biased::new(&bias, Vec::new()),
            bias,
            config,
            locks: LockTable::default(),
            gone: OnceLock::new(),
            full: AtomicBool::new(false),
            blocks: AtomicU32::new(1 << 16),
            violations: Mutex::default(),
            found: AtomicUsize::new(0),
            panics: Mutex::default(),
            caught: AtomicUsize::new(0),
            recording: Mutex::default(),
            sites: Mutex::default(),
            overflow: AtomicBool::new(false),
            first_to_deliver: AtomicUsize::new(0),
            closed: AtomicBool::new(false),
            closing: Mutex::default(),
            interrupt: AtomicBool::new(false),
            pause: AtomicBool::new(false),
            watch,
            told,
            threads: Threads::default(),
            own_threads: own_thread::OwnThreads::default(),
            polls: Polls::default(),
            me: Weak::clone(me),
        });
        ndis.start_dispatcher()?;
        Ok(ndis)
    }

    /// Now, in nanoseconds of this world's clock.
    #[inline]
    pub fn now(&self) -> u64 {
        self.queue.clock.now()
    }

    /// The adapters, in the order in which they were bound; none once the world is closed.
    pub fn adapters(&self) -> Vec<Arc<Adapter>> {
        self.adapters.lock().clone()
    }

    pub(crate) fn adapter(&self, index: u16) -> Option<Arc<Adapter>> {
        Cpu::here(|cpu| self.adapters.lock_on(cpu).get(index as usize).cloned())
    }

    /// The same, unless it is `known`, which it is then.
    #[inline]
    pub(crate) fn adapter_again<'a>(
        &self,
        index: u16,
        known: &'a mut Option<Arc<Adapter>>,
    ) -> Option<&'a Arc<Adapter>> {
        if known.as_ref().is_none_or(|known| known.index != index) {
            *known = self.adapter(index);
        }
        known.as_ref()
    }

    /// Whether that is true of the adapter, which is there.
    pub(crate) fn is_so_of(&self, index: u16, is_so: impl FnOnce(&Adapter) -> bool) -> bool {
        Cpu::here(|cpu| {
            let adapters = self.adapters.lock_on(cpu);
            adapters.get(index as usize).is_some_and(|adapter| is_so(adapter))
        })
    }

    /// What was found so far, in order.
    pub fn violations(&self) -> Vec<Arc<Violation>> {
        self.violations.lock().clone()
    }

    /// What was found after the first `known` violations, in order.
    pub fn violations_after(&self, known: usize) -> Vec<Arc<Violation>> {
        self.violations.lock().get(known..).unwrap_or_default().to_vec()
    }

    /// The panics of drivers that were caught, in order.
    pub fn panics(&self) -> Vec<Panic> {
        self.panics.lock().clone()
    }

    /// How many violations were found; one load.
    pub fn violation_count(&self) -> usize {
        self.found.load(Ordering::Acquire)
    }

    /// How many panics were caught; one load.
    pub fn panic_count(&self) -> usize {
        self.caught.load(Ordering::Acquire)
    }

    /// The recording, if [`Config::record`] is on.
    pub fn events(&self) -> Vec<Event> {
        self.recording.lock().events.clone()
    }

    /// How many events [`events`](Self::events) has.
    pub fn recorded(&self) -> usize {
        self.recording.lock().events.len()
    }

    /// A number that stands for the recording: FNV-1a over the events in words, the CPUs numbered in the
    /// order in which they appear, so that it does not depend on the process.
    pub fn digest(&self) -> u64 {
        let mut cpus: Vec<u32> = Vec::new();
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        for event in &self.recording.lock().events {
            let known = cpus.iter().position(|cpu| *cpu == event.cpu).unwrap_or_else(|| {
                cpus.push(event.cpu);
                cpus.len() - 1
            });
            let text = Event { cpu: known as u32, site: 0, ..*event }.to_json();
            for byte in text.bytes() {
                hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
            }
        }
        hash
    }

    /// The source line that an [`Event::site`] stands for.
    pub fn call_site(&self, site: u32) -> Option<String> {
        self.sites.lock().get((site as usize).checked_sub(1)?).cloned()
    }

    /// The source lines of all call sites, in the order of [`Event::site`].
    pub fn call_sites(&self) -> Arc<Vec<String>> {
        Arc::clone(&self.sites.lock())
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
            face: adapter.face(),
            packet,
            history,
            irql,
            locks,
            inside,
            cpu: cpu.number(),
            time: self.now(),
            warning,
            site: if self.looks_where() { self.here() } else { None },
            sites: self.call_sites(),
        });
        self.violations.lock().push(Arc::clone(&violation));
        self.found.fetch_add(1, Ordering::AcqRel);
        if !warning {
            // One broken rule is what an execution is for; the rest is to be short.
            self.be_quiet();
        }
        if self.config.on_violation == OnViolation::BugCheck && !warning {
            adapter.stop(cpu);
        }
        violation
    }

    /// The source line of the driver's call that is under way.
    pub(crate) fn here(&self) -> Option<String> {
        self.config.call_site.and_then(|call_site| call_site())
    }

    /// Whether `run` shall stop: a language binding has an exception to pass on.
    pub(crate) fn interrupted(&self) -> bool {
        self.interrupt.load(Ordering::Relaxed) && self.interrupt.swap(false, Ordering::AcqRel)
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
        self.caught.fetch_add(1, Ordering::AcqRel);
    }
}
