//! Timers and DPCs in Python.

use std::sync::Arc;

use pyo3::prelude::*;

use crate::adapter::nanoseconds;
use crate::error::raise;
use crate::shared::Shared;

/// NDIS_MINIPORT_TIMER.
#[pyclass(frozen, module = "ndiswan", weakref)]
pub(crate) struct Timer {
    pub(crate) shared: Arc<Shared>,
    pub(crate) id: u32,
}

#[pymethods]
impl Timer {
    /// NdisMSetTimer.
    fn set(&self, py: Python<'_>, seconds: f64) -> PyResult<()> {
        let delay = nanoseconds(seconds)?;
        raise(py, &self.shared.world, self.shared.core.set_timer(self.id, delay)).map(drop)
    }

    /// NdisMSetTimer, in nanoseconds.
    fn set_ns(&self, py: Python<'_>, nanoseconds: u64) -> PyResult<()> {
        raise(py, &self.shared.world, self.shared.core.set_timer(self.id, nanoseconds)).map(drop)
    }

    /// NdisMCancelTimer.
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

/// A deferred procedure call.
#[pyclass(frozen, module = "ndiswan", weakref)]
pub(crate) struct Dpc {
    pub(crate) shared: Arc<Shared>,
    pub(crate) id: u32,
}

#[pymethods]
impl Dpc {
    /// KeInsertQueueDpc: false if it was queued already.
    fn queue(&self, py: Python<'_>) -> PyResult<bool> {
        let result = self.shared.core.queue_dpc(self.id);
        Ok(raise(py, &self.shared.world, result)?.unwrap_or(false))
    }

    fn __repr__(&self) -> String {
        format!("<Dpc {} of {:?}>", self.id, self.shared.core.name)
    }
}
