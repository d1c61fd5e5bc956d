//! A scheduler of shuttle's that counts how often it is asked, which is how many points there are.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use shuttle::scheduler::{Schedule, Scheduler, Task, TaskId};

/// Asks another one, and counts.
#[derive(Debug)]
pub struct Counted<S> {
    inner: S,
    steps: Arc<AtomicU64>,
}

impl<S> Counted<S> {
    /// Counts into `steps`.
    pub fn new(inner: S, steps: Arc<AtomicU64>) -> Counted<S> {
        Counted { inner, steps }
    }
}

impl<S: Scheduler> Scheduler for Counted<S> {
    fn new_execution(&mut self) -> Option<Schedule> {
        self.inner.new_execution()
    }

    fn next_task(&mut self, ready: &[&Task], now: Option<TaskId>, yields: bool) -> Option<TaskId> {
        self.steps.fetch_add(1, Relaxed);
        self.inner.next_task(ready, now, yields)
    }

    fn next_u64(&mut self) -> u64 {
        self.inner.next_u64()
    }
}
