//! The adapter handle: what a miniport calls NDIS with.

use std::sync::Arc;

use ndiswan::cx::Cpu;
use ndiswan::oid::Answer;
use ndiswan::{LinkSettings, Status};
use pyo3::prelude::*;
use pyo3::types::PyByteArray;

use crate::error::{raise, settle, settle_warnings, value};
use crate::irql::{self, AtLevel};
use crate::link::Link;
use crate::number::{Flag, Int, Seconds, Short, Text, Unsigned, arg, number};
use crate::packet::bytes_of;
use crate::shared::{Shared, alive};
use crate::spin_lock::SpinLock;
use crate::status;
use crate::time::seconds;
use crate::timer::{Device, Dpc, Timer, callable, numbered};

/// What a miniport calls NDIS with (MiniportAdapterHandle): ``self.adapter`` of a bound miniport.
///
/// Its calls check the contract as they are made. A broken rule raises a ``ContractViolation`` at
/// the call, unless ``on_violation="record"``. After a bug check every call raises ``RuntimeError``,
/// those of its locks, timers and DPCs as well, resets and requests too; only what gives back goes on:
/// the release of a lock that is held, ``lower_irql``, ``cancel``, the end of a ``with`` block.
/// Two objects of the same adapter are equal.
///
///     >>> with nw.Ndis() as ndis:
///     ...     card = models.CardMiniport(models.Line(rate_bps=64_000))
///     ...     adapter = ndis.bind(nw.Protocol(), card, name="modem").adapter
///     ...     adapter.name, adapter.life, adapter.irql.name
///     ('modem', 'running', 'PASSIVE')
#[pyclass(frozen, subclass, module = "ndiswan", weakref)]
pub(crate) struct Adapter {
    pub(crate) shared: Arc<Shared>,
}

impl Adapter {
    pub(crate) fn alive(&self) -> PyResult<()> {
        alive(&self.shared.core)
    }
}

#[pymethods]
impl Adapter {
    /// The same adapter as an object of a class of its own: the sister contracts' handles are such.
    #[new]
    #[allow(clippy::needless_pass_by_value)] // made for the call
    fn again(other: PyRef<'_, Adapter>) -> Adapter {
        Adapter { shared: Arc::clone(&other.shared) }
    }

    /// The name that it was bound with; the miniport's class name if none was given.
    #[getter]
    fn name(&self) -> &str {
        &self.shared.core.name
    }

    /// Whether NDIS calls one entry point at a time (no NDIS_ATTRIBUTE_DESERIALIZE).
    #[getter]
    fn serialized(&self) -> bool {
        self.shared.core.serialized()
    }

    /// Where it is in its life: "initializing", "running", "resetting", "halting", "halted", or
    /// "stopped" by a bug check; of NDIS 6 "pausing" and "paused".
    #[getter]
    fn life(&self) -> &'static str {
        self.shared.life()
    }

    /// The Ndis's clock, in seconds.
    #[getter]
    fn now(&self) -> f64 {
        seconds(self.shared.world.core.now())
    }

    /// The Ndis's clock, in nanoseconds.
    #[getter]
    fn now_ns(&self) -> u64 {
        self.shared.world.core.now()
    }

    /// A copy of the ``WanInfo`` that the miniport was bound with.
    #[getter]
    fn info(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        crate::request::to_python(py, &Answer::Info(self.shared.core.info.clone()))
    }

    /// Its links, in the order in which they first came up; one whose call was closed is among them
    /// until another comes up, and a packet that was sent on it has no ``link`` from then on.
    #[getter]
    fn links(&self, py: Python<'_>) -> PyResult<Vec<Py<Link>>> {
        self.shared.core.links().iter().map(|link| self.shared.link(py, link)).collect()
    }

    /// What was counted: sends, queued, submitted, answered, pended, completions, delivered,
    /// taken_back, receives, resets.
    #[getter]
    fn counters(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        crate::request::counters(py, &self.shared.core.counters())
    }

    /// Gives a packet back to the protocol with its final status (NdisMWanSendComplete).
    ///
    /// From any thread, with no spin lock held, at DISPATCH if the miniport is serialized and at
    /// DISPATCH or below if not; the packet is not the miniport's any more when this returns.
    /// ``status`` is SUCCESS if it is left out.
    ///
    /// Raises ``OwnershipViolation`` (DOUBLE, STALE, FOREIGN), ``LifeCycleViolation`` (RESET,
    /// HALT), ``ProgressViolation`` (LATE: NDIS had given it up), ``LockViolation`` (LOCK_HELD),
    /// ``IrqlViolation`` (IRQL_COMPLETE), ``StatusViolation`` and, for a handle in the packet's
    /// place or views still exported, ``AccessViolation``. A packet that was owed goes home all
    /// the same (MSDN ff553668).
    #[pyo3(signature = (packet, status=None))]
    fn wan_send_complete(
        &self,
        py: Python<'_>,
        packet: &Bound<'_, PyAny>,
        status: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        self.complete(py, packet, status)
    }

    /// NdisMWanSendComplete for each of these packets, in this order, from any thread.
    ///
    /// ``packets`` is any iterable of packets, a :class:`Batch`, or an array of uint64 of their names
    /// (``Batch.handles``, ``Packet.handle``); ``status`` is one for all, SUCCESS by default, or one for each, an array of uint32.
    /// A protocol that has ``send_complete_many`` gets packets that come home together by one call of it.
    /// With ``delivery="queued"`` they go into the completion ring together, with one reservation.
    /// Each packet is looked at as by :meth:`wan_send_complete`, and one that breaks a rule keeps none
    /// of the others.
    ///
    /// Raises, when all are done, what the first broken rule raises; ``ValueError`` for another number
    /// of statuses and ``TypeError`` for what is no iterable or another array, before anything is completed.
    #[pyo3(signature = (packets, status=None))]
    fn wan_send_complete_many(
        &self,
        py: Python<'_>,
        packets: &Bound<'_, PyAny>,
        status: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        self.complete_many(py, packets, status)
    }

    /// So many zeroed bytes of the driver's own, or ``None``: an allocation may fail (NdisAllocateMemoryWithTag).
    ///
    /// In adversarial time when the explorer says so, else never. It is free again (NdisFreeMemory) when
    /// nobody refers to it. ``length`` is 0 to 4,294,967,295 bytes, a UINT.
    ///
    /// Raises ``ValueError`` for another length, ``TypeError`` for what is no int, ``MemoryError`` if the
    /// machine itself has not so much.
    fn allocate_memory<'py>(
        &self,
        py: Python<'py>,
        length: &Bound<'py, PyAny>,
    ) -> PyResult<Option<Bound<'py, PyByteArray>>> {
        self.memory(py, length)
    }

    /// A new spin lock (NdisAllocateSpinLock); ``name`` is what reports call it.
    #[pyo3(signature = (name=Text::new("lock".into())), text_signature = "($self, name=\"lock\")")]
    fn spin_lock(&self, name: Text<arg::Name>) -> PyResult<SpinLock> {
        self.alive()?;
        Ok(SpinLock::new(&self.shared, &name.taken()))
    }

    /// A new timer that calls ``callback()`` at DISPATCH (NdisMInitializeTimer).
    ///
    /// Raises ``TypeError`` if it cannot be called.
    fn timer(&self, py: Python<'_>, callback: &Bound<'_, PyAny>) -> PyResult<Timer> {
        self.alive()?;
        callable("callback", callback)?;
        let id = numbered(py, &self.shared.timers, callback, || self.shared.core.timer())?;
        Ok(Timer { shared: Arc::clone(&self.shared), id })
    }

    /// A new deferred procedure call of ``callback()``, at DISPATCH.
    ///
    /// Raises ``TypeError`` if it cannot be called.
    fn dpc(&self, py: Python<'_>, callback: &Bound<'_, PyAny>) -> PyResult<Dpc> {
        self.alive()?;
        callable("callback", callback)?;
        let id = numbered(py, &self.shared.dpcs, callback, || self.shared.core.dpc())?;
        Ok(Dpc { shared: Arc::clone(&self.shared), id })
    }

    /// Waits until no routine of a timer, a DPC or an interrupt of this adapter runs (KeFlushQueuedDpcs); whether none does.
    /// Halt needs it behind a ``cancel`` that came too late. Raises ``IrqlViolation`` (IRQL_CALL) above PASSIVE.
    fn flush_dpcs(&self, py: Python<'_>) -> PyResult<bool> {
        let flushed = self.shared.world.away(py, || self.shared.core.flush_dpcs());
        Ok(raise(py, &self.shared.world, flushed)?.unwrap_or(false))
    }

    /// A new source of hardware events, which call ``callback()``.
    ///
    /// Raises ``TypeError`` if it cannot be called.
    fn device(&self, py: Python<'_>, callback: &Bound<'_, PyAny>) -> PyResult<Device> {
        self.alive()?;
        callable("callback", callback)?;
        let id = numbered(py, &self.shared.devices, callback, || self.shared.core.device())?;
        Ok(Device { shared: Arc::clone(&self.shared), id })
    }

    /// Brings a line up, or changes one that is up (NDIS_STATUS_WAN_LINE_UP).
    ///
    /// ``link`` is the line to be changed, ``None`` makes a new one. ``speed`` is in bits per
    /// second; ``window`` is the number of uncompleted sends, 0 for ``max_transmit`` of the info;
    /// ``handle`` is the miniport's own number for the line (NdisLinkHandle). Gives the link. With
    /// ``on_violation="record"`` a new line that is refused is ``None``.
    ///
    /// Raises ``LifeCycleViolation`` (INDICATE, HALT), ``AccessViolation`` (HANDLE: more lines than
    /// ``endpoints``, a closed line), ``LockViolation``, ``IrqlViolation``, and ``FlowViolation``
    /// if policy reports a shrunk window; ``ValueError`` for a window above 65535
    /// or an unknown quality (DDK:"NDIS_MAC_LINE_UP").
    #[pyo3(
        signature = (link=None, *, speed=Int::new(64_000), quality=Short::new(0), window=Int::new(0), handle=None),
        text_signature = "($self, link=None, *, speed=64_000, quality=0, window=0, handle=None)"
    )]
    fn line_up(
        &self,
        py: Python<'_>,
        link: Option<&Bound<'_, PyAny>>,
        speed: Int<arg::Speed>,
        quality: Short<arg::Quality>,
        window: Int<arg::Window>,
        handle: Option<Unsigned<arg::Handle>>,
    ) -> PyResult<Option<Py<Link>>> {
        self.alive()?;
        let speed = u64::try_from(speed.0)
            .map_err(|_| value(format!("speed: expected 0 bit/s or more, got {}", speed.0)))?;
        let send_window = u16::try_from(window.0).map_err(|_| {
            value(format!("window: expected 0 (max_transmit) to 65535, got {}", window.0))
        })?;
        // An unknown quality is refused here, so that a link always has a known one.
        crate::request::quality(py, quality.0)?;
        let known = match link {
            None => None,
            Some(link) => match self.link_of(link)? {
                Some(link) => Some(link),
                None => return Ok(None),
            },
        };
        let settings = LinkSettings { speed, quality: quality.0, send_window };
        let result = self.shared.core.line_up(known, handle.map(|handle| handle.0), settings);
        match raise(py, &self.shared.world, result)? {
            Some(link) => self.shared.link(py, &link).map(Some),
            None => known.map(|link| self.shared.link(py, link)).transpose(),
        }
    }

    /// Takes a line down (NDIS_STATUS_WAN_LINE_DOWN): what is owed stays owed, nothing more is sent.
    ///
    /// Raises as :meth:`line_up`.
    fn line_down(&self, py: Python<'_>, link: &Bound<'_, PyAny>) -> PyResult<()> {
        self.alive()?;
        let Some(link) = self.link_of(link)? else { return Ok(()) };
        raise(py, &self.shared.world, self.shared.core.line_down(link)).map(drop)
    }

    /// Tells that a frame arrived damaged (NDIS_STATUS_WAN_FRAGMENT).
    ///
    /// ``errors`` are the bits of NDIS_MAC_FRAGMENT: CRC 1, FRAMING 2, HARDWAREOVERRUN 4,
    /// BUFFEROVERRUN 8, TIMEOUT 16, ALIGNMENT 32. Raises as :meth:`line_up`.
    fn fragment(
        &self,
        py: Python<'_>,
        link: &Bound<'_, PyAny>,
        errors: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        self.alive()?;
        let errors = number("errors", 32, errors)?;
        let Some(link) = self.link_of(link)? else { return Ok(()) };
        raise(py, &self.shared.world, self.shared.core.fragment(link, errors)).map(drop)
    }

    /// Hands a received frame up (NdisMWanIndicateReceive); gives what the protocol answered.
    ///
    /// The bytes are copied. Raises as :meth:`line_up`, and ``TypeError`` for what is not bytes.
    fn indicate_receive(
        &self,
        py: Python<'_>,
        link: &Bound<'_, PyAny>,
        data: &Bound<'_, PyAny>,
    ) -> PyResult<Py<PyAny>> {
        self.alive()?;
        let bytes = bytes_of(py, data)?;
        let Some(link) = self.link_of(link)? else {
            return status::to_python(py, Status::FAILURE);
        };
        let result = self.shared.core.indicate_receive(link, &bytes);
        let answer = raise(py, &self.shared.world, result)?.unwrap_or(Status::FAILURE);
        status::to_python(py, answer)
    }

    /// Tells that one or more receives are over (NdisMWanIndicateReceiveComplete).
    ///
    /// Raises as :meth:`line_up`.
    fn indicate_receive_complete(&self, py: Python<'_>, link: &Bound<'_, PyAny>) -> PyResult<()> {
        self.alive()?;
        let Some(link) = self.link_of(link)? else { return Ok(()) };
        raise(py, &self.shared.world, self.shared.core.indicate_receive_complete(link)).map(drop)
    }

    /// Ends a reset that was answered PENDING (NdisMResetComplete), at DISPATCH.
    ///
    /// Raises ``LifeCycleViolation`` (RESET) if no reset is pending or a deserialized miniport
    /// still owes sends, ``StatusViolation`` for PENDING, ``LockViolation``, ``IrqlViolation``;
    /// the reset ends all the same.
    #[pyo3(signature = (status, addressing_reset=Flag::new(false)), text_signature = "($self, status, addressing_reset=False)")]
    fn reset_complete(
        &self,
        py: Python<'_>,
        status: &Bound<'_, PyAny>,
        addressing_reset: Flag<arg::AddressingReset>,
    ) -> PyResult<()> {
        self.alive()?;
        let _ = addressing_reset; // WAN miniports keep no addresses of their own
        let status = self.status_of(py, status, None)?;
        let before = self.shared.world.core.violation_count();
        raise(py, &self.shared.world, self.shared.core.reset_complete(status))?;
        settle_warnings(py, &self.shared.world, before)
    }

    /// NdisMSendResourcesAvailable: a serialized LAN miniport takes sends again, a WAN one never calls it.
    ///
    /// Raises ``StatusViolation`` (STATUS_RESOURCES) for WAN, ``FlowViolation`` (RESOURCES) if no send waits.
    fn send_resources_available(&self, py: Python<'_>) -> PyResult<()> {
        self.alive()?;
        raise(py, &self.shared.world, self.shared.core.send_resources_available()).map(drop)
    }

    /// The card raises its interrupt: ``isr`` at DIRQL now, then ``handle_interrupt`` at DISPATCH.
    fn interrupt(&self) -> PyResult<()> {
        self.alive().map(|()| self.shared.core.interrupt())
    }

    /// Lets others go on for so many seconds (NdisMSleep): a ``halt`` that waits for a timer's function, for example.
    ///
    /// In virtual time what is due until then happens meanwhile. In adversarial time too, but that it may be late by the
    /// latency, as what runs elsewhere may: who sleeps for longer may rely on it. Raises ``IrqlViolation`` (IRQL_CALL) at DISPATCH or above, ``ValueError`` for a time out of range.
    fn sleep(&self, py: Python<'_>, seconds: Seconds<arg::Seconds>) -> PyResult<()> {
        self.alive()?;
        let delay = seconds.nanoseconds()?;
        let slept = self.shared.world.away(py, || self.shared.core.sleep(delay));
        raise(py, &self.shared.world, slept)?;
        settle(py, &self.shared.world)
    }

    /// The interrupt request level of the calling thread.
    #[getter]
    #[allow(clippy::unused_self)] // the thread's
    fn irql(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        irql::to_python(py, Cpu::current().irql())
    }

    /// Raises the calling thread's level (KeRaiseIrql); gives the level before.
    ///
    /// Raises ``IrqlViolation`` (IRQL_LEAK) if that is lower, ``ValueError`` outside of 0 to 31.
    fn raise_irql(&self, py: Python<'_>, level: Int<arg::Level>) -> PyResult<Py<PyAny>> {
        self.alive()?;
        let (old, level) = (Cpu::current().irql(), irql::from_python(level.0)?);
        raise(py, &self.shared.world, self.shared.core.raise_irql(level))?;
        irql::to_python(py, old)
    }

    /// Lowers the calling thread's level (KeLowerIrql), to what :meth:`raise_irql` gave.
    ///
    /// Raises ``IrqlViolation`` (IRQL_LEAK) if that is higher, or below DISPATCH with a spin lock
    /// held; ``ValueError`` outside of 0 to 31.
    fn lower_irql(&self, py: Python<'_>, level: Int<arg::Level>) -> PyResult<()> {
        let level = irql::from_python(level.0)?;
        raise(py, &self.shared.world, self.shared.core.lower_irql(level)).map(drop)
    }

    /// The level as a block: ``with adapter.at(nw.Irql.DISPATCH):`` raises, and lowers at the end.
    ///
    /// ``as`` gives the level before. Raises as :meth:`raise_irql` and :meth:`lower_irql`.
    fn at(&self, level: Int<arg::Level>) -> PyResult<AtLevel> {
        self.alive()?;
        Ok(AtLevel::new(&self.shared, irql::from_python(level.0)?))
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        other.cast::<Adapter>().is_ok_and(|other| Arc::ptr_eq(&other.get().shared, &self.shared))
    }

    fn __hash__(&self) -> u64 {
        Arc::as_ptr(&self.shared) as u64 >> 4
    }

    fn __repr__(&self) -> String {
        format!("<Adapter {:?}, {}>", self.shared.core.name, self.life())
    }
}
