//! Memory for drivers in Python.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyByteArray};

use crate::adapter::Adapter;
use crate::error::{raise, value};
use crate::status::describe;

/// The number of bytes that is asked for, or an error that says what would do. A bool is none.
fn bytes(length: &Bound<'_, PyAny>) -> PyResult<u32> {
    let is_bool = length.is_instance_of::<PyBool>();
    if let (false, Ok(length)) = (is_bool, length.extract()) {
        return Ok(length);
    }
    let got = describe(length);
    let text = format!("length: expected 0 to {} bytes, an int, got {got}", u32::MAX);
    if length.hasattr("__index__")? && !is_bool {
        return Err(value(text + "; more than that is more than one allocation"));
    }
    Err(PyTypeError::new_err(text + "; of a frame, pass its len()"))
}

impl Adapter {
    pub(crate) fn memory<'py>(
        &self,
        py: Python<'py>,
        length: &Bound<'py, PyAny>,
    ) -> PyResult<Option<Bound<'py, PyByteArray>>> {
        self.alive()?;
        let length = bytes(length)?;
        let granted = raise(py, &self.shared.world, Ok(self.shared.core.has_memory()))?;
        if granted != Some(true) {
            return Ok(None);
        }
        PyByteArray::new_with(py, length as usize, |_| Ok(())).map(Some)
    }
}
