//! A virtual CPU: the IRQL that it runs at and the spin locks that it holds.
//!
//! Every thread that enters the library is one CPU. What the CPU holds is known to the run time
//! ([`Cpu`]); what the compiler may rely on is a [`Cx`], a view of the current CPU whose level is a
//! type. Completing a packet needs `&mut Cx`, a lock guard keeps the `Cx` borrowed: so completing
//! with a lock held does not compile. A `Cx` stays on its thread.

use std::cell::{Cell, OnceCell, RefCell};
use std::fmt;
use std::marker::PhantomData;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::contract::cpu::CpuState;
use crate::ndis::Adapter;
use crate::ring::Completion;
use crate::spin_lock::balance::Balance;
use crate::time::adversarial::MAX_CPUS;

/// An interrupt request level; only PASSIVE < DISPATCH < DIRQL matter to NDIS (DDK:"IRQLs").
#[derive(
    Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(transparent)]
pub struct Irql(pub u8);

impl Irql {
    /// Threads run here.
    pub const PASSIVE: Irql = Irql(0);
    /// Asynchronous procedure calls.
    pub const APC: Irql = Irql(1);
    /// DPCs, timers, and whoever holds a spin lock.
    pub const DISPATCH: Irql = Irql(2);
    /// The first device level: interrupt service routines.
    pub const DIRQL: Irql = Irql(3);
    /// The highest level of x86.
    pub const HIGH: Irql = Irql(31);
}

impl fmt::Display for Irql {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Irql::PASSIVE => f.write_str("PASSIVE_LEVEL"),
            Irql::APC => f.write_str("APC_LEVEL"),
            Irql::DISPATCH => f.write_str("DISPATCH_LEVEL"),
            Irql(31) => f.write_str("HIGH_LEVEL"),
            Irql(n) => write!(f, "DIRQL {n}"),
        }
    }
}

impl fmt::Debug for Irql {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The [`Cpu::number`] of the CPU with this [`Cpu::id`].
#[inline]
pub(crate) fn number_of(id: u32) -> u32 {
    id.wrapping_sub(1)
}

/// The run-time side of a CPU: one a thread.
pub struct Cpu {
    /// What owns a lock or a turn by its CPU calls it: unique in the process, not 0.
    pub id: u32,
    /// Number of the thread that it is on, unique in the process.
    pub(crate) thread: u32,
    /// Which of its thread's CPUs it is, 0 for the thread's own.
    place: usize,
    pub(crate) state: RefCell<CpuState>,
    /// How many callbacks are on the stack: beyond a limit work is deferred, so that a driver
    /// and a protocol that call each other for ever do not exhaust the stack.
    pub(crate) depth: Cell<u32>,
    /// Whether the driver's function that runs ends with an exception of its language.
    pub(crate) raised: Cell<bool>,
    /// The timer whose function runs innermost, by its adapter's number and its own.
    pub(crate) timer: Cell<Option<(u16, u32)>>,
    /// The thread of a driver's own that runs on it.
    pub(crate) own: Cell<Option<u32>>,
    /// Acquires that a language binding has noted and whose releases have not come.
    pub(crate) balance: Balance,
    /// A reference for the token of the packet that goes home now.
    pub(crate) spare: Spare,
    /// Memory of a call that completes many packets, for the next one.
    pub(crate) kept: Cell<Vec<Completion>>,
}

/// A reference to an adapter that goes from one token to the next while completions go home one after the other, so that
/// nothing is counted. It is there only while a ProtocolSendComplete runs for which somebody takes it back.
#[derive(Default)]
pub(crate) struct Spare {
    wanted: Cell<bool>,
    adapter: Cell<Option<Arc<Adapter>>>,
}

impl Spare {
    /// Begins such a call; what is to be given back at its end.
    #[inline]
    pub(crate) fn lend(&self, adapter: Option<Arc<Adapter>>) -> (bool, Option<Arc<Adapter>>) {
        (self.wanted.replace(true), self.adapter.replace(adapter))
    }

    /// Ends it: the reference, if it is here again.
    #[inline]
    pub(crate) fn give_back(&self, before: (bool, Option<Arc<Adapter>>)) -> Option<Arc<Adapter>> {
        self.wanted.set(before.0);
        self.adapter.replace(before.1)
    }

    #[inline]
    pub(crate) fn take(&self) -> Option<Arc<Adapter>> {
        self.adapter.take()
    }

    /// A token has ended.
    #[inline]
    pub(crate) fn keep(&self, adapter: Arc<Adapter>) {
        if self.wanted.get() {
            drop(self.adapter.replace(Some(adapter)));
        }
    }
}

/// The CPUs of a thread; one variable, since finding one takes a call where the library is a shared one.
struct Here {
    /// The number of the virtual CPU that runs, 0 for the thread's own.
    number: Cell<usize>,
    /// By their numbers.
    cpus: [OnceCell<Rc<Cpu>>; MAX_CPUS],
}

impl Here {
    #[inline(always)]
    #[allow(clippy::inline_always)] // see `Cpu::here`
    fn cpu(&self, number: usize) -> &Rc<Cpu> {
        self.cpus[number].get().unwrap_or_else(|| self.make(number))
    }

    /// Virtual ones have their numbers in the process in the order of those here.
    #[cold]
    fn make(&self, number: usize) -> &Rc<Cpu> {
        for before in 1..number {
            self.cpus[before].get_or_init(|| Cpu::new(before));
        }
        self.cpus[number].get_or_init(|| Cpu::new(number))
    }
}

thread_local! {
    static THREAD: Cell<u32> = const { Cell::new(0) };
    static HERE: Here =
        const { Here { number: Cell::new(0), cpus: [const { OnceCell::new() }; MAX_CPUS] } };
}

impl Cpu {
    fn new(place: usize) -> Rc<Cpu> {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        Rc::new(Cpu {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            thread: Cpu::thread(),
            place,
            state: RefCell::default(),
            depth: Cell::new(0),
            raised: Cell::new(false),
            timer: Cell::new(None),
            own: Cell::new(None),
            balance: Balance::default(),
            spare: Spare::default(),
            kept: Cell::default(),
        })
    }

    /// The number of the calling thread.
    #[inline]
    pub(crate) fn thread() -> u32 {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        match THREAD.get() {
            0 => {
                THREAD.set(NEXT.fetch_add(1, Ordering::Relaxed));
                THREAD.get()
            }
            known => known,
        }
    }

    /// The CPU that the calling thread is; under an adversary the virtual one that runs on it.
    #[inline]
    pub fn current() -> Rc<Cpu> {
        Cpu::here(Rc::clone)
    }

    /// Does something with it.
    #[inline(always)]
    #[allow(clippy::inline_always)] // the straight way is one function
    pub fn here<R>(f: impl FnOnce(&Rc<Cpu>) -> R) -> R {
        HERE.with(|here| f(here.cpu(here.number.get())))
    }

    /// The virtual CPU of this number on the calling thread, 0 for the thread's own. They are kept for
    /// the next world that has some.
    pub(crate) fn numbered(number: usize) -> Rc<Cpu> {
        HERE.with(|here| Rc::clone(here.cpu(number)))
    }

    /// The number of the virtual CPU that runs on the calling thread, 0 for the thread's own.
    #[inline]
    pub fn current_number() -> usize {
        HERE.with(|here| here.number.get())
    }

    /// Which of its thread's CPUs it is: what [`current_number`](Self::current_number) says while it runs.
    #[inline]
    pub fn place(&self) -> usize {
        self.place
    }

    /// From now on the calling thread is the virtual CPU of this number.
    pub(crate) fn become_number(number: usize) {
        HERE.with(|here| here.number.set(number));
    }

    /// Its number in events and in what people read, from 0. [`id`](Self::id) is one more, since 0 is nobody there.
    #[inline]
    pub fn number(&self) -> u32 {
        number_of(self.id)
    }

    /// The number of the calling thread's CPU, or of the virtual one that it is now.
    pub fn current_id() -> u32 {
        Cpu::here(|cpu| cpu.id)
    }

    /// The level at which this CPU runs now.
    pub fn irql(&self) -> Irql {
        self.state.borrow().irql
    }

    /// Whether no driver's function is on this CPU's stack.
    pub fn is_outermost(&self) -> bool {
        self.depth.get() == 0
    }

    /// The driver's function on top of this CPU's stack ends with an exception, which a language
    /// binding keeps: locks and level are unwound, and the exception is what is reported.
    pub fn note_exception(&self) {
        self.raised.set(true);
    }

    /// How many spin locks this CPU holds.
    pub fn locks_held(&self) -> usize {
        self.state.borrow().held.len()
    }
}

mod sealed {
    pub trait Sealed {}
}

/// An IRQL as a type.
pub trait Level: sealed::Sealed + 'static {
    /// The highest level that this type stands for.
    const IRQL: Irql;
}

/// A level at which plain spin locks may be acquired: DISPATCH or below.
pub trait AtMostDispatch: Level {}

macro_rules! level {
    ($(#[$doc:meta])* $name:ident, $irql:expr) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name;
        impl sealed::Sealed for $name {}
        impl Level for $name {
            const IRQL: Irql = $irql;
        }
    };
}

level!(/** `PASSIVE_LEVEL`. */ Passive, Irql::PASSIVE);
level!(/** Some level up to `DISPATCH_LEVEL`: what a deserialized miniport is called at. */
       UpToDispatch, Irql::DISPATCH);
level!(/** `DISPATCH_LEVEL`. */ Dispatch, Irql::DISPATCH);
level!(/** A device level, above DISPATCH. */ Dirql, Irql::DIRQL);

impl AtMostDispatch for Passive {}
impl AtMostDispatch for UpToDispatch {}
impl AtMostDispatch for Dispatch {}

/// The current CPU at a level that the compiler knows.
pub struct Cx<L: Level> {
    cpu: Rc<Cpu>,
    _level: PhantomData<L>,
}

impl<L: Level> Cx<L> {
    pub(crate) fn assume(cpu: Rc<Cpu>) -> Cx<L> {
        Cx { cpu, _level: PhantomData }
    }

    /// The level at which this CPU runs now.
    pub fn irql(&self) -> Irql {
        self.cpu.irql()
    }

    /// The CPU itself.
    pub fn cpu(&self) -> &Rc<Cpu> {
        &self.cpu
    }
}

impl<L: AtMostDispatch> Cx<L> {
    /// Runs `f` at `DISPATCH_LEVEL` and goes back to the level before (`KeRaiseIrqlToDpcLevel`).
    pub fn raise<R>(&mut self, f: impl FnOnce(&mut Cx<Dispatch>) -> R) -> R {
        let back = Restore::raise(&self.cpu, Irql::DISPATCH);
        let result = f(&mut Cx::assume(Rc::clone(&self.cpu)));
        drop(back);
        result
    }
}

/// Puts the IRQL back when it goes, a panic included.
struct Restore<'a> {
    cpu: &'a Cpu,
    old: Irql,
}

impl<'a> Restore<'a> {
    fn raise(cpu: &'a Cpu, to: Irql) -> Restore<'a> {
        let mut state = cpu.state.borrow_mut();
        let old = state.irql;
        state.irql = old.max(to);
        Restore { cpu, old }
    }
}

impl Drop for Restore<'_> {
    fn drop(&mut self) {
        self.cpu.state.borrow_mut().irql = self.old;
    }
}

/// The calling thread is not at PASSIVE_LEVEL, so it cannot begin as a thread does.
#[derive(Debug, thiserror::Error)]
#[error(
    "expected a thread at PASSIVE_LEVEL that holds no spin lock, came at {irql} with {locks} lock(s); begin outside of callbacks"
)]
pub struct NotPassive {
    irql: Irql,
    locks: usize,
}

/// Runs `f` as an ordinary thread: the door by which a program enters the library.
///
/// # Errors
/// [`NotPassive`] if the calling thread is inside a callback or holds a lock.
pub fn at_passive<R>(f: impl FnOnce(&mut Cx<Passive>) -> R) -> Result<R, NotPassive> {
    let cpu = Cpu::current();
    let (irql, locks) = (cpu.irql(), cpu.locks_held());
    if irql != Irql::PASSIVE || locks != 0 {
        return Err(NotPassive { irql, locks });
    }
    Ok(f(&mut Cx::assume(cpu)))
}
