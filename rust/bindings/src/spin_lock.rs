//! Spin locks in Python: plain and Dpr forms, as calls and as `with` blocks.

use std::sync::Arc;

use ndiswan::event::Form;
use pyo3::prelude::*;

use crate::error::raise;
use crate::shared::Shared;
use crate::shared::alive;

/// A spin lock (NDIS_SPIN_LOCK): ``with lock:`` takes it, at DISPATCH until the end of the block.
///
/// ``adapter.spin_lock(name)`` makes it. A thread that waits for another one's lock does not hold the
/// interpreter. Misuse raises ``LockViolation``: LOCK_RECURSION, LOCK_UNHELD, LOCK_ORDER, and LOCK_FORM
/// for the wrong form or level (DDK:"NdisAcquireSpinLock", "NdisDprAcquireSpinLock"); an acquire that
/// raises has not taken it. With ``on_violation="record"`` one that broke LOCK_ORDER is taken all the
/// same; one that broke another rule is not, and its release is none.
///
///     >>> class Instant(nw.Miniport):
///     ...     def wan_send(self, link, packet):
///     ...         return nw.SUCCESS
///     >>> with nw.Ndis() as ndis:
///     ...     adapter = ndis.bind(nw.Protocol(), Instant()).adapter
///     ...     with adapter.spin_lock("queue") as lock:
///     ...         lock.held, adapter.irql.name
///     (True, 'DISPATCH')
#[pyclass(frozen, module = "ndiswan", weakref)]
pub(crate) struct SpinLock {
    shared: Arc<Shared>,
    lock: u32,
    name: String,
}

/// How a driver wrote an acquire or a release.
#[derive(Copy, Clone)]
enum Written {
    Call,
    Block,
}

impl SpinLock {
    pub(crate) fn new(shared: &Arc<Shared>, name: &str) -> SpinLock {
        let lock = shared.core.spin_lock(name);
        SpinLock { shared: Arc::clone(shared), lock, name: name.to_string() }
    }

    /// The end of a block.
    pub(crate) fn exit(&self, py: Python<'_>) -> PyResult<()> {
        self.give(py, Form::Plain, Written::Block)
    }

    fn take(&self, py: Python<'_>, form: Form, written: Written) -> PyResult<()> {
        let core = &self.shared.core;
        alive(core)?;
        let mut result = core.try_acquire(self.lock, form);
        // Another thread has it, and may need the interpreter to let it go.
        match &result {
            Ok(false) => {
                result = self
                    .shared
                    .world
                    .away(py, || core.wait_acquire(self.lock, form).map(|()| true));
            }
            Err(broken) if core.takes_all_the_same(broken.rule) => {
                result = self
                    .shared
                    .world
                    .away(py, || core.acquire_all_the_same(self.lock, form).map(|()| true));
            }
            _ => {}
        }
        let taken = raise(py, &self.shared.world, result)?.is_some();
        if !self.shared.world.raises() {
            core.note_acquire(self.lock, matches!(written, Written::Block), taken);
        }
        Ok(())
    }

    fn give(&self, py: Python<'_>, form: Form, written: Written) -> PyResult<()> {
        let core = &self.shared.core;
        if !self.shared.world.raises()
            && !core.note_release(self.lock, matches!(written, Written::Block))
        {
            return Ok(());
        }
        if !core.holds(self.lock)
            && let Err(stopped) = alive(core)
        {
            // The end of a block must not hide what ended it.
            return if matches!(written, Written::Block) { Ok(()) } else { Err(stopped) };
        }
        raise(py, &self.shared.world, core.release(self.lock, form)).map(drop)
    }
}

#[pymethods]
impl SpinLock {
    /// Takes it and goes to DISPATCH (NdisAcquireSpinLock), from DISPATCH or below.
    fn acquire(&self, py: Python<'_>) -> PyResult<()> {
        self.take(py, Form::Plain, Written::Call)
    }

    /// Gives it back and goes to the level before (NdisReleaseSpinLock), in reverse order of taking.
    fn release(&self, py: Python<'_>) -> PyResult<()> {
        self.give(py, Form::Plain, Written::Call)
    }

    /// Takes it, when at DISPATCH already (NdisDprAcquireSpinLock).
    fn dpr_acquire(&self, py: Python<'_>) -> PyResult<()> {
        self.take(py, Form::Dpr, Written::Call)
    }

    /// Gives back what :meth:`dpr_acquire` took (NdisDprReleaseSpinLock).
    fn dpr_release(&self, py: Python<'_>) -> PyResult<()> {
        self.give(py, Form::Dpr, Written::Call)
    }

    /// The Dpr form as a block: ``with lock.dpr:``.
    #[getter]
    fn dpr(slf: Bound<'_, Self>) -> DprForm {
        DprForm { lock: slf.unbind() }
    }

    /// Whether some CPU holds it.
    #[getter]
    fn held(&self) -> bool {
        self.shared.core.is_held(self.lock)
    }

    /// What reports call it.
    #[getter]
    fn name(&self) -> &str {
        &self.name
    }

    fn __enter__(slf: Bound<'_, Self>) -> PyResult<Bound<'_, Self>> {
        slf.get().take(slf.py(), Form::Plain, Written::Block)?;
        Ok(slf)
    }

    #[pyo3(signature = (*_args))]
    fn __exit__(&self, py: Python<'_>, _args: &Bound<'_, pyo3::types::PyTuple>) -> PyResult<()> {
        self.exit(py)
    }

    fn __repr__(&self) -> String {
        format!("<SpinLock {:?}, {}>", self.name, if self.held() { "held" } else { "free" })
    }
}

/// The Dpr form of a spin lock, for a ``with`` block: ``with lock.dpr:``.
#[pyclass(frozen, module = "ndiswan._native")]
pub(crate) struct DprForm {
    lock: Py<SpinLock>,
}

#[pymethods]
impl DprForm {
    fn __enter__(&self, py: Python<'_>) -> PyResult<Py<SpinLock>> {
        self.lock.get().take(py, Form::Dpr, Written::Block)?;
        Ok(self.lock.clone_ref(py))
    }

    #[pyo3(signature = (*_args))]
    fn __exit__(&self, py: Python<'_>, _args: &Bound<'_, pyo3::types::PyTuple>) -> PyResult<()> {
        self.lock.get().give(py, Form::Dpr, Written::Block)
    }
}
