//! Entries as Python has them: three columns, or one number for a whole column.

use ndiswan::Status;
use ndiswan::ring::{Consumer, Record, Ring};
use pyo3::prelude::*;
use pyo3::types::PyInt;

use crate::column::{Column, Item};
use crate::error::value;
use crate::number::number;
use crate::status::{final_number, is_pending};

/// A column, or if there is none the same number for all.
struct Values<'a> {
    each: Option<Column<'a, u32>>,
    all: u32,
}

impl<'a> Values<'a> {
    #[inline]
    fn new(
        name: &str,
        given: &'a Bound<'_, PyAny>,
        length: usize,
        scalar: impl Fn() -> PyResult<u32>,
    ) -> PyResult<Self> {
        let column = match Column::plain(given) {
            Some(column) => column,
            None if given.is_instance_of::<PyInt>() => return scalar().map(Values::all),
            None => match Column::input(name, given) {
                Ok(column) => column,
                // A scalar of NumPy's, which has no length.
                Err(_) if given.len().is_err() && given.hasattr("__index__")? => {
                    return scalar().map(Values::all);
                }
                Err(error) => return Err(error),
            },
        };
        same_length(name, column.len(), length)?;
        Ok(Values { each: Some(column), all: 0 })
    }

    fn all(number: u32) -> Self {
        Values { each: None, all: number }
    }
}

#[inline]
fn same_length(name: &str, length: usize, handles: usize) -> PyResult<()> {
    if length == handles { Ok(()) } else { Err(other_length(name, length, handles)) }
}

#[cold]
fn other_length(name: &str, length: usize, handles: usize) -> PyErr {
    value(format!("{name}: expected as many items as there are handles, {handles}, got {length}"))
}

/// Entries to be put in.
pub(super) struct Inputs<'a> {
    handles: Column<'a, u64>,
    statuses: Values<'a>,
    tags: Values<'a>,
}

impl<'a> Inputs<'a> {
    /// Columns of one length, or numbers, with no PENDING among the statuses.
    #[inline]
    pub(super) fn new(
        py: Python<'_>,
        handles: &'a Bound<'_, PyAny>,
        statuses: &'a Bound<'_, PyAny>,
        tags: Option<&'a Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let handles = Column::input("handles", handles)?;
        let length = handles.len();
        let statuses = Values::new("statuses", statuses, length, || final_number(py, statuses))?;
        let tags = match tags {
            None => Values::all(0),
            Some(tags) => Values::new("tags", tags, length, || number("tag", 32, tags))?,
        };
        if let Some(statuses) = &statuses.each {
            no_pending(py, statuses)?;
        }
        Ok(Inputs { handles, statuses, tags })
    }

    pub(super) fn len(&self) -> usize {
        self.handles.len()
    }

    /// The first `count` entries into the ring, which has room for them.
    #[inline]
    pub(super) fn put(&self, py: Python<'_>, count: usize, ring: &Ring<Record>) {
        let handles = self.handles.items(py)[..count].iter();
        // A loop for each kind of columns, so that none asks at each entry.
        let (status, tag) = (self.statuses.all, self.tags.all);
        match (&self.statuses.each, &self.tags.each) {
            (None, None) => put(ring, handles.map(|handle| record(handle, status, tag))),
            (None, Some(tags)) => {
                let rows = handles.zip(tags.items(py));
                put(ring, rows.map(|(handle, tag)| record(handle, status, u32::load(tag))));
            }
            (Some(statuses), None) => {
                let rows = handles.zip(statuses.items(py));
                put(ring, rows.map(|(handle, status)| record(handle, u32::load(status), tag)));
            }
            (Some(statuses), Some(tags)) => {
                let rows = handles.zip(statuses.items(py)).zip(tags.items(py));
                let load =
                    |((handle, status), tag)| record(handle, u32::load(status), u32::load(tag));
                put(ring, rows.map(load));
            }
        }
    }
}

#[inline]
fn record(handle: &<u64 as Item>::Cell, status: u32, tag: u32) -> Record {
    Record { handle: u64::load(handle), status, tag }
}

/// Apart from what comes before it, so that what the loop needs is in registers.
#[inline(never)]
fn put(ring: &Ring<Record>, entries: impl ExactSizeIterator<Item = Record> + Clone) {
    ring.push_each(entries);
}

/// Looks through a column of statuses, eight at a time without a branch for each.
#[inline]
fn no_pending(py: Python<'_>, statuses: &Column<'_, u32>) -> PyResult<()> {
    let is_pending_at = |status: &_| u32::load(status) == Status::PENDING.0;
    let any = |found, status: &_| found | is_pending_at(status);
    let eights = statuses.items(py).chunks_exact(8);
    let rest = eights.remainder().iter().fold(false, any);
    if !rest && !eights.clone().any(|eight| eight.iter().fold(false, any)) {
        return Ok(());
    }
    let at = statuses.items(py).iter().position(is_pending_at);
    at.map_or(Ok(()), |at| Err(is_pending(&format!("statuses[{at}]"))))
}

/// Where entries are written to.
pub(super) struct Outputs<'a> {
    handles: Column<'a, u64>,
    statuses: Column<'a, u32>,
    tags: Option<Column<'a, u32>>,
}

impl<'a> Outputs<'a> {
    /// Columns of one length that have no memory in common.
    #[inline]
    pub(super) fn new(
        handles: &'a Bound<'_, PyAny>,
        statuses: &'a Bound<'_, PyAny>,
        tags: Option<&'a Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let handles = Column::output("handles", handles)?;
        let statuses = Column::output("statuses", statuses)?;
        same_length("statuses", statuses.len(), handles.len())?;
        let tags = tags.map(|tags| Column::output("tags", tags)).transpose()?;
        let mut mixed = handles.overlaps(&statuses);
        if let Some(tags) = &tags {
            same_length("tags", tags.len(), handles.len())?;
            mixed |= tags.overlaps(&handles) || tags.overlaps(&statuses);
        }
        if mixed {
            return Err(value(
                "handles, statuses, tags: expected an array for each, got two that share memory; numpy.empty_like(one) makes another",
            ));
        }
        Ok(Outputs { handles, statuses, tags })
    }

    pub(super) fn len(&self) -> usize {
        self.handles.len()
    }

    /// Takes out what there is room for.
    #[inline]
    pub(super) fn take(&self, py: Python<'_>, consumer: &mut Consumer<Record>) -> usize {
        let mut rows = self.handles.items(py).iter().zip(self.statuses.items(py));
        let Some(tags) = &self.tags else {
            return consumer.drain(self.len(), |record| {
                if let Some((handle, status)) = rows.next() {
                    u64::store(handle, record.handle);
                    u32::store(status, record.status);
                }
            });
        };
        let mut rows = rows.zip(tags.items(py));
        consumer.drain(self.len(), |record| {
            if let Some(((handle, status), tag)) = rows.next() {
                u64::store(handle, record.handle);
                u32::store(status, record.status);
                u32::store(tag, record.tag);
            }
        })
    }
}
