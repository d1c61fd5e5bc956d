//! What the machine does to one adapter of a world: a reset, a halt.

use std::sync::Arc;

use pyo3::prelude::*;

use crate::adapter::Adapter;
use crate::error::{raise, settle, value};
use crate::shared::World;
use crate::status;

/// An adapter of another world has its own clock and its own record.
fn expect_ours(world: &Arc<World>, adapter: &Adapter) -> PyResult<()> {
    if Arc::ptr_eq(world, &adapter.shared.world) {
        return Ok(());
    }
    let name = &adapter.shared.core.name;
    Err(value(format!(
        "target: expected an adapter that was bound to this Ndis, got {name:?} of another one; call that one's"
    )))
}

/// NdisReset.
pub(crate) fn reset(py: Python<'_>, world: &Arc<World>, adapter: &Adapter) -> PyResult<Py<PyAny>> {
    adapter.alive()?;
    expect_ours(world, adapter)?;
    let core = Arc::clone(&adapter.shared.core);
    let result = world.away(py, move || core.reset());
    settle(py, world)?;
    let answer = raise(py, world, result)?.unwrap_or(ndiswan::Status::FAILURE);
    status::to_python(py, answer)
}

/// MiniportHalt; the others go on.
pub(crate) fn halt(py: Python<'_>, world: &Arc<World>, adapter: &Adapter) -> PyResult<()> {
    expect_ours(world, adapter)?;
    let core = Arc::clone(&adapter.shared.core);
    let result = world.away(py, move || core.halt());
    settle(py, world)?;
    raise(py, world, result).map(drop)
}
