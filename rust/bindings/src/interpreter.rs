//! One interpreter a process: what is cached here belongs to the one that came first. And a thread that waits lets go of it.

use std::ffi::c_int;
use std::sync::OnceLock;
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
    ndiswan::alive::when_waiting(aside);
    match FIRST.compare_exchange(-1, id, Ordering::AcqRel, Ordering::Acquire) {
        Ok(_) => Ok(()),
        Err(first) if first == id => Ok(()),
        Err(first) => Err(PyImportError::new_err(format!(
            "ndiswan was imported by interpreter {first} of this process and cannot be shared with interpreter {id}; use processes or threads instead"
        ))),
    }
}

// SAFETY: what it is is said where it is looked up.
type Check = unsafe extern "C" fn() -> c_int;

/// Whether this thread is attached to the interpreter. The function that says so is there in every CPython, but not in the part of
/// its interface that one wheel for all versions may be linked with; without it no thread is taken for attached.
fn is_attached() -> bool {
    static CHECK: OnceLock<Option<Check>> = OnceLock::new();
    let check = CHECK.get_or_init(|| {
        // SAFETY: looks for a name.
        let found = unsafe { libc::dlsym(libc::RTLD_DEFAULT, c"PyGILState_Check".as_ptr()) };
        // SAFETY: CPython's function of that name has this type; a null pointer is `None`.
        unsafe { std::mem::transmute::<*mut libc::c_void, Option<Check>>(found) }
    });
    // SAFETY: may be asked by any thread, attached or not.
    check.is_some_and(|check| unsafe { check() } != 0)
}

/// Waits without the interpreter: who has what is waited for may be on the way to it, in a device's function for example.
fn aside(wait: &mut dyn FnMut()) {
    if !is_attached() {
        return wait();
    }
    // SAFETY: this thread is attached, and `wait`, which only waits, touches nothing of Python until it is again.
    unsafe {
        let state = ffi::PyEval_SaveThread();
        wait();
        ffi::PyEval_RestoreThread(state);
    }
}
