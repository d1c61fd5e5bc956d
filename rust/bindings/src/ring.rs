//! The completion ring by itself, for simulations: numbers in, numbers out, many in a call.
//!
//! The ring is the core's, with permits: an entry has one from before it is put in until it was
//! taken out, and one counter has them all, so the capacity is the ring's whatever the number of
//! threads, and each thread has its own lane all the same. The counter is also what tells "closed and
//! empty" from "closed, but somebody is still writing".

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use ndiswan::ring::{Config, Consumer, Permits, Record, Ring, Waited};
use parking_lot::Mutex;
use pyo3::prelude::*;

use crate::error::{usage, value};
use crate::number::{Seconds, arg, number};
use crate::status::final_number;

use entry::{Inputs, Outputs};

mod entry;

/// The most entries of a ring.
const MOST: usize = 1 << 20;
/// Slots of all lanes together: address space, of which what is used becomes memory.
const SLOTS: usize = 1 << 23;
/// Threads that have a lane of their own.
const LANES: usize = 32;
/// In the counter: the ring is closed. The rest of it are the entries.
const CLOSED: usize = 1 << 63;
/// How long a wait goes on between two looks for Ctrl-C.
const SLICE: Duration = Duration::from_millis(50);

/// A bounded queue of completions: any number of threads put in, one at a time takes out.
///
/// An entry is a handle (0 to 2**64 - 1), a final status and a tag (0 to 2**32 - 1). ``capacity`` is how
/// many entries can be in it, 1 to 1,048,576. The entries of one thread come out in its order,
/// those of several threads in any. It needs no ``Ndis``.
///
/// Arrays are NumPy's or anything else with a buffer of that type (``array.array``,
/// ``memoryview``): one-dimensional, contiguous, handles uint64, statuses and tags uint32.
///
/// As a context manager it is closed at the end of the block.
///
/// Raises ``ValueError`` for a capacity out of range.
///
///     >>> import numpy
///     >>> ring = nw.CompletionRing(1024)
///     >>> ring.try_push(7, nw.SUCCESS)
///     True
///     >>> handles, statuses = numpy.zeros(16, numpy.uint64), numpy.zeros(16, numpy.uint32)
///     >>> ring.drain_into(handles, statuses)
///     1
///     >>> int(handles[0])
///     7
#[pyclass(frozen, module = "ndiswan", weakref)]
pub(crate) struct CompletionRing {
    ring: Ring<Record, Permits>,
    capacity: usize,
    /// Entries that are in it or being written, and [`CLOSED`].
    used: Box<Apart<AtomicUsize>>,
    consumer: Box<Apart<Mutex<Consumer<Record, Permits>>>>,
}

/// On lines of its own, since other threads write it: what all of them read, and Python's own count
/// of references to the object, are elsewhere.
#[repr(align(128))]
struct Apart<T>(T);

/// When a wait of so many seconds ends; never if that is too far away to be told.
fn end_of(seconds: f64) -> PyResult<Option<Instant>> {
    if seconds.is_nan() || seconds < 0.0 {
        let expected = "timeout: expected None or seconds of 0 or more";
        return Err(value(format!("{expected}, got {seconds}")));
    }
    let timeout = Duration::try_from_secs_f64(seconds).ok();
    Ok(timeout.and_then(|timeout| Instant::now().checked_add(timeout)))
}

impl CompletionRing {
    /// Permits for up to `most` entries. Where the interpreter has a lock, who calls has it, and
    /// nobody else writes the counter.
    #[inline]
    fn reserve(&self, _: Python<'_>, most: usize) -> PyResult<usize> {
        let mut used = self.used.0.load(Ordering::Relaxed);
        loop {
            if used & CLOSED != 0 {
                return Err(usage("the ring is closed, nothing was put in; make a new one"));
            }
            let count = most.min(self.capacity - used);
            if cfg!(not(Py_GIL_DISABLED)) {
                self.used.0.store(used + count, Ordering::Relaxed);
                return Ok(count);
            }
            // Acquire: who had the permits before has read those slots.
            let (taken, seen) = (Ordering::Acquire, Ordering::Relaxed);
            match self.used.0.compare_exchange_weak(used, used + count, taken, seen) {
                Ok(_) => return Ok(count),
                Err(now) => used = now,
            }
        }
    }

    /// Gives the permits of `count` entries back, which were read.
    #[inline]
    fn release(&self, _: Python<'_>, count: usize) {
        if cfg!(Py_GIL_DISABLED) {
            self.used.0.fetch_sub(count, Ordering::Release);
        } else {
            self.used.0.store(self.used.0.load(Ordering::Relaxed) - count, Ordering::Relaxed);
        }
    }

    fn is_closed(&self) -> bool {
        self.used.0.load(Ordering::Acquire) & CLOSED != 0
    }

    fn entries(&self) -> usize {
        self.used.0.load(Ordering::Acquire) & !CLOSED
    }
}

#[pymethods]
impl CompletionRing {
    #[new]
    fn new(capacity: &Bound<'_, PyAny>) -> PyResult<Self> {
        let capacity: usize = number("capacity", 64, capacity)?;
        if !(1..=MOST).contains(&capacity) {
            return Err(value(format!("capacity: expected 1 to {MOST} entries, got {capacity}")));
        }
        let lanes = LANES.min(SLOTS / capacity.next_power_of_two());
        let (ring, consumer) = ndiswan::ring::ring(Config { capacity, lanes });
        let consumer = Box::new(Apart(Mutex::new(consumer)));
        let used = Box::new(Apart(AtomicUsize::new(0)));
        Ok(CompletionRing { ring, capacity, used, consumer })
    }

    /// Puts an entry in if there is room, and says whether there was. Any thread may.
    ///
    /// ``status`` is a final one. Raises ``ValueError`` for PENDING, ``OverflowError`` and
    /// ``TypeError`` for what does not fit, ``RuntimeError`` if the ring is closed.
    #[pyo3(signature = (handle, status, tag=None))]
    fn try_push(
        &self,
        py: Python<'_>,
        handle: &Bound<'_, PyAny>,
        status: &Bound<'_, PyAny>,
        tag: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<bool> {
        let handle = number("handle", 64, handle)?;
        let status = final_number(py, status)?;
        let tag = tag.map_or(Ok(0), |tag| number("tag", 32, tag))?;
        if self.reserve(py, 1)? == 0 {
            return Ok(false);
        }
        self.ring.push(Record { handle, status, tag });
        Ok(true)
    }

    /// Puts an entry in, as :meth:`try_push`, or raises ``queue.Full``.
    #[pyo3(signature = (handle, status, tag=None))]
    fn push(
        &self,
        py: Python<'_>,
        handle: &Bound<'_, PyAny>,
        status: &Bound<'_, PyAny>,
        tag: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        if self.try_push(py, handle, status, tag)? {
            return Ok(());
        }
        let text = format!(
            "expected room for an entry, got a ring with {} of {}; drain it, or see try_push",
            self.entries(),
            self.capacity
        );
        let full = py.import("queue")?.getattr("Full")?;
        Err(PyErr::from_value(full.call1((text,))?))
    }

    /// Puts in as many of the entries as there is room for, from the first on, and gives how many.
    ///
    /// ``handles`` is an array of uint64, ``statuses`` and ``tags`` are arrays of uint32 of the same
    /// length, or one number for all. What was not taken is ``handles[count:]``.
    ///
    /// Raises ``TypeError`` and ``ValueError`` for arrays that do not fit, PENDING among the
    /// statuses included, and ``RuntimeError`` if the ring is closed; nothing is put in then.
    #[pyo3(signature = (handles, statuses, tags=None))]
    fn push_many(
        &self,
        py: Python<'_>,
        handles: &Bound<'_, PyAny>,
        statuses: &Bound<'_, PyAny>,
        tags: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<usize> {
        let inputs = Inputs::new(py, handles, statuses, tags)?;
        let count = self.reserve(py, inputs.len())?;
        inputs.put(py, count, &self.ring);
        Ok(count)
    }

    /// Takes entries out into arrays, as many as there are and as fit, and gives how many.
    ///
    /// ``handles`` is an array of uint64, ``statuses`` and ``tags`` are arrays of uint32, all of one
    /// length; the first so many items are written. If there is no entry it waits ``timeout``
    /// seconds for one, ``None`` for ever, other threads running; 0 items when the time is over, or
    /// at once when the ring is closed and empty.
    ///
    /// Raises ``TypeError`` and ``ValueError`` for arrays that do not fit, read-only ones included;
    /// ``RuntimeError`` while another call takes out.
    #[pyo3(signature = (handles, statuses, tags=None, *, timeout=Some(Seconds::new(0.0))), text_signature = "($self, handles, statuses, tags=None, *, timeout=0.0)")]
    fn drain_into(
        &self,
        py: Python<'_>,
        handles: &Bound<'_, PyAny>,
        statuses: &Bound<'_, PyAny>,
        tags: Option<&Bound<'_, PyAny>>,
        timeout: Option<Seconds<arg::Timeout>>,
    ) -> PyResult<usize> {
        let mut outputs = Outputs::new(handles, statuses, tags)?;
        // Who does not wait does not look at the clock: it costs as much as some entries.
        let timeout = timeout.map(|timeout| timeout.0);
        let waits = timeout != Some(0.0);
        let end = timeout.filter(|_| waits).map(end_of).transpose()?.flatten();
        let Some(mut consumer) = self.consumer.0.try_lock() else {
            return Err(usage(
                "another drain_into of this ring is at work; one at a time takes out, so give each consumer a ring",
            ));
        };
        loop {
            let count = outputs.take(py, &mut consumer);
            if count > 0 || outputs.len() == 0 {
                self.release(py, count);
                return Ok(count);
            }
            // Closed and none on its way: there is only one who takes out, and that is this call.
            if !waits || self.used.0.load(Ordering::Acquire) == CLOSED {
                return Ok(0);
            }
            let left = end.map(|end| end.saturating_duration_since(Instant::now()));
            if left == Some(Duration::ZERO) {
                return Ok(0);
            }
            let slice = left.map_or(SLICE, |left| left.min(SLICE));
            ndiswan::alive::beat();
            let consumer = &mut *consumer;
            if py.detach(|| consumer.wait(Some(slice))) == Waited::Closed {
                // Somebody puts in what was begun before the ring was closed.
                py.detach(std::thread::yield_now);
            }
            py.check_signals()?;
            // Others ran meanwhile, and may have changed the arrays.
            outputs = Outputs::new(handles, statuses, tags)?;
        }
    }

    /// Nothing more is taken in; what is in it can still be taken out, and who waits is woken.
    fn close(&self) {
        self.used.0.fetch_or(CLOSED, Ordering::AcqRel);
        self.ring.close();
    }

    /// Whether it was closed.
    #[getter]
    fn closed(&self) -> bool {
        self.is_closed()
    }

    /// How many entries can be in it.
    #[getter]
    fn capacity(&self) -> usize {
        self.capacity
    }

    fn __len__(&self) -> usize {
        self.entries()
    }

    fn __repr__(&self) -> String {
        let closed = if self.is_closed() { ", closed" } else { "" };
        format!("<CompletionRing {} of {}{closed}>", self.entries(), self.capacity)
    }

    fn __enter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    #[pyo3(signature = (*_args))]
    fn __exit__(&self, _args: &Bound<'_, pyo3::types::PyTuple>) {
        self.close();
    }
}
