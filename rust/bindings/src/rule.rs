//! The rule table for Python: `ndiswan rules`, `ndiswan explain`, the docs.

use ndiswan::Rule;
use ndiswan::face::Face;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::error::value;

/// The ids of all rules, in order; of a contract (``wan``, ``lan``, ``condis``, ``ndis6``) those that it has.
///
/// Raises ``ValueError`` for a contract that there is not.
#[pyfunction]
#[pyo3(signature = (contract=None))]
pub(crate) fn rule_table(contract: Option<&str>) -> PyResult<Vec<&'static str>> {
    let face = contract.map(|name| {
        Face::by_id(name).ok_or_else(|| {
            let all = Face::ALL.map(Face::id).join(", ");
            value(format!("expected a contract, one of {all}; got {name:?}"))
        })
    });
    let face = face.transpose()?;
    let has = |rule: &&Rule| face.is_none_or(|face| face.has_rule(**rule));
    Ok(Rule::ALL.iter().filter(has).map(|rule| rule.id()).collect())
}

/// All that is known of a rule, by the names of the fields of the rule table.
///
/// Raises ``ValueError`` for an id that there is not.
#[pyfunction]
pub(crate) fn rule_info<'py>(py: Python<'py>, rule: &str) -> PyResult<Bound<'py, PyDict>> {
    let rule = Rule::by_id(rule).ok_or_else(|| {
        value(format!(
            "expected a rule's id, got {rule:?}; the ids are {}",
            Rule::ALL.iter().map(|rule| rule.id()).collect::<Vec<_>>().join(", ")
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
