//! What a notebook shows of an object: HTML, which `ndiswan.notebook` makes.

use pyo3::intern;
use pyo3::prelude::*;

/// The object as HTML.
pub(crate) fn html<T>(object: &Bound<'_, T>) -> PyResult<Py<PyAny>> {
    let py = object.py();
    let module = py.import(intern!(py, "ndiswan.notebook"))?;
    Ok(module.call_method1(intern!(py, "html"), (object.as_any(),))?.unbind())
}
