//! Threads that stand still inside of the engine: a driver has destroyed a lock, or memory, that they need.
//!
//! Who waits on purpose gives signs of life ([`ndiswan::alive`]), and so does who calls a driver. A thread of which there was none
//! for half of the time that is allowed is looked at by a signal, which writes down where it is: in the engine, or in the C
//! library's heap. Where that is so until the time is over, the thread is aborted, with last words. Whatever else it does, in the
//! interpreter or in somebody's library, is none of this. One that computes, and does not wait, has five times as long.
//!
//! If what this needs is destroyed itself, there are no more ticks in the file of `keep`, which whoever supervises looks at.

use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU64, AtomicUsize, Ordering};

use crate::last_words::file_of;

/// Tenths of seconds that a thread may stand still; 0 for ever.
static ALLOWED: AtomicU64 = AtomicU64::new(0);
/// Where a tick is written down each second; -1 nowhere.
static TICKS: AtomicI32 = AtomicI32::new(-1);
/// A thread has stood still for so long, in tenths of a second: why it is aborted.
static STOOD: AtomicU64 = AtomicU64::new(0);
/// A thread that computes may be so many times as long about it.
const COMPUTES: u64 = 5;

const DEEPEST: usize = 24;
/// What the signal's handler writes down, for one thread at a time.
static PLACES: [AtomicUsize; DEEPEST] = [const { AtomicUsize::new(0) }; DEEPEST];
static BEATS: AtomicU64 = AtomicU64::new(0);
static WRITTEN: AtomicBool = AtomicBool::new(false);

/// What is known of a thread; only the watching one looks at it.
#[derive(Debug, Default)]
pub(crate) struct Standing {
    calls: AtomicU64,
    beats: AtomicU64,
    /// Nanoseconds of the processor that it had.
    computed: AtomicU64,
    /// Tenths of seconds without a sign, `COMPUTES` times if it waits.
    still: AtomicU64,
}

/// From now on threads may stand still for `allowed` tenths of seconds (0: for ever), and a tick is written to `ticks` each second.
pub(crate) fn keep(allowed: u64, ticks: i32) {
    TICKS.store(ticks, Ordering::Relaxed);
    ALLOWED.store(allowed, Ordering::Relaxed);
}

/// Where two locks of ours are, which a test has a driver destroy: of spare memory, and of the threads that are watched.
#[must_use]
pub fn locks_of_ours() -> (usize, usize) {
    // SAFETY: nothing is done to the locks.
    let (spare, threads) = unsafe { (crate::memory::SPARE.raw(), crate::watchdog::THREADS.raw()) };
    (std::ptr::from_ref(spare) as usize, std::ptr::from_ref(threads) as usize)
}

/// The signal that asks a thread where it is.
pub(crate) fn signal() -> libc::c_int {
    libc::SIGRTMIN() + 10
}

/// For how many seconds a thread has stood still that is aborted for it.
pub(crate) fn stood() -> Option<f64> {
    let tenths = u32::try_from(STOOD.load(Ordering::Relaxed)).unwrap_or(u32::MAX);
    (tenths != 0).then(|| f64::from(tenths) / 10.0)
}

/// Time goes on.
pub(crate) fn tick(now: u64) {
    let file = TICKS.load(Ordering::Relaxed);
    if file >= 0 && now.is_multiple_of(10) {
        let bytes = now.to_le_bytes();
        // SAFETY: the bytes of a number, into a file that `keep` was given.
        unsafe { libc::pwrite(file, bytes.as_ptr().cast(), bytes.len(), 0) };
    }
}

/// Looks at a thread, ten times a second: whether its driver runs, and how many calls of the library it made.
pub(crate) fn look(thread: libc::pthread_t, known: &Standing, runs: bool, calls: u64) {
    let allowed = ALLOWED.load(Ordering::Relaxed);
    if allowed == 0 || STOOD.load(Ordering::Relaxed) != 0 {
        return;
    }
    let called = known.calls.swap(calls, Ordering::Relaxed) != calls;
    let time = computed(thread);
    let before = known.computed.swap(time, Ordering::Relaxed);
    if runs || called {
        return known.still.store(0, Ordering::Relaxed);
    }
    let computes = time.saturating_sub(before) > 1_000_000;
    let weight = if computes { 1 } else { COMPUTES };
    let still = known.still.load(Ordering::Relaxed) + weight;
    known.still.store(still, Ordering::Relaxed);
    let (half, all) = (allowed * COMPUTES / 2, allowed * COMPUTES);
    let (first, over) = (still - weight < half, still >= all);
    if still < half || !(first || over || still % (10 * COMPUTES) < weight) {
        return;
    }
    let in_engine = is_in_engine(thread);
    let beats = BEATS.load(Ordering::Relaxed);
    let goes_on = known.beats.swap(beats, Ordering::Relaxed) != beats && !first;
    if !in_engine || goes_on {
        known.still.store(0, Ordering::Relaxed);
    } else if over {
        abort(thread, allowed);
    }
}

/// Ends the process by this thread, so that it is told where that is.
fn abort(thread: libc::pthread_t, allowed: u64) {
    STOOD.store(allowed, Ordering::Relaxed);
    // SAFETY: as in `computed`; the default action of an alarm ends the process if nothing else does.
    unsafe {
        libc::signal(libc::SIGALRM, libc::SIG_DFL);
        libc::alarm(15);
        libc::pthread_kill(thread, libc::SIGABRT);
    }
}

/// Nanoseconds of the processor that a thread had.
fn computed(thread: libc::pthread_t) -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    let mut clock = 0;
    // SAFETY: the thread takes its entry in the list along when it ends, and the entry is held; room for the answers.
    let known = unsafe {
        libc::pthread_getcpuclockid(thread, &raw mut clock) == 0
            && libc::clock_gettime(clock, &raw mut time) == 0
    };
    if known { time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64 } else { 0 }
}

/// Has a thread write down where it is.
fn is_in_engine(thread: libc::pthread_t) -> bool {
    WRITTEN.store(false, Ordering::Relaxed);
    PLACES[0].store(0, Ordering::Relaxed);
    // SAFETY: as in `computed`; the handler was installed before the thread was put into the list.
    unsafe { libc::pthread_kill(thread, signal()) };
    for _ in 0..100 {
        if WRITTEN.load(Ordering::Acquire) {
            let places = PLACES.iter().map(|place| place.load(Ordering::Relaxed));
            return is_engine(places.take_while(|place| *place != 0));
        }
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    // It does not take signals: nobody can say where it is.
    false
}

pub(crate) extern "C" fn asked(_: libc::c_int, _: *mut libc::siginfo_t, _: *mut libc::c_void) {
    let mut at = 0;
    backtrace::trace(|frame| {
        PLACES[at].store(frame.ip() as usize, Ordering::Relaxed);
        at += 1;
        at + 1 < DEEPEST
    });
    PLACES[at].store(0, Ordering::Relaxed);
    BEATS.store(ndiswan::alive::beats(), Ordering::Relaxed);
    WRITTEN.store(true, Ordering::Release);
}

/// Whether the innermost of these addresses that is not the C library's is the engine's, or is where the heap was called.
fn is_engine(places: impl Iterator<Item = usize>) -> bool {
    let own = file_of(keep as *const () as usize).0;
    // The handler, which is the engine's as well, is called from the C library.
    let interrupted = places.skip_while(|place| !is_system(&file_of(*place).0)).skip(1);
    for place in interrupted {
        let (file, function) = file_of(place.wrapping_sub(1));
        if file == own || crate::image::is_of_driver(place.wrapping_sub(1)) {
            return true;
        }
        if !is_system(&file) {
            return false;
        }
        if HEAP.contains(&function.trim_start_matches("__libc_")) {
            return true;
        }
    }
    false
}

/// Functions of the heap.
const HEAP: [&str; 7] =
    ["malloc", "calloc", "realloc", "free", "cfree", "memalign", "posix_memalign"];

/// Whether code of a file is of the C library and what belongs to it: whoever called it is asked for.
fn is_system(file: &str) -> bool {
    ["libc.", "libc-", "libpthread", "libgcc_s", "libm.", "ld-linux", "linux-vdso", "libasan"]
        .iter()
        .any(|name| file.starts_with(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether a thread that does this is found to be in the engine, which this test is a part of.
    fn found(waits: impl FnOnce() + Send + 'static) -> bool {
        crate::fault::watch();
        let (names, name) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            // SAFETY: the calling thread's own name has no preconditions.
            let _ = names.send(unsafe { libc::pthread_self() });
            waits();
        });
        let thread_name = name.recv().expect("it begins");
        std::thread::sleep(std::time::Duration::from_millis(50));
        let found = is_in_engine(thread_name);
        thread.join().expect("it ends");
        found
    }

    #[test]
    fn who_waits_in_the_engine_is_there_and_the_heap_is_known_by_its_functions() {
        assert!(found(|| std::thread::sleep(std::time::Duration::from_millis(500))));
        let heap = libc::malloc as *const () as usize + 8;
        let sleeps = libc::nanosleep as *const () as usize + 8;
        let python = found as fn(fn()) -> bool as *const () as usize;
        assert!(is_engine([sleeps, sleeps, heap].into_iter()));
        assert!(!is_engine([sleeps, sleeps, sleeps].into_iter()), "of nobody that is known");
        assert!(is_engine([sleeps, sleeps, python].into_iter()));
    }
}
