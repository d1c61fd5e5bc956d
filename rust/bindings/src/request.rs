//! OID requests across the border, and counters.

use std::sync::Arc;

use ndiswan::info::LinkInfo;
use ndiswan::ndis::{Counters, RequestError};
use ndiswan::oid::{Answer, Oid, Stats};
use ndiswan::{Status, WanInfo};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use crate::error::{raise, usage, value};
use crate::shared::World;
use crate::status;

/// `(name, value)` of every OID that is known.
pub(crate) fn table() -> Vec<(&'static str, u32)> {
    Oid::ALL.iter().map(|(name, oid)| (*name, oid.0)).collect()
}

fn dict<'py>(py: Python<'py>, fields: &[(&str, u64)]) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    for (name, value) in fields {
        dict.set_item(*name, *value)?;
    }
    Ok(dict)
}

/// What an adapter counted, as a dict.
pub(crate) fn counters(py: Python<'_>, c: &Counters) -> PyResult<Py<PyAny>> {
    let fields = [
        ("sends", c.sends),
        ("queued", c.queued),
        ("submitted", c.submitted),
        ("answered", c.answered),
        ("pended", c.pended),
        ("completions", c.completions),
        ("delivered", c.delivered),
        ("taken_back", c.taken_back),
        ("receives", c.receives),
        ("resets", c.resets),
    ];
    Ok(dict(py, &fields)?.into_any().unbind())
}

fn info_dict<'py>(py: Python<'py>, i: &WanInfo) -> PyResult<Bound<'py, PyDict>> {
    let fields = [
        ("max_frame_size", i.max_frame_size.into()),
        ("max_transmit", i.max_transmit.into()),
        ("header_padding", i.header_padding.into()),
        ("tail_padding", i.tail_padding.into()),
        ("endpoints", i.endpoints.into()),
        ("memory_flags", i.memory_flags.into()),
        ("highest_acceptable_address", i.highest_acceptable_address),
        ("framing_bits", i.framing_bits.into()),
        ("desired_accm", i.desired_accm.into()),
    ];
    dict(py, &fields)
}

fn link_dict<'py>(py: Python<'py>, l: &LinkInfo) -> PyResult<Bound<'py, PyDict>> {
    let fields = [
        ("link_handle", l.link_handle),
        ("max_send_frame_size", l.max_send_frame_size.into()),
        ("max_recv_frame_size", l.max_recv_frame_size.into()),
        ("header_padding", l.header_padding.into()),
        ("tail_padding", l.tail_padding.into()),
        ("send_framing_bits", l.send_framing_bits.into()),
        ("recv_framing_bits", l.recv_framing_bits.into()),
        ("send_compression_bits", l.send_compression_bits.into()),
        ("recv_compression_bits", l.recv_compression_bits.into()),
        ("send_accm", l.send_accm.into()),
        ("recv_accm", l.recv_accm.into()),
    ];
    dict(py, &fields)
}

fn stats_dict<'py>(py: Python<'py>, s: &Stats) -> PyResult<Bound<'py, PyDict>> {
    let fields = [
        ("bytes_sent", s.bytes_sent),
        ("bytes_rcvd", s.bytes_rcvd),
        ("frames_sent", s.frames_sent),
        ("frames_rcvd", s.frames_rcvd),
        ("crc_errors", s.crc_errors),
        ("timeout_errors", s.timeout_errors),
        ("alignment_errors", s.alignment_errors),
        ("serial_overrun_errors", s.serial_overrun_errors),
        ("framing_errors", s.framing_errors),
        ("buffer_overrun_errors", s.buffer_overrun_errors),
    ];
    dict(py, &fields)
}

/// An answer as the object that Python knows: made by `ndiswan.oid`.
pub(crate) fn to_python(py: Python<'_>, answer: &Answer) -> PyResult<Py<PyAny>> {
    let made = |class: &str, fields: Bound<'_, PyDict>| -> PyResult<Py<PyAny>> {
        Ok(py.import("ndiswan.oid")?.getattr(class)?.call((), Some(&fields))?.unbind())
    };
    match answer {
        Answer::Info(info) => made("WanInfo", info_dict(py, info)?),
        Answer::Link(link) => made("LinkInfo", link_dict(py, link)?),
        Answer::Stats(stats) => made("LinkStats", stats_dict(py, stats)?),
        Answer::Address(address) => Ok(PyBytes::new(py, address).into_any().unbind()),
        Answer::Bytes(bytes) => Ok(PyBytes::new(py, bytes).into_any().unbind()),
        Answer::Number(number) => Ok(number.into_pyobject(py)?.into_any().unbind()),
    }
}

/// A line's quality as a member of `ndiswan.oid.Quality`.
pub(crate) fn quality(py: Python<'_>, quality: u32) -> PyResult<Py<PyAny>> {
    let class = py.import("ndiswan.oid")?.getattr("Quality")?;
    let known = class.call1((quality,));
    known.map(Bound::unbind).map_err(|_| {
        value(format!("quality: expected a Quality, 0 (RAW) to 2 (RELIABLE), got {quality}"))
    })
}

/// A Python object as an answer, by what it looks like.
pub(crate) fn value_of(given: &Bound<'_, PyAny>) -> PyResult<Answer> {
    if let Ok(bytes) = given.cast::<PyBytes>() {
        let address = bytes.as_bytes().try_into();
        let wrong =
            |_| value(format!("expected an address of 6 bytes, got {}", bytes.as_bytes().len()));
        return Ok(Answer::Address(address.map_err(wrong)?));
    }
    if given.hasattr("max_send_frame_size")? {
        let field = |name: &str| crate::config::number::<u32>(given, "LinkInfo", name);
        return Ok(Answer::Link(LinkInfo {
            link_handle: crate::config::number(given, "LinkInfo", "link_handle")?,
            max_send_frame_size: field("max_send_frame_size")?,
            max_recv_frame_size: field("max_recv_frame_size")?,
            header_padding: field("header_padding")?,
            tail_padding: field("tail_padding")?,
            send_framing_bits: field("send_framing_bits")?,
            recv_framing_bits: field("recv_framing_bits")?,
            send_compression_bits: field("send_compression_bits")?,
            recv_compression_bits: field("recv_compression_bits")?,
            send_accm: field("send_accm")?,
            recv_accm: field("recv_accm")?,
        }));
    }
    if given.hasattr("max_frame_size")? {
        return Ok(Answer::Info(crate::config::wan_info(given)?));
    }
    given.extract::<u32>().map(Answer::Number).map_err(|_| {
        pyo3::exceptions::PyTypeError::new_err(format!(
            "expected a LinkInfo, a WanInfo, an address (6 bytes) or an int, got {}",
            status::describe(given)
        ))
    })
}

/// Asks a Python `query_information`; `NotImplemented` lets NDIS answer.
pub(crate) fn ask(
    py: Python<'_>,
    entry: &Py<PyAny>,
    oid: Oid,
) -> PyResult<Option<Result<Answer, Status>>> {
    let answer = entry.call1(py, (oid_member(py, oid)?,))?;
    let answer = answer.bind(py);
    if answer.is(py.NotImplemented()) || answer.is_none() {
        return Ok(None);
    }
    if is_status(py, answer)?
        && let Some(status) = status::from_python(py, answer)?
    {
        return Ok(Some(Err(status)));
    }
    let given = value_of(answer)?;
    let (fits, expected) = match oid {
        Oid::WAN_GET_INFO => (matches!(given, Answer::Info(_)), "a WanInfo"),
        Oid::WAN_GET_LINK_INFO => (matches!(given, Answer::Link(_)), "a LinkInfo"),
        Oid::WAN_PERMANENT_ADDRESS | Oid::WAN_CURRENT_ADDRESS => {
            (matches!(given, Answer::Address(_)), "an address (6 bytes)")
        }
        Oid::WAN_MEDIUM_SUBTYPE => (matches!(given, Answer::Number(_)), "an int"),
        _ => (true, ""),
    };
    if fits {
        return Ok(Some(Ok(given)));
    }
    Err(pyo3::exceptions::PyTypeError::new_err(format!(
        "query_information of {} returned {}; expected {expected}, an NDIS_STATUS or NotImplemented",
        oid_member(py, oid)?.bind(py).getattr("name")?,
        status::describe(answer)
    )))
}

/// Tells a Python `set_information`; `NotImplemented` lets NDIS keep the value.
pub(crate) fn tell(
    py: Python<'_>,
    entry: &Py<PyAny>,
    oid: Oid,
    given: &Answer,
) -> PyResult<Option<Result<(), Status>>> {
    let answer = entry.call1(py, (oid_member(py, oid)?, to_python(py, given)?))?;
    let answer = answer.bind(py);
    if answer.is(py.NotImplemented()) || answer.is_none() {
        return Ok(None);
    }
    match status::from_python(py, answer)? {
        Some(Status::SUCCESS) => Ok(Some(Ok(()))),
        Some(status) => Ok(Some(Err(status))),
        None => Err(pyo3::exceptions::PyTypeError::new_err(format!(
            "set_information returned {}; expected an NDIS_STATUS or NotImplemented",
            status::describe(answer)
        ))),
    }
}

fn is_status(py: Python<'_>, given: &Bound<'_, PyAny>) -> PyResult<bool> {
    given.is_instance(&py.import("ndiswan.status")?.getattr("Status")?)
}

fn oid_member(py: Python<'_>, oid: Oid) -> PyResult<Py<PyAny>> {
    let class = py.import("ndiswan.oid")?.getattr("Oid")?;
    match class.call1((oid.0,)) {
        Ok(member) => Ok(member.unbind()),
        Err(_) => Ok(oid.0.into_pyobject(py)?.into_any().unbind()),
    }
}

/// What a query was answered with: a value, or the status with which it failed.
pub(crate) fn answered(
    py: Python<'_>,
    world: &World,
    result: Result<Answer, RequestError>,
) -> PyResult<Py<PyAny>> {
    match result {
        Ok(answer) => to_python(py, &answer),
        Err(error) => failed(py, world, error),
    }
}

/// What a set was answered with: a status.
pub(crate) fn set(
    py: Python<'_>,
    world: &World,
    result: Result<(), RequestError>,
) -> PyResult<Py<PyAny>> {
    match result {
        Ok(()) => status::to_python(py, Status::SUCCESS),
        Err(error) => failed(py, world, error),
    }
}

fn failed(py: Python<'_>, world: &World, error: RequestError) -> PyResult<Py<PyAny>> {
    match error {
        RequestError::Status { status, .. } => status::to_python(py, status),
        RequestError::Stopped(_) | RequestError::Pending(_) => Err(usage(error.to_string())),
        RequestError::Violation(violation) => {
            raise::<()>(py, world, Err(Arc::clone(&violation)))?;
            status::to_python(py, Status::FAILURE)
        }
    }
}
