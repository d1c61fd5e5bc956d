//! A packet as Python sees it: a name, checked at every use.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use ndiswan::event::{Part, Side};
use ndiswan::packet::WanPacket;
use ndiswan::{Name, Violation};
use pyo3::buffer::PyBuffer;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};

use crate::error::{raise, value};
use crate::event::Event;
use crate::link::Link;
use crate::packet_data::PacketData;
use crate::shared::Shared;

/// `NDIS_WAN_PACKET` in the hands of one side.
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
            Side::Protocol => self.shared.core.state_of(name).map_or(0, |state| state.generation),
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
        let mut slot = self.shared.slots[self.slot as usize].lock();
        if let Some(list) = &slot.reserved[which] {
            return Ok(list.clone_ref(py));
        }
        let list = PyList::new(py, (0..4).map(|_| py.None()))?.into_any().unbind();
        slot.reserved[which] = Some(list.clone_ref(py));
        Ok(list)
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
        raise(py, &self.shared.world, result).map(drop)
    }
}

/// The bytes of anything bytes-like.
pub(crate) fn bytes_of(py: Python<'_>, data: &Bound<'_, PyAny>) -> PyResult<Vec<u8>> {
    if let Ok(bytes) = data.cast::<PyBytes>() {
        return Ok(bytes.as_bytes().to_vec());
    }
    let wrong = |_| {
        let kind = data.get_type().name().map_or_else(|_| "?".into(), |name| name.to_string());
        pyo3::exceptions::PyTypeError::new_err(format!(
            "expected bytes, bytearray, memoryview or another bytes-like object, got {kind}"
        ))
    };
    PyBuffer::<u8>::get(data).map_err(wrong)?.to_vec(py)
}

#[pymethods]
impl Packet {
    #[getter]
    fn data(slf: Bound<'_, Self>) -> PyResult<PacketData> {
        let range =
            slf.get().with(slf.py(), Part::Data, |p| (p.current_buffer(), p.current_length()))?;
        Ok(PacketData::new(slf, range.0, range.1))
    }

    #[getter]
    fn buffer(slf: Bound<'_, Self>) -> PyResult<PacketData> {
        let end = slf.get().with(slf.py(), Part::Data, |p| p.end_buffer())?;
        Ok(PacketData::new(slf, 0, end))
    }

    fn __len__(&self, py: Python<'_>) -> PyResult<usize> {
        self.with(py, Part::Data, |packet| packet.current_length())
    }

    fn __bool__(&self) -> bool {
        true
    }

    fn __bytes__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        self.with(py, Part::Data, |packet| PyBytes::new(py, packet.data()))
    }

    #[getter]
    fn current_buffer(&self, py: Python<'_>) -> PyResult<usize> {
        self.with(py, Part::Data, |packet| packet.current_buffer())
    }

    #[setter]
    fn set_current_buffer(&self, py: Python<'_>, offset: i64) -> PyResult<()> {
        let result = self.with(py, Part::Data, |packet| {
            let length = packet.current_length();
            packet.set_current(usize::try_from(offset).unwrap_or(usize::MAX), length)
        })?;
        self.moved(py, result, 0)
    }

    #[getter]
    fn current_length(&self, py: Python<'_>) -> PyResult<usize> {
        self.with(py, Part::Data, |packet| packet.current_length())
    }

    #[setter]
    fn set_current_length(&self, py: Python<'_>, length: i64) -> PyResult<()> {
        let result = self.with(py, Part::Data, |packet| {
            let offset = packet.current_buffer();
            packet.set_current(offset, usize::try_from(length).unwrap_or(usize::MAX))
        })?;
        self.moved(py, result, usize::try_from(length).unwrap_or(0))
    }

    #[getter]
    fn start_buffer(&self, py: Python<'_>) -> PyResult<usize> {
        self.with(py, Part::Data, |_| 0)
    }

    #[getter]
    fn end_buffer(&self, py: Python<'_>) -> PyResult<usize> {
        self.with(py, Part::Data, |packet| packet.end_buffer())
    }

    fn prepend(&self, py: Python<'_>, data: &Bound<'_, PyAny>) -> PyResult<()> {
        self.grow(py, data, WanPacket::prepend)
    }

    fn append(&self, py: Python<'_>, data: &Bound<'_, PyAny>) -> PyResult<()> {
        self.grow(py, data, WanPacket::append)
    }

    /// Puts a new frame in, behind the header padding; the protocol's call.
    fn fill(&self, py: Python<'_>, frame: &Bound<'_, PyAny>) -> PyResult<()> {
        let bytes = bytes_of(py, frame)?;
        let info = &self.shared.core.info;
        let filled = self.with(py, Part::Data, |packet| packet.fill(info, &bytes))?;
        filled.map_err(|error| value(error.to_string()))
    }

    #[getter]
    fn protocol_reserved(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.reserved(py, Part::ProtocolReserved)
    }

    #[getter]
    fn mac_reserved(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.reserved(py, Part::MacReserved)
    }

    #[getter]
    fn wan_packet_queue(&self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        self.with(py, Part::MacReserved, |_| ())?;
        Ok(self.shared.slots[self.slot as usize].lock().queue.as_ref().map(|q| q.clone_ref(py)))
    }

    #[setter]
    fn set_wan_packet_queue(&self, py: Python<'_>, link: Option<Py<PyAny>>) -> PyResult<()> {
        self.with(py, Part::MacReserved, |_| ())?;
        let old = std::mem::replace(&mut self.shared.slots[self.slot as usize].lock().queue, link);
        drop(old);
        Ok(())
    }

    /// Who owns it now: "pool", "protocol", "ndis", "miniport" or "returning".
    #[getter]
    fn owner(&self) -> &'static str {
        use ndiswan::contract::packet::Owner;
        match self.shared.core.state_of(self.name()).map(|state| state.owner) {
            Some(Owner::Protocol) => "protocol",
            Some(Owner::Ndis) => "ndis",
            Some(Owner::Miniport) => "miniport",
            Some(Owner::Returning) => "returning",
            _ => "pool",
        }
    }

    #[getter]
    fn generation(&self) -> u32 {
        self.name().generation
    }

    #[getter]
    fn history(&self) -> Vec<Event> {
        let core = &self.shared.core;
        let sites = core.ndis.call_sites();
        core.history_of(self.name()).into_iter().map(|event| Event::of(event, &sites)).collect()
    }

    /// The link that it was sent on last.
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
