//! Arrays of numbers that Python hands in, read and written where they are.
//!
//! NumPy arrays, `array.array` and `memoryview` all speak the buffer protocol, so nothing here knows
//! NumPy. A column keeps its buffer exported: the memory stays where it is until the column is dropped,
//! which must not happen inside of a lock, since the exporter may be a Python class.
//!
//! Other threads may write the same array meanwhile, without a GIL at any moment. So each item is one
//! relaxed atomic access: what is read then is one of the values, never a torn one.

use std::marker::PhantomData;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use pyo3::buffer::{Element, PyBuffer};
use pyo3::exceptions::{PyTypeError, PyValueError};
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

    /// # Safety
    /// `at` points to an item that lives and is aligned.
    unsafe fn load(at: *mut Self) -> Self;

    /// # Safety
    /// The same, and it may be written.
    unsafe fn store(at: *mut Self, value: Self);
}

macro_rules! item {
    ($number:ty, $atomic:ty, $dtype:literal, $code:literal, $which:literal) => {
        impl Item for $number {
            const DTYPE: &'static str = $dtype;
            const CODE: char = $code;
            const WHICH: usize = $which;

            /// # Safety
            /// As the trait says.
            #[inline]
            unsafe fn load(at: *mut Self) -> Self {
                // SAFETY: the caller says that it lives and is aligned; a relaxed load of a word
                // is a plain load, also from memory that cannot be written.
                unsafe { <$atomic>::from_ptr(at) }.load(Ordering::Relaxed)
            }

            /// # Safety
            /// As the trait says.
            #[inline]
            unsafe fn store(at: *mut Self, value: Self) {
                // SAFETY: the caller says that it lives, is aligned, and may be written.
                unsafe { <$atomic>::from_ptr(at) }.store(value, Ordering::Relaxed);
            }
        }
    };
}

item!(u64, AtomicU64, "uint64", 'Q', 0);
item!(u32, AtomicU32, "uint32", 'I', 1);

/// A one-dimensional array of numbers in one piece of memory.
pub(crate) struct Column<'a, T: Item> {
    start: *mut T,
    length: usize,
    writable: bool,
    /// Keep the memory: the array, and its buffer if it was asked for one.
    _array: PhantomData<&'a Bound<'a, PyAny>>,
    _buffer: Option<PyBuffer<T>>,
}

impl<'a, T: Item> Column<'a, T> {
    /// An array to be read. `name` is what the caller's argument is called.
    pub(crate) fn input(name: &str, given: &'a Bound<'_, PyAny>) -> PyResult<Self> {
        if let Some((start, length, writable)) = ndarray::look(T::WHICH, given) {
            return Ok(Column {
                start: start.cast(),
                length,
                writable,
                _array: PhantomData,
                _buffer: None,
            });
        }
        let Some(buffer) = of_type::<T>(given) else { return Err(wrong::<T>(name, given)) };
        if buffer.dimensions() != 1 || !buffer.is_c_contiguous() {
            return Err(wrong::<T>(name, given));
        }
        let (start, length, writable) =
            (buffer.buf_ptr().cast(), buffer.item_count(), !buffer.readonly());
        Ok(Column { start, length, writable, _array: PhantomData, _buffer: Some(buffer) })
    }

    /// An array to be written.
    pub(crate) fn output(name: &str, given: &'a Bound<'_, PyAny>) -> PyResult<Self> {
        let column = Self::input(name, given)?;
        if !column.writable {
            let made = format!("numpy.empty({}, dtype=numpy.{})", column.length, T::DTYPE);
            return Err(PyValueError::new_err(format!(
                "{name}: expected an array that can be written to, got a read-only one; {made} makes one"
            )));
        }
        Ok(column)
    }

    /// How many items there are.
    pub(crate) fn len(&self) -> usize {
        self.length
    }

    /// The item at `index`.
    #[inline]
    pub(crate) fn get(&self, _: Python<'_>, index: usize) -> T {
        assert!(index < self.length, "the column is shorter");
        // SAFETY: `start` is the start of a contiguous piece of `length` items of this type (`input`
        // has looked; `PyBuffer` or NumPy's flags and type say that they are aligned). The buffer keeps
        // it, or else the array, which the caller's arguments keep for `'a`, and which nobody changes
        // while the caller has the interpreter's lock: a caller that let it go makes a new column.
        unsafe { T::load(self.start.add(index)) }
    }

    /// Writes the item at `index` of a column that is an [`output`](Self::output).
    #[inline]
    pub(crate) fn set(&self, _: Python<'_>, index: usize, value: T) {
        assert!(index < self.length && self.writable, "the column is no such output");
        // SAFETY: as above, and the exporter lets it be written.
        unsafe { T::store(self.start.add(index), value) }
    }

    /// Whether the two have memory in common.
    pub(crate) fn overlaps<U: Item>(&self, other: &Column<'_, U>) -> bool {
        let end = |start: usize, length: usize, size: usize| start + length * size;
        let (a, b) = (self.start as usize, other.start as usize);
        a < end(b, other.length, size_of::<U>()) && b < end(a, self.length, size_of::<T>())
    }
}

/// The buffer, if its items are of this type. PyO3 reads over the order of the bytes.
fn of_type<T: Item>(given: &Bound<'_, PyAny>) -> Option<PyBuffer<T>> {
    let foreign: &[u8] = if cfg!(target_endian = "little") { b">!" } else { b"<" };
    let buffer = PyBuffer::<T>::get(given).ok()?;
    let order = buffer.format().to_bytes().first();
    order.is_none_or(|order| !foreign.contains(order)).then_some(buffer)
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
        let found = attribute(given, "dtype").map(|dtype| format!("an array of {dtype}"));
        let format = attribute(&view, "format").unwrap_or_default();
        let found = found.unwrap_or_else(|_| format!("a buffer of items {format:?}"));
        return PyTypeError::new_err(format!(
            "{name}: expected an array of {dtype}, got {found}; {name}.astype(numpy.{dtype}) converts one"
        ));
    }
    let strides = attribute(&view, "strides").unwrap_or_default();
    PyValueError::new_err(format!(
        "{name}: expected one dimension in one piece of memory, got shape {shape} with strides {strides} \
         in bytes; numpy.ravel({name}) makes one"
    ))
}
