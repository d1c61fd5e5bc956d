//! Drivers in C: what ``ndiswan.drivers`` loads, and what it binds.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use ndiswan_driver::{Attached, Card, Due, Outcome, Settings, SharedMemory, Space, Value};
use pyo3::buffer::PyBuffer;
use pyo3::exceptions::{PyOSError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use crate::adapter::Adapter;
use crate::bind::up_to;
use crate::callbacks::{Cell, PyProtocol};
use crate::config::Entries;
use crate::driver::Feed;
use crate::error::usage;
use crate::link::Link;
use crate::ndis::Ndis;
use crate::number::{Int, Text, arg};
use crate::shared::{Shared, World, call_routine};
use crate::status;

/// The most packets above a card of a driver in C.
const MOST_PACKETS: u32 = 1 << 16;

/// What is known once the card is bound.
#[derive(Default)]
struct There {
    world: OnceLock<Arc<World>>,
    cell: OnceLock<Cell>,
}

impl There {
    fn keep(&self, py: Python<'_>, error: PyErr) {
        match self.world.get() {
            Some(world) => world.keep(py, error),
            None => error.write_unraisable(py, None),
        }
    }

    /// The driver crashed: the exception says where.
    fn keep_crash(&self, py: Python<'_>, crash: PyErr) {
        match self.world.get() {
            Some(world) => world.keep_as_it_is(py, crash),
            None => crash.write_unraisable(py, None),
        }
    }
}

/// A status, the bytes of a buffer, BytesNeeded.
type Told = (Py<PyAny>, Py<PyBytes>, u32);

/// A card of a driver in C. ``ndiswan.drivers.CMiniport`` is its face.
#[pyclass(frozen, module = "ndiswan")]
pub(crate) struct CDriver {
    card: Arc<Card>,
    there: Arc<There>,
    bound: OnceLock<()>,
}

fn value_of(key: &str, given: &Bound<'_, PyAny>) -> PyResult<Value> {
    if let Ok(number) = given.extract::<u32>() {
        return Ok(Value::Integer(number));
    }
    if let Ok(text) = given.extract::<String>() {
        return Ok(Value::Text(text));
    }
    if let Ok(bytes) = given.cast::<PyBytes>() {
        return Ok(Value::Binary(bytes.as_bytes().to_vec()));
    }
    if let Ok(texts) = given.extract::<Vec<String>>() {
        return Ok(Value::Texts(texts));
    }
    let got = status::describe(given);
    Err(PyTypeError::new_err(format!(
        "config[{key:?}]: expected an int of 0 to 2**32 - 1, a str, bytes or a list of str, got {got}"
    )))
}

/// The registry of an adapter.
pub(crate) fn registry(config: &Bound<'_, PyDict>) -> PyResult<Vec<(String, Value)>> {
    let mut known = Vec::new();
    for (key, given) in config {
        let key: String = key.extract()?;
        let value = value_of(&key, &given)?;
        known.push((key, value));
    }
    Ok(known)
}

fn space_of(space: Space) -> &'static str {
    match space {
        Space::Port => "port",
        Space::Memory => "memory",
        Space::Pci => "pci",
        Space::Eisa => "eisa",
        Space::Mca => "mca",
        Space::Pcmcia => "pcmcia",
        Space::Dma => "dma",
    }
}

#[allow(clippy::too_many_arguments)] // of its two callers, which have them from Python
fn settings(
    config: &Bound<'_, PyDict>,
    guard: bool,
    address: Option<[u8; 6]>,
    on_status: Option<Py<PyAny>>,
    on_text: Option<Py<PyAny>>,
    on_port: Option<Py<PyAny>>,
    plug: Option<Py<PyAny>>,
    there: &Arc<There>,
) -> PyResult<Settings> {
    let known = registry(config)?;
    let again = || Arc::clone(there);
    let (tell, say, ask, ready, dead, tick) =
        (again(), again(), again(), again(), again(), again());
    Ok(Settings {
        config: known,
        guard,
        address,
        on_status: Box::new(move |code, bytes| {
            let Some(callback) = &on_status else { return };
            Python::attach(|py| {
                if let Err(error) = callback.call1(py, (code, PyBytes::new(py, bytes))) {
                    tell.keep(py, error);
                }
            });
        }),
        on_text: Box::new(move |text| {
            let Some(callback) = &on_text else { return };
            Python::attach(|py| {
                if let Err(error) = callback.call1(py, (text,)) {
                    say.keep(py, error);
                }
            });
        }),
        on_crash: Box::new(move |text| {
            Python::attach(|py| dead.keep_crash(py, crash(py, text)));
        }),
        on_port: on_port.map(|callback| -> Box<ndiswan_driver::Port> {
            Box::new(move |space, address, bytes, value| {
                Python::attach(|py| {
                    let answer = callback.call1(py, (space_of(space), address, bytes, value));
                    let number = answer.and_then(|answer| {
                        if value.is_some() { Ok(0) } else { answer.extract::<u64>(py) }
                    });
                    number.unwrap_or_else(|error| {
                        ask.keep(py, error);
                        if bytes >= 8 { u64::MAX } else { (1 << (8 * bytes)) - 1 }
                    })
                })
            })
        }),
        memory: Vec::new(),
        on_due: Box::new(move |what, number| {
            let Some(shared) = tick.cell.get().and_then(|cell| cell.get()) else { return };
            Python::attach(|py| {
                let all = match what {
                    Due::Timer => &shared.timers,
                    Due::Dpc => &shared.dpcs,
                    Due::Device => &shared.devices,
                };
                if let Err(error) = call_routine(py, all, number) {
                    tick.keep(py, error);
                }
            });
        }),
        on_ready: Box::new(move |adapter| {
            let (Some(cell), Some(world)) = (ready.cell.get(), ready.world.get()) else { return };
            let shared = cell.get_or_init(|| Arc::new(Shared::new(adapter, Arc::clone(world))));
            let Some(plug) = &plug else { return };
            Python::attach(|py| {
                let adapter = Adapter { shared: Arc::clone(shared) };
                let plugged = crate::config::new_adapter(py, adapter)
                    .and_then(|adapter| plug.call1(py, (adapter,)));
                if let Err(error) = plugged {
                    ready.keep(py, error);
                }
            });
        }),
    })
}

/// A buffer that a device model shares with its driver at an address of the card's.
fn shared((physical, buffer): (u64, PyBuffer<u8>)) -> PyResult<SharedMemory> {
    if buffer.readonly() || !buffer.is_c_contiguous() {
        return Err(PyTypeError::new_err(format!(
            "device.shared_memory[{physical:#x}]: expected a writable buffer of bytes in one piece, such as a CardMemory"
        )));
    }
    let (start, length) = (buffer.buf_ptr() as usize, buffer.len_bytes());
    Ok(SharedMemory { physical, start, length, of: Box::new(buffer) })
}

/// A ``ndiswan.drivers.DriverCrash`` of what was found.
fn crash(py: Python<'_>, text: &str) -> PyErr {
    let make = py.import("ndiswan.drivers.crash").and_then(|module| module.getattr("crash_of"));
    match make.and_then(|make| make.call1((text,))) {
        Ok(error) => PyErr::from_value(error),
        Err(error) => error,
    }
}

fn told(py: Python<'_>, outcome: &Outcome) -> PyResult<Told> {
    let status = status::to_python(py, outcome.status)?;
    Ok((status, PyBytes::new(py, &outcome.bytes).unbind(), outcome.needed))
}

#[pymethods]
impl CDriver {
    /// Loads the file at ``path``.
    ///
    /// Raises ``OSError`` if it cannot be loaded or is no driver, ``TypeError`` for a value of ``config`` that is no registry's.
    #[new]
    #[allow(clippy::too_many_arguments, clippy::needless_pass_by_value)] // one call from loading.py, all of it needed
    fn new(
        path: PathBuf,
        config: &Bound<'_, PyDict>,
        guard: bool,
        address: Option<[u8; 6]>,
        on_status: Option<Py<PyAny>>,
        on_text: Option<Py<PyAny>>,
        on_port: Option<Py<PyAny>>,
        plug: Option<Py<PyAny>>,
        memory: Vec<(u64, PyBuffer<u8>)>,
    ) -> PyResult<CDriver> {
        let there = Arc::new(There::default());
        let mut settings =
            settings(config, guard, address, on_status, on_text, on_port, plug, &there)?;
        settings.memory = memory.into_iter().map(shared).collect::<PyResult<_>>()?;
        let card =
            Card::load(&path, settings).map_err(|error| PyOSError::new_err(error.to_string()))?;
        Ok(CDriver { card, there, bound: OnceLock::new() })
    }

    /// Another card of the same driver, with its own configuration.
    #[allow(clippy::too_many_arguments)] // as `new`
    fn another(
        &self,
        config: &Bound<'_, PyDict>,
        guard: bool,
        address: Option<[u8; 6]>,
        on_status: Option<Py<PyAny>>,
        on_text: Option<Py<PyAny>>,
        on_port: Option<Py<PyAny>>,
        plug: Option<Py<PyAny>>,
        memory: Vec<(u64, PyBuffer<u8>)>,
    ) -> PyResult<CDriver> {
        let there = Arc::new(There::default());
        let mut settings =
            settings(config, guard, address, on_status, on_text, on_port, plug, &there)?;
        settings.memory = memory.into_iter().map(shared).collect::<PyResult<_>>()?;
        Ok(CDriver { card: self.card.another(settings), there, bound: OnceLock::new() })
    }

    /// Sends a request down: the status, what is in the buffer, and BytesNeeded.
    fn request(
        &self,
        py: Python<'_>,
        set: bool,
        oid: u32,
        given: &[u8],
        room: usize,
    ) -> PyResult<Told> {
        let world = self
            .there
            .world
            .get()
            .ok_or_else(|| usage("the driver is not bound; ndis.bind it first"))?;
        let (card, bytes) = (&self.card, given.to_vec());
        let outcome = world.away(py, || card.request(set, oid, &bytes, room));
        told(py, &outcome.map_err(|error| usage(error.to_string()))?)
    }

    /// What came of a request that was answered PENDING, once; ``None`` as long as the driver owes it.
    fn completed(&self, py: Python<'_>) -> PyResult<Option<Told>> {
        self.card.completed().map(|outcome| told(py, &outcome)).transpose()
    }

    /// The request that the driver owes a completion, in words.
    #[getter]
    fn pending(&self) -> Option<String> {
        self.card.pending()
    }

    /// What the driver still has: blocks of memory, timers.
    #[getter]
    fn leaks(&self) -> Vec<String> {
        self.card.leaks()
    }

    /// Whether it has a shutdown handler now.
    #[getter]
    fn shuts_down(&self) -> bool {
        self.card.shuts_down()
    }

    /// Why the driver is not called any more, if it crashed.
    #[getter]
    fn crashed(&self) -> Option<String> {
        self.card.crashed().map(ToString::to_string)
    }

    /// Functions that a driver can be linked with and that are not there.
    #[getter]
    fn missing(&self) -> Vec<String> {
        self.card.missing().to_vec()
    }
}

/// The functions of the library between drivers in C and the engine, by name.
#[pyfunction]
pub(crate) fn library_functions() -> Vec<&'static str> {
    ndiswan_driver::exports::names()
}

/// Has this process write to the open file what it knows of its drivers, if a signal ends it.
///
/// With ``standstill`` that is done, and it is ended, if a thread stands still inside of the engine for so many seconds; a tick is
/// written to the open file ``ticks`` each second. Raises ``OSError`` if there is no thread or pipe for that.
#[pyfunction]
#[pyo3(signature = (file, standstill=None, ticks=None))]
pub(crate) fn supervise(file: i32, standstill: Option<f64>, ticks: Option<i32>) -> PyResult<()> {
    let still = match standstill.map(std::time::Duration::try_from_secs_f64) {
        None => 0,
        Some(Ok(still)) => (still.as_millis().div_ceil(100) as u64).max(1),
        Some(Err(why)) => return Err(usage(format!("standstill: {why}"))),
    };
    Ok(ndiswan_driver::supervise(file, still, ticks)?)
}

/// Where two locks of the engine's are, for tests that have a driver destroy them: of memory that waits for the next who needs
/// some, and of the threads that are watched.
#[pyfunction]
pub(crate) fn engine_locks() -> (usize, usize) {
    ndiswan_driver::locks_of_ours()
}

/// Whether this process was started with the runtime of AddressSanitizer, which drivers that are built with it need.
#[pyfunction]
pub(crate) fn has_address_sanitizer() -> bool {
    ndiswan_driver::has_address_sanitizer()
}

/// Binds a protocol of Python's, or built-in traffic in its place, to a card of a driver in C.
#[pyfunction]
#[allow(clippy::needless_pass_by_value)] // an argument of a call from Python
pub(crate) fn bind_c(
    py: Python<'_>,
    ndis: &Bound<'_, Ndis>,
    feed: Option<Py<Feed>>,
    protocol_entries: &Bound<'_, PyDict>,
    driver: &CDriver,
    packets: Int<arg::Packets>,
    name: Text<arg::Name>,
) -> PyResult<Py<Link>> {
    let (ndis, packets) = (ndis.get(), up_to(packets, MOST_PACKETS)?);
    driver.bound.set(()).map_err(|()| {
        usage("it is bound already; a card is bound once: load the driver again, or take driver.another()")
    })?;
    let cell: Cell = Arc::new(OnceLock::new());
    let _ = driver.there.world.set(Arc::clone(&ndis.world));
    let _ = driver.there.cell.set(Arc::clone(&cell));
    let feed = feed.map(|feed| feed.get().once()).transpose()?;
    let card = Attached(Arc::clone(&driver.card));
    let link = if let Some(feed) = &feed {
        ndis.bind_as(py, feed.clone(), card, packets, &name.0)
    } else {
        let entries = Entries::new("send_complete", protocol_entries)?;
        let world = Arc::clone(&ndis.world);
        let protocol = PyProtocol { world, cell: Arc::clone(&cell), entries };
        ndis.bind_as(py, protocol, card, packets, &name.0)
    };
    let bound = ndis.bound(py, &cell, link)?;
    crate::driver::begin(py, ndis, feed, &bound);
    Ok(bound)
}
