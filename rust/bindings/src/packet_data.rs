//! A packet's memory as Python sees it: a view that dies with ownership.
//!
//! Every use by index or slice asks who owns the packet. A view exported by the buffer protocol
//! (`memoryview`, NumPy, `socket.send`) is raw memory that cannot ask: while one is exported, the
//! memory stays; one that is still exported when the packet is handed over is reported, and the
//! packet goes on with a copy, so that a late write can neither corrupt nor crash.

// Indices from Python are signed; what is in memory fits into an isize.
#![allow(clippy::cast_possible_wrap, clippy::cast_sign_loss)]

use std::ffi::{c_int, c_void};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use ndiswan::Violation;
use ndiswan::event::Part;
use pyo3::exceptions::{PyIndexError, PyTypeError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyIterator, PyMemoryView, PySlice};

use crate::error::value;
use crate::packet::{Packet, bytes_of};

/// A writable view of a packet's memory that dies with ownership.
///
/// It has a length, indices, slices with step 1 (views again), ``==`` with anything bytes-like,
/// ``bytes(view)`` and the buffer protocol, for ``memoryview``, NumPy and ``socket.send``. Indices and
/// lengths are bytes.
///
/// Every use raises ``AccessViolation`` (TOUCH) once the packet is not that side's any more, and
/// ``OwnershipViolation`` (STALE) once it was sent again. A buffer that is still exported when the
/// packet changes hands is a TOUCH then; its owner goes on seeing the old memory, which no packet has.
#[pyclass(frozen, sequence, module = "ndiswan")]
pub(crate) struct PacketData {
    packet: Py<Packet>,
    /// The life for which the view was made.
    generation: u32,
    offset: usize,
    length: usize,
}

impl PacketData {
    pub(crate) fn new(packet: Bound<'_, Packet>, offset: usize, length: usize) -> PacketData {
        let generation = packet.get().name().generation;
        PacketData { packet: packet.unbind(), generation, offset, length }
    }

    fn with<R>(&self, py: Python<'_>, f: impl FnOnce(&mut [u8]) -> R) -> PyResult<R> {
        self.look(f).map_err(|violation| self.packet.get().touched(py, &violation))
    }

    fn look<R>(&self, f: impl FnOnce(&mut [u8]) -> R) -> Result<R, Arc<Violation>> {
        let packet = self.packet.get();
        let name = ndiswan::Name { generation: self.generation, ..packet.name() };
        packet.shared.core.with_packet(name, packet.side, Part::Data, |body| {
            f(&mut body.buffer_mut()[self.offset..][..self.length])
        })
    }

    fn at(&self, index: isize) -> PyResult<usize> {
        let length = self.length as isize;
        let at = if index < 0 { index + length } else { index };
        if (0..length).contains(&at) {
            Ok(at as usize)
        } else {
            Err(PyIndexError::new_err(format!(
                "index {index} is out of range: the view has {length} bytes"
            )))
        }
    }

    fn slice(&self, py: Python<'_>, slice: &Bound<'_, PySlice>) -> PyResult<(usize, usize)> {
        let found = slice.indices(self.length as isize)?;
        if found.step != 1 {
            return Err(value("expected a slice with step 1; take bytes(view)[...] for others"));
        }
        self.with(py, |_| ())?;
        Ok((found.start as usize, found.slicelength))
    }
}

#[pymethods]
impl PacketData {
    fn __len__(&self) -> usize {
        self.length
    }

    fn __getitem__(&self, py: Python<'_>, key: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        if let Ok(slice) = key.cast::<PySlice>() {
            let (start, length) = self.slice(py, slice)?;
            let part = PacketData {
                packet: self.packet.clone_ref(py),
                generation: self.generation,
                offset: self.offset + start,
                length,
            };
            return Ok(Py::new(py, part)?.into_any());
        }
        let at = self.at(key.extract::<isize>()?)?;
        let byte = self.with(py, |data| data[at])?;
        Ok(byte.into_pyobject(py)?.into_any().unbind())
    }

    fn __setitem__(
        &self,
        py: Python<'_>,
        key: &Bound<'_, PyAny>,
        new: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        if let Ok(slice) = key.cast::<PySlice>() {
            let (start, length) = self.slice(py, slice)?;
            let bytes = bytes_of(py, new)?;
            if bytes.len() != length {
                return Err(value(format!(
                    "expected {length} bytes for the slice, got {}; a view does not change its size (see Packet.prepend, append, current_length)",
                    bytes.len()
                )));
            }
            return self.with(py, |data| data[start..][..length].copy_from_slice(&bytes));
        }
        let at = self.at(key.extract::<isize>()?)?;
        let byte =
            new.extract::<u8>().map_err(|_| PyTypeError::new_err("expected an int of 0 to 255"))?;
        self.with(py, |data| data[at] = byte)
    }

    /// Over a copy: what is read was the owner's when the loop began.
    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyIterator>> {
        self.tobytes(py)?.try_iter()
    }

    /// A copy of the bytes.
    fn tobytes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        self.with(py, |data| PyBytes::new(py, data))
    }

    /// The bytes in hexadecimal.
    fn hex(&self, py: Python<'_>) -> PyResult<String> {
        use std::fmt::Write;
        self.with(py, |data| {
            data.iter().fold(String::new(), |mut text, byte| {
                // Writing to a String does not fail.
                let _ = write!(text, "{byte:02x}");
                text
            })
        })
    }

    fn __eq__(&self, py: Python<'_>, other: &Bound<'_, PyAny>) -> PyResult<bool> {
        match bytes_of(py, other) {
            Ok(bytes) => self.with(py, |data| *data == *bytes),
            Err(error) if error.is_instance_of::<PyTypeError>(py) => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn __repr__(&self, py: Python<'_>) -> String {
        let packet = self.packet.get();
        format!("<PacketData {} bytes of {}>", self.length, packet.name())
            + if self.with_quietly(py) { "" } else { " (not yours any more)" }
    }

    /// A ``memoryview`` of it; before Python 3.12 only what is written in C has this method.
    fn __buffer__<'py>(slf: &Bound<'py, Self>, flags: c_int) -> PyResult<Bound<'py, PyMemoryView>> {
        let _ = flags; // a memoryview asks for everything
        PyMemoryView::from(slf.as_any())
    }

    /// # Safety
    /// Called by the interpreter with a `view` that it owns.
    unsafe fn __getbuffer__(
        slf: &Bound<'_, Self>,
        view: *mut ffi::Py_buffer,
        flags: c_int,
    ) -> PyResult<()> {
        let this = slf.get();
        // Reports who has no right to it; what follows runs under a lock and only looks again.
        this.with(slf.py(), |_| ())?;
        let packet = this.packet.get();
        let length = this.length as ffi::Py_ssize_t;
        // From here on the packet keeps the memory that it has, until the view is counted.
        let place = packet.shared.slots[packet.slot as usize].lock();
        let start = match this.look(|data| data.as_mut_ptr().cast::<c_void>()) {
            Ok(start) => start,
            Err(violation) => {
                drop(place);
                return Err(packet.touched(slf.py(), &violation));
            }
        };
        // SAFETY: `view` is the interpreter's, to be filled. `start..start + length` is memory of
        // the packet's boxed buffer: its address does not change while the box lives, and it is
        // kept alive as long as the view: `slf` keeps the packet's slot, `part_from_views` moves a box
        // with exported views to the graveyard instead of dropping it. Writes through the view by
        // several threads race as with a bytearray; the engine itself touches the memory only on
        // behalf of calls that hold the slot's lock and never hands out a reference that outlives
        // such a call.
        let result = unsafe { ffi::PyBuffer_FillInfo(view, slf.as_ptr(), start, length, 0, flags) };
        if result != 0 {
            drop(place);
            return Err(PyErr::fetch(slf.py()));
        }
        packet.shared.exports[packet.slot as usize].fetch_add(1, Ordering::Relaxed);
        let epoch = place.epoch;
        drop(place);
        // SAFETY: as above; `internal` is the exporter's own field, here a number, no pointer.
        unsafe { (*view).internal = epoch as usize as *mut c_void };
        Ok(())
    }

    /// # Safety
    /// Called by the interpreter with a `view` that `__getbuffer__` filled.
    unsafe fn __releasebuffer__(&self, view: *mut ffi::Py_buffer) {
        // SAFETY: `view` was filled by `__getbuffer__`, which put a number there.
        let epoch = unsafe { (*view).internal } as usize as u32;
        let packet = self.packet.get();
        packet.shared.released(packet.slot, epoch);
    }
}

impl PacketData {
    fn with_quietly(&self, _py: Python<'_>) -> bool {
        let packet = self.packet.get();
        let core = &packet.shared.core;
        let name = ndiswan::Name { generation: self.generation, ..packet.name() };
        core.state_of(name)
            .is_some_and(|s| s.touch(name.generation, packet.side, Part::Data).is_ok())
    }
}

impl crate::shared::Shared {
    fn released(&self, slot: u32, epoch: u32) {
        let mut place = self.slots[slot as usize].lock();
        if epoch == place.epoch {
            self.exports[slot as usize].fetch_sub(1, Ordering::Relaxed);
            return;
        }
        for grave in &mut place.graveyard {
            if grave.0 == epoch {
                grave.1 -= 1;
            }
        }
        place.graveyard.retain(|grave| grave.1 > 0);
    }

    /// How many views are exported of a packet that is about to change hands.
    pub(crate) fn views(&self, slot: u32) -> u32 {
        self.exports.get(slot as usize).map_or(0, |views| views.load(Ordering::Relaxed))
    }

    /// Gives the packet other memory, with the same contents, because views of its memory are
    /// still exported; the old memory lives as long as they do.
    pub(crate) fn part_from_views(&self, slot: u32) {
        let mut place = self.slots[slot as usize].lock();
        let views = self.exports[slot as usize].swap(0, Ordering::Relaxed);
        if views == 0 {
            return;
        }
        if let Some(old) = self.core.renew_memory(slot) {
            let epoch = place.epoch;
            place.graveyard.push((epoch, views, old));
            place.epoch = place.epoch.wrapping_add(1);
        }
    }
}

/// Whether `packet` is the only reference to its object: nobody else can see it being used again.
pub(crate) fn is_only_reference(_py: Python<'_>, packet: &Py<Packet>) -> bool {
    // SAFETY: `packet` keeps the object alive; reading its count needs no more than that, and who
    // has the only reference cannot be raced by one who would need a reference to add another.
    unsafe { ffi::Py_REFCNT(packet.as_ptr()) == 1 }
}
