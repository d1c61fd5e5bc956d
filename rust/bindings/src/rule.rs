//! The rule table for Python: `ndiswan rules`, `ndiswan explain`, the docs.

use ndiswan::Rule;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::error::value;

/// The ids of all rules, in order.
#[pyfunction]
pub(crate) fn rule_table() -> Vec<&'static str> {
    Rule::ALL.iter().map(|rule| rule.id()).collect()
}

/// All that is known of a rule, by the names of the fields of the rule table.
///
/// Raises ``ValueError`` for an id that there is not.
#[pyfunction]
pub(crate) fn rule_info<'py>(py: Python<'py>, rule: &str) -> PyResult<Bound<'py, PyDict>> {
    let rule = Rule::by_id(rule).ok_or_else(|| {
        value(format!(
            "expected a rule's id, got {rule:?}; the ids are {}",
            rule_table().join(", ")
        ))
    })?;
    let info = rule.info();
    let dict = PyDict::new(py);
    dict.set_item("id", info.id)?;
    dict.set_item("family", info.family.to_string())?;
    dict.set_item("exception", info.family.python_class())?;
    dict.set_item("sentence", info.sentence)?;
    dict.set_item("why", info.why)?;
    dict.set_item("page", info.page)?;
    dict.set_item("source", info.source)?;
    dict.set_item("facts", info.facts.to_vec())?;
    dict.set_item("strength", info.strength.to_string())?;
    dict.set_item("severity", info.severity.to_string())?;
    dict.set_item("switch", info.switch)?;
    dict.set_item("remedy", info.remedy)?;
    dict.set_item("broken_by", info.broken_by)?;
    Ok(dict)
}
