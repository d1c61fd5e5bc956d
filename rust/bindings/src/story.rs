//! Stories for Python: what `Trace.story` gives, and the forms that it can be told in.

use ndiswan::story::Story as Told;
use pyo3::prelude::*;

use crate::error::value;

/// The story of a failure: what happened to whom, step by step, up to the rule that was broken.
///
/// ``str(story)`` is its text for a terminal.
///
///     >>> class Instant(nw.Miniport):
///     ...     def wan_send(self, link, packet):
///     ...         return nw.SUCCESS
///     >>> with nw.Ndis(record=True) as ndis:
///     ...     status = ndis.bind(nw.Protocol(), Instant()).send(b"hello")
///     >>> ndis.save("run.trace")
///     >>> from ndiswan._native import Trace
///     >>> len(Trace("run.trace").story(full=True)) > 0
///     True
#[pyclass(frozen, module = "ndiswan._native")]
pub(crate) struct Story(pub(crate) Told);

#[pymethods]
impl Story {
    fn _repr_html_(slf: &Bound<'_, Self>) -> PyResult<Py<PyAny>> {
        crate::notebook::html(slf)
    }

    /// The id of the rule that was broken; empty if none was.
    #[getter]
    fn rule(&self) -> &str {
        &self.0.rule
    }

    /// What was expected and what came.
    #[getter]
    fn why(&self) -> &str {
        &self.0.why
    }

    /// How many context switches it is from first-in-first-out, if that is known.
    #[getter]
    fn switches(&self) -> Option<usize> {
        self.0.switches
    }

    /// The packet that it is about, as ``ADAPTER.SLOT``, if it is about one.
    #[getter]
    fn packet(&self) -> Option<&str> {
        self.0.packet.as_deref()
    }

    /// A sequence diagram of characters, of at most so many columns.
    #[pyo3(signature = (width = 100))]
    fn to_text(&self, width: usize) -> PyResult<String> {
        if width < 80 {
            return Err(value(format!("width: expected 80 columns or more, got {width}")));
        }
        Ok(self.0.to_text(width))
    }

    /// The text of a Mermaid sequence diagram.
    fn to_mermaid(&self) -> String {
        self.0.to_mermaid()
    }

    /// A self-contained SVG document.
    fn to_svg(&self) -> String {
        self.0.to_svg()
    }

    /// The story as data: one JSON document.
    fn to_json(&self) -> String {
        self.0.to_json()
    }

    fn __len__(&self) -> usize {
        self.0.steps.len()
    }

    fn __str__(&self) -> String {
        self.0.to_text(100)
    }

    fn __repr__(&self) -> String {
        let rule = if self.0.rule.is_empty() { "a run" } else { &self.0.rule };
        format!("<Story of {rule}, {} steps>", self.0.steps.len())
    }
}
