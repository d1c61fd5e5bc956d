//! The adapter handle: what a miniport calls NDIS with.

use std::sync::Arc;

use ndiswan::contract::adapter::Life;
use ndiswan::cx::Cpu;
use ndiswan::event::Side;
use ndiswan::{Irql, LinkSettings, Rule, Status};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;

use crate::error::{raise, usage, value};
use crate::link::Link;
use crate::packet::{Packet, bytes_of};
use crate::shared::Shared;
use crate::spin_lock::SpinLock;
use crate::status;
use crate::timer::{Dpc, Timer};

/// MiniportAdapterHandle.
#[pyclass(frozen, subclass, module = "ndiswan", weakref)]
pub(crate) struct Adapter {
    pub(crate) shared: Arc<Shared>,
}

/// Seconds as nanoseconds.
pub(crate) fn nanoseconds(seconds: f64) -> PyResult<u64> {
    if !seconds.is_finite() || seconds < 0.0 || seconds > 1e9 {
        return Err(value(format!("expected seconds from 0 to 1e9, got {seconds}")));
    }
    Ok((seconds * 1e9).round() as u64)
}

impl Adapter {
    fn alive(&self) -> PyResult<()> {
        if self.shared.core.life() == Life::Stopped {
            let name = &self.shared.core.name;
            return Err(usage(format!(
                "adapter {name:?} was stopped by a bug check; see ndis.violations"
            )));
        }
        Ok(())
    }

    fn link_of<'a>(&self, link: &'a Bound<'_, PyAny>) -> PyResult<&'a Arc<ndiswan::Link>> {
        match link.cast::<Link>() {
            Ok(link) => Ok(&link.get().core),
            Err(_) => {
                let got = status::describe(link);
                let detail = format!("expected a Link (NdisLinkContext), got {got}");
                let violation = self.shared.core.report_broken(Rule::Handle, None, detail);
                self.shared.world.mark(&violation);
                Err(crate::error::to_error(link.py(), &violation))
            }
        }
    }

    fn status_of(
        &self,
        py: Python<'_>,
        given: &Bound<'_, PyAny>,
        packet: Option<ndiswan::Name>,
    ) -> PyResult<Status> {
        match status::from_python(py, given)? {
            Some(status) => Ok(status),
            None => {
                let detail = format!("expected an NDIS_STATUS, got {}", status::describe(given));
                let violation = self.shared.core.report_broken(Rule::StatusUnknown, packet, detail);
                raise::<()>(py, &self.shared.world, Err(violation))?;
                Ok(Status::FAILURE)
            }
        }
    }
}

#[pymethods]
impl Adapter {
    #[getter]
    fn name(&self) -> &str {
        &self.shared.core.name
    }

    #[getter]
    fn serialized(&self) -> bool {
        self.shared.core.serialized
    }

    /// Where it is in its life: "running", "resetting", "halted", …
    #[getter]
    fn life(&self) -> &'static str {
        match self.shared.core.life() {
            Life::Initializing => "initializing",
            Life::Running => "running",
            Life::Resetting => "resetting",
            Life::Halting => "halting",
            Life::Halted => "halted",
            Life::Stopped => "stopped",
        }
    }

    #[getter]
    fn now(&self) -> f64 {
        self.shared.world.core.now() as f64 / 1e9
    }

    #[getter]
    fn now_ns(&self) -> u64 {
        self.shared.world.core.now()
    }

    #[getter]
    fn links(&self, py: Python<'_>) -> PyResult<Vec<Py<Link>>> {
        self.shared.core.links().iter().map(|link| self.shared.link(py, link)).collect()
    }

    #[getter]
    fn counters(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        crate::request::counters(py, &self.shared.core.counters())
    }

    /// NdisMWanSendComplete.
    #[pyo3(signature = (packet, status=None))]
    fn wan_send_complete(
        &self,
        py: Python<'_>,
        packet: &Bound<'_, PyAny>,
        status: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        self.alive()?;
        let core = &self.shared.core;
        let Ok(packet) = packet.cast::<Packet>() else {
            let got = status::describe(packet);
            let detail = format!("expected the Packet that wan_send was called with, got {got}");
            let rule = if packet.is_instance_of::<Link>() || packet.is_instance_of::<Adapter>() {
                Rule::Handle
            } else {
                Rule::Foreign
            };
            let violation = core.report_broken(rule, None, detail);
            return raise::<()>(py, &self.shared.world, Err(violation)).map(drop);
        };
        let packet = packet.get();
        let name = packet.name();
        if !Arc::ptr_eq(&packet.shared, &self.shared) {
            let detail = format!(
                "{name} of adapter {:?} was completed through adapter {:?}",
                packet.shared.core.name, core.name
            );
            let violation = core.report_broken(Rule::Foreign, None, detail);
            return raise::<()>(py, &self.shared.world, Err(violation)).map(drop);
        }
        if packet.side == Side::Protocol {
            let detail = format!(
                "{name} was completed by the protocol's reference to it; complete with the one that wan_send got"
            );
            let violation = core.report_broken(Rule::Foreign, Some(name), detail);
            return raise::<()>(py, &self.shared.world, Err(violation)).map(drop);
        }
        let mut bad_status = None;
        let status = match status {
            None => Status::SUCCESS,
            Some(given) => match self.status_of(py, given, Some(name)) {
                Ok(status) => status,
                // The packet goes home all the same; then the error is raised.
                Err(error) => {
                    bad_status = Some(error);
                    Status::FAILURE
                }
            },
        };
        let views = self.shared.views(name.slot);
        let mine = views > 0
            && core.state_of(name).is_some_and(|s| {
                s.touch(name.generation, Side::Miniport, ndiswan::event::Part::Data).is_ok()
            });
        let mut touched = Ok(());
        if mine {
            self.shared.part_from_views(name.slot);
            touched = Err(core.report_views(name, views));
        }
        let result = core.wan_send_complete(name, status);
        if let Some(error) = bad_status {
            return Err(error);
        }
        raise(py, &self.shared.world, result)?;
        raise(py, &self.shared.world, touched).map(drop)
    }

    /// NdisAllocateSpinLock.
    #[pyo3(signature = (name="lock"))]
    fn spin_lock(&self, name: &str) -> SpinLock {
        SpinLock::new(&self.shared, name)
    }

    /// NdisMInitializeTimer.
    fn timer(&self, py: Python<'_>, callback: Py<PyAny>) -> PyResult<Timer> {
        if !callback.bind(py).is_callable() {
            return Err(PyTypeError::new_err(format!(
                "expected a callable, got {}",
                status::describe(callback.bind(py))
            )));
        }
        self.shared.timers.lock().push(callback);
        Ok(Timer { shared: Arc::clone(&self.shared), id: self.shared.core.timer() })
    }

    /// A deferred procedure call.
    fn dpc(&self, py: Python<'_>, callback: Py<PyAny>) -> PyResult<Dpc> {
        if !callback.bind(py).is_callable() {
            return Err(PyTypeError::new_err(format!(
                "expected a callable, got {}",
                status::describe(callback.bind(py))
            )));
        }
        self.shared.dpcs.lock().push(callback);
        Ok(Dpc { shared: Arc::clone(&self.shared), id: self.shared.core.dpc() })
    }

    /// NDIS_STATUS_WAN_LINE_UP.
    #[pyo3(signature = (link=None, *, speed=64_000, quality=0, window=0, handle=None))]
    fn line_up(
        &self,
        py: Python<'_>,
        link: Option<&Bound<'_, PyAny>>,
        speed: u64,
        quality: u32,
        window: u32,
        handle: Option<u64>,
    ) -> PyResult<Option<Py<Link>>> {
        self.alive()?;
        let send_window = u16::try_from(window).map_err(|_| {
            value(format!("expected a window of 0 (max_transmit) to 65535, got {window}"))
        })?;
        let known = link.map(|link| self.link_of(link)).transpose()?;
        let settings = LinkSettings { speed, quality, send_window };
        let result = self.shared.core.line_up(known, handle, settings);
        match raise(py, &self.shared.world, result)? {
            Some(link) => self.shared.link(py, &link).map(Some),
            None => known.map(|link| self.shared.link(py, link)).transpose(),
        }
    }

    /// NDIS_STATUS_WAN_LINE_DOWN.
    fn line_down(&self, py: Python<'_>, link: &Bound<'_, PyAny>) -> PyResult<()> {
        self.alive()?;
        raise(py, &self.shared.world, self.shared.core.line_down(self.link_of(link)?)).map(drop)
    }

    /// NDIS_STATUS_WAN_FRAGMENT.
    fn fragment(&self, py: Python<'_>, link: &Bound<'_, PyAny>, errors: u32) -> PyResult<()> {
        self.alive()?;
        raise(py, &self.shared.world, self.shared.core.fragment(self.link_of(link)?, errors))
            .map(drop)
    }

    /// NdisMWanIndicateReceive.
    fn indicate_receive(
        &self,
        py: Python<'_>,
        link: &Bound<'_, PyAny>,
        data: &Bound<'_, PyAny>,
    ) -> PyResult<Py<PyAny>> {
        self.alive()?;
        let bytes = bytes_of(py, data)?;
        let result = self.shared.core.indicate_receive(self.link_of(link)?, &bytes);
        let answer = raise(py, &self.shared.world, result)?.unwrap_or(Status::FAILURE);
        status::to_python(py, answer)
    }

    /// NdisMWanIndicateReceiveComplete.
    fn indicate_receive_complete(&self, py: Python<'_>, link: &Bound<'_, PyAny>) -> PyResult<()> {
        self.alive()?;
        raise(
            py,
            &self.shared.world,
            self.shared.core.indicate_receive_complete(self.link_of(link)?),
        )
        .map(drop)
    }

    /// NdisMResetComplete.
    #[pyo3(signature = (status, addressing_reset=false))]
    fn reset_complete(
        &self,
        py: Python<'_>,
        status: &Bound<'_, PyAny>,
        addressing_reset: bool,
    ) -> PyResult<()> {
        self.alive()?;
        let _ = addressing_reset; // WAN miniports keep no addresses of their own
        let status = self.status_of(py, status, None)?;
        raise(py, &self.shared.world, self.shared.core.reset_complete(status)).map(drop)
    }

    /// NdisMSendResourcesAvailable.
    fn send_resources_available(&self, py: Python<'_>) -> PyResult<()> {
        let violation = self.shared.core.send_resources_available();
        raise::<()>(py, &self.shared.world, Err(violation)).map(drop)
    }

    /// The card raises its interrupt.
    fn interrupt(&self) {
        self.shared.core.interrupt();
    }

    #[getter]
    fn irql(&self) -> u8 {
        Cpu::current().irql().0
    }

    /// KeRaiseIrql.
    fn raise_irql(&self, py: Python<'_>, level: u8) -> PyResult<u8> {
        let old = Cpu::current().irql();
        if level > Irql::HIGH.0 {
            return Err(value(format!("expected an IRQL of 0 to 31, got {level}")));
        }
        raise(py, &self.shared.world, self.shared.core.raise_irql(Irql(level)))?;
        Ok(old.0)
    }

    /// KeLowerIrql.
    fn lower_irql(&self, py: Python<'_>, level: u8) -> PyResult<()> {
        raise(py, &self.shared.world, self.shared.core.lower_irql(Irql(level))).map(drop)
    }

    fn __repr__(&self) -> String {
        format!("<Adapter {:?}, {}>", self.shared.core.name, self.life())
    }
}
