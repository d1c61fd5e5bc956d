//! Adversarial time: an explorer decides who goes on, and what goes wrong.
//!
//! All virtual CPUs run on one thread, each on a stack of its own ([`Stacks`]). Where a driver calls
//! the engine, and where the engine has called a driver, is a *point*: there something else may
//! happen. What can is listed (`list.rs`): the CPUs that could go on, and the work (interrupts,
//! DPCs, timers, deliveries, events of the hardware, threads) that could begin on a CPU that is idle
//! or below the work's level. [`Explorer::step`] says which; what it says is recorded.
//!
//! Time jumps to what is chosen. Nothing that is due, and no driver's function that runs, is kept
//! waiting longer than [`Adversity::latency`], so what is late is the driver's doing.

mod delays;
mod happened;
mod list;
mod owner;
mod point;
mod policy;
mod question;
mod spare;
mod turning;
mod wait;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use parking_lot::Mutex;

use crate::biased::{Bias, Biased};
use crate::choices::{Access, Choice, Shared, Step};
use crate::coverage::{Coverage, Seen};
use crate::cx::{Cpu, Irql};
use crate::dispatch::Work;
use crate::time::stacks::{Stacks, of_rust};

use happened::Told;
pub use owner::{FOREIGN, FOREIGNER};
pub use question::{Answer, At, Kind, Question};
use spare::Spare;

/// The most virtual CPUs that a world has.
pub const MAX_CPUS: usize = 32;

/// How a world is set up in which an explorer decides.
#[derive(Clone)]
pub struct Adversity {
    /// Who decides.
    pub explorer: Shared,
    /// What the executions have reached, all of them together.
    pub coverage: Arc<Mutex<Coverage>>,
    /// How many CPUs there are to begin with; each thread that is spawned brings one.
    pub cpus: usize,
    /// Whether the switches of [`Policy`](crate::Policy) are chosen, too, in place of the configuration's.
    pub policies: bool,
    /// The longest, in nanoseconds, that something which is due waits for its turn.
    pub latency: u64,
    /// After so many points nothing is asked any more; after twice as many the driver is cut off.
    pub max_points: u64,
    /// Stacks for the drivers' language; none for Rust.
    pub stacks: Option<Arc<dyn Stacks>>,
}

impl fmt::Debug for Adversity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Adversity").field("cpus", &self.cpus).finish_non_exhaustive()
    }
}

impl Adversity {
    /// Two CPUs, half a second of latency, 20,000 points.
    pub fn new(explorer: Shared, coverage: Arc<Mutex<Coverage>>) -> Adversity {
        Adversity {
            explorer,
            coverage,
            cpus: 2,
            policies: false,
            latency: 500_000_000,
            max_points: 20_000,
            stacks: None,
        }
    }
}

/// Work that has not begun.
#[derive(Copy, Clone, Debug)]
struct Pending {
    at: u64,
    background: bool,
    task: u32,
    work: Work,
}

/// What a virtual CPU is at.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
enum State {
    /// It has nothing to do.
    Idle,
    /// It runs, or was suspended at a point.
    Ready,
    /// It spins for this lock.
    Lock(u32),
    /// It waits for what others do, and has seen what they did up to this count.
    Waits(u64),
    /// It sleeps until then; for ever until the last moment.
    Sleeps(u64),
}

#[derive(Copy, Clone, Debug)]
struct Virtual {
    state: State,
    /// What it is to begin when it goes on.
    inbox: Option<Pending>,
    /// What a thread of a driver's own waits for, and whether it was signaled.
    on: Option<usize>,
    woken: bool,
    /// It waits for what will never come.
    gave_up: bool,
    /// Who runs on it: the newest interrupt, or its thread.
    task: u32,
    /// What that does next.
    access: Access,
    irql: Irql,
    /// When what it runs began.
    since: u64,
    started: bool,
}

impl Virtual {
    fn new(number: usize) -> Virtual {
        Virtual {
            state: State::Idle,
            inbox: None,
            on: None,
            woken: false,
            gave_up: false,
            task: number as u32,
            access: Access::default(),
            irql: Irql::PASSIVE,
            since: 0,
            started: false,
        }
    }
}

/// A way to go on.
#[derive(Copy, Clone, Debug)]
enum Way {
    /// With this CPU.
    Cpu(usize),
    /// By beginning this work, an index of `pending`.
    Work(usize),
}

#[derive(Debug)]
struct Inner {
    cpus: Vec<Virtual>,
    /// In the order of time, priority and age.
    pending: Vec<Pending>,
    delays: delays::Delays,
    tasks: u32,
    /// Up to when `run` goes, while it does.
    until: u64,
    /// Whether a run goes on for the sake of background work.
    all: bool,
    choices: Vec<Choice>,
    /// What the choices are about, if somebody wants to read it.
    asked: Option<Vec<Question>>,
    progress: u64,
    quiet: bool,
    ending: bool,
    steps: Vec<Step>,
    ways: Vec<Way>,
    /// For whom `steps` and `ways` are what they would be if they were listed now.
    listed: Option<Listed>,
    /// The CPU that was at a point last, and what it does next; noted in `cpus` where it stops.
    next: Option<(usize, Access)>,
}

/// Points of this CPU have the same steps, one after the other, until something else changes than what it does next.
#[derive(Copy, Clone, Debug)]
struct Listed {
    cpu: usize,
    /// As long as it runs at this level; `None` if that does not matter.
    irql: Option<Irql>,
    /// Whether there is one way only, and the explorer does not ask for those.
    lone: bool,
}

/// What decides in one world.
#[derive(Debug)]
pub(crate) struct Adversary {
    settings: Adversity,
    /// Whose stacks these are.
    owner: owner::Owner,
    stacks: Arc<dyn Stacks>,
    /// Whether the explorer wants to hear of points with one step.
    asks_lone: bool,
    /// After so many points the driver is cut off.
    most_points: u64,
    /// How many points there were; changed under the lock of `inner`, and read without it.
    points: AtomicU64,
    /// How many edges this execution was the first to reach, of those that are counted.
    fresh: AtomicUsize,
    inner: Biased<Inner>,
    /// What happened; the events of a while are counted together.
    told: Biased<Told>,
}

impl Drop for Adversary {
    fn drop(&mut self) {
        self.count();
        let inner = self.inner.get_mut();
        Spare::keep(inner, self.told.get_mut().take_room());
    }
}

impl Adversary {
    /// With `keeps` it can say of each choice what it was about.
    pub(crate) fn new(settings: Adversity, keeps: bool, bias: &Arc<Bias>) -> Adversary {
        let cpus = settings.cpus.clamp(1, MAX_CPUS);
        let spare = Spare::take();
        let mut list = spare.cpus;
        list.extend((0..cpus).map(Virtual::new));
        list[0].state = State::Ready;
        list[0].started = true;
        let asks_lone = {
            let mut explorer = settings.explorer.lock();
            explorer.begin();
            explorer.asks_lone()
        };
        settings.coverage.lock().begin();
        Adversary {
            stacks: settings.stacks.clone().unwrap_or_else(of_rust),
            owner: owner::Owner::default(),
            asks_lone,
            most_points: settings.max_points.saturating_mul(2),
            settings,
            points: AtomicU64::new(0),
            fresh: AtomicUsize::new(0),
            told: Biased::new(bias, Told::new(spare.told)),
            inner: Biased::new(
                bias,
                Inner {
                    cpus: list,
                    pending: spare.pending,
                    delays: spare.delays,
                    tasks: MAX_CPUS as u32,
                    until: u64::MAX,
                    all: false,
                    choices: spare.choices,
                    asked: keeps.then(Vec::new),
                    progress: 0,
                    quiet: false,
                    ending: false,
                    steps: spare.steps,
                    ways: spare.ways,
                    listed: None,
                    next: None,
                },
            ),
        }
    }

    /// Has `work` done, not before `at`.
    pub(crate) fn schedule(&self, at: u64, work: Work, background: bool) {
        let mut inner = self.change();
        // What is cut off begins nothing any more; what was given back gets home all the same.
        if inner.ending || (self.is_cut_off() && work.is_driver()) {
            return;
        }
        inner.tasks += 1;
        let task = inner.tasks;
        let key = (at, work.priority());
        let place = inner.pending.partition_point(|other| (other.at, other.work.priority()) <= key);
        inner.pending.insert(place, Pending { at, background, task, work });
        let number = inner.cpus.len();
        if work.is_thread() && number < MAX_CPUS {
            inner.cpus.push(Virtual::new(number));
        }
    }

    /// Cancelled timers are let go of.
    pub(crate) fn forget(&self, wanted: impl Fn(Work) -> bool) {
        self.change().pending.retain(|pending| wanted(pending.work));
    }

    #[inline(always)]
    #[allow(clippy::inline_always)] // a few stores at each event
    pub(crate) fn see(&self, cpu: &Cpu, event: Seen) {
        let many = self.told.lock_on(cpu).push(event);
        if many {
            self.count();
        }
    }

    /// Counts what happened and is not counted yet.
    #[cold]
    pub(crate) fn count(&self) {
        let mut told = self.told.lock();
        if !told.is_counted() {
            let mut coverage = self.settings.coverage.lock();
            told.count(&mut coverage);
            self.fresh.store(coverage.fresh(), Ordering::Relaxed);
        }
    }

    /// A number that stands for what has happened.
    pub(crate) fn fingerprint(&self) -> u64 {
        self.told.lock().fingerprint()
    }

    /// How many events it has seen.
    fn seen(&self) -> u64 {
        self.told.lock().len()
    }

    /// How many edges this execution was the first to reach.
    pub(crate) fn fresh(&self) -> usize {
        self.count();
        self.fresh.load(Ordering::Relaxed)
    }

    /// From now on nothing goes wrong: every choice is 0 and none is recorded.
    pub(crate) fn be_quiet(&self) {
        self.change().quiet = true;
    }

    /// The world ends: nothing begins any more, and nothing is asked.
    pub(crate) fn end(&self) {
        let mut inner = self.change();
        (inner.quiet, inner.ending) = (true, true);
        inner.pending.clear();
    }

    /// A value below `n`.
    pub(crate) fn value(&self, n: u32, what: &str) -> u32 {
        // FNV-1a: the same word is the same kind in every version.
        let kind = what
            .bytes()
            .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
        let mut inner = self.inner.lock();
        let chosen = inner.value(&self.settings, kind, n);
        inner.keep(|inner| self.asked(inner, Kind::Value(what.to_string()), n, chosen));
        chosen
    }

    pub(crate) fn choices(&self) -> Vec<Choice> {
        self.inner.lock().choices.clone()
    }

    pub(crate) fn points(&self) -> u64 {
        self.points.load(Ordering::Relaxed)
    }

    #[inline]
    pub(crate) fn is_cut_off(&self) -> bool {
        self.points() > self.most_points
    }
}

impl Inner {
    fn value(&mut self, settings: &Adversity, what: u32, n: u32) -> u32 {
        if n < 2 || self.quiet {
            return 0;
        }
        let chosen = settings.explorer.lock().value_of(what, n).min(n - 1);
        self.choices.push(Choice { n, chosen });
        chosen
    }

    /// Keeps what the last choice was about, if it was one and somebody wants to read it.
    fn keep(&mut self, asked: impl FnOnce(&Inner) -> Question) {
        if self.asked.as_ref().is_some_and(|known| known.len() < self.choices.len()) {
            let question = asked(self);
            self.asked.get_or_insert_default().push(question);
        }
    }

    /// Which of `steps` is taken; not in a world that is quiet.
    #[inline(always)]
    #[allow(clippy::inline_always)] // see `Ndis::decide_point`
    fn step(&mut self, cpu: &Cpu, settings: &Adversity) -> usize {
        let n = self.steps.len();
        let chosen = settings.explorer.lock_on(cpu).step(&self.steps).min(n - 1);
        if n > 1 {
            self.choices.push(Choice { n: n as u32, chosen: chosen as u32 });
        }
        chosen
    }
}
