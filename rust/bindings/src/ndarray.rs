//! NumPy arrays without a question: where an array's numbers are, read off the array itself.
//!
//! To ask by the buffer protocol costs 75 ns an array, as much as twenty entries of a ring. NumPy's C
//! interface lets extensions read these fields by macros that are compiled into them, so their
//! places are the same in all its versions since 1.7. They are compared once with what the buffer
//! protocol says of the same array; if the two differ, nothing is read here any more.
//!
//! NumPy is not imported for this: that is done when the first array of its comes in.

use std::ffi::{c_char, c_int};

use pyo3::buffer::PyBuffer;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

/// NPY_ARRAY_C_CONTIGUOUS and NPY_ARRAY_ALIGNED.
const PLAIN: c_int = 0x1 | 0x100;
/// NPY_ARRAY_WRITEABLE.
const WRITEABLE: c_int = 0x400;

/// PyArrayObject_fields, as far as it is needed.
#[repr(C)]
struct Fields {
    head: ffi::PyObject,
    data: *mut c_char,
    dimensions: c_int,
    shape: *mut isize,
    strides: *mut isize,
    base: *mut ffi::PyObject,
    dtype: *mut ffi::PyObject,
    flags: c_int,
}

struct Known {
    class: Py<PyAny>,
    /// The data types of 64 and 32 bits.
    types: [Py<PyAny>; 2],
}

static KNOWN: PyOnceLock<Option<Known>> = PyOnceLock::new();

/// Where the numbers of a one-dimensional, contiguous array of uint64 (`0`) or uint32 (`1`) are,
/// how many there are, and whether they may be written. `None` for anything else, which may be right
/// all the same. Another thread could change the array without a GIL, so then it is always `None`.
#[inline]
pub(crate) fn look(which: usize, given: &Bound<'_, PyAny>) -> Option<(*mut u8, usize, bool)> {
    if cfg!(Py_GIL_DISABLED) {
        return None;
    }
    let known = match KNOWN.get(given.py()) {
        Some(known) => known.as_ref()?,
        None => first(given)?,
    };
    if class_of(given).cast() != known.class.as_ptr() {
        return None;
    }
    let found = read(given)?;
    (found.3 == known.types[which].as_ptr()).then_some((found.0, found.1, found.2))
}

/// An object's class, without a reference of our own: it is looked at and not kept.
#[inline]
fn class_of(given: &Bound<'_, PyAny>) -> *mut ffi::PyTypeObject {
    // SAFETY: `given` is an object, and alive.
    unsafe { ffi::Py_TYPE(given.as_ptr()) }
}

/// NumPy is asked when the first array of its comes in, or something of that name. The name comes from the
/// class without running any Python, which may end with a Ctrl-C.
#[cold]
fn first(given: &Bound<'_, PyAny>) -> Option<&'static Known> {
    let py = given.py();
    given
        .get_type()
        .name()
        .is_ok_and(|name| name == "ndarray")
        .then(|| KNOWN.get_or_init(py, || learn(py).ok().flatten()).as_ref())
        .flatten()
}

/// Start, length, whether it may be written, and type of an `ndarray` of one dimension.
#[inline]
fn read(given: &Bound<'_, PyAny>) -> Option<(*mut u8, usize, bool, *mut ffi::PyObject)> {
    // SAFETY: `given` is an `ndarray` (both callers), which begins with these fields; it is alive,
    // and nobody changes it while we have the interpreter's lock. `shape` has an item for each dimension.
    unsafe {
        let fields = &*given.as_ptr().cast::<Fields>();
        let plain = fields.dimensions == 1 && fields.flags & PLAIN == PLAIN;
        let length = usize::try_from(if plain { *fields.shape } else { -1 }).ok()?;
        Some((fields.data.cast(), length, fields.flags & WRITEABLE != 0, fields.dtype))
    }
}

/// NumPy's class and types, if the fields of its arrays are where they are expected.
fn learn(py: Python<'_>) -> PyResult<Option<Known>> {
    let numpy = py.import("numpy")?;
    let class = numpy.getattr("ndarray")?;
    let types =
        [numpy.getattr("dtype")?.call1(("uint64",))?, numpy.getattr("dtype")?.call1(("uint32",))?];
    let array = numpy.call_method1("zeros", (5, &types[0]))?;
    let buffer = PyBuffer::<u64>::get(&array)?;
    let expected = (buffer.buf_ptr().cast(), 5, true, types[0].as_ptr());
    let fits = array.get_type().is(&class) && read(&array) == Some(expected);
    Ok(fits.then(|| Known { class: class.unbind(), types: types.map(Bound::unbind) }))
}
