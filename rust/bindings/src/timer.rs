//! Timers and DPCs in Python.

use std::sync::Arc;

use pyo3::prelude::*;

use crate::adapter::{alive, nanoseconds};
use crate::error::raise;
use crate::shared::Shared;

/// A timer (NDIS_MINIPORT_TIMER) that calls its callback once, at DISPATCH, each time it is set.
///
/// ``adapter.timer(callback)`` makes it. One that is still set when ``halt`` returns breaks TIMER.
#[pyclass(frozen, module = "ndiswan", weakref)]
pub(crate) struct Timer {
    pub(crate) shared: Arc<Shared>,
    pub(crate) id: u32,
}

#[pymethods]
impl Timer {
    /// Sets it to ``seconds`` from now, whether it was set or not (NdisMSetTimer).
    ///
    /// Raises ``ValueError`` for less than 0, ``LifeCycleViolation`` (TIMER) after halt.
    fn set(&self, py: Python<'_>, seconds: f64) -> PyResult<()> {
        alive(&self.shared.core)?;
        let delay = nanoseconds(seconds)?;
        raise(py, &self.shared.world, self.shared.core.set_timer(self.id, delay)).map(drop)
    }

    /// Sets it to ``nanoseconds`` from now; else as :meth:`set`.
    fn set_ns(&self, py: Python<'_>, nanoseconds: u64) -> PyResult<()> {
        alive(&self.shared.core)?;
        raise(py, &self.shared.world, self.shared.core.set_timer(self.id, nanoseconds)).map(drop)
    }

    /// Cancels it (NdisMCancelTimer); whether it was set.
    fn cancel(&self) -> bool {
        self.shared.core.cancel_timer(self.id)
    }

    /// Whether it is set and has not fired.
    #[getter]
    fn armed(&self) -> bool {
        self.shared.core.timer_is_set(self.id)
    }

    fn __repr__(&self) -> String {
        format!(
            "<Timer {} of {:?}, {}>",
            self.id,
            self.shared.core.name,
            if self.armed() { "set" } else { "not set" }
        )
    }
}

/// A deferred procedure call: its callback runs at DISPATCH soon. ``adapter.dpc(callback)`` makes it.
#[pyclass(frozen, module = "ndiswan", weakref)]
pub(crate) struct Dpc {
    pub(crate) shared: Arc<Shared>,
    pub(crate) id: u32,
}

#[pymethods]
impl Dpc {
    /// Has it run once (KeInsertQueueDpc); false if it was queued already.
    ///
    /// Raises ``LifeCycleViolation`` (TIMER) after halt.
    fn queue(&self, py: Python<'_>) -> PyResult<bool> {
        alive(&self.shared.core)?;
        let result = self.shared.core.queue_dpc(self.id);
        Ok(raise(py, &self.shared.world, result)?.unwrap_or(false))
    }

    fn __repr__(&self) -> String {
        format!("<Dpc {} of {:?}>", self.id, self.shared.core.name)
    }
}
