//! A link: what a protocol sends on.

use std::sync::Arc;

use ndiswan::contract::packet::PacketState;
use ndiswan::cx::Cpu;
use ndiswan::{Name, Status};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::adapter::Adapter;
use crate::batch::Batch;
use crate::error::{raise, settle, usage};
use crate::number::number;
use crate::packet::{BYTES, Packet};
use crate::shared::Shared;
use crate::status;

mod meter;
mod send;

pub(crate) use meter::measured;

/// One line of an adapter: what a protocol sends on.
///
/// ``ndis.bind`` and ``adapter.line_up`` give it. Two objects of the same link are equal.
///
///     >>> class Instant(nw.Miniport):
///     ...     def wan_send(self, link, packet):
///     ...         return nw.SUCCESS
///     >>> with nw.Ndis() as ndis:
///     ...     link = ndis.bind(nw.Protocol(), Instant())
///     ...     link.send(b"hello").name, link.up, link.window
///     ('SUCCESS', True, 4)
#[pyclass(frozen, module = "ndiswan", weakref)]
pub(crate) struct Link {
    pub(crate) core: Arc<ndiswan::Link>,
    pub(crate) shared: Arc<Shared>,
}

impl Adapter {
    /// The link that was given; `None` if it is none and that is only recorded.
    pub(crate) fn link_of<'a>(
        &self,
        link: &'a Bound<'_, PyAny>,
    ) -> PyResult<Option<&'a Arc<ndiswan::Link>>> {
        if let Ok(link) = link.cast::<Link>() {
            return Ok(Some(&link.get().core));
        }
        let got = status::describe(link);
        let detail = format!("expected a Link (NdisLinkContext), got {got}");
        let violation = self.shared.core.report_broken(ndiswan::Rule::Handle, None, detail);
        raise(link.py(), &self.shared.world, Err(violation))
    }
}

#[pymethods]
impl Link {
    fn _repr_html_(slf: &Bound<'_, Self>) -> PyResult<Py<PyAny>> {
        crate::notebook::html(slf)
    }

    /// Sends a frame, or a packet that the protocol owns (NdisSend), at DISPATCH or below.
    ///
    /// ``data`` is bytes-like, a size in bytes (an int, or a number of NumPy's) for a frame of zeros, or a :class:`Packet` of this adapter. Gives PENDING:
    /// ``Protocol.send_complete`` will bring the packet back. Or the final status: then the packet
    /// is back already, and ``send_complete`` is not called.
    ///
    /// Raises ``FlowViolation`` (LINE: before line-up; WINDOW by policy), ``AccessViolation``
    /// (TOUCH: not the protocol's now), ``IrqlViolation`` (IRQL_SEND), ``LifeCycleViolation``
    /// (HALT); ``TypeError`` for what is none of these, ``ValueError`` for an empty frame or one
    /// that is too long; ``RuntimeError`` if the pool is exhausted. As the outermost call it
    /// raises what callbacks raised meanwhile, too.
    #[inline(always)]
    #[allow(clippy::inline_always)] // pyo3's function around it is its only caller
    fn send(&self, py: Python<'_>, data: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        let status = match Cpu::here(|cpu| self.send_at_once(cpu, data)) {
            Some(status) => status,
            None => self.send_any(py, data)?,
        };
        settle(py, &self.shared.world)?;
        status::to_python(py, status)
    }

    /// Sends a frame of each of these sizes (NdisSend for each, in order).
    ///
    /// ``sizes`` is a one-dimensional array of uint32, in bytes. ``data`` is bytes-like, the frames one after
    /// the other; without it they are zeros. A list or tuple of bytes-like frames may be in place of both. A miniport that has ``wan_send_many`` is called with as many
    /// at once as the window lets through. Each send is looked at as by :meth:`send`, and one that breaks
    /// a rule keeps none of the others. Gives a :class:`Batch`: names, and in ``statuses`` how each was
    /// answered; what broke a rule that is only recorded has the name 0 and FAILURE.
    ///
    /// Raises, when all are done, what the first broken rule raises; ``RuntimeError`` at the frame for which the
    /// pool has no packet; before anything is sent ``TypeError`` for another array, ``ValueError`` for
    /// an empty frame, one that is too long, or data of another length.
    #[pyo3(signature = (sizes, data=None))]
    fn send_many(
        &self,
        py: Python<'_>,
        sizes: &Bound<'_, PyAny>,
        data: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Batch> {
        self.send_all(py, sizes, data)
    }

    /// Begins to measure what goes over this link, or begins anew: gives its :class:`~ndiswan.meter.Meter`.
    ///
    /// Counters, and how long packets were at each stage of their way, are kept by the engine: no code in a driver. What is
    /// under way stays, and counts from now on. Raises ``RuntimeError`` in real time at ``verify=0``, where no clock is read.
    fn measure(slf: &Bound<'_, Self>) -> PyResult<Py<PyAny>> {
        meter::begin(slf.get())?;
        let meter = slf.py().import("ndiswan.meter")?.getattr("Meter")?;
        Ok(meter.call1((slf,))?.unbind())
    }

    /// A packet of the pool with ``data`` in it, owned by the protocol; dropping it frees it.
    ///
    /// Raises ``ValueError`` for an empty frame or one that is too long, ``TypeError`` for what is
    /// not bytes-like, ``RuntimeError`` if all packets of the pool are in use.
    pub(crate) fn packet(&self, py: Python<'_>, data: &Bound<'_, PyAny>) -> PyResult<Py<Packet>> {
        let allocate = |frame: &[u8]| Ok(self.core.adapter.allocate(frame)?);
        let name = self.with_frame(py, data, BYTES, allocate)?;
        let name = raise(py, &self.shared.world, name)?
            .ok_or_else(|| usage("no packet was taken; see the violations of its Ndis"))?;
        self.shared.protocol_packet(py, name.slot)
    }

    /// The adapter that it is a line of.
    #[getter]
    fn adapter(&self) -> Adapter {
        Adapter { shared: Arc::clone(&self.shared) }
    }

    /// Whether it can be sent on.
    #[getter]
    fn up(&self) -> bool {
        self.core.is_up()
    }

    /// Whether its call was closed; it does not come up again.
    #[getter]
    fn closed(&self) -> bool {
        self.core.is_closed()
    }

    /// How many sends may be uncompleted (SendWindow, or ``max_transmit`` where that is 0).
    #[getter]
    fn window(&self) -> u32 {
        self.core.window()
    }

    /// How many sends the miniport has now.
    #[getter]
    fn outstanding(&self) -> u32 {
        self.core.outstanding()
    }

    /// How many sends NDIS holds back, because the window is full or the line is down.
    #[getter]
    fn queued(&self) -> usize {
        self.core.queued()
    }

    /// Bits per second, as the line-up said.
    #[getter]
    fn speed(&self) -> u64 {
        self.core.settings().speed
    }

    /// How good the line is, as the line-up said.
    #[getter]
    fn quality(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        crate::request::quality(py, self.core.settings().quality)
    }

    /// The miniport's own number for it (NdisLinkHandle).
    #[getter]
    fn handle(&self) -> u64 {
        self.core.handle
    }

    /// NDIS's number for it (NdisLinkContext).
    #[getter]
    fn context(&self) -> u64 {
        self.core.context
    }

    /// Closes the call (OID_TAPI_CLOSE_CALL): queued sends go back with CLOSING.
    ///
    /// Raises ``OwnershipViolation`` (LOST) if the miniport still owes packets of this link,
    /// ``AccessViolation`` (HANDLE) the second time.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        let core = Arc::clone(&self.core);
        let result = self.shared.world.away(py, move || core.close());
        // One exception for all that this call found; the rest is on record.
        settle(py, &self.shared.world)?;
        raise(py, &self.shared.world, result).map(drop)
    }

    /// Asks the miniport (NdisRequest, MiniportQueryInformation).
    ///
    /// Gives a ``WanInfo``, ``LinkInfo``, ``LinkStats``, an address of 6 bytes or a number, of a
    /// driver in C the bytes that it wrote for any other OID (asked again if it said BytesNeeded);
    /// a :class:`Status` if it failed, NOT_SUPPORTED for an OID that nobody knows. Raises
    /// ``IrqlViolation``, ``LifeCycleViolation``, ``FlowViolation`` (SERIAL: from inside of the
    /// miniport).
    fn query(&self, py: Python<'_>, oid: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        let oid = number("oid", 32, oid)?;
        let core = Arc::clone(&self.core);
        let result = self.shared.world.away(py, move || core.query(ndiswan::oid::Oid(oid)));
        let answer = crate::request::answered(py, &self.shared.world, result)?;
        settle(py, &self.shared.world)?;
        Ok(answer)
    }

    /// Tells the miniport (NdisRequest, MiniportSetInformation); gives the status.
    ///
    /// Raises ``TypeError`` for a value that no OID has; else as :meth:`query`.
    fn set(
        &self,
        py: Python<'_>,
        oid: &Bound<'_, PyAny>,
        value: &Bound<'_, PyAny>,
    ) -> PyResult<Py<PyAny>> {
        let oid = number("oid", 32, oid)?;
        let answer = crate::request::value_of(value)?;
        let core = Arc::clone(&self.core);
        let result = self.shared.world.away(py, move || core.set(ndiswan::oid::Oid(oid), &answer));
        let status = crate::request::set(py, &self.shared.world, result)?;
        settle(py, &self.shared.world)?;
        Ok(status)
    }

    /// For the benchmark: `n` times a send and, when it was answered PENDING, its completion,
    /// with both drivers called and everything checked, but nothing of Python's in between.
    fn _round_trips(&self, py: Python<'_>, data: &Bound<'_, PyBytes>, n: u32) -> PyResult<()> {
        let adapter = &self.core.adapter;
        for _ in 0..n {
            if let Some((name, Status::PENDING)) = self.send_frame(py, data)? {
                let done = adapter.wan_send_complete(self.shared.present(name), Status::SUCCESS);
                raise(py, &self.shared.world, done)?;
            }
        }
        settle(py, &self.shared.world)
    }

    fn __repr__(&self) -> String {
        let state = if self.up() { "up" } else { "down" };
        format!(
            "<Link {} of {:?}, {state}, {} of {} outstanding>",
            self.core.id & 0xFFFF,
            self.core.adapter.name,
            self.outstanding(),
            self.window()
        )
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        other.cast::<Link>().is_ok_and(|other| Arc::ptr_eq(&other.get().core, &self.core))
    }

    fn __hash__(&self) -> u64 {
        Arc::as_ptr(&self.core) as u64 >> 4
    }
}

impl Shared {
    /// The name of the same packet in its present life.
    pub(crate) fn present(&self, name: Name) -> Name {
        let generation = self.core.state_of(name).map_or(name.generation, PacketState::generation);
        Name { generation, ..name }
    }
}
