//! Calling a driver's method as the interpreter itself does: its function, with its object as the first argument.
//!
//! A bound method that is called makes room before the arguments and copies them: a hundred instructions
//! of a round trip that has two such calls. So it is taken apart once, when the driver is bound, and room for
//! the object is made on our own stack.

use pyo3::ffi;
use pyo3::prelude::*;

/// What the interface that is the same for all versions has from 3.12 on only. CPython 3.11 exports it too, with
/// these arguments, and will not change any more; without it a call costs twice as much.
#[cfg(all(Py_LIMITED_API, not(Py_3_12)))]
mod stable {
    use pyo3::ffi::PyObject;

    pub(super) const PY_VECTORCALL_ARGUMENTS_OFFSET: usize = 1 << (usize::BITS - 1);

    // SAFETY: this is how CPython declares it (`size_t`, and pointers to objects), in all versions since 3.9.
    unsafe extern "C" {
        pub(super) fn PyObject_Vectorcall(
            callable: *mut PyObject,
            arguments: *const *mut PyObject,
            count_and_flags: usize,
            names: *mut PyObject,
        ) -> *mut PyObject;
    }
}
#[cfg(not(all(Py_LIMITED_API, not(Py_3_12))))]
use pyo3::ffi as stable;

/// A callable, of two arguments for the most part, taken apart if it is a bound method.
pub(crate) struct Method {
    function: Py<PyAny>,
    object: Option<Py<PyAny>>,
}

impl Method {
    pub(crate) fn new(callable: &Bound<'_, PyAny>) -> PyResult<Method> {
        let methods = callable.py().import("types")?.getattr("MethodType")?;
        if !callable.get_type().is(&methods) {
            return Ok(Method { function: callable.clone().unbind(), object: None });
        }
        let object = Some(callable.getattr("__self__")?.unbind());
        Ok(Method { function: callable.getattr("__func__")?.unbind(), object })
    }

    /// Calls it.
    #[inline]
    pub(crate) fn call<'py>(
        &self,
        py: Python<'py>,
        one: &Bound<'py, PyAny>,
        other: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.go(py, [std::ptr::null_mut(), self.object(), one.as_ptr(), other.as_ptr()])
    }

    /// The same with one argument, where a call is for many packets.
    pub(crate) fn call_one<'py>(
        &self,
        py: Python<'py>,
        one: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.go(py, [std::ptr::null_mut(), self.object(), one.as_ptr()])
    }

    #[inline]
    fn object(&self) -> *mut ffi::PyObject {
        self.object.as_ref().map_or(std::ptr::null_mut(), Py::as_ptr)
    }

    /// With a place that is the callee's to write to, the object, which may be none, and what came.
    #[inline]
    fn go<'py, const N: usize>(
        &self,
        py: Python<'py>,
        mut all: [*mut ffi::PyObject; N],
    ) -> PyResult<Bound<'py, PyAny>> {
        let skip = if all[1].is_null() { 2 } else { 1 };
        // SAFETY: the thread is attached, as `py` proves. `all[skip..]` are objects, kept alive by
        // who called and by `self`, which an entry point's caller keeps (the drivers are counted); the
        // place before them is ours and may be written while the call runs, as the flag says. What is
        // returned is a new reference, or null with an exception set.
        unsafe {
            let arguments = all.as_mut_ptr().add(skip).cast_const();
            let flags = (N - skip) | stable::PY_VECTORCALL_ARGUMENTS_OFFSET;
            let function = self.function.as_ptr();
            let result =
                stable::PyObject_Vectorcall(function, arguments, flags, std::ptr::null_mut());
            Bound::from_owned_ptr_or_err(py, result)
        }
    }

    /// It, held for a call: it may be replaced while that runs.
    #[inline]
    pub(crate) fn hold<'py>(&self, py: Python<'py>) -> Held<'py> {
        let object = self.object.as_ref().map(|object| object.bind(py).clone());
        Held { function: self.function.bind(py).clone(), object }
    }
}

/// A callable that is held.
pub(crate) struct Held<'py> {
    function: Bound<'py, PyAny>,
    object: Option<Bound<'py, PyAny>>,
}

impl<'py> Held<'py> {
    /// Calls it without an argument.
    #[inline]
    pub(crate) fn call(&self) -> PyResult<Bound<'py, PyAny>> {
        let object = self.object.as_ref().map_or(std::ptr::null_mut(), Bound::as_ptr);
        let (mut all, count) = ([std::ptr::null_mut(), object], usize::from(!object.is_null()));
        // SAFETY: as in `Method::call`: `all[1..]` are `count` objects, and the place before them is ours.
        unsafe {
            let arguments = all.as_mut_ptr().add(1).cast_const();
            let flags = count | stable::PY_VECTORCALL_ARGUMENTS_OFFSET;
            let function = self.function.as_ptr();
            let result =
                stable::PyObject_Vectorcall(function, arguments, flags, std::ptr::null_mut());
            Bound::from_owned_ptr_or_err(self.function.py(), result)
        }
    }
}
