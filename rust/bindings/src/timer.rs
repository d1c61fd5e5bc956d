//! Timers and DPCs in Python.

use std::sync::Arc;

use pyo3::prelude::*;

use crate::error::{raise, raise_broken};
use crate::gil_cell::GilCell;
use crate::number::{Int, Seconds, Text, arg, number, wrong};
use crate::shared::{Routines, Shared, alive, chosen};
use crate::vectorcall::Method;

/// Whether it can be called, as a timer's routine will be.
pub(crate) fn callable(name: &str, given: &Bound<'_, PyAny>) -> PyResult<()> {
    if given.is_callable() { Ok(()) } else { Err(wrong(name, "a callable", given)) }
}

/// A timer (NDIS_MINIPORT_TIMER) that calls its callback once, at DISPATCH, each time it is set.
///
/// ``adapter.timer(callback)`` makes it. One that is still set when ``halt`` returns breaks TIMER.
///
///     >>> class Instant(nw.Miniport):
///     ...     def wan_send(self, link, packet):
///     ...         return nw.SUCCESS
///     >>> with nw.Ndis() as ndis:
///     ...     adapter = ndis.bind(nw.Protocol(), Instant()).adapter
///     ...     timer = adapter.timer(lambda: print("at", ndis.now))
///     ...     timer.set(0.5)
///     ...     events = ndis.run()
///     at 0.5
#[pyclass(frozen, module = "ndiswan", weakref)]
pub(crate) struct Timer {
    pub(crate) shared: Arc<Shared>,
    pub(crate) id: u32,
}

#[pymethods]
impl Timer {
    /// Sets it to ``seconds`` from now, whether it was set or not (NdisMSetTimer).
    ///
    /// Raises ``ValueError`` for less than 0, ``LifeCycleViolation`` (TIMER) after halt, ``IrqlViolation`` (IRQL_CALL) above DISPATCH.
    fn set(&self, py: Python<'_>, seconds: Seconds<arg::Seconds>) -> PyResult<()> {
        alive(&self.shared.core)?;
        let delay = seconds.nanoseconds()?;
        raise_broken(py, &self.shared.world, self.shared.core.set_timer(self.id, delay))
    }

    /// Sets it to ``nanoseconds`` from now; else as :meth:`set`.
    pub(crate) fn set_ns(&self, py: Python<'_>, nanoseconds: &Bound<'_, PyAny>) -> PyResult<()> {
        let nanoseconds = number("nanoseconds", 64, nanoseconds)?;
        alive(&self.shared.core)?;
        raise_broken(py, &self.shared.world, self.shared.core.set_timer(self.id, nanoseconds))
    }

    /// Cancels it (NdisMCancelTimer); whether it was set.
    ///
    /// Raises ``IrqlViolation`` (IRQL_CALL) above DISPATCH; it is cancelled all the same.
    fn cancel(&self, py: Python<'_>) -> PyResult<bool> {
        let (was_set, allowed) = self.shared.core.cancel_timer_here(self.id);
        raise_broken(py, &self.shared.world, allowed)?;
        Ok(was_set)
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

/// An event of the hardware, which is simulated beside the driver: ``adapter.device(callback)`` makes it.
///
/// Its callback is the card's doing and no entry point of the driver: it runs at no level, waits for no
/// gate, and TIMER says nothing about it. It usually ends with ``adapter.interrupt()``. In virtual time
/// it happens after the time that was set; in adversarial time when the explorer says so.
///
///     >>> class Instant(nw.Miniport):
///     ...     def wan_send(self, link, packet):
///     ...         return nw.SUCCESS
///     >>> with nw.Ndis() as ndis:
///     ...     adapter = ndis.bind(nw.Protocol(), Instant()).adapter
///     ...     wire = adapter.device(lambda: print("out at", ndis.now))
///     ...     wire.set(0.25)
///     ...     events = ndis.run()
///     out at 0.25
#[pyclass(frozen, module = "ndiswan", weakref)]
pub(crate) struct Device {
    pub(crate) shared: Arc<Shared>,
    pub(crate) id: u32,
}

#[pymethods]
impl Device {
    /// Has it happen ``seconds`` from now, whether it was set or not. Raises ``ValueError`` for less than 0.
    fn set(&self, seconds: Seconds<arg::Seconds>) -> PyResult<()> {
        self.shared.core.set_device(self.id, seconds.nanoseconds()?);
        Ok(())
    }

    /// Has it happen ``nanoseconds`` from now; else as :meth:`set`.
    pub(crate) fn set_ns(&self, nanoseconds: &Bound<'_, PyAny>) -> PyResult<()> {
        let nanoseconds = number("nanoseconds", 64, nanoseconds)?;
        self.shared.core.set_device(self.id, nanoseconds);
        Ok(())
    }

    /// It does not happen; whether it would have.
    fn cancel(&self) -> bool {
        self.shared.core.cancel_device(self.id)
    }

    /// Whether it is set and has not happened.
    #[getter]
    fn armed(&self) -> bool {
        self.shared.core.device_is_set(self.id)
    }

    /// What the hardware does, of ``n`` possibilities, as :meth:`Ndis.choose`: a frame that fails, say.
    #[pyo3(signature = (n, what=Text::new(String::new())), text_signature = "($self, n, what='')")]
    fn choose(&self, py: Python<'_>, n: Int<arg::N>, what: Text<arg::What>) -> PyResult<u32> {
        chosen(py, &self.shared.world, n, &what.taken())
    }

    fn __repr__(&self) -> String {
        let state = if self.armed() { "set" } else { "not set" };
        format!("<Device {} of {:?}, {state}>", self.id, self.shared.core.name)
    }
}

/// A deferred procedure call: its callback runs at DISPATCH soon. ``adapter.dpc(callback)`` makes it.
///
///     >>> class Instant(nw.Miniport):
///     ...     def wan_send(self, link, packet):
///     ...         return nw.SUCCESS
///     >>> with nw.Ndis() as ndis:
///     ...     adapter = ndis.bind(nw.Protocol(), Instant()).adapter
///     ...     queued = adapter.dpc(lambda: print(adapter.irql.name)).queue()
///     ...     events = ndis.run()
///     DISPATCH
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

    /// Takes it from the queue (KeRemoveQueueDpc); whether it was there. One that runs already goes on: see
    /// :meth:`Adapter.flush_dpcs`.
    fn cancel(&self) -> bool {
        self.shared.core.cancel_dpc(self.id)
    }

    fn __repr__(&self) -> String {
        format!("<Dpc {} of {:?}>", self.id, self.shared.core.name)
    }
}

/// Keeps a callback under a new number. That is its place, so both in one: a driver in C has some of its own,
/// whose places stay empty.
pub(crate) fn numbered(
    py: Python<'_>,
    known: &GilCell<Routines>,
    callback: &Bound<'_, PyAny>,
    number: impl FnOnce() -> u32,
) -> PyResult<u32> {
    let callback = Method::new(callback)?;
    Ok(known.with(py, |known| {
        let id = number();
        known.resize_with(id as usize, || None);
        known.push(Some(callback));
        id
    }))
}
