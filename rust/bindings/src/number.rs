//! Numbers that Python hands in, or an error that says what would fit.

use pyo3::Borrowed;
use pyo3::exceptions::{PyOverflowError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::PyBool;

use crate::status::describe;

/// An unsigned number of so many bits, the argument `name`. A bool is none.
pub(crate) fn number<T: for<'a, 'py> FromPyObject<'a, 'py>>(
    name: &str,
    bits: u32,
    given: &Bound<'_, PyAny>,
) -> PyResult<T> {
    let is_bool = given.is_instance_of::<PyBool>();
    if let (false, Ok(number)) = (is_bool, given.extract::<T>()) {
        return Ok(number);
    }
    let text = format!("{name}: expected an int of 0 to 2**{bits} - 1, got {}", describe(given));
    if given.hasattr("__index__")? && !is_bool {
        return Err(PyOverflowError::new_err(text));
    }
    Err(PyTypeError::new_err(text))
}

/// Seconds, whole or not.
#[derive(Clone, Copy)]
pub(crate) struct Seconds(pub(crate) f64);

impl<'a, 'py> FromPyObject<'a, 'py> for Seconds {
    type Error = PyErr;

    fn extract(given: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        given.extract().map(Seconds).map_err(|_| {
            PyTypeError::new_err(format!("expected seconds, a number, got {}", describe(&given)))
        })
    }
}

/// A whole number of Python's, with what it has to be told by whoever looks at it: of 64 bits here.
#[derive(Clone, Copy)]
pub(crate) struct Whole(pub(crate) i64);

impl<'a, 'py> FromPyObject<'a, 'py> for Whole {
    type Error = PyErr;

    fn extract(given: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        given.extract().map(Whole).map_err(|error: PyErr| {
            let text = format!("expected an int of 64 bits, got {}", describe(&given));
            if error.is_instance_of::<PyOverflowError>(given.py()) {
                return PyOverflowError::new_err(text);
            }
            PyTypeError::new_err(text)
        })
    }
}
