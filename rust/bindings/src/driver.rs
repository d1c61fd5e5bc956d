//! Built-in cards and traffic as drivers: bound by ``ndis.bind`` like those of Python, without Python per packet.

use std::rc::Rc;
use std::sync::{Arc, OnceLock};

use ndiswan::cx::{Cpu, Cx, Dispatch, Passive, UpToDispatch};
use ndiswan::miniport::Deserialized;
use ndiswan::model::{Heard, LinkSpec, Luck, ModelError};
use ndiswan::{Disposition, Miniport, Sending, Status, WanInfo};
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use crate::bind::packets_of;
use crate::callbacks::{Cell, PyProtocol, run_routine, shared};
use crate::config::Entries;
use crate::error::{usage, value};
use crate::link::Link;
use crate::ndis::Ndis;
use crate::number::{Int, Text, arg};
use crate::shared::{Shared, World};
use crate::simulation::histogram_of;

/// A card on a line, as a miniport. ``models.CardMiniport`` is its face.
#[pyclass(frozen, module = "ndiswan")]
pub(crate) struct CardDriver {
    driver: Arc<ndiswan::model::CardDriver>,
    /// Who is told of each frame that arrives at the far end, and of each that the line loses.
    listeners: [Option<Py<PyAny>>; 2],
    bound: OnceLock<()>,
}

/// Traffic, as a protocol. ``models.TrafficProtocol`` is its face.
#[pyclass(frozen, module = "ndiswan")]
pub(crate) struct Feed {
    inner: ndiswan::model::Feed,
    /// The largest frame that it may send.
    #[pyo3(get)]
    largest: u32,
    bound: OnceLock<()>,
}

fn once(bound: &OnceLock<()>) -> PyResult<()> {
    bound.set(()).map_err(|()| usage("it is bound already; a model is bound once: make a new one"))
}

impl Feed {
    /// The traffic, the first time.
    pub(crate) fn once(&self) -> PyResult<ndiswan::model::Feed> {
        once(&self.bound).map(|()| self.inner.clone())
    }
}

/// What both are described by: a link, of which one takes the card and the line, the other the rest.
fn described(link: &str) -> PyResult<LinkSpec> {
    let spec: LinkSpec =
        serde_json::from_str(link).map_err(|error| value(format!("link: {error}")))?;
    spec.validate().map_err(|error: ModelError| value(error.to_string()))?;
    Ok(spec)
}

#[pymethods]
impl CardDriver {
    /// ``link``: a link's parameters as JSON, of which the card, the line and the window are taken. ``seeds``: twelve words.
    /// ``listeners``: what is called with the bytes and the time of a frame that arrives, and of one that is lost.
    #[new]
    fn new(
        link: &str,
        seeds: [u64; 12],
        listeners: [Option<Py<PyAny>>; 2],
    ) -> PyResult<CardDriver> {
        let spec = described(link)?;
        let luck = Luck::new(&seeds);
        let mut driver = ndiswan::model::CardDriver::new(spec.card, spec.line, spec.window, luck);
        if listeners.iter().any(Option::is_some) {
            driver = driver.listening();
        }
        Ok(CardDriver { driver: Arc::new(driver), listeners, bound: OnceLock::new() })
    }

    /// A listener may hold the card.
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.listeners.iter().flatten().try_for_each(|listener| visit.call(listener))
    }

    /// Frames that arrived, their bytes, frames that the line lost, and frames that a dead card took along.
    #[getter]
    fn arrived(&self) -> (u64, u64, u64, u64) {
        let arrived = self.driver.arrived();
        (arrived.received, arrived.received_bytes, arrived.lost, arrived.vanished)
    }
}

#[pymethods]
impl Feed {
    /// ``link``: a link's parameters as JSON, of which the traffic, the queue and the window are taken. ``seeds``: twelve words.
    #[new]
    fn new(link: &str, seeds: [u64; 12]) -> PyResult<Feed> {
        let LinkSpec { traffic, queue, window, .. } = described(link)?;
        let inner = ndiswan::model::Feed::new(&traffic, queue, window, &Luck::new(&seeds));
        let largest = traffic.iter().map(|flow| flow.size.largest()).max().unwrap_or(0);
        Ok(Feed { inner, largest, bound: OnceLock::new() })
    }

    /// What it counted, by name.
    fn counters<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let counters = PyDict::new(py);
        let known = ["offered", "offered_bytes", "dropped_full", "dropped_early", "sent"];
        let more = ["sent_bytes", "succeeded", "aborted", "failed", "most_outstanding"];
        for (name, count) in self.inner.counters().fields() {
            if known.contains(&name) || more.contains(&name) {
                counters.set_item(name, count)?;
            }
        }
        Ok(counters)
    }

    /// The histograms of how long its packets were queued, with the miniport, and both.
    fn stages<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let stages = PyDict::new(py);
        for (name, histogram) in self.inner.stages().named().into_iter().take(3) {
            stages.set_item(name, histogram_of(py, histogram)?)?;
        }
        Ok(stages)
    }
}

/// The core's card, which also tells Python's side of its adapter that it is there.
struct Told {
    driver: Arc<ndiswan::model::CardDriver>,
    listeners: [Option<Py<PyAny>>; 2],
    cell: Cell,
    world: Arc<World>,
}

impl Told {
    /// Calls who listens at the far end; what it raises is kept.
    fn tell(&self, heard: &Heard) {
        let Some(listener) = &self.listeners[usize::from(heard.lost)] else { return };
        Python::attach(|py| {
            if let Err(error) = listener.call1(py, (PyBytes::new(py, &heard.bytes), heard.at)) {
                self.world.keep(py, error);
            }
        });
    }
}

impl Miniport for Told {
    type Mode = Deserialized;

    fn info(&self) -> WanInfo {
        self.driver.info()
    }

    fn initialize(
        &self,
        cx: &mut Cx<Passive>,
        adapter: &Arc<ndiswan::Adapter>,
    ) -> Result<(), Status> {
        let _ = self.cell.set(Arc::new(Shared::new(adapter, Arc::clone(&self.world))));
        self.driver.initialize(cx, adapter)
    }

    fn wan_send<'call>(
        &self,
        cx: &mut Cx<UpToDispatch>,
        link: &Arc<ndiswan::Link>,
        packet: Sending<'call, Deserialized>,
    ) -> Disposition<'call> {
        self.driver.wan_send(cx, link, packet)
    }

    fn device_on(&self, cpu: &Rc<Cpu>, device: u32) {
        if self.driver.has_device(device) {
            return self.driver.device_on(cpu, device);
        }
        run_routine(&self.world, &shared(&self.cell).devices, device);
    }

    // The card has none: they are of who is above it, whose adapter it is as well.
    fn timer(&self, _: &mut Cx<Dispatch>, timer: u32) {
        run_routine(&self.world, &shared(&self.cell).timers, timer);
    }

    fn dpc(&self, _: &mut Cx<Dispatch>, dpc: u32) {
        run_routine(&self.world, &shared(&self.cell).dpcs, dpc);
    }

    fn handle_interrupt(&self, cx: &mut Cx<Dispatch>) {
        while let Some(heard) = self.driver.heard(cx.cpu()) {
            self.tell(&heard);
        }
        self.driver.handle_interrupt(cx);
    }

    fn has_check_for_hang(&self) -> bool {
        self.driver.has_check_for_hang()
    }

    fn check_for_hang_interval(&self) -> u64 {
        self.driver.check_for_hang_interval()
    }

    fn check_for_hang(&self, cx: &mut Cx<Dispatch>) -> bool {
        self.driver.check_for_hang(cx)
    }

    fn reset(&self, cx: &mut Cx<Dispatch>) -> (Status, bool) {
        self.driver.reset(cx)
    }

    fn halt(&self, cx: &mut Cx<Passive>) {
        self.driver.halt(cx);
    }
}

/// Binds where one side or both are built in; a side of Python's is described as for ``Ndis._bind``.
#[pyfunction]
#[allow(clippy::too_many_arguments, clippy::needless_pass_by_value)] // one call from ndis.py, all of it needed
pub(crate) fn bind_built_in(
    py: Python<'_>,
    ndis: &Bound<'_, Ndis>,
    feed: Option<Py<Feed>>,
    protocol_entries: &Bound<'_, PyDict>,
    card: Option<Py<CardDriver>>,
    miniport: Option<Bound<'_, PyDict>>,
    packets: Int<arg::Packets>,
    name: Text<arg::Name>,
) -> PyResult<Py<Link>> {
    let (ndis, packets) = (ndis.get(), packets_of(packets)?);
    let cell: Cell = Arc::new(OnceLock::new());
    let world = Arc::clone(&ndis.world);
    let feed = feed.map(|feed| feed.get().once()).transpose()?;
    let protocol = || -> PyResult<PyProtocol> {
        let entries = Entries::new("send_complete", protocol_entries)?;
        Ok(PyProtocol { world: Arc::clone(&world), cell: Arc::clone(&cell), entries })
    };
    let link = if let Some(card) = card {
        let card = card.get();
        once(&card.bound)?;
        let driver = Arc::clone(&card.driver);
        let listeners = card.listeners.each_ref().map(|to| to.as_ref().map(|to| to.clone_ref(py)));
        let driver = Told { driver, listeners, cell: Arc::clone(&cell), world: Arc::clone(&world) };
        match &feed {
            Some(feed) => ndis.bind_as(py, feed.clone(), driver, packets, &name.0),
            None => ndis.bind_as(py, protocol()?, driver, packets, &name.0),
        }
    } else {
        let (Some(miniport), Some(feed)) = (miniport, &feed) else {
            return Err(usage("expected a built-in driver on one side at least"));
        };
        ndis.bind_miniport(py, feed.clone(), &miniport, &cell, packets, &name.0)
    };
    let bound = ndis.bound(py, &cell, link)?;
    begin(py, ndis, feed, &bound);
    Ok(bound)
}

/// Traffic begins when its link is there.
pub(crate) fn begin(
    py: Python<'_>,
    ndis: &Ndis,
    feed: Option<ndiswan::model::Feed>,
    bound: &Py<Link>,
) {
    if let Some(feed) = feed {
        let core = Arc::clone(&bound.get().core);
        ndis.world.away(py, || feed.start(&core));
    }
}
