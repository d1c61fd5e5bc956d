//! Drivers that do not come back: a thread looks at the clock, and a signal brings the driver out of its call.

use std::cell::{Cell, OnceCell};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Once, Weak};
use std::time::Duration;

use parking_lot::Mutex;

/// How long a driver may run without a call of the library, in ticks of a tenth of a second.
const TICKS: u64 = 50;
/// How many calls of the library it may make before its outermost function returns.
const CALLS: u64 = 1_000_000;

/// Counts tenths of seconds, from 1.
static NOW: AtomicU64 = AtomicU64::new(1);
static THREADS: Mutex<Vec<Weak<Watched>>> = Mutex::new(Vec::new());

#[derive(Debug)]
struct Watched {
    thread: libc::pthread_t,
    /// The tick at which its driver began to run on its own, 0 while none does.
    since: AtomicU64,
}

thread_local! {
    static OWN: OnceCell<Arc<Watched>> = const { OnceCell::new() };
    static SINCE: Cell<*const AtomicU64> = const { Cell::new(std::ptr::null()) };
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

/// The signal that asks a thread to leave its driver.
pub(crate) fn signal() -> libc::c_int {
    libc::SIGRTMIN() + 9
}

/// Has this thread watched, and the watching thread begin.
pub(crate) fn watch() {
    static ONCE: Once = Once::new();
    if !SINCE.get().is_null() {
        return;
    }
    OWN.with(|own| {
        let watched = own.get_or_init(|| {
            // SAFETY: the calling thread's own name has no preconditions.
            let thread = unsafe { libc::pthread_self() };
            let watched = Arc::new(Watched { thread, since: AtomicU64::new(0) });
            THREADS.lock().push(Arc::downgrade(&watched));
            watched
        });
        SINCE.set(&raw const watched.since);
    });
    ONCE.call_once(|| {
        begin_to_look();
        // SAFETY: a function of the right type, which does what a child may.
        unsafe { libc::pthread_atfork(None, None, Some(forked)) };
    });
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
        THREADS.lock().retain(|watched| {
            let Some(watched) = watched.upgrade() else { return false };
            let since = watched.since.load(Ordering::Relaxed);
            if since != 0 && now - since > TICKS {
                // SAFETY: a thread takes its entry along when it ends, and the entry is held here.
                unsafe { libc::pthread_kill(watched.thread, signal()) };
            }
            true
        });
    }
}

/// The driver runs on its own from here.
#[inline]
pub(crate) fn runs() {
    // SAFETY: points into this thread's own entry, which lives as long as the thread.
    if let Some(since) = unsafe { SINCE.get().as_ref() } {
        since.store(NOW.load(Ordering::Relaxed), Ordering::Relaxed);
    }
}

/// It does not.
#[inline]
pub(crate) fn stops() {
    // SAFETY: as in `runs`.
    if let Some(since) = unsafe { SINCE.get().as_ref() } {
        since.store(0, Ordering::Relaxed);
    }
}

/// One more call of the library; whether there were too many since `begin`.
#[inline]
pub(crate) fn count() -> bool {
    COUNT.set(COUNT.get() + 1);
    COUNT.get() > CALLS
}

/// The outermost function of a driver begins: the count of the one that another stack has left in the middle, if there is one.
#[inline]
pub(crate) fn begin() -> u64 {
    COUNT.replace(0)
}

/// It has ended.
#[inline]
pub(crate) fn end(count: u64) {
    COUNT.set(count);
}
