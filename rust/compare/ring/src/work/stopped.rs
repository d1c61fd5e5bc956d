//! A producer that is stopped anywhere, in the middle of a push too, as a scheduler or a hypervisor does it: what the
//! others still get done.
//!
//! Two producers and a consumer run in an open loop. A signal stops one of the producers at a moment that nobody chose;
//! its handler keeps it until it is told to go on. Counted are the entries of the other one that come out meanwhile.
//!
//! The one that is stopped has a core of its own, and the other two share one: so a stop gives nobody more of a
//! core than before, and it is not the scheduler that decides. (Where all three could go wherever there was a core, they
//! had between 0.3 and 2 of two in one window and in the next, and that was what was measured.) A window in which the
//! process had less of its cores than it wants was another program's, and is counted again.

use std::hint::spin_loop;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

use super::STATUS;
use crate::pin::{cores, to_core};
use crate::queue::{BATCH, CAPACITY, Consumer, Entry, Producer, Queue, Way};
use crate::wait::Wait;

/// How long is counted each time.
const WINDOW: Duration = Duration::from_millis(8);
/// After a stop, what was in the queue before it may still come out.
const SETTLE: Duration = Duration::from_millis(1);

/// With less of its cores than this the process was interrupted.
const UNDISTURBED: f64 = 0.95;
/// How often a window is counted before the least disturbed one is taken.
const TRIES: usize = 5;

static HOLD: AtomicBool = AtomicBool::new(false);
static HELD: AtomicBool = AtomicBool::new(false);

extern "C" fn hold(_: libc::c_int) {
    HELD.store(true, Ordering::SeqCst);
    while HOLD.load(Ordering::SeqCst) {
        let nap = libc::timespec { tv_sec: 0, tv_nsec: 50_000 };
        // SAFETY: the time is valid, the rest is not asked for, and a handler may call it.
        unsafe { libc::nanosleep(&raw const nap, std::ptr::null_mut()) };
    }
    HELD.store(false, Ordering::SeqCst);
}

fn install() {
    // SAFETY: all fields of the structure may be zero; the handler does only what a handler may.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = hold as extern "C" fn(libc::c_int) as usize;
        action.sa_flags = libc::SA_RESTART;
        libc::sigaction(libc::SIGUSR1, &raw const action, std::ptr::null_mut());
    }
}

/// Entries a millisecond of the other producer: with nobody stopped, and with one stopped; by stop.
pub fn stopped<Q: Queue>(stops: usize) -> Vec<(f64, f64)> {
    install();
    let cores = &cores()[..];
    let mut queue = Q::make(CAPACITY, 2);
    let (mut ways, consumer) = queue.split(2);
    let (end, ended, counted, victim) =
        (AtomicBool::new(false), AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
    let (end, ended, counted, victim) = (&end, &ended, &counted, &victim);
    thread::scope(|scope| {
        for number in [1, 0] {
            let way = ways.pop().expect("two");
            scope.spawn(move || {
                to_core(cores, 1 - number as usize);
                if number == 0 {
                    // SAFETY: a thread may ask who it is.
                    victim.store(unsafe { libc::pthread_self() } as u64, Ordering::SeqCst);
                }
                produce(way.enter(), number, end);
                ended.fetch_add(1, Ordering::SeqCst);
            });
        }
        scope.spawn(move || {
            to_core(cores, 0);
            consume(consumer, counted, ended);
        });
        while victim.load(Ordering::SeqCst) == 0 {
            spin_loop();
        }
        let window = |wanted: usize| {
            let (begin, before) = (Instant::now(), counted.load(Ordering::Relaxed));
            let busy = process_time();
            sleep(WINDOW);
            let (after, took) = (counted.load(Ordering::Relaxed), begin.elapsed().as_secs_f64());
            let share = (process_time() - busy) as f64 / 1e9 / took / wanted as f64;
            (share, (after - before) as f64 / took / 1e3)
        };
        let rate = |wanted: usize| {
            let mut best = (0.0, 0.0);
            for _ in 0..TRIES {
                let next = window(wanted);
                if next.0 > best.0 {
                    best = next;
                }
                if best.0 >= UNDISTURBED {
                    break;
                }
            }
            best.1
        };
        let stop = |number: usize| {
            sleep(SETTLE + Duration::from_micros(number as u64 * 37));
            let running = rate(cores.len().min(2));
            HOLD.store(true, Ordering::SeqCst);
            // SAFETY: the thread runs until `end` is set, which is later.
            unsafe {
                libc::pthread_kill(victim.load(Ordering::SeqCst) as libc::pthread_t, libc::SIGUSR1)
            };
            while !HELD.load(Ordering::SeqCst) {
                sleep(SETTLE / 10);
            }
            sleep(SETTLE);
            let alone = rate(1);
            HOLD.store(false, Ordering::SeqCst);
            while HELD.load(Ordering::SeqCst) {
                sleep(SETTLE / 10);
            }
            (running, alone)
        };
        let result = (0..stops).map(stop).collect();
        end.store(true, Ordering::SeqCst);
        result
    })
}

/// The processor time of all threads, in nanoseconds.
fn process_time() -> u64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

fn produce<P: Producer>(mut producer: P, number: u32, end: &AtomicBool) {
    let mut wait = Wait::crowded();
    let mut handle = 0;
    while !end.load(Ordering::Relaxed) {
        if producer.try_push(Entry { handle, status: STATUS, tag: number }) {
            handle += 1;
            wait.reset();
        } else {
            wait.pause();
        }
    }
}

/// Counts the entries of producer 1, until both have ended.
fn consume<C: Consumer>(mut consumer: C, counted: &AtomicU64, ended: &AtomicU64) {
    let mut wait = Wait::crowded();
    let mut count = 0;
    loop {
        let before = count;
        if consumer.drain(BATCH, |entry| count += u64::from(entry.tag)) == 0 {
            if ended.load(Ordering::SeqCst) == 2 {
                break;
            }
            wait.pause();
        } else {
            wait.reset();
        }
        if count != before {
            counted.store(count, Ordering::Relaxed);
        }
    }
}
