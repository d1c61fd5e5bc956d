//! A producer that is stopped anywhere, in the middle of a push too, as a scheduler or a hypervisor does it: what the
//! others still get done.
//!
//! Two producers and a consumer run in an open loop. A signal stops one of the producers at a moment that nobody chose;
//! its handler keeps it until it is told to go on. Counted are the entries of the other one that come out meanwhile.

use std::hint::spin_loop;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use super::STATUS;
use crate::pin::to_core;
use crate::queue::{BATCH, CAPACITY, Consumer, Entry, Producer, Queue, Way};
use crate::wait::Wait;

/// How long is counted each time.
const WINDOW: Duration = Duration::from_millis(8);
/// After a stop, what was in the queue before it may still come out.
const SETTLE: Duration = Duration::from_millis(1);

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
    let mut queue = Q::make(CAPACITY, 2);
    let (mut ways, consumer) = queue.split(2);
    let (end, ended, counted, victim) =
        (AtomicBool::new(false), AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
    let (end, ended, counted, victim) = (&end, &ended, &counted, &victim);
    thread::scope(|scope| {
        for number in [1, 0] {
            let way = ways.pop().expect("two");
            scope.spawn(move || {
                to_core(&[], 0);
                if number == 0 {
                    // SAFETY: a thread may ask who it is.
                    victim.store(unsafe { libc::pthread_self() } as u64, Ordering::SeqCst);
                }
                produce(way.enter(), number, end);
                ended.fetch_add(1, Ordering::SeqCst);
            });
        }
        scope.spawn(move || {
            to_core(&[], 0);
            consume(consumer, counted, ended);
        });
        while victim.load(Ordering::SeqCst) == 0 {
            spin_loop();
        }
        let rate = || {
            let (begin, before) = (Instant::now(), counted.load(Ordering::Relaxed));
            sleep(WINDOW);
            let after = counted.load(Ordering::Relaxed);
            (after - before) as f64 / begin.elapsed().as_secs_f64() / 1e3
        };
        let stop = |number: usize| {
            sleep(SETTLE + Duration::from_micros(number as u64 * 37));
            let running = rate();
            HOLD.store(true, Ordering::SeqCst);
            // SAFETY: the thread runs until `end` is set, which is later.
            unsafe {
                libc::pthread_kill(victim.load(Ordering::SeqCst) as libc::pthread_t, libc::SIGUSR1)
            };
            while !HELD.load(Ordering::SeqCst) {
                sleep(SETTLE / 10);
            }
            sleep(SETTLE);
            // What is blocked stays blocked; a window in which other programs had the cores does not come twice.
            let mut alone = rate();
            for _ in 0..2 {
                if alone < running / 10.0 {
                    alone = rate();
                }
            }
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
