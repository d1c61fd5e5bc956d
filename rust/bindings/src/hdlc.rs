//! HDLC-like framing for Python's serial miniport.

use ndiswan::hdlc;
use parking_lot::Mutex;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};

use crate::packet::bytes_of;

/// The frame as it goes over the line: FCS-16, escapes and flags (RFC 1662).
///
/// ``accm`` has a bit for each control character that is escaped.
#[pyfunction]
#[pyo3(signature = (data, accm=hdlc::DEFAULT_ACCM), text_signature = "(data, accm=0xFFFFFFFF)")]
pub(crate) fn hdlc_encode<'py>(
    py: Python<'py>,
    data: &Bound<'py, PyAny>,
    accm: u32,
) -> PyResult<Bound<'py, PyBytes>> {
    let mut out = Vec::new();
    hdlc::encode(&bytes_of(py, data)?, accm, &mut out);
    Ok(PyBytes::new(py, &out))
}

/// The frame check sequence of ``data`` (RFC 1662, C.2).
#[pyfunction]
pub(crate) fn fcs16(py: Python<'_>, data: &Bound<'_, PyAny>) -> PyResult<u16> {
    Ok(hdlc::fcs16(&bytes_of(py, data)?))
}

/// Frames out of a stream of octets, however it is cut (RFC 1662).
///
/// ``max_frame`` is the longest frame in octets, ``accm`` the control characters that are dropped
/// when they come unescaped.
#[pyclass(frozen, module = "ndiswan._native")]
pub(crate) struct HdlcDecoder(Mutex<hdlc::Decoder>);

#[pymethods]
impl HdlcDecoder {
    #[new]
    #[pyo3(signature = (max_frame=1532, accm=0))]
    fn new(max_frame: usize, accm: u32) -> HdlcDecoder {
        HdlcDecoder(Mutex::new(hdlc::Decoder::new(max_frame, accm)))
    }

    /// The frames that `data` ends, as bytes, and damaged ones as bits of NDIS_MAC_FRAGMENT.Errors.
    fn feed<'py>(&self, py: Python<'py>, data: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyList>> {
        let chunk = bytes_of(py, data)?;
        let list = PyList::empty(py);
        for found in self.0.lock().decode(&chunk) {
            match found {
                Ok(frame) => list.append(PyBytes::new(py, &frame))?,
                Err(error) => list.append(error.bits())?,
            }
        }
        Ok(list)
    }

    /// The control characters that are dropped when they come unescaped; can be set.
    #[getter]
    fn accm(&self) -> u32 {
        self.0.lock().accm()
    }

    #[setter]
    fn set_accm(&self, accm: u32) {
        self.0.lock().set_accm(accm);
    }

    /// Forgets an unfinished frame.
    fn reset(&self) {
        self.0.lock().reset();
    }
}
