//! Statuses across the border: members of `ndiswan.Status` up, numbers down.

use std::collections::HashMap;

use ndiswan::Status;
use parking_lot::Mutex;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyInt};

use crate::error::value;
use crate::number::number;

/// `(name, value)` of every published status.
pub(crate) fn table() -> Vec<(&'static str, u32)> {
    Status::ALL.iter().map(|(name, status)| (*name, status.0)).collect()
}

struct Members {
    class: Py<PyAny>,
    pending: Py<PyAny>,
    success: Py<PyAny>,
    others: Mutex<HashMap<u32, Py<PyAny>>>,
}

static MEMBERS: PyOnceLock<Members> = PyOnceLock::new();

fn members(py: Python<'_>) -> PyResult<&'static Members> {
    MEMBERS.get_or_try_init(py, || {
        let class = py.import("ndiswan.status")?.getattr("Status")?;
        let member = |name: &str| class.getattr(name).map(Bound::unbind);
        Ok(Members {
            pending: member("PENDING")?,
            success: member("SUCCESS")?,
            class: class.clone().unbind(),
            others: Mutex::default(),
        })
    })
}

/// The member of `ndiswan.Status` that `status` is; an unpublished number is a member too.
#[inline]
pub(crate) fn to_python(py: Python<'_>, status: Status) -> PyResult<Py<PyAny>> {
    let members = members(py)?;
    match status {
        Status::SUCCESS => Ok(members.success.clone_ref(py)),
        Status::PENDING => Ok(members.pending.clone_ref(py)),
        _ => other(py, members, status),
    }
}

#[cold]
fn other(py: Python<'_>, members: &Members, status: Status) -> PyResult<Py<PyAny>> {
    if let Some(member) = members.others.lock().get(&status.0) {
        return Ok(member.clone_ref(py));
    }
    let member = members.class.call1(py, (status.0,))?;
    members.others.lock().insert(status.0, member.clone_ref(py));
    Ok(member)
}

/// Does something with that member; one that is known is not counted for it.
pub(crate) fn borrowed<'py, R>(
    py: Python<'py>,
    status: Status,
    f: impl FnOnce(&Bound<'py, PyAny>) -> PyResult<R>,
) -> PyResult<R> {
    if status == Status::SUCCESS {
        return f(members(py)?.success.bind(py));
    }
    f(to_python(py, status)?.bind(py))
}

/// The status that a driver gave, or `None` if what it gave is no status.
pub(crate) fn from_python(py: Python<'_>, given: &Bound<'_, PyAny>) -> PyResult<Option<Status>> {
    let members = members(py)?;
    if given.is(&members.pending) {
        return Ok(Some(Status::PENDING));
    }
    if given.is(&members.success) {
        return Ok(Some(Status::SUCCESS));
    }
    if given.is_instance_of::<PyBool>() || !given.is_instance_of::<PyInt>() {
        return Ok(None);
    }
    let Ok(number) = given.extract::<i64>() else { return Ok(None) };
    // NDIS_STATUS is a signed 32-bit number: -1073741823 is NDIS_STATUS_FAILURE.
    let number = if number < 0 { number + (1 << 32) } else { number };
    Ok(u32::try_from(number).ok().map(Status))
}

/// The number of a final status, or an error that says what would be one.
pub(crate) fn final_number(py: Python<'_>, given: &Bound<'_, PyAny>) -> PyResult<u32> {
    match from_python(py, given)? {
        Some(Status::PENDING) => Err(is_pending("status")),
        Some(status) => Ok(status.0),
        // A number of NumPy's, or none.
        None => match number("status", 32, given)? {
            number if Status(number) == Status::PENDING => Err(is_pending("status")),
            number => Ok(number),
        },
    }
}

/// PENDING, where a final status is expected.
#[cold]
pub(crate) fn is_pending(at: &str) -> PyErr {
    value(format!(
        "{at}: expected a final status, got PENDING (0x00000103); put the entry in when its status is known"
    ))
}

/// What was given instead of a status, for a message.
pub(crate) fn describe(given: &Bound<'_, PyAny>) -> String {
    let kind = given.get_type().name().map_or_else(|_| "object".into(), |name| name.to_string());
    let shown = given.repr().map_or_else(|_| kind.clone(), |text| text.to_string());
    if given.is_none() { "None".to_string() } else { format!("{shown} ({kind})") }
}
