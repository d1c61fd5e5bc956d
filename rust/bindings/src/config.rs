//! Settings across the border: what Python says, as the engine's types.

use std::collections::HashMap;
use std::io;
use std::thread::{self, JoinHandle};

use ndiswan::face::Face;
use ndiswan::policy::{
    BeyondWindow, OwedAtHalt, Policy, QueuedAtLineDown, Reentry, ResourcesAsFinal, WindowShrink,
};
use ndiswan::{Delivery, FinalStatus, OnViolation, Status, TimeKind, Verify, WanInfo};
use pyo3::exceptions::PyKeyboardInterrupt;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyDict;

use crate::error::value;
use crate::vectorcall::Method;

/// Fewer packets than these go one by one to a driver that takes both.
const FEW: usize = 48;

/// The bound methods of a driver, looked up once.
pub(crate) struct Entries {
    /// The one that is called for each packet: `wan_send`, or `send_complete`.
    pub(crate) first: Method,
    /// The one that is called for many, if the driver wrote it.
    pub(crate) many: Option<Method>,
    /// Whether it wrote that one alone; `first` is the same then.
    pub(crate) only_many: bool,
    /// From how many packets on the driver that has both is called for many.
    few: usize,
    others: HashMap<String, Py<PyAny>>,
}

impl Entries {
    pub(crate) fn new(first: &str, methods: &Bound<'_, PyDict>) -> PyResult<Entries> {
        let mut others = HashMap::new();
        for (name, method) in methods {
            others.insert(name.extract::<String>()?, method.unbind());
        }
        let py = methods.py();
        let many = others.remove(&format!("{first}_many"));
        let first = others.remove(first).ok_or_else(|| value(format!("a driver needs {first}")))?;
        let only_many = many.as_ref().is_some_and(|many| many.is(&first));
        let many = many.map(|many| Method::new(many.bind(py))).transpose()?;
        Ok(Entries { first: Method::new(first.bind(py))?, many, only_many, few: FEW, others })
    }

    /// From how many packets on the driver is called for many. Where it has both functions, fewer cost
    /// less one by one: a call with arrays has the price of some dozens without.
    pub(crate) fn least(&self) -> Option<usize> {
        self.many.as_ref().map(|_| if self.only_many { 1 } else { self.few })
    }

    /// The same for a driver of that interface: arrays of any length where it takes arrays.
    pub(crate) fn of(self, face: Face) -> Entries {
        let few = if face == Face::Wan { FEW } else { 1 };
        Entries { few, ..self }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Py<PyAny>> {
        self.others.get(name)
    }
}

fn choose<T: Copy>(field: &str, given: &str, known: &[(&str, T)]) -> PyResult<T> {
    known.iter().find(|(name, _)| *name == given).map(|(_, choice)| *choice).ok_or_else(|| {
        let names: Vec<String> = known.iter().map(|(name, _)| format!("{name:?}")).collect();
        value(format!("{field}: expected {}, got {given:?}", names.join(", ")))
    })
}

pub(crate) fn time(given: &str) -> PyResult<TimeKind> {
    let known = [
        ("virtual", TimeKind::Virtual),
        ("real", TimeKind::Real),
        ("adversarial", TimeKind::Adversarial),
    ];
    choose("time", given, &known)
}

pub(crate) fn on_violation(given: &str) -> PyResult<OnViolation> {
    let known = [
        ("raise", OnViolation::Raise),
        ("record", OnViolation::Record),
        ("bugcheck", OnViolation::BugCheck),
    ];
    choose("on_violation", given, &known)
}

pub(crate) fn delivery(given: &str) -> PyResult<Delivery> {
    choose("delivery", given, &[("inline", Delivery::Inline), ("queued", Delivery::Queued)])
}

pub(crate) fn verify(given: i64) -> PyResult<Verify> {
    u8::try_from(given).ok().and_then(Verify::from_level).ok_or_else(|| {
        value(format!(
            "verify: expected 0 (off), 1 (counters), 2 (last owner), 3 (history) or 4 (with call sites), got {given}"
        ))
    })
}

/// `nw.Policy` as a dict of its fields.
pub(crate) fn policy(fields: &Bound<'_, PyDict>) -> PyResult<Policy> {
    let wrong = |name: &str, expected: &str, given: &Bound<'_, PyAny>| {
        let got = crate::status::describe(given);
        value(format!("Policy.{name}: expected {expected}, got {got}"))
    };
    let text = |name: &str| -> PyResult<String> {
        let given = fields.get_item(name)?;
        let given = given.ok_or_else(|| value(format!("Policy.{name} is missing")))?;
        given.extract().map_err(|_| wrong(name, "a str", &given))
    };
    let flag = fields.get_item("callback_at_dispatch")?;
    let leftovers: u32 = match fields.get_item("reset_leftovers")? {
        Some(status) => {
            status.extract().map_err(|_| wrong("reset_leftovers", "an NDIS_STATUS", &status))?
        }
        None => Status::REQUEST_ABORTED.0,
    };
    let reset_leftovers = FinalStatus::new(Status(leftovers))
        .map_err(|error| value(format!("Policy.reset_leftovers: {error}")))?;
    Ok(Policy {
        callback_at_dispatch: flag.is_none_or(|flag| flag.is_truthy().unwrap_or(true)),
        serialized_reentry: choose(
            "Policy.serialized_reentry",
            &text("serialized_reentry")?,
            &[("queued", Reentry::Queued), ("recursive", Reentry::Recursive)],
        )?,
        window_shrink: choose(
            "Policy.window_shrink",
            &text("window_shrink")?,
            &[("hold_back", WindowShrink::HoldBack), ("report", WindowShrink::Report)],
        )?,
        reset_leftovers,
        owed_at_halt: choose(
            "Policy.owed_at_halt",
            &text("owed_at_halt")?,
            &[("report", OwedAtHalt::Report), ("return", OwedAtHalt::Return)],
        )?,
        queued_at_line_down: choose(
            "Policy.queued_at_line_down",
            &text("queued_at_line_down")?,
            &[("keep", QueuedAtLineDown::Keep), ("return", QueuedAtLineDown::Return)],
        )?,
        resources_as_final: choose(
            "Policy.resources_as_final",
            &text("resources_as_final")?,
            &[
                ("warn", ResourcesAsFinal::Warn),
                ("report", ResourcesAsFinal::Report),
                ("allow", ResourcesAsFinal::Allow),
            ],
        )?,
        beyond_window: choose(
            "Policy.beyond_window",
            &text("beyond_window")?,
            &[("queue", BeyondWindow::Queue), ("report", BeyondWindow::Report)],
        )?,
    })
}

/// The adapter's object, of the class that Python adds its conveniences to.
pub(crate) fn new_adapter(py: Python<'_>, adapter: crate::adapter::Adapter) -> PyResult<Py<PyAny>> {
    Ok(Py::new(py, adapter)?.into_any())
}

/// A number of a Python object's attribute, with the attribute's name in the error.
pub(crate) fn number<T: TryFrom<i128>>(
    object: &Bound<'_, PyAny>,
    class: &str,
    name: &str,
) -> PyResult<T> {
    let given = object.getattr(name)?;
    // Only what has no room in 64 bits takes the long way.
    let number = given.extract::<i64>().map(i128::from).or_else(|_| given.extract::<i128>());
    let number = number.map_err(|_| {
        let got = crate::status::describe(&given);
        pyo3::exceptions::PyTypeError::new_err(format!(
            "{class}.{name}: expected an int, got {got}"
        ))
    })?;
    let bits = 8 * size_of::<T>();
    T::try_from(number).map_err(|_| {
        value(format!("{class}.{name}: expected an int of 0 to 2**{bits} - 1, got {number}"))
    })
}

/// `nw.WanInfo` as `NDIS_WAN_INFO`.
pub(crate) fn wan_info(given: &Bound<'_, PyAny>) -> PyResult<WanInfo> {
    let field = |name: &str| number::<u32>(given, "WanInfo", name);
    let info = WanInfo {
        max_frame_size: field("max_frame_size")?,
        max_transmit: field("max_transmit")?,
        header_padding: field("header_padding")?,
        tail_padding: field("tail_padding")?,
        endpoints: field("endpoints")?,
        memory_flags: field("memory_flags")?,
        highest_acceptable_address: number(given, "WanInfo", "highest_acceptable_address")?,
        framing_bits: field("framing_bits")?,
        desired_accm: field("desired_accm")?,
    };
    info.validate().map_err(|error| value(error.to_string()))?;
    Ok(info)
}

/// Runs a thread of the engine's that enters the interpreter often: its thread state stays alive.
pub(crate) fn spawn(body: Box<dyn FnOnce() + Send>) -> io::Result<JoinHandle<()>> {
    thread::Builder::new().spawn(move || Python::attach(|py| py.detach(body)))
}

/// Ctrl-C that came where nothing can be raised comes once more.
fn interrupt_again(py: Python<'_>, error: &PyErr) {
    if error.is_instance_of::<PyKeyboardInterrupt>(py) {
        let again = py.import("_thread").and_then(|threads| threads.call_method0("interrupt_main"));
        again.map_or_else(|error| error.write_unraisable(py, None), drop);
    }
}

static CALL_SITE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

/// The source line of the driver that calls, in C or in Python.
pub(crate) fn call_site() -> Option<String> {
    if let Some(site) = ndiswan_driver::call_site() {
        return Some(site);
    }
    Python::attach(|py| {
        let function = CALL_SITE.import(py, "ndiswan.ndis", "_call_site");
        let site = function.and_then(PyAnyMethods::call0);
        site.and_then(|site| site.extract()).unwrap_or_else(|error: PyErr| {
            interrupt_again(py, &error);
            None
        })
    })
}
