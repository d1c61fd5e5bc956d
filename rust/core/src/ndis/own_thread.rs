//! Threads of a driver's own (PsCreateSystemThread): they live as long as the driver does, and wait for objects of the kernel's.
//!
//! In virtual time one runs at a time: such a thread has a stack of its own and runs until it waits; then the one that runs the
//! clock goes on. What it waits for is signaled, or its time is over, and it is work to be done as a timer is.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use super::{Adapter, Ndis, Panic};
use crate::cx::Cpu;
use crate::dispatch::Work;
use crate::time::TimeKind;

type Body = Box<dyn FnOnce() + Send>;

/// How a wait of such a thread came to its end.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum Waited {
    /// What it waited for is so.
    Met,
    /// Its time is over.
    Late,
    /// The world is: the thread is to end at once.
    Over,
}

/// What a thread waits for that looks again whatever is signaled.
pub const ANY_OBJECT: usize = usize::MAX;

/// Whether who waits for `waits` is to look again when `object` is signaled.
pub(crate) fn is_for(waits: usize, object: usize) -> bool {
    waits == object || waits == ANY_OBJECT
}

/// How long a thread is waited for when its adapter has been halted, in nanoseconds.
const PATIENCE: u64 = 2_000_000_000;
/// So many waits that are over at once, one after the other, are one piece of work in virtual time.
const TURN: u32 = 16;
/// So often a thread is told that its world is over; then it is unwound.
const MOST_OVER: u32 = 1_000;
/// The longest that a thread waits without a sign of life.
const SLICE: Duration = Duration::from_millis(100);

/// Who runs, of a thread and whoever runs the clock.
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq)]
enum Turn {
    #[default]
    Clock,
    Thread,
}

#[derive(Default)]
struct Own {
    adapter: u16,
    body: Mutex<Option<Body>>,
    handle: Mutex<Option<JoinHandle<()>>>,
    turn: Mutex<Turn>,
    turned: Condvar,
    /// The object that it waits for, 0 if that is none but the time; while it waits.
    waits: Mutex<Option<usize>>,
    /// Which of its wakes counts, in virtual time.
    arming: AtomicU64,
    /// How many of its waits were over at once since the others had their turn.
    at_once: AtomicU32,
    ended: AtomicBool,
    /// Whether it had to be ended.
    cut: AtomicBool,
}

/// Those of one world.
#[derive(Default)]
pub(crate) struct OwnThreads {
    any: AtomicBool,
    list: Mutex<Vec<Arc<Own>>>,
    /// Each waits no more.
    over: AtomicBool,
    /// How often something was signaled, in real time.
    signals: Mutex<u64>,
    signaled: Condvar,
}

impl Own {
    /// Has the other side go on, and waits until it is this one's turn again.
    fn hand_over(&self, to: Turn) {
        *self.turn.lock() = to;
        self.turned.notify_all();
        self.wait_for(if to == Turn::Clock { Turn::Thread } else { Turn::Clock });
    }

    fn wait_for(&self, wanted: Turn) {
        crate::alive::aside(|| {
            let mut turn = self.turn.lock();
            while *turn != wanted {
                self.turned.wait_for(&mut turn, SLICE);
                crate::alive::beat();
            }
        });
    }

    fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }
}

impl OwnThreads {
    fn get(&self, thread: u32) -> Option<Arc<Own>> {
        self.list.lock().get(thread as usize).cloned()
    }

    fn is_over(&self) -> bool {
        self.over.load(Ordering::Acquire)
    }

    fn living(&self) -> Vec<Arc<Own>> {
        if !self.any.load(Ordering::Acquire) {
            return Vec::new();
        }
        self.list.lock().iter().filter(|own| !own.has_ended()).cloned().collect()
    }
}

impl Adapter {
    /// Runs `body` as a thread of the driver's own at PASSIVE_LEVEL, from this moment on. Nobody waits for its end but who
    /// says so; the world ends it if it is still there when its adapter has been halted ([`threads_left`](Self::threads_left)).
    ///
    /// # Errors
    /// As [`Ndis::spawn`].
    pub fn spawn(&self, body: impl FnOnce() + Send + 'static) -> io::Result<()> {
        let threads = &self.ndis.own_threads;
        threads.any.store(true, Ordering::Release);
        let (thread, own) = {
            let mut list = threads.list.lock();
            let own = Own {
                adapter: self.index,
                body: Mutex::new(Some(Box::new(body))),
                ..Own::default()
            };
            list.push(Arc::new(own));
            (list.len() as u32 - 1, Arc::clone(&list[list.len() - 1]))
        };
        if self.ndis.config.time == TimeKind::Real {
            return self.ndis.start_own(thread, &own);
        }
        self.ndis.queue.schedule(self.ndis.now(), Work::Own { thread, arming: 0, timed: false });
        Ok(())
    }

    /// Whether the caller is a thread that was spawned so.
    pub fn is_on_own_thread() -> bool {
        Cpu::here(|cpu| cpu.own.get().is_some())
    }

    /// Such a thread waits until `met`, which is asked at first, and whenever `object` is [`signaled`](Ndis::signaled); for `limit`
    /// nanoseconds at most. Who only sleeps waits for 0.
    ///
    /// # Panics
    /// In a thread that waits on and on though it was told that its world is over; the panic is caught and kept.
    pub fn wait_on(
        &self,
        object: usize,
        limit: Option<u64>,
        mut met: impl FnMut() -> bool,
    ) -> Waited {
        let ndis = &self.ndis;
        let Some(own) = Cpu::here(|cpu| cpu.own.get()).and_then(|own| ndis.own_threads.get(own))
        else {
            return Waited::Over;
        };
        let end = limit.map(|limit| ndis.now().saturating_add(limit));
        ndis.give_turn(&own);
        loop {
            let seen = *ndis.own_threads.signals.lock();
            if ndis.own_threads.is_over() || ndis.is_cut_off() {
                own.cut.store(true, Ordering::Release);
                if own.at_once.fetch_add(1, Ordering::Relaxed) > MOST_OVER {
                    std::panic::panic_any("a thread goes on though its world is over");
                }
                return Waited::Over;
            }
            if met() {
                return Waited::Met;
            }
            if end.is_some_and(|end| ndis.now() >= end) {
                return Waited::Late;
            }
            own.at_once.store(0, Ordering::Relaxed);
            *own.waits.lock() = Some(object);
            ndis.park(&own, object, end, seen);
            *own.waits.lock() = None;
        }
    }

    /// How many of its threads wait still, or had to be ended.
    pub fn threads_left(&self) -> usize {
        let left = |own: &Own| {
            own.adapter == self.index
                && (own.cut.load(Ordering::Acquire) || own.waits.lock().is_some())
        };
        self.ndis.own_threads.list.lock().iter().filter(|own| left(own)).count()
    }
}

impl Ndis {
    /// Who waits for that object looks at it again.
    pub fn signaled(&self, object: usize) {
        let threads = &self.own_threads;
        if !threads.any.load(Ordering::Acquire) {
            return;
        }
        if let Some(adversary) = &self.queue.adversary {
            return adversary.signaled(object, self.now());
        }
        if self.config.time == TimeKind::Real {
            *threads.signals.lock() += 1;
            threads.signaled.notify_all();
            return;
        }
        let waits = |own: &Own| own.waits.lock().take_if(|waits| is_for(*waits, object)).is_some();
        let woken: Vec<(usize, Arc<Own>)> = {
            let list = threads.list.lock();
            let waiting = list.iter().enumerate().filter(|(_, own)| waits(own));
            waiting.map(|(thread, own)| (thread, Arc::clone(own))).collect()
        };
        for (thread, own) in woken {
            self.wake_own(thread as u32, &own);
        }
    }

    /// In virtual time: it goes on now, and not when it would have.
    fn wake_own(&self, thread: u32, own: &Own) {
        let arming = own.arming.fetch_add(1, Ordering::AcqRel) + 1;
        self.queue.note_dead(|work| self.wants(work));
        self.queue.schedule(self.now(), Work::Own { thread, arming, timed: false });
    }

    pub(crate) fn own_is_armed_by(&self, thread: u32, arming: u64) -> bool {
        self.own_threads.get(thread).is_some_and(|own| own.arming.load(Ordering::Acquire) == arming)
    }

    /// In virtual time: a thread whose work does not come to its end, since each piece brings the next, lets others go on as well.
    fn give_turn(&self, own: &Own) {
        let turns = self.config.time == TimeKind::Virtual && !self.own_threads.is_over();
        if turns && own.at_once.fetch_add(1, Ordering::Relaxed) >= TURN {
            own.at_once.store(0, Ordering::Relaxed);
            if let Some(thread) = Cpu::here(|cpu| cpu.own.get()) {
                let arming = own.arming.fetch_add(1, Ordering::AcqRel) + 1;
                self.queue.schedule(self.now(), Work::Own { thread, arming, timed: false });
                own.hand_over(Turn::Clock);
            }
        }
    }

    /// Until it is to look again.
    fn park(&self, own: &Own, object: usize, end: Option<u64>, seen: u64) {
        if let Some(adversary) = self.adversary() {
            return self.park_adversarial(adversary, object, end);
        }
        let threads = &self.own_threads;
        if self.config.time == TimeKind::Real {
            let left = end.map_or(u64::MAX, |end| end.saturating_sub(self.now()));
            let slice = SLICE.min(Duration::from_nanos(left));
            crate::alive::aside(|| {
                let mut signals = threads.signals.lock();
                if *signals == seen {
                    threads.signaled.wait_for(&mut signals, slice);
                }
                crate::alive::beat();
            });
            return;
        }
        if let (Some(at), Some(thread)) = (end, Cpu::here(|cpu| cpu.own.get())) {
            let arming = own.arming.fetch_add(1, Ordering::AcqRel) + 1;
            self.polls.note();
            self.queue.schedule(at, Work::Own { thread, arming, timed: true });
        }
        own.hand_over(Turn::Clock);
    }

    /// A thread begins, or goes on until it waits.
    pub(crate) fn run_own(&self, thread: u32) {
        let Some(own) = self.own_threads.get(thread) else { return };
        if self.adversary().is_some() {
            return self.live(thread, &own);
        }
        if own.handle.lock().is_none() {
            *own.turn.lock() = Turn::Thread;
            match self.start_own(thread, &own) {
                Ok(()) => own.wait_for(Turn::Clock),
                Err(error) => self.caught(Panic::in_thread(error.to_string())),
            }
        } else if !own.has_ended() {
            own.hand_over(Turn::Thread);
        }
    }

    /// Starts the machine's thread, on which it lives; without one it never does.
    fn start_own(&self, thread: u32, own: &Arc<Own>) -> io::Result<()> {
        let (me, its) = (self.me.clone(), Arc::clone(own));
        let handle = (self.config.spawn)(Box::new(move || {
            // The world waits for the thread's end before its own.
            if let Some(ndis) = me.upgrade() {
                ndis.live(thread, &its);
            }
            *its.turn.lock() = Turn::Clock;
            its.turned.notify_all();
        }));
        let handle = handle.inspect_err(|_| own.ended.store(true, Ordering::Release));
        *own.handle.lock() = Some(handle?);
        Ok(())
    }

    /// The thread's whole life, on the stack that it has.
    fn live(&self, thread: u32, own: &Own) {
        let Some(body) = own.body.lock().take() else { return };
        let cpu = Cpu::current();
        let before = cpu.own.replace(Some(thread));
        if let Err(payload) = catch_unwind(AssertUnwindSafe(body)) {
            self.caught(Panic::in_thread(super::adapter::words(&*payload)));
        }
        if let Some(adapter) = self.adapter(own.adapter) {
            adapter.put_right(&cpu, "a thread of the driver's own ended");
        }
        self.settle(&cpu);
        cpu.own.set(before);
        own.ended.store(true, Ordering::Release);
    }

    /// The adapters have been halted: each thread comes to its end, or is brought there.
    pub(crate) fn end_own_threads(&self) {
        let threads = &self.own_threads;
        let (virtual_, real) =
            (self.config.time == TimeKind::Virtual, self.config.time == TimeKind::Real);
        if virtual_ && !threads.living().is_empty() {
            self.go_on_meanwhile(self.now().saturating_add(PATIENCE));
        }
        if real {
            self.wait_until(Duration::from_nanos(PATIENCE), || threads.living().is_empty());
        }
        threads.over.store(true, Ordering::Release);
        threads.signaled.notify_all();
        for own in threads.living() {
            while virtual_ && own.handle.lock().is_some() && !own.has_ended() {
                own.hand_over(Turn::Thread);
            }
        }
        // A thread may begin another one before it ends; and it may want the list, whose lock nobody has meanwhile.
        let handle = |own: &Arc<Own>| own.handle.lock().take();
        loop {
            let handles: Vec<_> = threads.list.lock().iter().filter_map(handle).collect();
            if handles.is_empty() {
                break;
            }
            for handle in handles {
                let mut handle = Some(handle);
                crate::alive::aside(|| drop(handle.take().map(JoinHandle::join)));
            }
        }
        // What has not begun never does.
        let body = |own: &Arc<Own>| own.body.lock().take();
        let bodies: Vec<_> = threads.list.lock().iter().filter_map(body).collect();
        drop(bodies);
    }
}
