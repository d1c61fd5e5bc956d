//! Waiting for what others do, and what is said when they never will.

use std::time::{Duration, Instant};

use super::State;
use super::list::At;
use crate::cx::{Cpu, number_of};
use crate::ndis::Ndis;
use crate::time::TimeKind;

impl Ndis {
    /// Waits until `done`, for other threads or virtual CPUs; false if it is not after `patience`.
    pub(crate) fn wait_until(&self, patience: Duration, done: impl Fn() -> bool) -> bool {
        if let Some(done) = self.others_until(&done) {
            return done;
        }
        let end = Instant::now() + patience;
        while !done() {
            if Instant::now() > end {
                return false;
            }
            std::thread::sleep(Duration::from_micros(50));
        }
        true
    }

    /// Waits until `done`: others go on meanwhile, in virtual time what is due happens. False if it never
    /// will be, or, in real time, is not after `patience`.
    pub fn wait(&self, patience: Duration, done: impl Fn() -> bool) -> bool {
        while self.config.time == TimeKind::Virtual && !done() {
            if !matches!(self.run(None, Some(1)), Ok(1)) {
                return done();
            }
        }
        self.wait_until(patience, done)
    }

    /// Why nobody lets go of `lock`, for which `cpu` waits, in words. Not in other kinds of time: none.
    pub(crate) fn deadlock(&self, cpu: u32, lock: u32) -> Option<String> {
        let adversary = self.queue.adversary.as_ref()?;
        let waiting: Vec<(u32, u32)> = {
            let inner = adversary.inner.lock();
            let numbered = inner.cpus.iter().enumerate();
            numbered
                .filter_map(|(number, cpu)| match cpu.state {
                    State::Lock(lock) => Some((Cpu::numbered(number).id, lock)),
                    _ => None,
                })
                .collect()
        };
        let (mut who, mut wants) = (cpu, lock);
        let mut circle = Vec::new();
        loop {
            let owner = self.locks.owner(wants);
            circle.push(format!(
                "cpu {} waits for {}, which cpu {} holds",
                number_of(who),
                self.locks.name(wants),
                number_of(owner)
            ));
            let next = waiting.iter().find(|(other, _)| *other == owner);
            match next {
                Some((other, next)) if *other != cpu && circle.len() <= waiting.len() => {
                    (who, wants) = (*other, *next);
                }
                _ => break,
            }
        }
        Some(format!("a deadlock: {}", circle.join("; ")))
    }

    /// Lets others go on until `done`; false if it never will be. Not in other kinds of time: none.
    pub(crate) fn others_until(&self, done: impl Fn() -> bool) -> Option<bool> {
        let adversary = self.adversary()?;
        while !done() {
            if !self.go_on(adversary, At::Waits) {
                return Some(done());
            }
        }
        Some(true)
    }

    /// Lets others go on until `lock` is free; false if it never will be. Not in other kinds of time: none.
    pub(crate) fn others_until_free(&self, lock: u32) -> Option<bool> {
        let adversary = self.adversary()?;
        Some(self.go_on(adversary, At::Lock(lock)))
    }
}
