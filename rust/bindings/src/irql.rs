//! Interrupt request levels across the border: members of `ndiswan.Irql` up, numbers down.

use std::sync::Arc;

use ndiswan::Irql;
use ndiswan::cx::Cpu;
use parking_lot::Mutex;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

use crate::error::{raise, value};
use crate::shared::Shared;
use crate::shared::alive;

static MEMBERS: PyOnceLock<Vec<Py<PyAny>>> = PyOnceLock::new();

/// The member of `ndiswan.Irql` that `irql` is; device levels without a name are members too.
pub(crate) fn to_python(py: Python<'_>, irql: Irql) -> PyResult<Py<PyAny>> {
    let members = MEMBERS.get_or_try_init(py, || {
        let class = py.import("ndiswan.irql")?.getattr("Irql")?;
        (0..=Irql::HIGH.0).map(|level| Ok(class.call1((level,))?.unbind())).collect::<PyResult<_>>()
    })?;
    match members.get(usize::from(irql.0)) {
        Some(member) => Ok(member.clone_ref(py)),
        None => Ok(irql.0.into_pyobject(py)?.into_any().unbind()),
    }
}

/// The level that a driver gave.
pub(crate) fn from_python(level: i64) -> PyResult<Irql> {
    match u8::try_from(level) {
        Ok(level) if level <= Irql::HIGH.0 => Ok(Irql(level)),
        _ => Err(value(format!("level: expected an IRQL of 0 to {}, got {level}", Irql::HIGH.0))),
    }
}

/// A stretch of code at a raised level: what `Adapter.at(level)` gives, for a `with` block.
#[pyclass(frozen, module = "ndiswan._native")]
pub(crate) struct AtLevel {
    shared: Arc<Shared>,
    level: Irql,
    /// What each `with` block that is open goes back to.
    before: Mutex<Vec<Irql>>,
}

impl AtLevel {
    pub(crate) fn new(shared: &Arc<Shared>, level: Irql) -> AtLevel {
        AtLevel { shared: Arc::clone(shared), level, before: Mutex::default() }
    }
}

#[pymethods]
impl AtLevel {
    /// Raises the calling thread; gives the level to which the end of the block goes back.
    fn __enter__(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        alive(&self.shared.core)?;
        let before = Cpu::current().irql();
        raise(py, &self.shared.world, self.shared.core.raise_irql(self.level))?;
        self.before.lock().push(before);
        to_python(py, before)
    }

    #[pyo3(signature = (*_args))]
    fn __exit__(&self, py: Python<'_>, _args: &Bound<'_, pyo3::types::PyTuple>) -> PyResult<()> {
        let before = self.before.lock().pop();
        match before {
            Some(before) => {
                raise(py, &self.shared.world, self.shared.core.lower_irql(before)).map(drop)
            }
            None => Ok(()),
        }
    }

    fn __repr__(&self) -> String {
        format!("<AtLevel {} of {:?}>", self.level, self.shared.core.name)
    }
}
