//! Many packets as one object, whose columns are NumPy arrays.
//!
//! The engine fills the columns while it sends or completes. An array is made of a column when a driver
//! asks for it, as a `bytes` object that the array looks at: it cannot be written to, nothing of the
//! engine's looks at it any more, and so it may be kept for ever.

use std::sync::Arc;

use ndiswan::event::{Part, Side};
use ndiswan::{Name, Status};
use pyo3::exceptions::PyIndexError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyInt};

use crate::column::Column;
use crate::error::usage;
use crate::gil_cell::GilCell;
use crate::link::Link;
use crate::packet::Packet;
use crate::shared::Shared;
use crate::status;

/// What NumPy calls a type, and what makes arrays of it.
#[derive(Copy, Clone)]
enum Type {
    Uint64,
    Int64,
    Uint32,
    Uint8,
}

struct Numpy {
    frombuffer: Py<PyAny>,
    types: [Py<PyAny>; 4],
}

static NUMPY: PyOnceLock<Numpy> = PyOnceLock::new();

/// An array that looks at these bytes.
fn array(py: Python<'_>, bytes: &Bound<'_, PyBytes>, of: Type) -> PyResult<Py<PyAny>> {
    let numpy = NUMPY.get_or_try_init(py, || -> PyResult<Numpy> {
        let numpy = py.import("numpy")?;
        let class = numpy.getattr("dtype")?;
        let named = |name: &str| class.call1((name,)).map(Bound::unbind);
        let types = [named("uint64")?, named("int64")?, named("uint32")?, named("uint8")?];
        Ok(Numpy { frombuffer: numpy.getattr("frombuffer")?.unbind(), types })
    })?;
    numpy.frombuffer.call1(py, (bytes, &numpy.types[of as usize]))
}

/// An array of these numbers.
fn numbers<const N: usize>(
    py: Python<'_>,
    of: Type,
    count: usize,
    words: impl Iterator<Item = [u8; N]>,
) -> PyResult<Py<PyAny>> {
    let bytes = PyBytes::new_with(py, count * N, |bytes| {
        for (place, word) in bytes.chunks_exact_mut(N).zip(words) {
            place.copy_from_slice(&word);
        }
        Ok(())
    })?;
    array(py, &bytes, of)
}

/// The columns, in the order in which their arrays are kept.
const HANDLES: usize = 0;
const SIZES: usize = 1;
const TIMES: usize = 2;
const STATUSES: usize = 3;
const SLOTS: usize = 4;
const OFFSETS: usize = 5;

/// Packets of one link that went down, or came home, by one call.
///
/// ``wan_send_many`` and ``send_complete_many`` are called with one, ``link.send_many`` gives one. Its
/// columns are one-dimensional NumPy arrays, which cannot be written to and may be kept. The length is
/// the number of packets.
///
///     >>> class Arrays(nw.Miniport):
///     ...     def wan_send_many(self, link, batch):
///     ...         print(len(batch), batch.sizes)
///     ...         return nw.SUCCESS
///     >>> import numpy
///     >>> with nw.Ndis() as ndis:
///     ...     link = ndis.bind(nw.Protocol(), Arrays())
///     ...     batch = link.send_many(numpy.array([40, 1500], numpy.uint32))
///     2 [  40 1500]
#[pyclass(frozen, module = "ndiswan")]
pub(crate) struct Batch {
    shared: Arc<Shared>,
    link: Arc<ndiswan::Link>,
    columns: Arc<ndiswan::ndis::Batch>,
    side: Side,
    /// One for each, or none if all have what is usual.
    statuses: Vec<Status>,
    arrays: GilCell<[Option<Py<PyAny>>; 6]>,
}

impl Batch {
    pub(crate) fn new(
        shared: &Arc<Shared>,
        link: &Arc<ndiswan::Link>,
        columns: Arc<ndiswan::ndis::Batch>,
        side: Side,
        statuses: Vec<Status>,
    ) -> Batch {
        let (shared, link) = (Arc::clone(shared), Arc::clone(link));
        Batch { shared, link, columns, side, statuses, arrays: GilCell::default() }
    }

    /// The array of a column; the one that there is, if it was asked for before.
    fn column(
        &self,
        py: Python<'_>,
        which: usize,
        fill: impl FnOnce() -> PyResult<Py<PyAny>>,
    ) -> PyResult<Py<PyAny>> {
        let clone = |array: &Option<Py<PyAny>>| array.as_ref().map(|array| array.clone_ref(py));
        if let Some(known) = self.arrays.with(py, |arrays| clone(&arrays[which])) {
            return Ok(known);
        }
        let made = fill()?;
        let kept = made.clone_ref(py);
        let old = self.arrays.with(py, |arrays| arrays[which].replace(kept));
        drop(old);
        Ok(made)
    }

    fn name(&self, at: usize) -> Name {
        Name::of_handle(self.columns.handles()[at], self.shared.core.index)
    }

    /// The packets' names.
    pub(crate) fn names(&self) -> &[u64] {
        self.columns.handles()
    }

    fn of_miniport(&self, what: &str) -> PyResult<()> {
        if self.side == Side::Miniport {
            return Ok(());
        }
        Err(usage(format!(
            "{what} is the miniport's, in wan_send_many; a protocol's batch has names and numbers only"
        )))
    }
}

#[pymethods]
impl Batch {
    fn _repr_html_(slf: &Bound<'_, Self>) -> PyResult<Py<PyAny>> {
        crate::notebook::html(slf)
    }

    /// The packets' names, uint64: what ``adapter.wan_send_complete_many`` takes.
    #[getter]
    fn handles(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.column(py, HANDLES, || {
            let words = self.columns.handles().iter().map(|handle| handle.to_ne_bytes());
            numbers(py, Type::Uint64, self.columns.len(), words)
        })
    }

    /// Bytes of data (CurrentLength) when each was sent, uint32.
    #[getter]
    fn sizes(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.column(py, SIZES, || {
            let words = self.columns.sizes().iter().map(|size| size.to_ne_bytes());
            numbers(py, Type::Uint32, self.columns.len(), words)
        })
    }

    /// When each was handed to the miniport, in nanoseconds of the Ndis's clock, int64.
    ///
    /// In what ``link.send_many`` gives, the time of the send for what NDIS queued.
    #[getter]
    fn times(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.column(py, TIMES, || {
            let words = self.columns.times().iter().map(|time| time.to_ne_bytes());
            numbers(py, Type::Int64, self.columns.len(), words)
        })
    }

    /// The statuses, uint32: with the miniport PENDING; how each send was answered, or completed.
    #[getter]
    fn statuses(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.column(py, STATUSES, || {
            let common =
                if self.side == Side::Miniport { Status::PENDING } else { Status::SUCCESS };
            let all = self.statuses.iter().copied().chain(std::iter::repeat(common));
            let words = all.map(|status| status.0.to_ne_bytes());
            numbers(py, Type::Uint32, self.columns.len(), words)
        })
    }

    /// Each packet's place in its adapter's pool, from 0 on, int64: an index for columns of one's own.
    #[getter]
    fn slots(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.column(py, SLOTS, || {
            let index = self.shared.core.index;
            let words = self.columns.names(index).map(|name| i64::from(name.slot).to_ne_bytes());
            numbers(py, Type::Int64, self.columns.len(), words)
        })
    }

    /// Where each packet begins in ``data``, and the end of the last: int64, one more than packets.
    #[getter]
    fn offsets(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.column(py, OFFSETS, || {
            let mut end = 0;
            let ends = self.columns.sizes().iter().map(|size| {
                end += i64::from(*size);
                end
            });
            let words = std::iter::once(0).chain(ends).map(i64::to_ne_bytes);
            numbers(py, Type::Int64, self.columns.len() + 1, words)
        })
    }

    /// A copy of the packets' data one after the other, uint8; ``offsets`` says where each begins.
    ///
    /// It is copied when it is asked for. Raises ``AccessViolation`` (TOUCH) or ``OwnershipViolation`` (STALE)
    /// if one is not the miniport's any more, ``RuntimeError`` in a protocol's batch.
    #[getter]
    fn data(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.of_miniport("data")?;
        let total = self.columns.sizes().iter().map(|size| *size as usize).sum();
        let bytes = PyBytes::new_with(py, total, |bytes| {
            let mut rest = bytes;
            for (at, size) in self.columns.sizes().iter().enumerate() {
                let place;
                (place, rest) = rest.split_at_mut(*size as usize);
                let core = &self.shared.core;
                let copied =
                    core.with_packet(self.name(at), Side::Miniport, Part::Data, |packet| {
                        // The miniport may have changed its length meanwhile.
                        let data = packet.data();
                        let count = data.len().min(place.len());
                        place[..count].copy_from_slice(&data[..count]);
                    });
                copied.map_err(|violation| {
                    self.shared.world.mark(&violation);
                    crate::error::to_error(py, &violation)
                })?;
            }
            Ok(())
        })?;
        array(py, &bytes, Type::Uint8)
    }

    /// The packet at ``index`` as the :class:`Packet` that ``wan_send`` is called with; from -1 on backwards, from the end.
    ///
    /// Raises ``IndexError`` if there is none, ``RuntimeError`` in a protocol's batch.
    fn packet(&self, py: Python<'_>, index: isize) -> PyResult<Py<Packet>> {
        self.of_miniport("packet")?;
        let count = self.columns.len();
        let start = if index < 0 { count } else { 0 };
        match start.checked_add_signed(index).filter(|at| *at < count) {
            Some(at) => self.shared.miniport_packet(py, self.name(at)).map(Bound::unbind),
            None => Err(PyIndexError::new_err(format!(
                "expected the index of one of {count} packets, 0 to {count} - 1, got {index}"
            ))),
        }
    }

    /// The link that they were sent on.
    #[getter]
    fn link(&self, py: Python<'_>) -> PyResult<Py<Link>> {
        self.shared.link(py, &self.link)
    }

    /// As :meth:`packet`; so a batch can be gone through.
    fn __getitem__(&self, py: Python<'_>, index: isize) -> PyResult<Py<Packet>> {
        self.packet(py, index)
    }

    fn __len__(&self) -> usize {
        self.columns.len()
    }

    fn __repr__(&self) -> String {
        let whose = if self.side == Side::Miniport { "to a miniport" } else { "of a protocol" };
        format!("<Batch of {} packets {whose}>", self.columns.len())
    }
}

/// What `wan_send_many` answered: a status for all, or one for each; nothing for PENDING for all. The
/// error says what came instead.
pub(crate) fn answers(
    py: Python<'_>,
    given: &Bound<'_, PyAny>,
    count: usize,
) -> PyResult<Result<Vec<Status>, String>> {
    if let Some(status) = status::from_python(py, given)? {
        let all = if status == Status::PENDING { Vec::new() } else { vec![status; count] };
        return Ok(Ok(all));
    }
    let expected =
        format!("expected an NDIS_STATUS for all, or {count} of them as an array of uint32");
    let hint = if given.is_none() {
        "; a wan_send_many without a return statement returns None"
    } else {
        ""
    };
    match given_statuses(py, given) {
        Ok(Some(statuses)) if statuses.len() == count => Ok(Ok(statuses)),
        Ok(Some(statuses)) => Ok(Err(format!("{} statuses; {expected}", statuses.len()))),
        Ok(None) => Ok(Err(format!("{}; {expected}{hint}", status::describe(given)))),
        Err(error) => Ok(Err(format!("no statuses ({error}); {expected}"))),
    }
}

/// Statuses as an array of uint32, or as a sequence of statuses; `None` if it is neither.
pub(crate) fn given_statuses(
    py: Python<'_>,
    given: &Bound<'_, PyAny>,
) -> PyResult<Option<Vec<Status>>> {
    if let Some(column) = Column::<u32>::plain(given) {
        let load = |cell| Status(<u32 as crate::column::Item>::load(cell));
        return Ok(Some(column.items(py).iter().map(load).collect()));
    }
    if given.is_instance_of::<PyInt>() || given.is_none() {
        return Ok(None);
    }
    if given.hasattr("dtype")? {
        let column = Column::<u32>::input("statuses", given)?;
        let load = |cell| Status(<u32 as crate::column::Item>::load(cell));
        return Ok(Some(column.items(py).iter().map(load).collect()));
    }
    let Ok(each) = given.try_iter() else { return Ok(None) };
    let mut statuses = Vec::new();
    for one in each {
        let Some(status) = status::from_python(py, &one?)? else { return Ok(None) };
        statuses.push(status);
    }
    Ok(Some(statuses))
}
