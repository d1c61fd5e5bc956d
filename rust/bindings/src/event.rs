//! Events as Python objects.

use ndiswan::face::Face;
use ndiswan::violation::describe_as;
use pyo3::prelude::*;

/// What pickle makes an event from: the function, and its arguments.
type Reduced = (Py<PyAny>, (String, Option<String>, &'static str));

/// Something that happened; ``str(event)`` is its line in a report.
///
/// A packet's history and ``ndis.events()`` are lists of them.
///
///     >>> class Instant(nw.Miniport):
///     ...     def wan_send(self, link, packet):
///     ...         return nw.SUCCESS
///     >>> with nw.Ndis(record=True) as ndis:
///     ...     status = ndis.bind(nw.Protocol(), Instant()).send(b"hello")
///     ...     [event.what for event in ndis.events()][-3:]
///     ['return', 'deliver', 'free']
#[pyclass(frozen, module = "ndiswan")]
pub(crate) struct Event {
    inner: ndiswan::Event,
    site: Option<String>,
    /// The send interface of its adapter, which names its calls.
    face: Face,
}

impl Event {
    pub(crate) fn of(inner: ndiswan::Event, sites: &[String]) -> Event {
        let site = Event::site_of(&inner, sites);
        Event { inner, site, face: Face::Wan }
    }

    /// The call that it came from.
    pub(crate) fn site_of(event: &ndiswan::Event, sites: &[String]) -> Option<String> {
        (event.site as usize).checked_sub(1).and_then(|at| sites.get(at).cloned())
    }

    /// The same of an adapter with that interface.
    pub(crate) fn seen_as(self, face: Face) -> Event {
        Event { face, ..self }
    }

    pub(crate) fn inner(&self) -> ndiswan::Event {
        self.inner
    }
}

#[pymethods]
impl Event {
    /// When, in nanoseconds of the Ndis's clock.
    #[getter]
    fn time_ns(&self) -> u64 {
        self.inner.time
    }

    /// On which CPU: one number a thread.
    #[getter]
    fn cpu(&self) -> u32 {
        self.inner.cpu
    }

    /// At which interrupt request level.
    #[getter]
    fn irql(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        crate::irql::to_python(py, self.inner.irql)
    }

    /// With how many spin locks held.
    #[getter]
    fn locks(&self) -> u8 {
        self.inner.locks
    }

    /// The adapter's index in ``ndis.adapters``.
    #[getter]
    fn adapter(&self) -> u16 {
        self.inner.adapter
    }

    /// The driver's line that made the call, at ``verify=4``; else ``None``.
    #[getter]
    fn site(&self) -> Option<String> {
        self.site.clone()
    }

    /// What happened, by its name in traces: "submit", "complete", …
    #[getter]
    fn what(&self) -> String {
        let debug = format!("{:?}", self.inner.what);
        let name = debug.split([' ', '{']).next().unwrap_or_default().to_string();
        let mut snake = String::new();
        for (at, letter) in name.char_indices() {
            if letter.is_uppercase() && at > 0 {
                snake.push('_');
            }
            snake.extend(letter.to_lowercase());
        }
        snake
    }

    fn __str__(&self) -> String {
        let text = describe_as(self.face, &self.inner);
        match &self.site {
            Some(site) => format!("{text}  [{site}]"),
            None => text,
        }
    }

    fn __repr__(&self) -> String {
        format!("<Event {}>", self.__str__().trim())
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        other.cast::<Event>().is_ok_and(|other| other.get().inner == self.inner)
    }

    /// An event of what :meth:`__reduce__` gave.
    #[staticmethod]
    #[pyo3(signature = (json, site, face="wan"))]
    fn _of(json: &str, site: Option<String>, face: &str) -> PyResult<Event> {
        let inner = ndiswan::Event::from_json(json);
        let inner = inner.map_err(|error| crate::error::value(error.to_string()))?;
        Ok(Event { inner, site, face: Face::by_id(face).unwrap_or_default() })
    }

    fn __reduce__(slf: &Bound<'_, Self>) -> PyResult<Reduced> {
        let this = slf.get();
        let make = slf.get_type().getattr("_of")?.unbind();
        Ok((make, (this.inner.to_json(), this.site.clone(), this.face.id())))
    }

    fn __hash__(&self) -> u64 {
        use std::hash::{DefaultHasher, Hash, Hasher};
        let mut hasher = DefaultHasher::new();
        self.inner.hash(&mut hasher);
        hasher.finish()
    }
}
