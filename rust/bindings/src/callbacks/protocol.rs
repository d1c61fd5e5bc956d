//! The way up to a protocol.

use std::sync::Arc;

use ndiswan::ndis::Batch;
use ndiswan::ring::Completion;
use ndiswan::{Cx, FinalStatus, Name, Packet, Protocol, Status, UpToDispatch};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::{Cell, shared};
use crate::config::Entries;
use crate::shared::World;
use crate::status;

/// A protocol written in Python.
pub(crate) struct PyProtocol {
    pub(crate) world: Arc<World>,
    pub(crate) cell: Cell,
    pub(crate) entries: Entries,
}

impl PyProtocol {
    fn with_link(
        &self,
        name: &str,
        link: &Arc<ndiswan::Link>,
        f: impl FnOnce(Python<'_>, &Py<PyAny>, Py<crate::link::Link>) -> PyResult<Py<PyAny>>,
    ) -> Option<Py<PyAny>> {
        let entry = self.entries.get(name)?;
        let cell = self.cell.get()?;
        Python::attach(|py| {
            let result = cell.link(py, link).and_then(|link| f(py, entry, link));
            result.map_err(|error| self.world.keep(py, error)).ok()
        })
    }

    fn with_status(&self, name: &str, status: Status) {
        let Some(entry) = self.entries.get(name) else { return };
        Python::attach(|py| {
            let result =
                status::to_python(py, status).and_then(|status| entry.call1(py, (status,)));
            if let Err(error) = result {
                self.world.keep(py, error);
            }
        });
    }
}

impl Protocol for PyProtocol {
    fn send_complete(&self, cx: &mut Cx<UpToDispatch>, packet: Packet, status: FinalStatus) {
        let adapter = Arc::clone(packet.adapter());
        let slot = packet.into_name().slot;
        self.send_complete_name(cx, &adapter, slot, status);
    }

    fn send_complete_name(
        &self,
        cx: &mut Cx<UpToDispatch>,
        _: &ndiswan::Adapter,
        slot: u32,
        status: FinalStatus,
    ) {
        let shared = shared(&self.cell);
        Python::attach(|py| {
            if self.entries.only_many {
                return self.one_as_many(py, cx.cpu(), shared, slot, status);
            }
            if let Some(entry) = self.for_chains() {
                return self.bring_chain(py, cx.cpu(), entry, &[Completion { slot, status }]);
            }
            self.part(py, slot);
            let packet = match shared.protocol_packet(py, slot) {
                Ok(packet) => packet,
                Err(error) => return self.world.keep(py, error),
            };
            let slot = Name { adapter: shared.core.index, slot, generation: 0 };
            let name = shared.present(slot); // it may be in another life afterwards
            let called = status::borrowed(py, status.get(), |status| {
                self.entries.first.call(py, packet.bind(py), status)
            });
            if let Err(error) = called {
                self.world.keep_of(py, error, Some(name));
            }
            shared.let_go(py, cx.cpu(), packet);
        });
    }

    fn send_complete_names(
        &self,
        cx: &mut Cx<UpToDispatch>,
        adapter: &ndiswan::Adapter,
        chain: &[Completion],
    ) {
        let Some(entry) = self.for_chains() else {
            for one in chain {
                self.send_complete_name(cx, adapter, one.slot, one.status);
            }
            return;
        };
        Python::attach(|py| self.bring_chain(py, cx.cpu(), entry, chain));
    }

    fn many(&self) -> Option<usize> {
        self.entries.least()
    }

    fn send_complete_many(
        &self,
        _: &mut Cx<UpToDispatch>,
        link: &Arc<ndiswan::Link>,
        batch: Batch,
        statuses: Vec<Status>,
    ) {
        Python::attach(|py| self.bring(py, link, batch, statuses));
    }

    fn receive(&self, _: &mut Cx<UpToDispatch>, link: &Arc<ndiswan::Link>, data: &[u8]) -> Status {
        let answer = self.with_link("receive", link, |py, entry, link| {
            entry.call1(py, (link, PyBytes::new(py, data)))
        });
        let Some(answer) = answer else {
            let missing = self.entries.get("receive").is_none();
            return if missing { Status::NOT_ACCEPTED } else { Status::FAILURE };
        };
        Python::attach(|py| {
            let answer = answer.bind(py);
            if answer.is_none() {
                return Status::SUCCESS;
            }
            match status::from_python(py, answer) {
                Ok(Some(status)) => status,
                Ok(None) => {
                    self.world.keep(
                        py,
                        pyo3::exceptions::PyTypeError::new_err(format!(
                            "receive returned {}; expected None (taken) or an NDIS_STATUS",
                            status::describe(answer)
                        )),
                    );
                    Status::FAILURE
                }
                Err(error) => {
                    self.world.keep(py, error);
                    Status::FAILURE
                }
            }
        })
    }

    fn receive_complete(&self, _: &mut Cx<UpToDispatch>, link: &Arc<ndiswan::Link>) {
        self.with_link("receive_complete", link, |py, entry, link| entry.call1(py, (link,)));
    }

    fn line_up(&self, _: &mut Cx<UpToDispatch>, link: &Arc<ndiswan::Link>) {
        self.with_link("line_up", link, |py, entry, link| entry.call1(py, (link,)));
    }

    fn line_down(&self, _: &mut Cx<UpToDispatch>, link: &Arc<ndiswan::Link>) {
        self.with_link("line_down", link, |py, entry, link| entry.call1(py, (link,)));
    }

    fn fragment(&self, _: &mut Cx<UpToDispatch>, link: &Arc<ndiswan::Link>, errors: u32) {
        self.with_link("fragment", link, |py, entry, link| entry.call1(py, (link, errors)));
    }

    fn status(&self, _: &mut Cx<UpToDispatch>, status: Status) {
        self.with_status("status", status);
    }

    fn reset_complete(&self, _: &mut Cx<UpToDispatch>, status: Status) {
        self.with_status("reset_complete", status);
    }

    fn batch(&self, deliver: &mut dyn FnMut()) {
        Python::attach(|_| deliver());
    }
}
