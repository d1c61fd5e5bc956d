//! A packet as Python sees it: a name, checked at every use.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use ndiswan::contract::packet::PacketState;
use ndiswan::event::{Part, Side};
use ndiswan::packet::WanPacket;
use ndiswan::{Name, Violation};
use pyo3::buffer::PyBuffer;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};

use crate::error::{raise_broken, value};
use crate::event::Event;
use crate::link::Link;
use crate::number::{Int, Unsigned, arg};
use crate::packet_data::PacketData;
use crate::shared::Shared;

/// A packet (NDIS_WAN_PACKET) in the hands of the protocol or of the miniport.
///
/// ``link.packet(data)`` gives one to a protocol, ``wan_send`` one to a miniport. It is a name: at
/// every use the engine looks up who owns the packet. Offsets and lengths are bytes.
///
/// What it holds raises, in every mode, ``AccessViolation`` (TOUCH, RESERVED) if it is not this
/// side's now, and ``OwnershipViolation`` (STALE) through a reference of an earlier send.
///
///     >>> class Instant(nw.Miniport):
///     ...     def wan_send(self, link, packet):
///     ...         return nw.SUCCESS
///     >>> with nw.Ndis() as ndis:
///     ...     packet = ndis.bind(nw.Protocol(), Instant()).packet(b"hello")
///     ...     packet.owner, len(packet), bytes(packet)
///     ('protocol', 5, b'hello')
#[pyclass(frozen, module = "ndiswan", weakref)]
pub(crate) struct Packet {
    pub(crate) shared: Arc<Shared>,
    pub(crate) slot: u32,
    /// The life that the miniport's object stands for.
    pub(crate) generation: AtomicU32,
    pub(crate) side: Side,
    /// The protocol's object keeps the packet out of the pool as long as it lives.
    pub(crate) holds: AtomicBool,
}

impl Packet {
    pub(crate) fn new(shared: Arc<Shared>, slot: u32, generation: u32, side: Side) -> Packet {
        let (generation, holds) = (AtomicU32::new(generation), AtomicBool::new(false));
        Packet { shared, slot, generation, side, holds }
    }

    /// The name: for the miniport's object of its own life, for the protocol's of the present one.
    pub(crate) fn name(&self) -> Name {
        let adapter = self.shared.core.index;
        let name = Name { adapter, slot: self.slot, generation: 0 };
        let generation = match self.side {
            Side::Miniport => self.generation.load(Ordering::Relaxed),
            Side::Protocol => self.shared.core.state_of(name).map_or(0, PacketState::generation),
        };
        Name { generation, ..name }
    }

    pub(crate) fn with<R>(
        &self,
        py: Python<'_>,
        part: Part,
        f: impl FnOnce(&mut WanPacket) -> R,
    ) -> PyResult<R> {
        let result = self.shared.core.with_packet(self.name(), self.side, part, f);
        // There is nothing to go on with: reading what is not yours fails in every mode.
        result.map_err(|violation| self.touched(py, &violation))
    }

    pub(crate) fn touched(&self, py: Python<'_>, violation: &Arc<Violation>) -> PyErr {
        self.shared.world.mark(violation);
        crate::error::to_error(py, violation)
    }

    fn reserved(&self, py: Python<'_>, part: Part) -> PyResult<Py<PyAny>> {
        self.with(py, part, |_| ())?;
        let which = usize::from(part == Part::MacReserved);
        let place = &self.shared.slots[self.slot as usize];
        let known = place.with(py, |slot| slot.reserved[which].as_ref().map(|l| l.clone_ref(py)));
        if let Some(list) = known {
            return Ok(list);
        }
        // Not made inside: a list may start a collection, and that anything.
        let made = PyList::new(py, (0..4).map(|_| py.None()))?.into_any().unbind();
        let known = made.clone_ref(py);
        Ok(place.with(py, |slot| slot.reserved[which].get_or_insert(known).clone_ref(py)))
    }

    fn grow(
        &self,
        py: Python<'_>,
        data: &Bound<'_, PyAny>,
        f: impl FnOnce(&mut WanPacket, &[u8]) -> Result<(), ndiswan::Rule>,
    ) -> PyResult<()> {
        let bytes = bytes_of(py, data)?;
        let result = self.with(py, Part::Data, |packet| f(packet, &bytes))?;
        self.moved(py, result, bytes.len())
    }

    fn moved(
        &self,
        py: Python<'_>,
        result: Result<(), ndiswan::Rule>,
        bytes: usize,
    ) -> PyResult<()> {
        let core = &self.shared.core;
        let result = result.map_err(|rule| core.padding(rule, self.name(), bytes));
        raise_broken(py, &self.shared.world, result)
    }
}

/// What an argument is to be that is bytes and nothing else.
pub(crate) const BYTES: &str = "bytes, bytearray, memoryview or another bytes-like object";

/// The bytes of anything bytes-like.
pub(crate) fn bytes_of(py: Python<'_>, data: &Bound<'_, PyAny>) -> PyResult<Vec<u8>> {
    bytes_or(py, data, BYTES)
}

/// The same, where that is what was `expected`.
pub(crate) fn bytes_or(
    py: Python<'_>,
    data: &Bound<'_, PyAny>,
    expected: &str,
) -> PyResult<Vec<u8>> {
    if let Ok(bytes) = data.cast::<PyBytes>() {
        return Ok(bytes.as_bytes().to_vec());
    }
    let wrong = |_| {
        let kind = data.get_type().name().map_or_else(|_| "?".into(), |name| name.to_string());
        pyo3::exceptions::PyTypeError::new_err(format!("expected {expected}, got {kind}"))
    };
    PyBuffer::<u8>::get(data).map_err(wrong)?.to_vec(py)
}

#[pymethods]
impl Packet {
    fn _repr_html_(slf: &Bound<'_, Self>) -> PyResult<Py<PyAny>> {
        crate::notebook::html(slf)
    }

    /// The data as a writable view that dies with ownership; see :class:`PacketData`.
    #[getter]
    fn data(slf: Bound<'_, Self>) -> PyResult<PacketData> {
        let range =
            slf.get().with(slf.py(), Part::Data, |p| (p.current_buffer(), p.current_length()))?;
        Ok(PacketData::new(slf, range.0, range.1))
    }

    /// Its name as a number: what ``adapter.wan_send_complete_many`` takes in an array of uint64.
    #[getter]
    fn handle(&self) -> u64 {
        self.name().handle()
    }

    /// The whole buffer, from StartBuffer to EndBuffer, padding included.
    #[getter]
    fn buffer(slf: Bound<'_, Self>) -> PyResult<PacketData> {
        let end = slf.get().with(slf.py(), Part::Data, |p| p.end_buffer())?;
        Ok(PacketData::new(slf, 0, end))
    }

    /// The data of each NET_BUFFER, as views like ``data``: one, unless it was made by ``ndis6.net_buffer_list``.
    ///
    /// They lie one behind the other, and ``data`` is all of them. ``prepend`` lengthens the first, ``append`` the last.
    #[getter]
    fn net_buffers(slf: &Bound<'_, Self>) -> PyResult<Vec<PacketData>> {
        let of = |p: &mut WanPacket| p.net_buffers().collect::<Vec<_>>();
        let ranges = slf.get().with(slf.py(), Part::Data, of)?;
        let view =
            |range: std::ops::Range<usize>| PacketData::new(slf.clone(), range.start, range.len());
        Ok(ranges.into_iter().map(view).collect())
    }

    fn __len__(&self, py: Python<'_>) -> PyResult<usize> {
        self.with(py, Part::Data, |packet| packet.current_length())
    }

    #[allow(clippy::unused_self)] // a packet is one, with data or without
    fn __bool__(&self) -> bool {
        true
    }

    fn __bytes__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        self.with(py, Part::Data, |packet| PyBytes::new(py, packet.data()))
    }

    /// Where the data begins, counted from the start of the buffer (CurrentBuffer); can be set.
    ///
    /// Setting raises ``AccessViolation`` (PADDING) if the data would leave the buffer.
    #[getter]
    fn current_buffer(&self, py: Python<'_>) -> PyResult<usize> {
        self.with(py, Part::Data, |packet| packet.current_buffer())
    }

    #[setter]
    fn set_current_buffer(&self, py: Python<'_>, offset: Int<arg::CurrentBuffer>) -> PyResult<()> {
        let result = self.with(py, Part::Data, |packet| {
            let length = packet.current_length();
            packet.set_current(usize::try_from(offset.0).unwrap_or(usize::MAX), length)
        })?;
        self.moved(py, result, 0)
    }

    /// The length of the data (CurrentLength); can be set.
    ///
    /// Setting raises ``AccessViolation`` (PADDING) if the data would leave the buffer.
    #[getter]
    fn current_length(&self, py: Python<'_>) -> PyResult<usize> {
        self.with(py, Part::Data, |packet| packet.current_length())
    }

    #[setter]
    fn set_current_length(&self, py: Python<'_>, length: Int<arg::CurrentLength>) -> PyResult<()> {
        let result = self.with(py, Part::Data, |packet| {
            let offset = packet.current_buffer();
            packet.set_current(offset, usize::try_from(length.0).unwrap_or(usize::MAX))
        })?;
        self.moved(py, result, usize::try_from(length.0).unwrap_or(0))
    }

    /// Where the buffer begins: 0, as offsets count from there (StartBuffer).
    #[getter]
    fn start_buffer(&self, py: Python<'_>) -> PyResult<usize> {
        self.with(py, Part::Data, |_| 0)
    }

    /// Where the buffer ends, which is its size (EndBuffer).
    #[getter]
    fn end_buffer(&self, py: Python<'_>) -> PyResult<usize> {
        self.with(py, Part::Data, |packet| packet.end_buffer())
    }

    /// Writes ``data`` before the data, into the header padding.
    ///
    /// Raises ``AccessViolation`` (PADDING) if there is no room; nothing is changed then.
    fn prepend(&self, py: Python<'_>, data: &Bound<'_, PyAny>) -> PyResult<()> {
        self.grow(py, data, WanPacket::prepend)
    }

    /// Writes ``data`` behind the data, into the tail padding.
    ///
    /// Raises ``AccessViolation`` (PADDING) if there is no room; nothing is changed then.
    fn append(&self, py: Python<'_>, data: &Bound<'_, PyAny>) -> PyResult<()> {
        self.grow(py, data, WanPacket::append)
    }

    /// Puts a new frame in, behind the header padding, as a protocol does to send again.
    ///
    /// Raises ``ValueError`` for an empty frame or one that is too long.
    fn fill(&self, py: Python<'_>, frame: &Bound<'_, PyAny>) -> PyResult<()> {
        let bytes = bytes_of(py, frame)?;
        let info = &self.shared.core.info;
        let filled = self.with(py, Part::Data, |packet| packet.fill(info, &bytes))?;
        filled.map_err(|error| value(error.to_string()))
    }

    /// Four values of the protocol's own, ``None`` at first (ProtocolReserved1-4).
    ///
    /// Raises ``AccessViolation`` (RESERVED) for the miniport, even to look.
    #[getter]
    fn protocol_reserved(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.reserved(py, Part::ProtocolReserved)
    }

    /// Four values of the miniport's while it owns the packet, ``None`` at first (MacReserved1-4).
    ///
    /// The list is a plain one: it is asked for each time, since who keeps it can write to it, unseen, when the packet is gone.
    /// Raises ``AccessViolation`` (RESERVED) for the protocol.
    #[getter]
    fn mac_reserved(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.reserved(py, Part::MacReserved)
    }

    /// The miniport's own queue link while it owns the packet (WanPacketQueue); can be set.
    ///
    /// Raises ``AccessViolation`` (RESERVED) for the protocol.
    #[getter]
    fn wan_packet_queue(&self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        self.with(py, Part::MacReserved, |_| ())?;
        let place = &self.shared.slots[self.slot as usize];
        Ok(place.with(py, |slot| slot.queue.as_ref().map(|link| link.clone_ref(py))))
    }

    #[setter]
    fn set_wan_packet_queue(&self, py: Python<'_>, link: Option<Py<PyAny>>) -> PyResult<()> {
        self.with(py, Part::MacReserved, |_| ())?;
        let place = &self.shared.slots[self.slot as usize];
        let old = place.with(py, |slot| std::mem::replace(&mut slot.queue, link));
        drop(old);
        Ok(())
    }

    /// The status in its out-of-band block, or in its net buffer list; can be set by who owns it.
    ///
    /// The sister contracts' miniports say there what became of it (``ndiswan.lan``, ``ndiswan.ndis6``). Setting
    /// raises ``StatusViolation`` (STATUS_UNKNOWN) for what is no status.
    #[getter]
    fn status(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.with(py, Part::Data, |_| ())?;
        crate::status::to_python(py, self.kept_status(py, ndiswan::Status::SUCCESS))
    }

    #[setter]
    fn set_status(&self, py: Python<'_>, status: &Bound<'_, PyAny>) -> PyResult<()> {
        self.set_status_of(py, status)
    }

    /// The id by which its next send, or the present one, can be cancelled; ``None`` if there is none.
    ///
    /// The protocol sets it, to an int, before it sends (NDIS_SET_PACKET_CANCEL_ID); it holds for one send. WAN has no cancel.
    #[getter]
    fn cancel_id(&self) -> Option<u64> {
        self.shared.core.cancel_id(self.name())
    }

    #[setter]
    fn set_cancel_id(&self, py: Python<'_>, id: Unsigned<arg::CancelId>) -> PyResult<()> {
        self.set_id_to_cancel(py, id.0)
    }

    /// Who owns it now: "pool", "protocol", "ndis", "miniport" or "returning". Never raises.
    #[getter]
    fn owner(&self) -> &'static str {
        use ndiswan::contract::packet::Owner;
        match self.shared.core.state_of(self.name()).map(PacketState::owner) {
            Some(Owner::Protocol) => "protocol",
            Some(Owner::Ndis) => "ndis",
            Some(Owner::Miniport) => "miniport",
            Some(Owner::Returning) => "returning",
            _ => "pool",
        }
    }

    /// Which of the packet's trips to a miniport this reference is of; 0 was never sent.
    #[getter]
    fn generation(&self) -> u32 {
        self.name().generation
    }

    /// The packet's last events, oldest first; empty below ``verify=2``.
    #[getter]
    fn history(&self) -> Vec<Event> {
        let core = &self.shared.core;
        let sites = core.ndis.call_sites();
        let seen = |event| Event::of(event, &sites).seen_as(core.face());
        core.history_of(self.name()).into_iter().map(seen).collect()
    }

    /// The link that it was sent on last, ``None`` if it never was.
    #[getter]
    fn link(&self, py: Python<'_>) -> PyResult<Option<Py<Link>>> {
        match self.shared.core.link_of(self.name()) {
            Some(link) => self.shared.link(py, &link).map(Some),
            None => Ok(None),
        }
    }

    fn __repr__(&self) -> String {
        let name = self.name();
        format!(
            "<Packet {}.{} of {:?}, life {}, owned by {}>",
            name.adapter,
            name.slot,
            self.shared.core.name,
            name.generation,
            self.owner()
        )
    }
}

impl Drop for Packet {
    fn drop(&mut self) {
        if *self.holds.get_mut() {
            // The protocol let go of a packet that it owns: it is free.
            self.shared.core.release_name(self.name());
        }
    }
}
