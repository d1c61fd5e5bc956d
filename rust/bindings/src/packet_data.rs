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
use std::sync::atomic::{AtomicUsize, Ordering};

use ndiswan::Violation;
use ndiswan::event::Part;
use pyo3::exceptions::{PyIndexError, PyTypeError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyMemoryView, PySlice};

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
///
///     >>> class Instant(nw.Miniport):
///     ...     def wan_send(self, link, packet):
///     ...         return nw.SUCCESS
///     >>> with nw.Ndis() as ndis:
///     ...     data = ndis.bind(nw.Protocol(), Instant()).packet(b"hello").data
///     ...     data[0] = ord("j")
///     ...     data.tobytes()
///     b'jello'
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
        packet.shared.core.with_packet(self.name(), packet.side, Part::Data, |body| {
            f(&mut body.buffer_mut()[self.offset..][..self.length])
        })
    }

    /// The same, but a broken rule is not reported.
    fn look_quietly<R>(&self, f: impl FnOnce(&mut [u8]) -> R) -> Option<R> {
        let packet = self.packet.get();
        packet.shared.core.with_own_packet(self.name(), packet.side, Part::Data, |body| {
            f(&mut body.buffer_mut()[self.offset..][..self.length])
        })
    }

    /// Whether the view's side has the packet still, in that life.
    fn is_ones_own(&self) -> bool {
        let (name, packet) = (self.name(), self.packet.get());
        let state = packet.shared.core.state_of(name);
        state.is_some_and(|state| state.touch(name.generation, packet.side, Part::Data).is_ok())
    }

    fn name(&self) -> ndiswan::Name {
        ndiswan::Name { generation: self.generation, ..self.packet.get().name() }
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

/// Goes through the bytes of a view as they were at the begin: at each one it is asked whose they are.
#[pyclass(frozen, module = "ndiswan._native")]
pub(crate) struct PacketDataIterator {
    data: Py<PacketData>,
    bytes: Box<[u8]>,
    at: AtomicUsize,
}

#[pymethods]
impl PacketDataIterator {
    fn __iter__(this: PyRef<'_, Self>) -> PyRef<'_, Self> {
        this
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Option<u8>> {
        let at = self.at.load(Ordering::Relaxed);
        let Some(byte) = self.bytes.get(at) else { return Ok(None) };
        let data = self.data.get();
        // One use of the data is told, that of the begin, as long as the rest breaks no rule.
        if !data.is_ones_own() {
            data.with(py, |_| ())?;
        }
        self.at.store(at + 1, Ordering::Relaxed);
        Ok(Some(*byte))
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
    fn __iter__(this: PyRef<'_, Self>, py: Python<'_>) -> PyResult<PacketDataIterator> {
        let bytes = this.with(py, |data| Box::from(&*data))?;
        Ok(PacketDataIterator { data: this.into(), bytes, at: AtomicUsize::new(0) })
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

    fn __repr__(&self) -> String {
        let packet = self.packet.get();
        format!("<PacketData {} bytes of {}>", self.length, packet.name())
            + if self.look_quietly(|_| ()).is_some() { "" } else { " (not yours any more)" }
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
        // An explorer may have another CPU go on once more here, and not under the lock, which that may want.
        this.look_quietly(|_| ());
        let packet = this.packet.get();
        let length = this.length as ffi::Py_ssize_t;
        let place = &packet.shared.slots[packet.slot as usize];
        // Counted with the memory that it is of, so that the packet parts from it in time.
        let counted = place.with(slf.py(), |slot| {
            let core = &packet.shared.core;
            let start =
                core.with_own_packet_at_once(this.name(), packet.side, Part::Data, |body| {
                    body.buffer_mut()[this.offset..][..this.length].as_mut_ptr().cast::<c_void>()
                })?;
            packet.shared.exported.store(true, Ordering::Relaxed);
            packet.shared.exports[packet.slot as usize].fetch_add(1, Ordering::Relaxed);
            Some((start, slot.epoch))
        });
        let Some((start, epoch)) = counted else {
            // It changed hands since the first look.
            this.with(slf.py(), |_| ())?;
            return Err(value(
                "the packet changed hands while a view of it was made; take views while it is yours",
            ));
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
            packet.shared.released(slf.py(), packet.slot, epoch);
            return Err(PyErr::fetch(slf.py()));
        }
        // SAFETY: as above; `internal` is the exporter's own field, here a number, no pointer.
        unsafe { (*view).internal = epoch as usize as *mut c_void };
        Ok(())
    }

    /// # Safety
    /// Called by the interpreter with a `view` that `__getbuffer__` filled.
    unsafe fn __releasebuffer__(&self, py: Python<'_>, view: *mut ffi::Py_buffer) {
        // SAFETY: `view` was filled by `__getbuffer__`, which put a number there.
        let epoch = unsafe { (*view).internal } as usize as u32;
        let packet = self.packet.get();
        packet.shared.released(py, packet.slot, epoch);
    }
}

impl crate::shared::Shared {
    fn released(&self, py: Python<'_>, slot: u32, epoch: u32) {
        self.slots[slot as usize].with(py, |place| {
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
        });
    }

    /// How many views are exported of a packet that is about to change hands.
    pub(crate) fn views(&self, slot: u32) -> u32 {
        self.exports.get(slot as usize).map_or(0, |views| views.load(Ordering::Relaxed))
    }

    /// Gives the packet other memory, with the same contents, because views of its memory are
    /// still exported; the old memory lives as long as they do.
    pub(crate) fn part_from_views(&self, py: Python<'_>, slot: u32) {
        self.slots[slot as usize].with(py, |place| {
            let views = self.exports[slot as usize].swap(0, Ordering::Relaxed);
            if views == 0 {
                return;
            }
            if let Some(old) = self.core.renew_memory(slot) {
                let epoch = place.epoch;
                place.graveyard.push((epoch, views, old));
                place.epoch = place.epoch.wrapping_add(1);
            }
        });
    }
}

/// Whether `packet` is the only reference to its object, weak ones included: nobody else can see
/// it being used again. Never on a free-threaded interpreter, where a count of one says less.
pub(crate) fn is_only_reference(py: Python<'_>, packet: &Py<Packet>) -> bool {
    // SAFETY: `packet` keeps the object alive; reading its count needs no more than that, and who
    // has the only reference cannot be raced by one who would need a reference to add another.
    !cfg!(Py_GIL_DISABLED)
        && unsafe { ffi::Py_REFCNT(packet.as_ptr()) == 1 }
        && !is_seen_weakly(py, packet)
}

/// Whether there may be a weak reference to it.
#[inline]
pub(crate) fn is_seen_weakly(py: Python<'_>, packet: &Py<Packet>) -> bool {
    let (object, list) = (packet.as_ptr(), weak_references(py));
    // SAFETY: `packet` keeps the object alive. The class is ours, made with room for weak references at `list`,
    // a pointer there that is null as long as there are none; a weak reference is made by who has a strong one, and
    // with a GIL not while we look.
    cfg!(Py_GIL_DISABLED)
        || list <= 0
        || unsafe { !(*object.byte_offset(list).cast::<*mut ffi::PyObject>()).is_null() }
}

/// Where a packet's object has its list of weak references. The class itself may not be looked into by
/// what is to run on every version of Python, so it is asked once.
#[inline]
fn weak_references(py: Python<'_>) -> isize {
    static OFFSET: PyOnceLock<isize> = PyOnceLock::new();
    let ask = || py.get_type::<Packet>().getattr("__weakrefoffset__")?.extract::<isize>();
    *OFFSET.get_or_init(py, || ask().unwrap_or(0))
}
