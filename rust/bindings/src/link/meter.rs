//! What is measured of a link, as `ndiswan.meter` reads it.

use ndiswan::ndis::Measured;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::error::usage;
use crate::link::Link;
use crate::simulation::histogram_of;
use crate::status;

/// The counters by name; how many came back with which status; the stages by name; how long it was, in nanoseconds.
type Read<'py> = (Bound<'py, PyDict>, Bound<'py, PyDict>, Bound<'py, PyDict>, u64);

/// Begins to measure the link, or begins anew.
pub(super) fn begin(link: &Link) -> PyResult<()> {
    link.core.measure().map_err(|error| usage(error.to_string()))
}

/// What was measured of a link up to now.
#[pyfunction]
pub(crate) fn measured<'py>(py: Python<'py>, link: &Link) -> PyResult<Read<'py>> {
    let measured: Measured = link.core.measured().unwrap_or_default();
    let wide = u128::from;
    let counters = PyDict::new(py);
    for (name, count) in [
        ("offered", wide(measured.offered)),
        ("offered_bytes", wide(measured.offered_bytes)),
        ("succeeded", wide(measured.succeeded)),
        ("succeeded_bytes", wide(measured.succeeded_bytes)),
        ("most_outstanding", measured.most_outstanding.into()),
        ("outstanding_ns", measured.outstanding_ns),
        ("queued_ns", measured.queued_ns),
    ] {
        counters.set_item(name, count)?;
    }
    let statuses = PyDict::new(py);
    for (status, count) in &measured.statuses {
        statuses.set_item(status::to_python(py, *status)?, count)?;
    }
    let stages = PyDict::new(py);
    for (name, histogram) in [
        ("queued", &measured.queued),
        ("miniport", &measured.miniport),
        ("hand_back", &measured.hand_back),
        ("latency", &measured.latency),
    ] {
        stages.set_item(name, histogram_of(py, histogram)?)?;
    }
    Ok((counters, statuses, stages, measured.elapsed))
}
