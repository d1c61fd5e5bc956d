//! Numbers that Python hands in, or an error that says what would fit.

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
