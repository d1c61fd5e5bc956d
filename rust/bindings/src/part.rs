//! Parameters of one part of a link, looked at where they are made.

use ndiswan::model::{CardSpec, Duration, LineSpec, Loss, ModelError, QueueSpec, Size, Traffic};
use pyo3::prelude::*;
use serde::de::DeserializeOwned;

use crate::error::value;

/// What of one part of a link cannot be: where, and what was expected and came. ``part``: traffic, size, duration, line, loss,
/// card or queue; ``data``: its parameters as JSON.
#[pyfunction]
pub(crate) fn check_part(part: &str, data: &str) -> PyResult<Option<(String, String)>> {
    fn look<T: DeserializeOwned>(
        data: &str,
        validate: impl Fn(&T) -> Result<(), ModelError>,
    ) -> serde_json::Result<Option<ModelError>> {
        Ok(validate(&serde_json::from_str(data)?).err())
    }
    let found = match part {
        "traffic" => look(data, Traffic::validate),
        "size" => look(data, Size::validate),
        "duration" => look(data, Duration::validate),
        "line" => look(data, LineSpec::validate),
        "loss" => look(data, Loss::validate),
        "card" => look(data, CardSpec::validate),
        "queue" => look(data, QueueSpec::validate),
        other => {
            return Err(value(format!(
                "part: expected traffic, size, duration, line, loss, card or queue, got {other:?}"
            )));
        }
    };
    // A number that is none of its kind is told with the whole link.
    Ok(found.ok().flatten().map(|e| (e.at, format!("expected {}, got {}", e.expected, e.got))))
}
