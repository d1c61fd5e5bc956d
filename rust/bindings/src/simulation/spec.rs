//! The parameters of one part of a link, looked at when they are made.

use ndiswan::model::{CardSpec, LineSpec, Loss, ModelError, QueueSpec, Size, Traffic};
use pyo3::prelude::*;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::value;

/// What of one part of a link cannot be: where, and what was expected and came. ``part``: traffic, size, duration, line, loss,
/// card or queue; ``data``: its parameters as JSON.
#[pyfunction]
pub(crate) fn check_part(part: &str, data: &str) -> PyResult<Option<(String, String, String)>> {
    fn look<T: DeserializeOwned>(
        data: &str,
        validate: impl Fn(&T) -> Result<(), ModelError>,
    ) -> serde_json::Result<Option<ModelError>> {
        let parsed = serde_json::from_str(data).or_else(|_| {
            let mut near: Value = serde_json::from_str(data)?;
            nearest(&mut near);
            serde_json::from_value(near)
        });
        Ok(validate(&parsed?).err())
    }
    let found = match part {
        "traffic" => look(data, Traffic::validate),
        "size" => look(data, Size::validate),
        "duration" => look(data, ndiswan::model::Duration::validate),
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
    Ok(found.ok().flatten().map(|e| (e.at, e.expected, e.got)))
}

/// A number that is too large for 32 bits becomes the largest that is not: what holds for it is told, where it is one of 32 bits.
fn nearest(data: &mut Value) {
    match data {
        Value::Number(number) if number.as_u64().is_some_and(|n| n > u64::from(u32::MAX)) => {
            *data = u32::MAX.into();
        }
        Value::Array(items) => items.iter_mut().for_each(nearest),
        Value::Object(fields) => fields.values_mut().for_each(nearest),
        _ => {}
    }
}
