//! What the greenlet of a virtual CPU runs.

use pyo3::prelude::*;
use pyo3::{ffi, intern};

/// What a greenlet runs, as an object: no function in Python, where Ctrl-C could come while no driver
/// runs that it could be said to have interrupted.
pub(super) fn function(py: Python<'_>) -> PyResult<Py<PyAny>> {
    let method = Box::new(ffi::PyMethodDef {
        ml_name: c"cpu".as_ptr(),
        ml_meth: ffi::PyMethodDefPointer { PyCFunction: cpu },
        ml_flags: ffi::METH_VARARGS,
        ml_doc: c"Runs one body after the other.".as_ptr(),
    });
    let none = std::ptr::null_mut();
    // SAFETY: the thread is attached, and the method stays for ever, as it has to; no object and no module
    // belong to the function. It is a new reference, or null with an exception set.
    unsafe {
        let function = ffi::PyCFunction_NewEx(Box::leak(method), none, none);
        Bound::from_owned_ptr_or_err(py, function).map(Bound::unbind)
    }
}

/// Runs bodies: given are the first and `getcurrent`, as each switch to it gives the next.
///
/// # Safety
///
/// For the interpreter, which calls with a tuple. Not through PyO3, which would count this call as one that it
/// is in for as long as the greenlet waits.
unsafe extern "C" fn cpu(_: *mut ffi::PyObject, given: *mut ffi::PyObject) -> *mut ffi::PyObject {
    // SAFETY: who is called by the interpreter is attached, and its arguments live until it returns.
    let mut next = unsafe { Bound::from_borrowed_ptr(Python::assume_attached(), given) };
    loop {
        match turn(next) {
            Ok(given) => next = given,
            Err(error) => {
                // SAFETY: as above.
                error.restore(unsafe { Python::assume_attached() });
                return std::ptr::null_mut();
            }
        }
    }
}

/// One body, and then the parent, until it gives the next. Meanwhile no frame of the engine's is on this stack.
fn turn(given: Bound<'_, PyAny>) -> PyResult<Bound<'_, PyAny>> {
    let py = given.py();
    let current = given.get_item(1)?;
    given.get_item(0)?.call0()?;
    drop(given);
    current.call0()?.getattr(intern!(py, "parent"))?.call_method0(intern!(py, "switch"))
}
