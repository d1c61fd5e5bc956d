//! NDIS for shuttle, as small as the drivers here allow: each virtual CPU is a thread.
//!
//! shuttle schedules where its own primitives are used. So spin locks are its mutexes, and the CPUs that take timers
//! and interrupts wait at its condition variable. What only looks (the answers that a packet got) is plain memory: one
//! thread runs at a time. What it asserts is what a test of such a driver would: each packet is answered exactly once.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use shuttle::scheduler::Scheduler;
use shuttle::sync::{Condvar, Mutex};
use shuttle::{Config, FailurePersistence, MaxSteps, Runner, thread};

use crate::counted::Counted;
use crate::nic::{Driver, Nic, Play};

#[derive(Copy, Clone, Debug)]
enum Job {
    Timer(u32),
    Interrupt,
    Stop,
}

/// One adapter, its packets, and the work that waits for a CPU.
#[derive(Debug)]
pub struct Shuttled {
    locks: Vec<Mutex<()>>,
    armed: Vec<AtomicBool>,
    answers: Vec<AtomicU64>,
    resets: AtomicU64,
    jobs: Mutex<Vec<Job>>,
    ready: Condvar,
}

impl Shuttled {
    fn post(&self, job: Job) {
        self.jobs.lock().expect("nobody panics with it").push(job);
        self.ready.notify_one();
    }

    fn take(&self) -> Job {
        let mut jobs = self.jobs.lock().expect("nobody panics with it");
        while jobs.is_empty() {
            jobs = self.ready.wait(jobs).expect("nobody panics with it");
        }
        jobs.remove(0)
    }

    fn serve<D: Driver<Shuttled>>(&self, driver: &D) {
        loop {
            match self.take() {
                Job::Timer(timer) => {
                    if self.armed[timer as usize].swap(false, Relaxed) {
                        driver.timer(self, timer);
                    }
                }
                Job::Interrupt => driver.interrupt(self),
                Job::Stop => return,
            }
        }
    }
}

impl Nic for Shuttled {
    type Packet = usize;

    fn locked<R>(&self, lock: usize, work: impl FnOnce() -> R) -> R {
        let _held = self.locks[lock].lock().expect("no driver panics");
        work()
    }

    fn set_timer(&self, timer: u32) {
        if !self.armed[timer as usize].swap(true, Relaxed) {
            self.post(Job::Timer(timer));
        }
    }

    fn cancel_timer(&self, timer: u32) -> bool {
        self.armed[timer as usize].swap(false, Relaxed)
    }

    fn interrupt(&self) {
        self.post(Job::Interrupt);
    }

    fn complete(&self, packet: usize, _: bool) {
        assert_eq!(self.answers[packet].fetch_add(1, Relaxed), 0, "DOUBLE");
    }

    fn reset_complete(&self) {
        assert_eq!(self.resets.fetch_add(1, Relaxed), 0, "RESET");
    }

    fn touch(&self, packet: usize) {
        assert_eq!(self.answers[packet].load(Relaxed), 0, "TOUCH");
    }
}

/// One execution, with one CPU for the protocol and `servers` for timers and interrupts.
pub fn execute<D: Driver<Shuttled>>(play: Play, servers: usize) {
    let nic = Arc::new(Shuttled {
        locks: (0..D::LOCKS).map(|_| Mutex::new(())).collect(),
        armed: (0..D::TIMERS).map(|_| AtomicBool::new(false)).collect(),
        answers: (0..play.packets).map(|_| AtomicU64::new(0)).collect(),
        resets: AtomicU64::new(0),
        jobs: Mutex::default(),
        ready: Condvar::new(),
    });
    let driver = Arc::new(D::new());
    let cpus: Vec<_> = (0..servers)
        .map(|_| {
            let (nic, driver) = (Arc::clone(&nic), Arc::clone(&driver));
            thread::spawn(move || nic.serve(&*driver))
        })
        .collect();
    for packet in 0..play.packets {
        driver.send(&*nic, packet);
    }
    if play.reset && driver.reset(&*nic) {
        nic.reset_complete();
    }
    for _ in 0..servers {
        nic.post(Job::Stop);
    }
    for cpu in cpus {
        cpu.join().expect("a CPU that panics ends the execution");
    }
    driver.halt(&*nic);
    assert_eq!(nic.resets.load(Relaxed), u64::from(play.reset), "RESET");
    assert!(nic.answers.iter().all(|answers| answers.load(Relaxed) == 1), "LOST");
}

/// What a run of shuttle came to.
#[derive(Debug)]
pub struct Explored {
    /// How many executions were begun.
    pub executions: u64,
    /// How many points they had together.
    pub points: u64,
    /// The words of what failed.
    pub failure: Option<String>,
}

/// Runs executions under shuttle until one fails or the scheduler or the time ends.
pub fn explore<D: Driver<Shuttled>>(
    scheduler: impl Scheduler + 'static,
    time: Duration,
    play: Play,
    servers: usize,
) -> Explored {
    let mut config = Config::new();
    config.failure_persistence = FailurePersistence::None;
    config.max_steps = MaxSteps::FailAfter(20_000);
    config.max_time = Some(time);
    let (executions, points) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let scheduler = Counted::new(scheduler, Arc::clone(&points));
    let counted = Arc::clone(&executions);
    let ran = catch_unwind(AssertUnwindSafe(|| {
        Runner::new(scheduler, config).run(move || {
            counted.fetch_add(1, Relaxed);
            execute::<D>(play, servers);
        });
    }));
    let failure = ran.err().map(|words| {
        let text = words.downcast_ref::<String>().map(String::as_str);
        text.or_else(|| words.downcast_ref::<&str>().copied()).unwrap_or("a panic").to_string()
    });
    Explored { executions: executions.load(Relaxed), points: points.load(Relaxed), failure }
}
