//! Broken rules and other errors as Python exceptions; the only place where they are made.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use ndiswan::cx::Cpu;
use ndiswan::time::adversarial::{FOREIGN, FOREIGNER};
use ndiswan::{Name, Ndis, Violation};
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::event::Event;
use crate::shared::World;

/// The exception for a violation: its family's class in `ndiswan.violations`.
pub(crate) fn exception(py: Python<'_>, violation: &Arc<Violation>) -> PyResult<Py<PyAny>> {
    let info = violation.rule.info();
    let class = py.import("ndiswan.violations")?.getattr(info.family.python_class())?;
    let fields = PyDict::new(py);
    let history: Vec<Event> = violation
        .history
        .iter()
        .map(|event| Event::of(*event, &violation.sites).seen_as(violation.face))
        .collect();
    fields.set_item("rule", info.id)?;
    fields.set_item("detail", &violation.detail)?;
    fields.set_item("adapter", &violation.adapter)?;
    fields.set_item("packet", violation.packet.map(|name| name.to_string()))?;
    fields.set_item("history", history.into_pyobject(py)?)?;
    fields.set_item("irql", crate::irql::to_python(py, violation.irql)?)?;
    fields.set_item("locks", &violation.locks)?;
    fields.set_item("inside", violation.inside.iter().map(|e| e.name()).collect::<Vec<_>>())?;
    fields.set_item("cpu", violation.cpu)?;
    fields.set_item("time_ns", violation.time)?;
    fields.set_item("warning", violation.warning)?;
    fields.set_item("site", &violation.site)?;
    fields.set_item("sentence", violation.rule.sentence(violation.face))?;
    fields.set_item("page", info.page)?;
    fields.set_item("source", info.source)?;
    fields.set_item("remedy", violation.rule.remedy(violation.face))?;
    Ok(class.call((violation.to_string(),), Some(&fields))?.unbind())
}

/// A violation as an error to be raised.
pub(crate) fn to_error(py: Python<'_>, violation: &Arc<Violation>) -> PyErr {
    match exception(py, violation) {
        Ok(value) => PyErr::from_value(value.into_bound(py)),
        Err(error) => error,
    }
}

/// What a call that broke a rule does: raises, or goes on with the repaired state.
pub(crate) fn raise<T>(
    py: Python<'_>,
    world: &World,
    result: Result<T, Arc<Violation>>,
) -> PyResult<Option<T>> {
    if world.core.is_cut_off() {
        return Err(cut_off(py));
    }
    match result {
        Ok(value) => Ok(Some(value)),
        Err(violation) if world.raises() => {
            world.mark(&violation);
            Err(to_error(py, &violation))
        }
        Err(_) => Ok(None),
    }
}

/// The same for a call that gives nothing.
#[inline]
pub(crate) fn raise_broken(
    py: Python<'_>,
    world: &World,
    result: Result<(), Arc<Violation>>,
) -> PyResult<()> {
    if result.is_ok() && !world.core.is_cut_off() {
        return Ok(());
    }
    raise(py, world, result).map(drop)
}

/// The same for a call of many packets: the first broken rule is raised, with a note on the others.
pub(crate) fn raise_first(
    py: Python<'_>,
    world: &World,
    broken: Vec<Arc<Violation>>,
) -> PyResult<()> {
    let more = broken.len().saturating_sub(1);
    let mut first = Ok(());
    for violation in broken {
        let result = raise::<()>(py, world, Err(violation)).map(drop);
        first = first.and(result);
    }
    first.map_err(|error| with_more(py, error, more))
}

/// An exception with a note on how many more packets of its call broke a rule.
pub(crate) fn with_more(py: Python<'_>, error: PyErr, more: usize) -> PyErr {
    if more > 0 {
        let note = format!("{more} more packet(s) of this call broke a rule: see ndis.violations");
        let _ = error.value(py).call_method1("add_note", (note,));
    }
    error
}

/// Notes on an exception of a callback in which one it was, and when. A broken rule says so itself.
pub(crate) fn note_where(py: Python<'_>, core: &Ndis, error: &PyErr, packet: Option<Name>) {
    let value = error.value(py);
    let class = py.import("ndiswan.violations").and_then(|all| all.getattr("ContractViolation"));
    let is_violation = class.is_ok_and(|class| value.is_instance(&class).unwrap_or(false));
    // One that is raised again and again has the note of the first time.
    if !is_violation
        && !value.hasattr("__notes__").unwrap_or(true)
        && let Some(place) = core.whereabouts(packet)
    {
        let _ = value.call_method1("add_note", (place,));
    }
}

/// [`settle`] from inside of a driver, whose outermost caller hears of the rest.
#[inline]
pub(crate) fn settle_inside(py: Python<'_>, world: &World) -> PyResult<()> {
    let core = &world.core;
    if core.is_foreign_thread() {
        // The world's own thread is told as well.
        return Err(usage(FOREIGN));
    }
    if core.is_cut_off() {
        return Err(cut_off(py));
    }
    Ok(())
}

/// On the way out of the outermost call: raises what callbacks raised, then what the engine found
/// by itself. Warnings are given as Python warnings.
pub(crate) fn settle(py: Python<'_>, world: &World) -> PyResult<()> {
    settle_inside(py, world)?;
    let core = &world.core;
    let quiet = core.violation_count() == world.scanned.load(Ordering::Relaxed)
        && core.panic_count() == world.heard.load(Ordering::Relaxed)
        && !world.has_pending.load(Ordering::Acquire);
    if quiet || !Cpu::current().is_outermost() {
        return Ok(());
    }
    let from = world.scanned.load(Ordering::Relaxed);
    let found = core.violations_after(from);
    world.scanned.fetch_max(from + found.len(), Ordering::Relaxed);
    let mut first = None;
    for violation in &found {
        if violation.warning {
            warn_once(py, world, violation)?;
        } else if world.raises() && !world.is_marked(violation) && first.is_none() {
            first = Some(violation);
        }
    }
    world.has_pending.store(false, Ordering::Release);
    let pending = std::mem::take(&mut *world.pending.lock());
    if let Some(error) = pending.into_iter().next() {
        // It has stopped the run that it was to stop, or there was none.
        core.clear_interrupt();
        return Err(error);
    }
    if let Some(panic) = world.next_panic() {
        return Err(PyRuntimeError::new_err(panic));
    }
    match first {
        Some(violation) => {
            world.mark(violation);
            Err(to_error(py, violation))
        }
        None => Ok(()),
    }
}

impl World {
    /// A panic of the engine's or of a binding's own code that was not told of yet: a bug of ndiswan,
    /// told as such. The rules that it broke are its consequences.
    fn next_panic(&self) -> Option<String> {
        let told = self.heard.swap(self.core.panic_count(), Ordering::Relaxed);
        let panics = self.core.panics();
        let panic = panics.get(told)?;
        if panic.entry == FOREIGNER {
            return Some(panic.message.clone());
        }
        Some(format!(
            "bug in ndiswan: a panic in {} of {:?}: {}; please report it",
            panic.entry, panic.adapter, panic.message
        ))
    }
}

/// The drivers go on for ever: every call ends with this.
pub(crate) fn cut_off(py: Python<'_>) -> PyErr {
    let made = py
        .import("ndiswan.exploring")
        .and_then(|m| m.getattr("EndlessError")?.call_method0("of_call"));
    made.map_or_else(|error| error, PyErr::from_value)
}

/// What a call that does not settle warned of since there were `from` violations, at the line that made the call. Inside
/// of a callback it waits for the outermost one.
#[inline]
pub(crate) fn settle_warnings(py: Python<'_>, world: &World, from: usize) -> PyResult<()> {
    if world.core.violation_count() == from { Ok(()) } else { warn_since(py, world, from) }
}

#[cold]
fn warn_since(py: Python<'_>, world: &World, from: usize) -> PyResult<()> {
    if !Cpu::current().is_outermost() {
        return Ok(());
    }
    let found = world.core.violations_after(from);
    found.iter().filter(|found| found.warning).try_for_each(|found| warn_once(py, world, found))
}

/// Warns, unless that was done. An explorer would tell of it in each of thousands of executions.
fn warn_once(py: Python<'_>, world: &World, violation: &Arc<Violation>) -> PyResult<()> {
    if world.is_marked(violation) || world.core.config.time == ndiswan::TimeKind::Adversarial {
        return Ok(());
    }
    world.mark(violation);
    let text = violation.to_string();
    py.import("ndiswan.violations")?.call_method1("_warn", (text,)).map(drop)
}

/// Something is not used as it is meant to be; not a rule of the contract.
pub(crate) fn usage(text: impl Into<String>) -> PyErr {
    PyRuntimeError::new_err(text.into())
}

/// The machine has no thread left; in the words of CPython, so that what to do is found by them (`ndiswan.refused`).
pub(crate) fn no_thread(_: std::io::Error) -> PyErr {
    usage("can't start new thread")
}

/// A value that cannot be.
pub(crate) fn value(text: impl Into<String>) -> PyErr {
    PyValueError::new_err(text.into())
}
