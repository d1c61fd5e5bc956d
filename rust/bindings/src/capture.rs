//! Capture files for Python: frames out of pcap and pcapng, frames into pcapng.

use std::fs::File;
use std::io::{BufWriter, ErrorKind};
use std::path::PathBuf;

use ndiswan::capture::{self, CaptureError, Direction};
use parking_lot::Mutex;
use pyo3::exceptions::{
    PyFileNotFoundError, PyIsADirectoryError, PyOSError, PyPermissionError, PyValueError,
};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::packet::bytes_of;

fn to_error(error: &CaptureError) -> PyErr {
    let text = error.to_string();
    match error {
        CaptureError::Io { source, .. } => match source.kind() {
            ErrorKind::NotFound => PyFileNotFoundError::new_err(text),
            ErrorKind::PermissionDenied => PyPermissionError::new_err(text),
            ErrorKind::IsADirectory => PyIsADirectoryError::new_err(text),
            _ => PyOSError::new_err(text),
        },
        CaptureError::Truncated { .. } => {
            PyValueError::new_err(format!("{text}: cut=True takes those"))
        }
        _ => PyValueError::new_err(text),
    }
}

/// The frames of a file; with `cut` one that ends in the middle of a packet is taken up to there.
fn frames_of(py: Python<'_>, path: PathBuf, cut: bool) -> PyResult<Vec<capture::CapturedFrame>> {
    let read = || if cut { capture::read_cut_frames(path) } else { capture::read_frames(path) };
    py.detach(read).map_err(|error| to_error(&error))
}

type Frame<'py> = (u64, u16, Bound<'py, PyBytes>);

/// ``(time_ns, link_type, data)`` of each frame of a pcap or pcapng file.
///
/// With ``cut`` a file that ends in the middle of a packet, since its recorder was ended, is read up to there.
///
/// Raises ``OSError`` if it cannot be read, ``ValueError`` if it is not such a file.
#[pyfunction]
#[pyo3(signature = (path, *, cut=false))]
pub(crate) fn read_frames(py: Python<'_>, path: PathBuf, cut: bool) -> PyResult<Vec<Frame<'_>>> {
    let frames = frames_of(py, path, cut)?;
    let frame = |frame: capture::CapturedFrame| {
        (frame.time_ns, frame.link_type, PyBytes::new(py, &frame.data))
    };
    Ok(frames.into_iter().map(frame).collect())
}

/// When each frame of a pcap or pcapng file was recorded, in nanoseconds, and how many octets it had on the line: two columns of
/// uint64. A recorder that cut frames cut no length. ``cut``: as of ``read_frames``.
///
/// Raises ``OSError`` if it cannot be read, ``ValueError`` if it is not such a file.
#[pyfunction]
#[pyo3(signature = (path, *, cut=false))]
pub(crate) fn read_sizes(
    py: Python<'_>,
    path: PathBuf,
    cut: bool,
) -> PyResult<(Bound<'_, PyBytes>, Bound<'_, PyBytes>)> {
    let frames = frames_of(py, path, cut)?;
    let column = |of: fn(&capture::CapturedFrame) -> u64| {
        PyBytes::new(py, &frames.iter().flat_map(|f| of(f).to_ne_bytes()).collect::<Vec<u8>>())
    };
    Ok((column(|frame| frame.time_ns), column(|frame| frame.original_len.into())))
}

/// Writes a pcapng file, frame by frame; a ``with`` block closes it.
///
/// Raises ``OSError`` if it cannot be written.
#[pyclass(frozen, module = "ndiswan._native")]
pub(crate) struct CaptureWriter(Mutex<Option<capture::CaptureWriter<BufWriter<File>>>>);

#[pymethods]
impl CaptureWriter {
    #[new]
    #[allow(clippy::needless_pass_by_value)] // made for the call
    fn new(path: PathBuf) -> PyResult<CaptureWriter> {
        let file = File::create(&path)
            .map_err(|error| PyOSError::new_err(format!("{}: {error}", path.display())))?;
        let writer =
            capture::CaptureWriter::new(BufWriter::new(file)).map_err(|error| to_error(&error))?;
        Ok(CaptureWriter(Mutex::new(Some(writer))))
    }

    /// Writes one frame of the interface ``name``, which is made when it is first named.
    ///
    /// Raises ``ValueError`` if the capture is closed, ``OSError`` if it cannot be written.
    #[pyo3(signature = (name, link_type, time_ns, data, *, outbound=None, comment=None))]
    #[allow(clippy::too_many_arguments)] // one argument a field of the block
    fn frame(
        &self,
        py: Python<'_>,
        name: &str,
        link_type: u16,
        time_ns: u64,
        data: &Bound<'_, PyAny>,
        outbound: Option<bool>,
        comment: Option<&str>,
    ) -> PyResult<()> {
        let bytes = bytes_of(py, data)?;
        let direction =
            outbound.map(|out| if out { Direction::Outbound } else { Direction::Inbound });
        let mut guard = self.0.lock();
        let writer = guard.as_mut().ok_or_else(|| {
            PyValueError::new_err("the capture is closed, nothing was written; open another")
        })?;
        let interface = writer.interface(name, link_type).map_err(|error| to_error(&error))?;
        writer
            .frame(interface, time_ns, &bytes, direction, comment)
            .map_err(|error| to_error(&error))
    }

    /// Writes what is left and closes the file.
    fn close(&self) -> PyResult<()> {
        match self.0.lock().take() {
            Some(writer) => writer.finish().map(drop).map_err(|error| to_error(&error)),
            None => Ok(()),
        }
    }

    fn __enter__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    #[pyo3(signature = (*_args))]
    fn __exit__(&self, _args: &Bound<'_, pyo3::types::PyTuple>) -> PyResult<()> {
        self.close()
    }
}
