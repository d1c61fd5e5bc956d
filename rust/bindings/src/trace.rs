//! Recorded traces for Python: `Ndis.save`, `ndiswan check trace`, `ndiswan trace`.

use std::fs::File;
use std::io::BufWriter;
use std::path::PathBuf;
use std::sync::Arc;

use ndiswan::event::What;
use ndiswan::story::{Ending, Story as Told, Telling};
use ndiswan::trace::{self, Found, Row, TraceError};
use pyo3::exceptions::{PyIndexError, PyOSError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList};

use crate::event::Event;
use crate::notebook;
use crate::story::Story;

fn to_error(error: &TraceError) -> PyErr {
    let text = error.to_string();
    match error {
        TraceError::Io { .. } => PyOSError::new_err(text),
        _ => PyValueError::new_err(text),
    }
}

/// Saves the recording of a world.
pub(crate) fn save(py: Python<'_>, ndis: &Arc<ndiswan::Ndis>, path: PathBuf) -> PyResult<()> {
    py.detach(|| ndis.save_trace(path)).map_err(|error| to_error(&error))
}

/// A recorded trace, read from its file.
///
///     >>> class Instant(nw.Miniport):
///     ...     def wan_send(self, link, packet):
///     ...         return nw.SUCCESS
///     >>> with nw.Ndis(record=True) as ndis:
///     ...     status = ndis.bind(nw.Protocol(), Instant()).send(b"hello")
///     >>> ndis.save("run.trace")
///     >>> from ndiswan._native import Trace
///     >>> Trace("run.trace").adapters, Trace("run.trace").check()
///     (['Instant'], [])
#[pyclass(frozen, module = "ndiswan._native")]
pub(crate) struct Trace(trace::Trace);

/// What `Trace.table` gives.
type Columns = (
    String,
    Py<PyDict>,
    String,
    Vec<(u16, u32)>,
    Vec<u32>,
    String,
    Vec<(usize, &'static str, Option<String>, bool)>,
);

/// A column's name, and its value in a row.
type Column = (&'static str, fn(&Row) -> u64);

const COLUMNS: [Column; 12] = [
    ("time", |row| row.time),
    ("text", |row| row.text),
    ("cpu", |row| row.cpu),
    ("irql", |row| row.irql),
    ("locks", |row| row.locks),
    ("adapter", |row| row.adapter),
    ("link", |row| row.link),
    ("packet", |row| row.packet),
    ("life", |row| row.life),
    ("owner", |row| row.owner),
    ("number", |row| row.number),
    ("site", |row| row.site),
];

fn octets(rows: &[Row], of: fn(&Row) -> u64) -> Vec<u8> {
    let mut octets = Vec::with_capacity(rows.len() * 8);
    for row in rows {
        octets.extend_from_slice(&of(row).to_le_bytes());
    }
    octets
}

impl Trace {
    fn breaks(&self) -> Vec<(usize, &'static str, Option<String>, bool)> {
        let broken = |(index, event): (usize, &ndiswan::Event)| match event.what {
            What::Violation { rule } => {
                let said = self.0.verdicts.get(&index);
                let detail = said.map(|said| said.detail.clone());
                Some((index, rule.id(), detail, said.is_some_and(|said| said.warning)))
            }
            _ => None,
        };
        self.0.events.iter().enumerate().filter_map(broken).collect()
    }

    pub(crate) fn events(&self) -> &[ndiswan::Event] {
        &self.0.events
    }

    fn found<'py>(&self, py: Python<'py>, found: &Found) -> PyResult<Bound<'py, PyDict>> {
        let sites = &self.0.header.sites;
        let face = self.0.face(found.event.adapter);
        let seen = |event: &ndiswan::Event| Event::of(*event, sites).seen_as(face);
        let history: Vec<Event> = found.history.iter().map(seen).collect();
        let dict = PyDict::new(py);
        dict.set_item("rule", found.rule.id())?;
        dict.set_item("detail", &found.detail)?;
        dict.set_item("line", found.line())?;
        dict.set_item("adapter", self.0.adapter_name(found.event.adapter))?;
        dict.set_item("packet", found.packet.map(|name| name.to_string()))?;
        dict.set_item("time_ns", found.event.time)?;
        dict.set_item("history", history.into_pyobject(py)?)?;
        dict.set_item("recorded", found.recorded)?;
        dict.set_item("warning", found.warning)?;
        dict.set_item("report", found.to_string())?;
        Ok(dict)
    }
}

#[pymethods]
impl Trace {
    #[new]
    fn new(py: Python<'_>, path: PathBuf) -> PyResult<Trace> {
        py.detach(|| trace::Trace::read(path)).map(Trace).map_err(|error| to_error(&error))
    }

    /// The names of its adapters.
    #[getter]
    fn adapters(&self) -> Vec<&str> {
        self.0.header.adapters.iter().map(|adapter| adapter.name.as_str()).collect()
    }

    /// The contract folded over the recording: a dict for each rule that an event breaks.
    fn check<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let found = py.detach(|| self.0.check());
        let dicts: PyResult<Vec<_>> = found.iter().map(|found| self.found(py, found)).collect();
        PyList::new(py, dicts?)
    }

    /// One line an event, in columns.
    fn to_text(&self, py: Python<'_>) -> String {
        py.detach(|| self.0.to_text())
    }

    /// What stories it has: a rule's id and the words of each thing that went wrong, in order.
    fn endings(&self, py: Python<'_>) -> Vec<(String, String)> {
        let endings = py.detach(|| self.0.endings());
        endings.into_iter().map(|ending| (ending.rule, ending.why)).collect()
    }

    /// The story of what went wrong: of the first rule broken that is no warning, or of the one with
    /// that number in ``endings()``. ``full`` tells every event. ``switches`` and ``facts`` are for the
    /// head: how many switches it is from first-in-first-out, and sentences. ``raised`` is what no trace tells: EXCEPTION
    /// or ENDLESS, why, and how many events there were by then.
    ///
    /// Raises ``IndexError`` for a number that there is not.
    #[pyo3(signature = (number = None, *, full = false, switches = None, facts = Vec::new(), raised = None))]
    fn story(
        &self,
        py: Python<'_>,
        number: Option<usize>,
        full: bool,
        switches: Option<usize>,
        facts: Vec<String>,
        raised: Option<(String, String, usize)>,
    ) -> PyResult<Story> {
        let no_rule = raised.map(|(rule, why, at)| {
            let index = at.clamp(1, self.0.events.len().max(1)) - 1;
            Ending { rule, why, packet: None, index, warning: false }
        });
        let told = py.detach(|| {
            let ending = match number {
                None => no_rule.or_else(|| self.0.ending()),
                Some(at) => Some(self.0.endings().into_iter().nth(at)?),
            };
            Some(Told::of(&self.0, ending.as_ref(), &Telling { full, switches, facts }))
        });
        let missing = || {
            let count = self.0.endings().len();
            PyIndexError::new_err(format!(
                "expected the number of one of the {count} things that went wrong, got {}",
                number.unwrap_or_default()
            ))
        };
        told.map(Story).ok_or_else(missing)
    }

    /// The events as columns, for the viewer: (the head as JSON, by name eight octets an event, what the events say as
    /// JSON, adapter and slot of each packet, the links' numbers, the entry points as JSON, where which rule is broken).
    fn table(&self, py: Python<'_>) -> PyResult<Columns> {
        let (table, columns, breaks) = py.detach(|| {
            let table = self.0.table();
            let columns = COLUMNS.map(|(name, of)| (name, octets(&table.rows, of)));
            (table, columns, self.breaks())
        });
        let dict = PyDict::new(py);
        for (name, octets) in columns {
            dict.set_item(name, PyBytes::new(py, &octets))?;
        }
        // Names and numbers: it does not fail.
        let head = serde_json::to_string(&self.0.header).unwrap_or_default();
        let texts = serde_json::to_string(&table.texts).unwrap_or_default();
        let entries = serde_json::to_string(&table.entries).unwrap_or_default();
        Ok((head, dict.unbind(), texts, table.packets, table.links, entries, breaks))
    }

    /// The trace as the present version writes it.
    fn to_jsonl(&self, py: Python<'_>) -> PyResult<String> {
        let mut text = Vec::new();
        py.detach(|| self.0.write(&mut text, "the text")).map_err(|error| to_error(&error))?;
        String::from_utf8(text).map_err(|error| PyValueError::new_err(error.to_string()))
    }

    /// Writes the frames as a capture; how many there were.
    fn to_pcapng(&self, py: Python<'_>, path: PathBuf) -> PyResult<usize> {
        let name = path.display().to_string();
        let file =
            File::create(path).map_err(|error| PyOSError::new_err(format!("{name}: {error}")))?;
        py.detach(|| self.0.to_pcapng(BufWriter::new(file)))
            .map_err(|error| PyOSError::new_err(format!("{name}: {error}")))
    }

    fn __len__(&self) -> usize {
        self.0.events.len()
    }

    fn _repr_html_(slf: &Bound<'_, Self>) -> PyResult<Py<PyAny>> {
        notebook::html(slf)
    }

    fn __repr__(&self) -> String {
        format!("<Trace of {}, {} events>", self.adapters().join(", "), self.0.events.len())
    }
}
