//! NdisMWanSendComplete for many packets, from Python.
//!
//! What is as it should be goes to the engine's call for many; anything else about a packet or its
//! status goes the way of a single completion (`complete.rs`), in its turn.

use std::sync::Arc;

use ndiswan::event::Side;
use ndiswan::{Name, Status};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyInt, PyString};

use crate::adapter::Adapter;
use crate::error::{raise, value};
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

    fn at(&self, index: usize) -> Option<&Bound<'py, PyAny>> {
        match self {
            Statuses::All(status) => status.as_ref(),
            Statuses::Each(statuses) => statuses.get(index),
        }
    }
}

impl Adapter {
    pub(crate) fn complete_many(
        &self,
        py: Python<'_>,
        packets: &Bound<'_, PyAny>,
        status: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        self.alive()?;
        let packets = packets.try_iter().map_err(|_| {
            PyTypeError::new_err(format!(
                "expected an iterable of packets, got {}; wan_send_complete completes one",
                status::describe(packets)
            ))
        })?;
        // All of it before anything is completed: what is iterated over may run anything, and raise.
        let packets: Vec<_> = packets.collect::<PyResult<_>>()?;
        let statuses = Statuses::new(status, packets.len())?;
        let mut batch = self.shared.core.completions();
        let (mut first, mut more) = (None, 0);
        for (index, packet) in packets.iter().enumerate() {
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
                if self.alive().is_err() {
                    break; // a bug check: the rest has been taken back
                }
            }
        }
        drop(batch);
        let Some(error) = first else { return Ok(()) };
        if more > 0 {
            let note =
                format!("{more} more packet(s) of this call broke a rule: see ndis.violations");
            error.value(py).call_method1("add_note", (note,))?;
        }
        Err(error)
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
