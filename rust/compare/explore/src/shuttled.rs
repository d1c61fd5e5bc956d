//! NDIS for shuttle, as small as the drivers here allow: each virtual CPU is a thread.
//!
//! shuttle schedules where its own primitives are used. So spin locks are its mutexes, and the CPUs that take timers
//! and interrupts wait at its condition variable. What only looks (the answers that a packet got) is plain memory: one
//! thread runs at a time. What it asserts is what a test of such a driver would: each packet is answered exactly once.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::sync::atomic::{AtomicBool, AtomicU64};
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
}

/// What waits for a CPU, and how many are at work.
#[derive(Debug, Default)]
struct Jobs {
    queue: VecDeque<Job>,
    busy: usize,
    over: bool,
}

/// One adapter, its packets, and the work that waits for a CPU.
#[derive(Debug)]
pub struct Shuttled {
    locks: Vec<Mutex<()>>,
    armed: Vec<AtomicBool>,
    answers: Vec<AtomicU64>,
    resets: AtomicU64,
    memory: shuttle::sync::atomic::AtomicBool,
    every_event: bool,
    jobs: Mutex<Jobs>,
    ready: Condvar,
}

impl Shuttled {
    /// Before and after an event of the contract, if those are to be points, as they are in our world.
    fn event(&self) {
        if self.every_event {
            self.look();
            self.look();
        }
    }

    fn post(&self, job: Job) {
        self.jobs.lock().expect("nobody panics with it").queue.push_back(job);
        self.ready.notify_one();
    }

    /// The next job, for a CPU that has `done` one; none if no more can come.
    fn take(&self, done: bool) -> Option<Job> {
        let mut jobs = self.jobs.lock().expect("nobody panics with it");
        jobs.busy -= usize::from(done);
        loop {
            if let Some(job) = jobs.queue.pop_front() {
                jobs.busy += 1;
                return Some(job);
            }
            if jobs.over && jobs.busy == 0 {
                self.ready.notify_all();
                return None;
            }
            jobs = self.ready.wait(jobs).expect("nobody panics with it");
        }
    }

    fn stop(&self) {
        self.jobs.lock().expect("nobody panics with it").over = true;
        self.ready.notify_all();
    }

    fn serve<D: Driver<Shuttled>>(&self, driver: &D) {
        let mut done = false;
        while let Some(job) = self.take(done) {
            done = true;
            match job {
                Job::Timer(timer) => {
                    self.event();
                    if self.armed[timer as usize].swap(false, Relaxed) {
                        driver.timer(self, timer);
                    }
                    self.event();
                }
                Job::Interrupt => {
                    self.event();
                    driver.interrupt(self);
                    self.event();
                }
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
        self.event();
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

    fn look(&self) {
        // A flag that threads share is an atomic of shuttle's, and each access to it a point.
        let _ = self.memory.load(SeqCst);
    }

    fn complete(&self, packet: usize, _: bool) {
        self.event();
        assert_eq!(self.answers[packet].fetch_add(1, Relaxed), 0, "DOUBLE");
    }

    fn reset_complete(&self) {
        assert_eq!(self.resets.fetch_add(1, Relaxed), 0, "RESET");
    }

    fn touch(&self, packet: usize) {
        self.look();
        assert_eq!(self.answers[packet].load(Relaxed), 0, "TOUCH");
    }
}

/// One execution, with one CPU for the protocol and `servers` for timers and interrupts.
pub fn execute<D: Driver<Shuttled>>(play: Play, servers: usize, every_event: bool) {
    let nic = Arc::new(Shuttled {
        locks: (0..D::LOCKS).map(|_| Mutex::new(())).collect(),
        armed: (0..D::TIMERS).map(|_| AtomicBool::new(false)).collect(),
        answers: (0..play.packets).map(|_| AtomicU64::new(0)).collect(),
        resets: AtomicU64::new(0),
        memory: shuttle::sync::atomic::AtomicBool::new(false),
        every_event,
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
        nic.event(); // it is sent
        nic.event(); // MiniportWanSend is called
        driver.send(&*nic, packet);
        nic.event(); // and returns
    }
    nic.event();
    if play.reset && driver.reset(&*nic) {
        nic.reset_complete();
    }
    nic.stop();
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
    (servers, every_event): (usize, bool),
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
            execute::<D>(play, servers, every_event);
        });
    }));
    let failure = ran.err().map(|words| {
        let text = words.downcast_ref::<String>().map(String::as_str);
        text.or_else(|| words.downcast_ref::<&str>().copied()).unwrap_or("a panic").to_string()
    });
    Explored { executions: executions.load(Relaxed), points: points.load(Relaxed), failure }
}
