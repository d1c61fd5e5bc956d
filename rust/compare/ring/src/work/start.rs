//! A starting line for threads.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::wait::Wait;

/// Lets so many threads go at once, again and again.
#[derive(Debug)]
pub struct Start {
    threads: usize,
    arrived: AtomicUsize,
}

impl Start {
    /// For so many threads.
    pub fn new(threads: usize) -> Start {
        Start { threads, arrived: AtomicUsize::new(0) }
    }

    /// Waits until all are here.
    pub fn wait(&self, mut wait: Wait) {
        let number = self.arrived.fetch_add(1, Ordering::AcqRel);
        let full = (number / self.threads + 1) * self.threads;
        while self.arrived.load(Ordering::Acquire) < full {
            wait.pause();
        }
    }
}
