//! What serializes a serialized adapter: one entry point at a time, the rest waits in order.
//!
//! Whoever finds the gate closed leaves its job with the one inside, who does it on the way
//! out. So nobody waits while holding something, and a completion inside of an entry point that
//! makes the protocol send again does not re-enter the miniport.

use std::collections::VecDeque;
use std::rc::Rc;

use parking_lot::{Condvar, Mutex};

use super::Adapter;
use crate::cx::Cpu;

/// Something to do in the miniport.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(crate) enum Job {
    /// Send what the link has queued.
    Pump(u32),
    /// Call the timer with this number, if it is still armed by this arming.
    Timer(u32, u64),
    /// Call the DPC with this number.
    Dpc(u32),
    /// MiniportHandleInterrupt.
    Interrupt,
    /// MiniportCheckForHang.
    HangCheck,
}

#[derive(Debug, Default)]
struct Inside {
    /// The CPU inside, 0 for none.
    cpu: u32,
    jobs: VecDeque<Job>,
}

/// The gate of one adapter; always open for a deserialized one.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    inside: Mutex<Inside>,
    left: Condvar,
}

impl Adapter {
    /// Enters the miniport, or says that somebody is inside.
    pub(crate) fn try_enter(&self, cpu: &Cpu) -> bool {
        if !self.serialized {
            return true;
        }
        let mut inside = self.gate.inside.lock();
        if inside.cpu != 0 {
            return false;
        }
        inside.cpu = cpu.id;
        true
    }

    /// Enters the miniport and waits for its turn; false if this very CPU is inside.
    pub(crate) fn enter_and_wait(&self, cpu: &Cpu) -> bool {
        if !self.serialized {
            return true;
        }
        let mut inside = self.gate.inside.lock();
        while inside.cpu != 0 {
            if inside.cpu == cpu.id {
                return false;
            }
            self.gate.left.wait(&mut inside);
        }
        inside.cpu = cpu.id;
        true
    }

    /// Whether this CPU is inside of the (serialized) miniport.
    pub(crate) fn is_inside(&self, cpu: &Cpu) -> bool {
        self.serialized && self.gate.inside.lock().cpu == cpu.id
    }

    /// Does `job` now, or leaves it with whoever is inside.
    pub(crate) fn perform(&self, cpu: &Rc<Cpu>, job: Job) {
        if self.serialized {
            let mut inside = self.gate.inside.lock();
            if inside.cpu != 0 {
                if !inside.jobs.contains(&job) {
                    inside.jobs.push_back(job);
                }
                return;
            }
            inside.cpu = cpu.id;
        }
        self.run_job(cpu, job);
        self.leave(cpu);
    }

    /// Leaves the miniport, doing first what was left to do.
    pub(crate) fn leave(&self, cpu: &Rc<Cpu>) {
        if !self.serialized {
            return;
        }
        loop {
            let job = {
                let mut inside = self.gate.inside.lock();
                let Some(job) = inside.jobs.pop_front() else {
                    inside.cpu = 0;
                    self.gate.left.notify_one();
                    return;
                };
                job
            };
            self.run_job(cpu, job);
        }
    }

    fn run_job(&self, cpu: &Rc<Cpu>, job: Job) {
        match job {
            Job::Pump(link) => self.pump_inside(cpu, link),
            Job::Timer(timer, arming) => self.timer_inside(cpu, timer, arming),
            Job::Dpc(dpc) => self.dpc_inside(cpu, dpc),
            Job::Interrupt => self.interrupt_inside(cpu),
            Job::HangCheck => self.hang_check_inside(cpu),
        }
    }
}
