//! Drivers that do not come back: a thread looks at the clock, and a signal brings the driver out of its call.

use std::cell::{Cell, OnceCell};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Once, Weak};
use std::time::Duration;

use parking_lot::Mutex;

use crate::standstill::{self, Standing};

/// How long a driver may run without a call of the library, in ticks of a tenth of a second.
const TICKS: u64 = 30;
/// The same after one was in an endless loop in this process: whoever looks at it again, to make it small or to tell it, does not
/// wait for so long each time.
const TICKS_AGAIN: u64 = 8;
/// So many calls of the library are made before it is asked whether the driver goes on for ever.
const SOME: u64 = 1024;
/// How many calls of the library it may make before its outermost function returns.
const CALLS: u64 = 977 * SOME;

/// Of some calls, so many that break a rule are often; that so often, one span after the other, is a loop without an end.
const OFTEN: usize = 64;
const SPANS: u32 = 8;

/// Counts tenths of seconds, from 1.
static NOW: AtomicU64 = AtomicU64::new(1);
static PATIENCE: AtomicU64 = AtomicU64::new(TICKS);
pub(crate) static THREADS: Mutex<Vec<Weak<Watched>>> = Mutex::new(Vec::new());

#[derive(Debug)]
pub(crate) struct Watched {
    thread: libc::pthread_t,
    /// The tick at which its driver began to run on its own, 0 while none does.
    since: AtomicU64,
    /// How many calls of the library it made since its outermost function began; only its own thread writes it.
    calls: AtomicU64,
    /// What that was when the watching thread looked last, and the tick at which it had changed last.
    seen: AtomicU64,
    changed: AtomicU64,
    standing: Standing,
}

thread_local! {
    static OWN: OnceCell<Arc<Watched>> = const { OnceCell::new() };
}

/// The calling thread's part; null before it is watched.
pub(crate) struct Own {
    watched: Cell<*const Watched>,
    /// How many rules were broken when that was asked last, and in how many spans of calls, one after the other, often.
    broken: Cell<usize>,
    often: Cell<u32>,
}

/// In tenths of seconds, since the first driver ran.
pub(crate) fn now() -> u64 {
    NOW.load(Ordering::Relaxed)
}

/// A driver was in an endless loop.
pub(crate) fn was_late() {
    PATIENCE.store(TICKS_AGAIN, Ordering::Relaxed);
}

/// The signal that asks a thread to leave its driver.
pub(crate) fn signal() -> libc::c_int {
    libc::SIGRTMIN() + 9
}

impl Own {
    pub(crate) const fn new() -> Own {
        Own { watched: Cell::new(std::ptr::null()), broken: Cell::new(0), often: Cell::new(0) }
    }

    #[inline]
    fn get(&self) -> Option<&Watched> {
        // SAFETY: points to this thread's own entry, which lives as long as the thread.
        unsafe { self.watched.get().as_ref() }
    }

    /// The calling thread's entry; it is watched from then on.
    #[inline(always)]
    #[allow(clippy::inline_always)] // see `context::Inside`
    pub(crate) fn entry(&self) -> &Watched {
        self.get().unwrap_or_else(|| self.begin())
    }

    #[cold]
    fn begin(&self) -> &Watched {
        crate::context::watch();
        self.get().expect("it is watched")
    }

    /// Has this thread watched, and the watching thread begin.
    #[cold]
    pub(crate) fn watch(&self) {
        static ONCE: Once = Once::new();
        OWN.with(|own| {
            let watched = own.get_or_init(|| {
                let zero = || AtomicU64::new(0);
                // SAFETY: the calling thread's own name has no preconditions.
                let thread = unsafe { libc::pthread_self() };
                let (since, calls, seen, changed) = (zero(), zero(), zero(), zero());
                let standing = Standing::default();
                let watched = Arc::new(Watched { thread, since, calls, seen, changed, standing });
                THREADS.lock().push(Arc::downgrade(&watched));
                watched
            });
            self.watched.set(Arc::as_ptr(watched));
        });
        ONCE.call_once(|| {
            begin_to_look();
            // SAFETY: a function of the right type, which does what a child may.
            unsafe { libc::pthread_atfork(None, None, Some(forked)) };
        });
    }

    /// The outermost function of a driver begins; how many calls were counted before.
    #[inline]
    pub(crate) fn begins(&self) -> u64 {
        self.runs();
        self.get().map_or(0, Watched::counts_anew)
    }

    /// See [`Watched::runs`].
    #[inline]
    pub(crate) fn runs(&self) {
        if let Some(watched) = self.get() {
            watched.runs();
        }
    }

    /// See [`Watched::stops`].
    #[inline]
    pub(crate) fn stops(&self) {
        if let Some(watched) = self.get() {
            watched.stops();
        }
    }

    /// It does not, since it calls the library; how many calls it has made since its outermost function began, if that is a
    /// number at which to ask how it gets on.
    #[inline]
    pub(crate) fn calls(&self) -> Option<u64> {
        let watched = self.get()?;
        watched.since.store(0, Ordering::Relaxed);
        let calls = watched.calls.load(Ordering::Relaxed) + 1;
        watched.calls.store(calls, Ordering::Relaxed);
        calls.is_multiple_of(SOME).then_some(calls)
    }

    /// What comes takes as long as some calls, and counts as so many; no number at which to ask is passed over.
    pub(crate) fn weighs(&self, more: u64) {
        let Some(watched) = self.get() else { return };
        let calls = watched.calls.load(Ordering::Relaxed);
        if (calls + more) / SOME == calls / SOME {
            watched.calls.store(calls + more, Ordering::Relaxed);
        }
    }

    /// Whether after so many calls the driver goes on for ever: it has made as many as it may, or of late it breaks rule upon rule,
    /// which takes so long to report that it would not come to that. `broken` is how many there are.
    #[cold]
    pub(crate) fn is_endless(&self, calls: u64, broken: usize) -> bool {
        let new = broken.saturating_sub(self.broken.replace(broken));
        let before = if calls == SOME { 0 } else { self.often.get() };
        let often = if calls > SOME && new >= OFTEN { before + 1 } else { 0 };
        self.often.set(often);
        calls >= CALLS || often >= SPANS
    }

    /// A call that is over at once: if it was not one too many, `f` does it, or says that it does not.
    #[inline(always)]
    #[allow(clippy::inline_always)] // see `context::quickly`
    pub(crate) fn calls_quickly(&self, f: impl FnOnce() -> bool) -> bool {
        let Some(watched) = self.get() else { return false };
        let calls = watched.calls.load(Ordering::Relaxed) + 1;
        let done = !calls.is_multiple_of(SOME) && f();
        if done {
            watched.calls.store(calls, Ordering::Relaxed);
        }
        done
    }
}

impl Watched {
    /// Calls are counted from here on; how many there were.
    #[inline]
    pub(crate) fn counts_anew(&self) -> u64 {
        let calls = self.calls.load(Ordering::Relaxed);
        self.calls.store(0, Ordering::Relaxed);
        calls
    }

    /// The outermost function of the driver has ended, and whoever was counted before goes on.
    #[inline]
    pub(crate) fn goes_on(&self, calls: u64) {
        self.calls.store(calls, Ordering::Relaxed);
    }

    /// The driver runs on its own from here.
    #[inline]
    pub(crate) fn runs(&self) {
        self.since.store(NOW.load(Ordering::Relaxed), Ordering::Relaxed);
    }

    /// It does not.
    #[inline]
    pub(crate) fn stops(&self) {
        self.since.store(0, Ordering::Relaxed);
    }

    /// Whether at this tick its driver has been running for too long without a call of the library.
    fn is_late(&self, now: u64) -> bool {
        let since = self.since.load(Ordering::Relaxed);
        let calls = self.calls.load(Ordering::Relaxed);
        if self.seen.swap(calls, Ordering::Relaxed) != calls {
            self.changed.store(now, Ordering::Relaxed);
        }
        let patience = PATIENCE.load(Ordering::Relaxed);
        since != 0 && now - since.max(self.changed.load(Ordering::Relaxed)) > patience
    }
}

fn begin_to_look() {
    // Without it, a driver in an endless loop is the user's to interrupt.
    let _ = std::thread::Builder::new().name("ndiswan-watchdog".into()).spawn(look);
}

/// A child has its parent's memory and one thread only, which is not the one that looks.
extern "C" fn forked() {
    // Who was in the middle of it in the parent will not let go of it: nobody of then is here.
    if THREADS.is_locked() {
        // SAFETY: its holder is no thread of this process, which has one so far.
        unsafe { THREADS.force_unlock() };
    }
    begin_to_look();
}

fn look() {
    loop {
        std::thread::sleep(Duration::from_millis(100));
        let now = NOW.fetch_add(1, Ordering::Relaxed) + 1;
        standstill::tick(now);
        THREADS.lock().retain(|watched| {
            let Some(watched) = watched.upgrade() else { return false };
            if watched.is_late(now) {
                // SAFETY: a thread takes its entry along when it ends, and the entry is held here.
                unsafe { libc::pthread_kill(watched.thread, signal()) };
            }
            let runs = watched.since.load(Ordering::Relaxed) != 0;
            let calls = watched.calls.load(Ordering::Relaxed);
            standstill::look(watched.thread, &watched.standing, runs, calls);
            true
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_breaks_a_rule_again_and_again_does_not_come_to_its_last_call() {
        let own = Own::new();
        let spans = 1 + u64::from(SPANS);
        let endless = |each: usize| (1..=spans).map(move |at| (at, at as usize * each));
        assert!(endless(OFTEN - 1).all(|(at, broken)| !own.is_endless(at * SOME, broken)));
        own.is_endless(SOME, 10_000); // what was broken before this call of the driver
        let found: Vec<bool> =
            (2..=spans).map(|at| own.is_endless(at * SOME, 10_000 + at as usize * OFTEN)).collect();
        assert_eq!(found.iter().filter(|endless| **endless).count(), 1, "at the last");
        assert!(!own.is_endless(SOME, 90_000) && own.is_endless(CALLS, 90_000));
    }

    #[test]
    fn who_calls_the_library_is_not_late_and_who_does_not_is() {
        let zero = || AtomicU64::new(0);
        let since = AtomicU64::new(1);
        let (calls, seen, changed) = (zero(), zero(), zero());
        // SAFETY: the calling thread's own name has no preconditions.
        let thread = unsafe { libc::pthread_self() };
        let standing = Standing::default();
        let watched = Watched { thread, since, calls, seen, changed, standing };
        for now in 2..200 {
            watched.calls.fetch_add(1, Ordering::Relaxed);
            assert!(!watched.is_late(now));
        }
        assert!(!watched.is_late(199 + TICKS), "it may run for so long");
        assert!(watched.is_late(200 + TICKS));
        watched.since.store(0, Ordering::Relaxed);
        assert!(!watched.is_late(300 + TICKS), "it does not run");
    }
}
