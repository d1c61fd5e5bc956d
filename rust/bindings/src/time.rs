//! Time across the border: seconds as numbers, and what `run` does in each kind of time.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use ndiswan::cx::Cpu;
use ndiswan::time::virtual_::RunError;
use pyo3::prelude::*;

use crate::error::{raise, to_error, usage, value};
use crate::ndis::Ndis;

/// How many events run between two looks for signals.
const PIECE: u64 = 4096;

/// What is said in a copy of the process.
const COPY: &str = "the dispatcher of this Ndis in real time is in the process that this one was forked from; expected to \
                    run it there. Make a new Ndis here, or fork before there is one";

/// Seconds as nanoseconds.
pub(crate) fn nanoseconds(name: &str, seconds: f64) -> PyResult<u64> {
    if !(0.0..=1e9).contains(&seconds) {
        let far = seconds.abs() >= 1e16;
        let got = if far { format!("{seconds:e}") } else { seconds.to_string() };
        return Err(value(format!("{name}: expected seconds from 0 to 1e9, got {got}")));
    }
    #[allow(clippy::cast_sign_loss)] // it was just looked at
    Ok((seconds * 1e9).round() as u64)
}

/// Nanoseconds as seconds.
#[allow(clippy::cast_precision_loss)] // exact for the first hundred days; `now_ns` is for ever
pub(crate) fn seconds(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1e9
}

impl Ndis {
    pub(crate) fn run_virtual(
        &self,
        py: Python<'_>,
        until: Option<u64>,
        max_events: Option<u64>,
    ) -> PyResult<u64> {
        // In pieces: a run of drivers that are not Python's would not see Ctrl-C before its end.
        let core = &self.world.core;
        let (mut ran, most) = (0, max_events.unwrap_or(u64::MAX));
        loop {
            py.check_signals()?;
            let piece = PIECE.min(most - ran);
            let some = match core.run(until, Some(piece)) {
                Ok(some) => some,
                Err(error) => return self.refused(py, error),
            };
            ran += some;
            if some < piece || ran == most || self.world.has_pending.load(Ordering::Acquire) {
                return Ok(ran);
            }
        }
    }

    /// The clock is not run here: an error, or nothing done if the broken rule is only recorded.
    pub(crate) fn refused(&self, py: Python<'_>, error: RunError) -> PyResult<u64> {
        match error {
            RunError::Broken(violation) => {
                raise(py, &self.world, Err(violation)).map(|_: Option<()>| 0)
            }
            error => Err(usage(error.to_string())),
        }
    }

    /// In real time others do the work: this waits for it, and for Ctrl-C.
    pub(crate) fn run_real(&self, py: Python<'_>, until: Option<u64>) -> PyResult<u64> {
        let core = &self.world.core;
        if let Err(error) = core.may_run() {
            return self.refused(py, error);
        }
        if core.is_copy() {
            return Err(usage(COPY));
        }
        let before = core.events_run();
        loop {
            py.check_signals()?;
            ndiswan::alive::beat();
            let left = until.map(|until| Duration::from_nanos(until.saturating_sub(core.now())));
            let slice = Duration::from_millis(20).min(left.unwrap_or(Duration::MAX));
            let idle = py.detach(|| match until {
                // Up to a time it waits for that time, whatever happens meanwhile.
                Some(_) => {
                    std::thread::sleep(slice);
                    false
                }
                None => core.wait_idle(slice),
            });
            if idle
                || left.is_some_and(|left| left.is_zero())
                || !self.world.pending.lock().is_empty()
            {
                break;
            }
            // What a driver's own thread broke would only be seen by its consequences later.
            if core.is_closed() || self.next_elsewhere().is_some() {
                break;
            }
        }
        Ok(core.events_run() - before)
    }

    /// The next rule that was broken, and raised, on another thread: this one has not seen it.
    fn next_elsewhere(&self) -> Option<(usize, Arc<ndiswan::Violation>)> {
        let from = self.world.told.load(Ordering::Relaxed);
        if !self.world.raises() || self.world.core.violation_count() <= from {
            return None;
        }
        let me = Cpu::current().number();
        let found = self.world.core.violations_after(from);
        let mut numbered = (from..).zip(found);
        numbered.find(|(_, violation)| {
            !violation.warning && violation.cpu != me && self.world.is_marked(violation)
        })
    }

    /// Raises it, once.
    pub(crate) fn elsewhere(&self, py: Python<'_>) -> PyResult<()> {
        let Some((at, violation)) = self.next_elsewhere() else { return Ok(()) };
        self.world.told.store(at + 1, Ordering::Relaxed);
        Err(to_error(py, &violation))
    }
}
