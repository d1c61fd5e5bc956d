//! The only way up into Python: drivers written in it, as implementors of the engine's traits.
//!
//! Bound methods are looked up once, when the driver is bound. An exception of a callback never
//! goes through the engine: the packet goes back, the exception waits in the world until the
//! outermost call returns to Python, and is raised there.

mod batch;
mod chain;
mod protocol;

use std::marker::PhantomData;
use std::sync::{Arc, OnceLock};

use ndiswan::face::Face;
use ndiswan::ndis::Batch;
use ndiswan::oid::{Answer, Oid};
use ndiswan::{
    Cx, Dirql, Dispatch, Disposition, Miniport, Mode, Name, Passive, Rule, Sending, Status, WanInfo,
};
use pyo3::prelude::*;

use crate::adapter::Adapter;
use crate::config::Entries;
use crate::error::raise;
use crate::gil_cell::GilCell;
use crate::shared::{Routines, Shared, World, call_routine};
use crate::status;

pub(crate) use protocol::PyProtocol;

/// What both drivers of an adapter come to share once it is there.
pub(crate) type Cell = Arc<OnceLock<Arc<Shared>>>;

/// A miniport written in Python.
pub(crate) struct PyMiniport<M> {
    pub(crate) world: Arc<World>,
    pub(crate) cell: Cell,
    pub(crate) driver: Py<PyAny>,
    pub(crate) entries: Entries,
    pub(crate) face: Face,
    pub(crate) info: WanInfo,
    pub(crate) hang_interval: u64,
    pub(crate) line_up_at_bind: bool,
    pub(crate) _mode: PhantomData<fn(M)>,
}

pub(crate) fn shared(cell: &Cell) -> &Arc<Shared> {
    cell.get().expect("a driver is called after it was initialized")
}

impl<M: Mode> PyMiniport<M> {
    /// Calls an entry point without arguments; what it raises is kept.
    fn call<R>(
        &self,
        name: &str,
        f: impl FnOnce(Python<'_>, &Bound<'_, PyAny>) -> PyResult<R>,
    ) -> Option<R> {
        Python::attach(|py| {
            let entry = self.entries.get(name)?;
            let result = entry.call0(py).and_then(|value| f(py, value.bind(py)));
            result.map_err(|error| self.world.keep(py, error)).ok()
        })
    }

    /// Calls `wan_send`; `None` if its answer was no status, which is reported.
    fn send(
        &self,
        py: Python<'_>,
        shared: &Arc<Shared>,
        link: &Arc<ndiswan::Link>,
        name: Name,
    ) -> PyResult<Option<Status>> {
        if self.entries.only_many {
            return self.send_as_many(py, shared, name);
        }
        let packet = shared.miniport_packet(py, name)?;
        let link = shared.bound_link(py, link)?;
        let answer = self.entries.first.call(py, &link, &packet)?;
        if let Some(status) = status::from_python(py, &answer)? {
            return Ok(Some(status));
        }
        let detail = self.no_status(&answer);
        let violation = shared.core.report_broken(Rule::StatusUnknown, Some(name), detail);
        raise::<()>(py, &self.world, Err(violation))?;
        Ok(None)
    }

    /// What is said of an answer that is no status. A LAN miniport has `send_packets` if it takes many.
    fn no_status(&self, answer: &Bound<'_, PyAny>) -> String {
        let array = self.face == Face::Lan && self.entries.many.is_some();
        let send = if array { "send_packets" } else { self.face.functions().0 };
        let got = status::describe(answer);
        if array || self.face.is_void() {
            return format!(
                "{send} returned {got}; expected nothing, since each packet has a status of its own"
            );
        }
        let hint = format!("; a {send} without a return statement returns None");
        let hint = if answer.is_none() { hint.as_str() } else { "" };
        format!("{send} returned {got}; expected an NDIS_STATUS{hint}")
    }

    /// What `pause` or `restart` answered; SUCCESS without a return statement, or without that function.
    fn status_of_life(&self, name: &str) -> Status {
        if self.entries.get(name).is_none() {
            return Status::SUCCESS;
        }
        let answer = self.call(name, |py, answer| {
            if answer.is_none() {
                return Ok(Status::SUCCESS);
            }
            status::from_python(py, answer)?.ok_or_else(|| {
                pyo3::exceptions::PyTypeError::new_err(format!(
                    "{name} returned {}; expected None or an NDIS_STATUS",
                    status::describe(answer)
                ))
            })
        });
        answer.unwrap_or(Status::FAILURE)
    }

    fn timer_or_dpc(&self, which: impl FnOnce(&Shared) -> &GilCell<Routines>, at: u32) {
        run_routine(&self.world, which(shared(&self.cell)), at);
    }
}

/// Runs the routine of a timer, a DPC or a device; what it raises is kept.
pub(crate) fn run_routine(world: &World, known: &GilCell<Routines>, at: u32) {
    Python::attach(|py| {
        if let Err(error) = call_routine(py, known, at) {
            world.keep(py, error);
        }
    });
}

impl<M: Mode> Miniport for PyMiniport<M> {
    type Mode = M;

    fn face(&self) -> Face {
        self.face
    }

    fn info(&self) -> WanInfo {
        self.info.clone()
    }

    fn initialize(
        &self,
        _: &mut Cx<Passive>,
        adapter: &Arc<ndiswan::Adapter>,
    ) -> Result<(), Status> {
        let made = Arc::new(Shared::new(adapter, Arc::clone(&self.world)));
        let _ = self.cell.set(Arc::clone(&made));
        Python::attach(|py| {
            let run = || -> PyResult<Status> {
                let adapter = crate::config::new_adapter(py, Adapter { shared: made })?;
                let adapter = match self.driver.getattr(py, "_adapter_class") {
                    Ok(class) if self.face != Face::Wan => class.call1(py, (adapter,))?,
                    _ => adapter,
                };
                self.driver.setattr(py, "adapter", adapter)?;
                let Some(entry) = self.entries.get("initialize") else {
                    return Ok(Status::SUCCESS);
                };
                let answer = entry.call0(py)?;
                let answer = answer.bind(py);
                if answer.is_none() {
                    return Ok(Status::SUCCESS);
                }
                status::from_python(py, answer)?.ok_or_else(|| {
                    pyo3::exceptions::PyTypeError::new_err(format!(
                        "initialize returned {}; expected None or an NDIS_STATUS",
                        status::describe(answer)
                    ))
                })
            };
            match run() {
                Ok(Status::SUCCESS) => Ok(()),
                Ok(status) => Err(status),
                Err(error) => {
                    self.world.keep(py, error);
                    Err(Status::FAILURE)
                }
            }
        })
    }

    fn wan_send<'call>(
        &self,
        _: &mut Cx<M::SendLevel>,
        link: &Arc<ndiswan::Link>,
        packet: Sending<'call, M>,
    ) -> Disposition<'call> {
        let held = packet.into_name();
        let name = held.name;
        let status = Python::attach(|py| {
            let shared = shared(&self.cell);
            let answer = self.send(py, shared, link, name).unwrap_or_else(|error| {
                self.world.keep_of(py, error, Some(name));
                None
            });
            let status = answer.unwrap_or_else(|| {
                // Without an answer the packet goes back, unless it went back before.
                let had = shared.core.disown(name);
                if had { Status::FAILURE } else { Status::PENDING }
            });
            let views = shared.views(name.slot);
            if views > 0 && status != Status::PENDING && shared.core.is_with_miniport(name) {
                shared.part_from_views(py, name.slot);
                drop(shared.core.report_views(name, views));
            }
            status
        });
        held.returned(status)
    }

    fn many(&self) -> Option<usize> {
        self.entries.least()
    }

    fn wan_send_many(
        &self,
        _: &mut Cx<M::SendLevel>,
        link: &Arc<ndiswan::Link>,
        batch: &Arc<Batch>,
        answers: &mut Vec<Status>,
    ) {
        Python::attach(|py| *answers = self.take_many(py, link, batch));
    }

    fn halt(&self, _: &mut Cx<Passive>) {
        self.call("halt", |_, _| Ok(()));
    }

    fn reset(&self, _: &mut Cx<Dispatch>) -> (Status, bool) {
        if self.entries.get("reset").is_none() {
            return (Status::SUCCESS, false);
        }
        let answer = self.call("reset", |py, answer| {
            let (answer, flag) = match answer.extract::<(Bound<'_, PyAny>, bool)>() {
                Ok(pair) => pair,
                Err(_) => (answer.clone(), false),
            };
            if answer.is_none() {
                return Ok((Status::SUCCESS, flag));
            }
            let status = status::from_python(py, &answer)?.ok_or_else(|| {
                pyo3::exceptions::PyTypeError::new_err(format!(
                    "reset returned {}; expected an NDIS_STATUS, or (NDIS_STATUS, bool)",
                    status::describe(&answer)
                ))
            })?;
            Ok((status, flag))
        });
        answer.unwrap_or((Status::FAILURE, false))
    }

    fn has_check_for_hang(&self) -> bool {
        self.entries.get("check_for_hang").is_some()
    }

    fn check_for_hang(&self, _: &mut Cx<Dispatch>) -> bool {
        self.call("check_for_hang", |_, answer| answer.is_truthy()).unwrap_or(false)
    }

    fn check_for_hang_interval(&self) -> u64 {
        self.hang_interval
    }

    fn line_up_at_bind(&self) -> bool {
        self.line_up_at_bind
    }

    fn query_information(&self, _: &mut Cx<Dispatch>, oid: Oid) -> Option<Result<Answer, Status>> {
        let entry = self.entries.get("query_information")?;
        Python::attach(|py| {
            let result = crate::request::ask(py, entry, oid);
            result.map_err(|error| self.world.keep(py, error)).unwrap_or(Some(Err(Status::FAILURE)))
        })
    }

    fn set_information(
        &self,
        _: &mut Cx<Dispatch>,
        oid: Oid,
        value: &Answer,
    ) -> Option<Result<(), Status>> {
        let entry = self.entries.get("set_information")?;
        Python::attach(|py| {
            let result = crate::request::tell(py, entry, oid, value);
            result.map_err(|error| self.world.keep(py, error)).unwrap_or(Some(Err(Status::FAILURE)))
        })
    }

    fn isr(&self, _: &mut Cx<Dirql>) -> bool {
        if self.entries.get("isr").is_none() {
            return true;
        }
        // Without a return statement the interrupt counts as the card's own.
        self.call("isr", |_, answer| Ok(answer.is_none() || answer.is_truthy()?)).unwrap_or(false)
    }

    fn handle_interrupt(&self, _: &mut Cx<Dispatch>) {
        self.call("handle_interrupt", |_, _| Ok(()));
    }

    fn timer(&self, _: &mut Cx<Dispatch>, timer: u32) {
        self.timer_or_dpc(|shared| &shared.timers, timer);
    }

    fn dpc(&self, _: &mut Cx<Dispatch>, dpc: u32) {
        self.timer_or_dpc(|shared| &shared.dpcs, dpc);
    }

    fn device(&self, device: u32) {
        self.timer_or_dpc(|shared| &shared.devices, device);
    }

    fn cancel_send(&self, _: &mut Cx<M::SendLevel>, id: u64) {
        Python::attach(|py| {
            let Some(entry) = self.entries.get("cancel_send") else { return };
            if let Err(error) = entry.call1(py, (id,)) {
                self.world.keep(py, error);
            }
        });
    }

    fn pause(&self, _: &mut Cx<Passive>) -> Status {
        self.status_of_life("pause")
    }

    fn restart(&self, _: &mut Cx<Passive>) -> Status {
        self.status_of_life("restart")
    }

    fn shutdown(&self, _: &mut Cx<Passive>) {
        self.call("shutdown", |_, _| Ok(()));
    }
}
