//! Which core a thread runs on, and whether it had it.

use std::sync::OnceLock;
use std::time::Instant;

use ndiswan_compare::rounds::cpu_time;
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// The cores that this process may use.
pub fn cores() -> Vec<usize> {
    let set = sched_getaffinity(None).expect("a process may ask for its cores");
    (0..CpuSet::MAX_CPU).filter(|core| set.is_set(*core)).collect()
}

/// Puts the calling thread on one of `cores`, counted around; without any, lets it run on all that the process has,
/// whatever the thread that made it was bound to.
pub fn to_core(cores: &[usize], number: usize) {
    static ALL: OnceLock<Vec<usize>> = OnceLock::new();
    let all = ALL.get_or_init(self::cores);
    let mut set = CpuSet::new();
    match cores {
        [] => all.iter().for_each(|core| set.set(*core)),
        _ => set.set(cores[number % cores.len()]),
    }
    // A machine that forbids it measures all the same, with more noise.
    let _ = sched_setaffinity(None, &set);
}

/// Measures how much of a stretch of time the calling thread really ran.
#[derive(Debug)]
pub struct Watch {
    wall: Instant,
    busy: u64,
}

impl Watch {
    /// From now on.
    pub fn start() -> Watch {
        Watch { wall: Instant::now(), busy: cpu_time() }
    }

    /// The part of the time in which the thread ran, 1.0 for all of it.
    pub fn share(&self) -> f64 {
        let wall = self.wall.elapsed().as_nanos() as f64;
        (cpu_time() - self.busy) as f64 / wall.max(1.0)
    }
}
