//! Arrays of numbers that Python hands in, read and written where they are.
//!
//! NumPy arrays, `array.array` and `memoryview` all speak the buffer protocol, so nothing here knows
//! NumPy. A column keeps its buffer exported: the memory stays where it is until the column is dropped,
//! which must not happen inside of a lock, since the exporter may be a Python class.
//!
//! Other threads may write the same array meanwhile, without a GIL at any moment. So each item is one
//! relaxed atomic access: what is read then is one of the values, never a torn one.

use std::marker::PhantomData;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use pyo3::buffer::{Element, PyBuffer};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyMemoryView;

use crate::ndarray;

/// A number of a column.
pub(crate) trait Item: Element {
    /// What NumPy calls it.
    const DTYPE: &'static str;
    /// What `array.array` calls it.
    const CODE: char;
    /// What `ndarray::look` calls it.
    const WHICH: usize;
    /// One that other threads may write.
    type Cell: Sync;

    fn load(cell: &Self::Cell) -> Self;
    fn store(cell: &Self::Cell, value: Self);
}

macro_rules! item {
    ($number:ty, $atomic:ty, $dtype:literal, $code:literal, $which:literal) => {
        impl Item for $number {
            const DTYPE: &'static str = $dtype;
            const CODE: char = $code;
            const WHICH: usize = $which;
            type Cell = $atomic;

            #[inline]
            fn load(cell: &Self::Cell) -> Self {
                cell.load(Ordering::Relaxed)
            }

            #[inline]
            fn store(cell: &Self::Cell, value: Self) {
                cell.store(value, Ordering::Relaxed);
            }
        }
    };
}

item!(u64, AtomicU64, "uint64", 'Q', 0);
item!(u32, AtomicU32, "uint32", 'I', 1);

/// A one-dimensional array of numbers in one piece of memory.
pub(crate) struct Column<'a, T: Item> {
    start: NonNull<T>,
    length: usize,
    /// Keep the memory: the array, and its buffer if it was asked for one.
    _array: PhantomData<&'a Bound<'a, PyAny>>,
    _buffer: Option<PyBuffer<T>>,
}

impl<'a, T: Item> Column<'a, T> {
    /// A plain array of NumPy's, which need not be asked, and whether it may be written. What is none
    /// may serve all the same.
    #[inline]
    fn look(given: &'a Bound<'_, PyAny>) -> Option<(Self, bool)> {
        let (start, length, writable) = ndarray::look(T::WHICH, given)?;
        Some((Self::new(start.cast(), length, None)?, writable))
    }

    #[inline]
    fn new(start: *mut T, length: usize, buffer: Option<PyBuffer<T>>) -> Option<Self> {
        // An array without items may be anywhere.
        let start = if length == 0 { NonNull::dangling() } else { NonNull::new(start)? };
        Some(Column { start, length, _array: PhantomData, _buffer: buffer })
    }

    /// The same by the buffer protocol.
    #[inline(never)]
    fn ask(name: &str, given: &'a Bound<'_, PyAny>) -> PyResult<(Self, bool)> {
        let fits = |buffer: &PyBuffer<T>| buffer.dimensions() == 1 && buffer.is_c_contiguous();
        let found = of_type::<T>(given).filter(fits).and_then(|buffer| {
            let (start, length) = (buffer.buf_ptr().cast(), buffer.item_count());
            let writable = !buffer.readonly();
            Some((Self::new(start, length, Some(buffer))?, writable))
        });
        let empty = || Some((Self::new(std::ptr::null_mut(), 0, None)?, may_be_empty::<T>(given)?));
        found.or_else(empty).ok_or_else(|| wrong::<T>(name, given))
    }

    /// An array to be read, if it is a plain one of NumPy's.
    #[inline]
    pub(crate) fn plain(given: &'a Bound<'_, PyAny>) -> Option<Self> {
        Self::look(given).map(|(column, _)| column)
    }

    /// An array to be read. `name` is what the caller's argument is called.
    #[inline]
    pub(crate) fn input(name: &str, given: &'a Bound<'_, PyAny>) -> PyResult<Self> {
        match Self::look(given) {
            Some((column, _)) => Ok(column),
            None => Self::ask(name, given).map(|(column, _)| column),
        }
    }

    /// An array to be written.
    #[inline]
    pub(crate) fn output(name: &str, given: &'a Bound<'_, PyAny>) -> PyResult<Self> {
        let (column, writable) = match Self::look(given) {
            Some(found) => found,
            None => Self::ask(name, given)?,
        };
        if writable { Ok(column) } else { Err(column.read_only(name)) }
    }

    #[cold]
    fn read_only(&self, name: &str) -> PyErr {
        let made = format!("numpy.empty({}, dtype=numpy.{})", self.length, T::DTYPE);
        PyValueError::new_err(format!(
            "{name}: expected an array that can be written to, got a read-only one; {made} makes one"
        ))
    }

    /// How many items there are.
    pub(crate) fn len(&self) -> usize {
        self.length
    }

    /// The items. Those of a column that is no [`output`](Self::output) are only to be loaded. Who
    /// lets go of the interpreter's lock makes a new column afterwards.
    #[inline]
    pub(crate) fn items(&self, _: Python<'_>) -> &[T::Cell] {
        // SAFETY: `start` is the start of a contiguous piece of `length` items of this type (`look` or
        // `ask` has seen to that; `PyBuffer` or NumPy's flags and type say that they are aligned), and a cell is
        // an atomic of the same size. The buffer keeps the memory, or else the array, which the
        // caller's arguments keep for `'a`, and which nobody changes while the caller has the
        // interpreter's lock. A relaxed load of a word is a plain load, also from memory that
        // cannot be written.
        unsafe { std::slice::from_raw_parts(self.start.cast().as_ptr(), self.length) }
    }

    /// Whether the two have memory in common.
    pub(crate) fn overlaps<U: Item>(&self, other: &Column<'_, U>) -> bool {
        let end = |start: usize, length: usize, size: usize| start + length * size;
        let (a, b) = (self.start.addr().get(), other.start.addr().get());
        a < end(b, other.length, size_of::<U>()) && b < end(a, self.length, size_of::<T>())
    }
}

/// Whether it speaks the buffer protocol, as each array does.
pub(crate) fn has_buffer(given: &Bound<'_, PyAny>) -> bool {
    // SAFETY: looks at an object that is alive.
    unsafe { ffi::PyObject_CheckBuffer(given.as_ptr()) != 0 }
}

/// The buffer, if its items are of this type. PyO3 reads over the order of the bytes.
fn of_type<T: Item>(given: &Bound<'_, PyAny>) -> Option<PyBuffer<T>> {
    let foreign: &[u8] = if cfg!(target_endian = "little") { b">!" } else { b"<" };
    let buffer = PyBuffer::<T>::get(given).ok()?;
    let order = buffer.format().to_bytes().first();
    order.is_none_or(|order| !foreign.contains(order)).then_some(buffer)
}

/// Whether an array of such items without any may be written. Where that is, is not looked at, which PyO3 does: an empty
/// `array.array` is anywhere.
#[cold]
fn may_be_empty<T: Item>(given: &Bound<'_, PyAny>) -> Option<bool> {
    let view = PyMemoryView::from(given).ok()?;
    let one = |what: &str| view.getattr(what).ok();
    let (bytes, dimensions) = (one("nbytes")?.extract::<usize>(), one("ndim")?.extract::<usize>());
    let size = one("itemsize")?.extract::<usize>();
    let format = one("format")?.extract::<String>().ok()?;
    let same = format.strip_prefix(['@', '=', '<']).unwrap_or(&format) == T::CODE.to_string();
    let empty = bytes.ok()? == 0 && dimensions.ok()? == 1 && size.ok()? == size_of::<T>();
    (same && empty).then(|| one("readonly")?.extract::<bool>().ok().map(|readonly| !readonly))?
}

/// What is wrong with what was given: no array, another type, another shape, or in pieces.
#[cold]
fn wrong<T: Item>(name: &str, given: &Bound<'_, PyAny>) -> PyErr {
    let (dtype, code) = (T::DTYPE, T::CODE);
    let attribute = |of: &Bound<'_, PyAny>, what: &str| of.getattr(what).map(|a| a.to_string());
    let Ok(view) = PyMemoryView::from(given) else {
        let kind = given.get_type().name().map_or_else(|_| "object".into(), |n| n.to_string());
        return PyTypeError::new_err(format!(
            "{name}: expected a one-dimensional array of {dtype}, got {kind}; numpy.asarray({name}, \
             dtype=numpy.{dtype}) or array.array({code:?}, {name}) makes one"
        ));
    };
    let shape = attribute(&view, "shape").unwrap_or_default();
    // PyO3 does not take what has no dimension.
    if shape != "()" && of_type::<T>(given).is_none() {
        let (found, how) = if let Ok(found) = attribute(given, "dtype") {
            (format!("an array of {found}"), format!("{name}.astype(numpy.{dtype}) converts one"))
        } else {
            let format = attribute(&view, "format").unwrap_or_default();
            (
                format!("a buffer of items {format:?}"),
                format!("array.array({code:?}, {name}) makes one"),
            )
        };
        return PyTypeError::new_err(format!(
            "{name}: expected an array of {dtype}, got {found}; {how}"
        ));
    }
    let strides = attribute(&view, "strides").unwrap_or_default();
    PyValueError::new_err(format!(
        "{name}: expected one dimension in one piece of memory, got shape {shape} with strides {strides} \
         in bytes; numpy.ravel({name}) makes one"
    ))
}
