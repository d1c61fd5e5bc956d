//! Threads that a scenario spawns: the protocol's, or whoever else calls at PASSIVE.

use std::cell::Cell;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;

use parking_lot::Mutex;

use super::{Adapter, Ndis, Panic};
use crate::cx::{Cpu, Irql};
use crate::dispatch::Work;
use crate::time::{Clock, TimeKind};
use crate::violation::Violation;

type Body = Box<dyn FnOnce() + Send>;

thread_local! {
    /// Whether this thread was spawned so, in real time.
    static SPAWNED: Cell<bool> = const { Cell::new(false) };
}

/// The threads of one world that were spawned.
#[derive(Default)]
pub(crate) struct Threads {
    /// Those that have not begun, and whether a driver's work item is one.
    bodies: Mutex<Vec<Option<(Body, bool)>>>,
    handles: Mutex<Vec<JoinHandle<()>>>,
    /// How many have not come to their end.
    live: AtomicUsize,
}

impl Ndis {
    /// Runs `body` as another thread at PASSIVE_LEVEL: in real time as one; in virtual time as an
    /// event of this moment; in adversarial time on a virtual CPU of its own. Closing waits for it.
    ///
    /// # Errors
    /// The machine's own, in real time: it has no thread for it, and `body` is not run.
    pub fn spawn(&self, body: impl FnOnce() + Send + 'static) -> io::Result<()> {
        self.spawn_as(body, false)
    }

    /// The same for a driver, whose halt may wait for it (NdisScheduleWorkItem).
    ///
    /// # Errors
    /// As [`spawn`](Self::spawn).
    pub fn spawn_work_item(&self, body: impl FnOnce() + Send + 'static) -> io::Result<()> {
        self.spawn_as(body, true)
    }

    fn spawn_as(&self, body: impl FnOnce() + Send + 'static, work_item: bool) -> io::Result<()> {
        self.threads.live.fetch_add(1, Ordering::AcqRel);
        if self.config.time == TimeKind::Real {
            let me = std::sync::Weak::clone(&self.me);
            let handle = (self.config.spawn)(Box::new(move || {
                SPAWNED.set(true);
                let ended = catch_unwind(AssertUnwindSafe(body));
                if let Some(ndis) = me.upgrade() {
                    ndis.thread_ended(ended);
                    ndis.queue.worked();
                }
            }));
            let handle = handle.inspect_err(|_| {
                self.threads.live.fetch_sub(1, Ordering::AcqRel);
            });
            self.threads.handles.lock().push(handle?);
            return Ok(());
        }
        let thread = {
            let mut bodies = self.threads.bodies.lock();
            bodies.push(Some((Box::new(body), work_item)));
            bodies.len() as u32 - 1
        };
        self.queue.schedule(self.now(), Work::Thread { thread });
        Ok(())
    }

    pub(crate) fn run_thread(&self, thread: u32) {
        let body = self.threads.bodies.lock().get_mut(thread as usize).and_then(Option::take);
        let Some((body, _)) = body else { return };
        self.thread_ended(catch_unwind(AssertUnwindSafe(body)));
    }

    fn thread_ended(&self, how: std::thread::Result<()>) {
        if let Err(payload) = how {
            self.caught(Panic::in_thread(super::adapter::words(&*payload)));
        }
        if let Some(adapter) = self.adapter(0) {
            adapter.put_right(&Cpu::current(), "a thread that was spawned ended");
        }
        self.threads.live.fetch_sub(1, Ordering::AcqRel);
    }

    /// Whether one that was spawned has not come to its end; none of them waits for the others.
    pub(crate) fn waits_for_threads(&self) -> bool {
        self.threads.live.load(Ordering::Acquire) > 0 && !SPAWNED.get()
    }

    /// Waits for the threads that were spawned; in virtual time those that have not begun never do.
    pub(crate) fn join_threads(&self) {
        let none_left = || self.threads.live.load(Ordering::Acquire) == 0;
        if self.others_until(none_left).is_none() {
            // One may spawn another before it ends, and wants the list for that.
            loop {
                let handles = std::mem::take(&mut *self.threads.handles.lock());
                if handles.is_empty() {
                    break;
                }
                for handle in handles {
                    let _ = handle.join();
                }
            }
        }
        // A driver's work items may still run, where its halt sleeps or waits.
        self.forget_threads(|(_, work_item)| *work_item);
    }

    /// Threads that have not begun never do, but those to be kept.
    pub(crate) fn forget_threads(&self, kept: impl Fn(&(Body, bool)) -> bool) {
        if self.threads.live.load(Ordering::Acquire) == 0 {
            return;
        }
        for body in self.threads.bodies.lock().iter_mut() {
            *body = body.take().filter(&kept);
        }
    }
}

impl Adapter {
    /// NdisMSleep, for a thread at PASSIVE_LEVEL: others go on for `delay` nanoseconds. In virtual time
    /// what is due until then happens, on another virtual CPU of the thread; so it does in adversarial time, but that what is due
    /// and what runs may be late by [`Adversity::latency`](crate::time::Adversity::latency): who sleeps for longer may rely on it.
    ///
    /// A serialized miniport that sleeps inside of `initialize` or `halt` keeps nobody out meanwhile: what serializes it is a spin
    /// lock of NDIS, which nobody holds at PASSIVE_LEVEL.
    ///
    /// # Errors
    /// `IRQL_CALL` at DISPATCH or above; then nobody sleeps.
    pub fn sleep(&self, delay: u64) -> Result<(), Arc<Violation>> {
        let cpu = Cpu::current();
        self.allowed(&cpu, "sleep", Irql::APC)?;
        let inside = self.is_inside(&cpu);
        if inside {
            self.step_out();
        }
        self.let_others(delay);
        if inside {
            self.step_in(&cpu);
        }
        Ok(())
    }

    /// Whether `call` may be made at this level, which is `most` at most.
    #[inline]
    pub(crate) fn allowed(
        &self,
        cpu: &Rc<Cpu>,
        call: &str,
        most: Irql,
    ) -> Result<(), Arc<Violation>> {
        let Err(rule) = cpu.state.borrow().may_call(most) else { return Ok(()) };
        let detail = format!("{call} at {}; expected {most} or below", cpu.irql());
        Err(self.report(cpu, rule, None, detail))
    }

    fn let_others(&self, delay: u64) {
        if self.ndis.others_for(delay) {
            return;
        }
        match &self.ndis.queue.clock {
            Clock::Virtual(_) => {
                let until = self.ndis.now().saturating_add(delay);
                self.ndis.go_on_meanwhile(until);
                self.ndis.queue.set_clock(until);
            }
            Clock::Real(_) => crate::alive::sleep(std::time::Duration::from_nanos(delay)),
        }
    }
}
