//! A list of operations, played by one call from Python.

use std::sync::Arc;

use ndiswan::program::{NAMES, Operation, ProgramError};
use pyo3::prelude::*;

use crate::error::{raise, settle, usage, value};
use crate::link::Link;
use crate::ndis::Ndis;

/// Plays ``operations``, (code, argument) each with a code of ``OPERATIONS``, on ``link``; gives for each of
/// them whether it was possible when its turn came. The world ends with a ``halt``, and the program too.
///
/// Raises as the calls of the single operations would, with a note that says which one it was;
/// ``ValueError`` for what is no operation, before anything is done.
#[allow(clippy::needless_pass_by_value)] // made of a Python list
#[pyfunction]
pub(crate) fn run_program(
    py: Python<'_>,
    ndis: &Bound<'_, Ndis>,
    link: &Bound<'_, Link>,
    operations: Vec<(usize, u64)>,
) -> PyResult<Vec<bool>> {
    let world = &ndis.get().world;
    if !Arc::ptr_eq(world, &link.get().shared.world) {
        return Err(value("link: expected a link of this Ndis, got one of another"));
    }
    let known = |(at, &(code, argument)): (usize, &(usize, u64))| {
        Operation::new(code, argument).ok_or_else(|| {
            value(format!(
                "operation {at}: expected (0 to {}, its argument), got ({code}, {argument})",
                NAMES.len() - 1
            ))
        })
    };
    let program = operations.iter().enumerate().map(known).collect::<PyResult<Vec<_>>>()?;
    let mut performed = Vec::with_capacity(program.len());
    for (at, operation) in program.into_iter().enumerate() {
        match perform(py, ndis, link, operation) {
            Ok(done) => performed.push(done),
            Err(error) => {
                let (code, argument) = operations[at];
                let (name, of) = (NAMES[code], operations.len());
                let note = format!(
                    "in operation {at} (of {of}, from 0) of the program: {name}({argument}) at {} ns",
                    world.core.now()
                );
                error.value(py).call_method1("add_note", (note,))?;
                return Err(error);
            }
        }
    }
    Ok(performed)
}

fn perform(
    py: Python<'_>,
    ndis: &Bound<'_, Ndis>,
    link: &Bound<'_, Link>,
    operation: Operation,
) -> PyResult<bool> {
    let world = &ndis.get().world;
    if operation == Operation::Halt {
        let open = !world.core.is_closed();
        // As `close` does it, which also lets go of the drivers.
        ndis.call_method0("close")?;
        return Ok(open);
    }
    py.check_signals()?;
    let core = &link.get().core;
    let done = if waits(operation) {
        world.away(py, || operation.perform(&world.core, core))
    } else {
        operation.perform(&world.core, core)
    };
    // What callbacks raised comes first, as with the single calls.
    settle(py, world)?;
    match done {
        Ok(done) => Ok(done),
        Err(ProgramError::Violation(violation)) => {
            raise::<()>(py, world, Err(violation)).map(|_| true)
        }
        Err(ProgramError::Frame(error)) => Err(value(error.to_string())),
        Err(error) => Err(usage(error.to_string())),
    }
}

/// Whether it may have to wait for its turn in a serialized miniport.
fn waits(operation: Operation) -> bool {
    matches!(operation, Operation::Reset | Operation::Request(_))
}
