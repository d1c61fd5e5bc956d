//! One interpreter a process: what is cached here belongs to the one that came first.

use std::sync::atomic::{AtomicI64, Ordering};

use pyo3::exceptions::PyImportError;
use pyo3::ffi;
use pyo3::prelude::*;

/// The first interpreter that imported the module; -1 before.
static FIRST: AtomicI64 = AtomicI64::new(-1);

/// Refuses a second interpreter: packets and statuses of one must not meet the other.
pub(crate) fn claim(_py: Python<'_>) -> PyResult<()> {
    // SAFETY: both functions need an attached thread, which `_py` proves, and the state that the
    // first returns is the thread's own.
    let id = unsafe { ffi::PyInterpreterState_GetID(ffi::PyInterpreterState_Get()) };
    match FIRST.compare_exchange(-1, id, Ordering::AcqRel, Ordering::Acquire) {
        Ok(_) => Ok(()),
        Err(first) if first == id => Ok(()),
        Err(first) => Err(PyImportError::new_err(format!(
            "ndiswan was imported by interpreter {first} of this process and cannot be shared with interpreter {id}; use processes or threads instead"
        ))),
    }
}
