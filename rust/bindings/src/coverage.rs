//! Ownership edges for Python: the counts, and the list of what there is to reach.

use ndiswan::Face;
use ndiswan::coverage::{Edge, Edges as Counts, every_edge, listed_in};
use parking_lot::Mutex;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use crate::error::value;
use crate::event::Event;
use crate::trace::Trace;

/// How often each ownership edge was reached, and each pair of consecutive edges of one packet.
///
///     >>> class Instant(nw.Miniport):
///     ...     def wan_send(self, link, packet):
///     ...         return nw.SUCCESS
///     >>> from ndiswan.coverage import Edges
///     >>> edges = Edges()
///     >>> with nw.Ndis(record=True) as ndis:
///     ...     status = ndis.bind(nw.Protocol(), Instant()).send(b"hello")
///     ...     edges.see(ndis.events()) > 0
///     True
#[pyclass(frozen, module = "ndiswan.coverage")]
#[derive(Default)]
pub(crate) struct Edges(Mutex<Counts>);

impl Edges {
    pub(crate) fn of(counts: Counts) -> Edges {
        Edges(Mutex::new(counts))
    }
}

/// What there is to say of an edge under these contracts.
fn row<'py>(
    py: Python<'py>,
    faces: &[Face],
    edge: Edge,
    count: u64,
) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    let known = listed_in(faces, edge);
    let rules = known.iter().flat_map(|known| &known.rules).map(|rule| rule.id());
    let rules: Vec<&str> = rules.collect();
    dict.set_item("state", edge.seat().id())?;
    dict.set_item("event", edge.kind().id())?;
    dict.set_item("irql", edge.place().level())?;
    dict.set_item("locks", edge.place().locks())?;
    dict.set_item("name", edge.to_string())?;
    dict.set_item("count", count)?;
    dict.set_item("kept", known.as_ref().is_none_or(|known| known.kept))?;
    dict.set_item("listed", known.is_some())?;
    dict.set_item("rules", rules)?;
    Ok(dict)
}

/// Names for people: of the states and of the kinds of events, by their names in files, in order.
#[pyfunction]
pub(crate) fn edge_names(py: Python<'_>) -> PyResult<(Bound<'_, PyDict>, Bound<'_, PyDict>)> {
    let (states, events) = (PyDict::new(py), PyDict::new(py));
    for seat in ndiswan::coverage::Seat::all() {
        states.set_item(seat.id(), seat.to_string())?;
    }
    for kind in ndiswan::coverage::Kind::all() {
        events.set_item(kind.id(), kind.to_string())?;
    }
    Ok((states, events))
}

#[pymethods]
impl Edges {
    #[new]
    fn new() -> Edges {
        Edges::default()
    }

    /// The counts in the text of a coverage file.
    ///
    /// Raises ``ValueError`` that says what is wrong with it.
    #[staticmethod]
    fn from_json(text: &str) -> PyResult<Edges> {
        Counts::from_json(text).map(Edges::of).map_err(value)
    }

    /// The counts as one JSON document.
    fn to_json(&self) -> String {
        self.0.lock().to_json()
    }

    /// Adds what one recorded world reached, a trace's or that of ``ndis.events()``; how many edges and
    /// pairs are new.
    fn see(&self, py: Python<'_>, recorded: &Bound<'_, PyAny>) -> PyResult<usize> {
        let counts = if let Ok(trace) = recorded.cast::<Trace>() {
            let trace = trace.get();
            py.detach(|| Counts::of(trace.events()))
        } else {
            let mut events = Vec::new();
            for event in recorded.try_iter()? {
                events.push(event?.cast::<Event>()?.get().inner());
            }
            Counts::of(&events)
        };
        Ok(self.0.lock().merge(&counts))
    }

    /// Adds the counts of another; how many edges and pairs are new.
    fn merge(&self, other: &Bound<'_, Edges>) -> usize {
        let counts = other.get().0.lock().clone(); // it may be the same one
        self.0.lock().merge(&counts)
    }

    /// The contracts of the adapters that it is from: ``wan``, ``lan``, ``condis``, ``ndis6``.
    #[getter]
    fn contracts(&self) -> Vec<&'static str> {
        self.0.lock().contracts().into_iter().map(Face::id).collect()
    }

    /// Every edge that was reached and every one that there is to reach under its contracts, in order: dicts with
    /// ``state``, ``event``, ``irql``, ``locks``, ``name``, ``count``, whether it is ``listed``, whether a
    /// good driver can reach it (``kept``), and the ``rules`` that it can break.
    fn rows<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let counts = self.0.lock().clone();
        let faces = counts.contracts();
        let mut all: Vec<Edge> = counts.iter().map(|(edge, _)| edge).collect();
        all.extend(faces.iter().flat_map(|face| every_edge(*face)).map(|listed| listed.edge));
        all.sort_unstable();
        all.dedup();
        let rows = all.into_iter().map(|edge| row(py, &faces, edge, counts.count(edge)));
        PyList::new(py, rows.collect::<PyResult<Vec<_>>>()?)
    }

    /// How many pairs of consecutive edges of one packet were reached.
    #[getter]
    fn pairs(&self) -> usize {
        self.0.lock().pairs_len()
    }

    fn __len__(&self) -> usize {
        self.0.lock().len()
    }

    fn __repr__(&self) -> String {
        let counts = self.0.lock();
        format!("<Edges: {} edges, {} pairs>", counts.len(), counts.pairs_len())
    }
}
