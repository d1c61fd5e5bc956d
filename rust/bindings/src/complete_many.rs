//! NdisMWanSendComplete for many packets, from Python.
//!
//! What is as it should be goes to the engine's call for many; anything else about a packet or its
//! status goes the way of a single completion (`complete.rs`), in its turn.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use ndiswan::event::Side;
use ndiswan::{Delivery, Name, Status, Violation};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyInt, PyString};

use crate::adapter::Adapter;
use crate::batch::Batch;
use crate::column::{Column, Item, has_buffer};
use crate::error::{raise, raise_first, settle_warnings, value, with_more};
use crate::packet::Packet;
use crate::status;

/// One status for all, or one for each.
enum Statuses<'py> {
    All(Option<Bound<'py, PyAny>>),
    Each(Vec<Bound<'py, PyAny>>),
}

impl<'py> Statuses<'py> {
    fn new(given: Option<&Bound<'py, PyAny>>, packets: usize) -> PyResult<Self> {
        let Some(given) = given else { return Ok(Statuses::All(None)) };
        // What is no sequence of statuses is one, if a wrong one: it is told at each packet.
        let one = given.is_instance_of::<PyInt>()
            || given.is_instance_of::<PyString>()
            || given.is_instance_of::<PyBytes>()
            || given.is_instance_of::<PyByteArray>();
        let Some(each) = (!one).then(|| given.try_iter().ok()).flatten() else {
            return Ok(Statuses::All(Some(given.clone())));
        };
        let each: Vec<_> = each.collect::<PyResult<_>>()?;
        if each.len() != packets {
            return Err(value(format!(
                "expected one status for all, or {packets} statuses for {packets} packets, got {}; nothing was completed",
                each.len()
            )));
        }
        Ok(Statuses::Each(each))
    }

    fn are_one(&self) -> bool {
        matches!(self, Statuses::All(_))
    }

    fn at(&self, index: usize) -> Option<&Bound<'py, PyAny>> {
        match self {
            Statuses::All(status) => status.as_ref(),
            Statuses::Each(statuses) => statuses.get(index),
        }
    }
}

/// The column that was given, if it is one: an array of anything but objects has to be of names.
fn handles_of<'a>(given: &'a Bound<'_, PyAny>) -> PyResult<Option<Column<'a, u64>>> {
    if let Some(column) = Column::<u64>::plain(given) {
        return Ok(Some(column));
    }
    let Some(dtype) = given.getattr_opt("dtype")? else {
        return has_buffer(given).then(|| Column::input("packets", given)).transpose();
    };
    let objects =
        dtype.getattr_opt("hasobject")?.is_some_and(|has| has.is_truthy().unwrap_or(false));
    if objects { Ok(None) } else { Column::input("packets", given).map(Some) }
}

impl Adapter {
    pub(crate) fn complete_many(
        &self,
        py: Python<'_>,
        packets: &Bound<'_, PyAny>,
        status: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let before = self.shared.world.core.violation_count();
        self.complete_each(py, packets, status)?;
        settle_warnings(py, &self.shared.world, before)
    }

    fn complete_each(
        &self,
        py: Python<'_>,
        packets: &Bound<'_, PyAny>,
        status: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        self.alive()?;
        if let Ok(batch) = packets.cast::<Batch>() {
            let statuses = statuses_of(py, status, batch.get().names().len())?;
            return self.complete_handles(py, batch.get().names(), &statuses);
        }
        if let Some(column) = handles_of(packets)? {
            let handles: Vec<u64> = column.items(py).iter().map(u64::load).collect();
            let statuses = statuses_of(py, status, handles.len())?;
            return self.complete_handles(py, &handles, &statuses);
        }
        let packets = packets.try_iter().map_err(|_| {
            PyTypeError::new_err(format!(
                "expected an iterable of packets, got {}; wan_send_complete completes one",
                status::describe(packets)
            ))
        })?;
        // All of it before anything is completed: what is iterated over may run anything, and raise.
        let packets: Vec<_> = packets.collect::<PyResult<_>>()?;
        let statuses = Statuses::new(status, packets.len())?;
        let one = |status: Option<&Bound<'_, PyAny>>| match status {
            Some(given) => status::from_python(py, given).ok().flatten(),
            None => Some(Status::SUCCESS),
        };
        // Packets about which there is nothing to say but their names, and one status for all.
        if let Some(status) = one(statuses.at(0)).filter(|_| statuses.are_one()) {
            let name = |packet| self.plain(py, packet, None).map(|(name, _)| name.handle());
            if let Some(handles) = packets.iter().map(name).collect::<Option<Vec<u64>>>() {
                return self.complete_handles(py, &handles, &[status]);
            }
        }
        let mut batch = self.shared.core.completions();
        let (mut first, mut more) = (None, 0);
        for (index, packet) in packets.iter().enumerate() {
            if self.alive().is_err() {
                break; // a bug check: the rest has been taken back
            }
            let status = statuses.at(index);
            let done = if let Some((name, status)) = self.plain(py, packet, status) {
                raise(py, &self.shared.world, batch.complete(name, status)).map(drop)
            } else {
                batch.flush();
                self.complete(py, packet, status)
            };
            if let Err(error) = done {
                more += usize::from(first.is_some());
                first.get_or_insert(error);
            }
        }
        drop(batch);
        first.map_or(Ok(()), |error| Err(with_more(py, error, more)))
    }

    /// The same for names in a column.
    fn complete_handles(
        &self,
        py: Python<'_>,
        handles: &[u64],
        statuses: &[Status],
    ) -> PyResult<()> {
        let core = &self.shared.core;
        let status = |at: usize| match statuses {
            [] => Status::SUCCESS,
            [all] => *all,
            each => each[at],
        };
        let views = &*self.shared.exports;
        let inline = self.shared.world.core.config.delivery == Delivery::Inline;
        let mut broken = Vec::new();
        let mut at = 0;
        while at < handles.len() && self.alive().is_ok() {
            let rest = &handles[at..];
            let exported = self.shared.exported.load(Ordering::Relaxed);
            let count = |views: &AtomicU32| views.load(Ordering::Relaxed);
            let fit = |slot| views.get(slot as usize).map_or(0, count) == 0;
            // What there is of most calls stands in a loop of its own, which asks nothing of each packet.
            let done = match statuses {
                [] | [Status::SUCCESS] if !exported => {
                    core.complete_together(rest, |_| Status::SUCCESS, |_| true)
                }
                _ => core.complete_together(rest, |next| status(at + next), fit),
            };
            if done > 0 {
                at += done;
                continue;
            }
            let least = if inline { core.least_back() } else { 1 };
            // One by one, in the ring together where delivery is queued; the next one at least.
            let mut batch = core.completions();
            let end = if inline && rest.len() >= least { at + 1 } else { handles.len() };
            for (next, handle) in handles[at..end].iter().enumerate() {
                if self.alive().is_err() {
                    break; // as above
                }
                let name = Name::of_handle(*handle, core.index);
                let touched = self.part(py, name);
                broken.extend(batch.complete(name, status(at + next)).err());
                broken.extend(touched);
            }
            at = end;
            drop(batch);
        }
        raise_first(py, &self.shared.world, broken)
    }

    /// A packet that still has views of the miniport's parts from them; the rule that this breaks.
    fn part(&self, py: Python<'_>, name: Name) -> Option<Arc<Violation>> {
        let views = self.shared.views(name.slot);
        if views == 0 || !self.shared.core.is_with_miniport(name) {
            return None;
        }
        self.shared.part_from_views(py, name.slot);
        Some(self.shared.core.report_views(name, views))
    }

    /// The packet and its status, if there is nothing to say about them that only Python can see.
    fn plain(
        &self,
        py: Python<'_>,
        packet: &Bound<'_, PyAny>,
        given: Option<&Bound<'_, PyAny>>,
    ) -> Option<(Name, Status)> {
        let packet = packet.cast::<Packet>().ok()?;
        let packet = packet.get();
        let mine = packet.side == Side::Miniport
            && Arc::ptr_eq(&packet.shared, &self.shared)
            && self.shared.views(packet.slot) == 0;
        let status = match given {
            None => Status::SUCCESS,
            Some(given) => status::from_python(py, given).ok()??,
        };
        mine.then(|| (packet.name(), status))
    }
}

/// The statuses of so many packets: none for SUCCESS, one for all, or one for each.
fn statuses_of(
    py: Python<'_>,
    given: Option<&Bound<'_, PyAny>>,
    count: usize,
) -> PyResult<Vec<Status>> {
    let Some(given) = given else { return Ok(Vec::new()) };
    if let Some(status) = status::from_python(py, given)? {
        return Ok(vec![status]);
    }
    let expected =
        format!("expected one NDIS_STATUS for all, or {count} of them as an array of uint32");
    let statuses = crate::batch::given_statuses(py, given)?.ok_or_else(|| {
        let got = status::describe(given);
        PyTypeError::new_err(format!("{expected}, got {got}; nothing was completed"))
    })?;
    if statuses.len() != count {
        let got = statuses.len();
        return Err(value(format!("{expected}, got {got}; nothing was completed")));
    }
    Ok(statuses)
}
