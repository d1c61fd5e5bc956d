//! Built-in links for Python: parameters in as JSON, columns of numbers out as bytes.
//!
//! The parameters are dataclasses in Python and structs in the core, with the same names; JSON is between the two. What comes out
//! is a few long columns, which NumPy takes from bytes without looking at each number.
#![allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)] // sums become numbers with a fraction

mod spec;

use std::fs::File;
use std::io::BufWriter;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use ndiswan::model::export::{self, Form};
use ndiswan::model::simulation::{Control, Detail, SimulationError};
use ndiswan::model::sink::Happened;
use ndiswan::model::{Histogram, LinkSpec, Luck};
use parking_lot::{Mutex, MutexGuard};
use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use crate::error::{no_thread, usage, value};

pub(crate) use spec::check_part;

/// How long a run goes on between two looks for Ctrl-C and for whoever watches.
const SLICE: Duration = Duration::from_millis(100);

/// Links with built-in traffic and cards, and their clock. ``ndiswan.models`` is its face.
#[pyclass(frozen, module = "ndiswan")]
pub(crate) struct Simulation {
    model: Mutex<ndiswan::model::Simulation>,
    /// Of the run that is on, for whoever asks meanwhile.
    control: Control,
    links: u64,
    now: AtomicU64,
}

fn failed(error: &SimulationError) -> PyErr {
    value(error.to_string())
}

#[pymethods]
#[allow(clippy::needless_pass_by_value)] // arguments of Python come by value
impl Simulation {
    /// ``links``: a JSON list of parameters. ``seeds``: twelve words for each. ``detail``: counters, digest, packets or trace.
    #[new]
    fn new(py: Python<'_>, links: &str, seeds: Vec<[u64; 12]>, detail: &str) -> PyResult<Self> {
        let specs: Vec<LinkSpec> =
            serde_json::from_str(links).map_err(|error| value(format!("links: {error}")))?;
        if seeds.len() != specs.len() {
            let (seeds, specs) = (seeds.len(), specs.len());
            return Err(value(format!(
                "seeds: expected a row for each of {specs} links, got {seeds}"
            )));
        }
        let detail = match detail {
            "counters" => Detail::Counters,
            "digest" => Detail::Digest,
            "packets" => Detail::Records,
            "trace" => Detail::Trace,
            other => {
                let expected = "'counters', 'digest', 'packets' or 'trace'";
                return Err(value(format!("detail: expected {expected}, got {other:?}")));
            }
        };
        let luck: Vec<Luck> = seeds.iter().map(Luck::new).collect();
        let model = py.detach(|| ndiswan::model::Simulation::new(specs, &luck, detail));
        let model = model.map_err(|error| value(error.to_string()))?;
        let links = model.links().count() as u64;
        let control = Control::default();
        Ok(Simulation { model: Mutex::new(model), control, links, now: AtomicU64::new(0) })
    }

    /// Runs up to ``until_ns``, or until the traffic ends, on ``threads`` cores; true if nothing is left to do.
    /// ``watch`` is called about ten times a second; what it raises ends the run, as Ctrl-C does. The interpreter is free meanwhile.
    #[pyo3(signature = (until_ns, threads, watch=None))]
    fn run(
        &self,
        py: Python<'_>,
        until_ns: Option<u64>,
        threads: usize,
        watch: Option<Py<PyAny>>,
    ) -> PyResult<bool> {
        let mut model = self.lock()?;
        self.control.stop.store(false, Ordering::Relaxed);
        self.control.finished.store(0, Ordering::Relaxed);
        let control = &self.control;
        let model = &mut *model;
        let look = |py: Python<'_>| {
            py.check_signals()?;
            watch.as_ref().map_or(Ok(()), |watch| watch.call0(py).map(drop))
        };
        let ran = watched(py, &control.stop, look, || model.run(until_ns, threads, control))?;
        ran.map_err(|error| failed(&error))
    }

    /// Runs at most ``most`` events in the order of their times, up to ``until_ns``; how many there were.
    fn run_events(&self, py: Python<'_>, until_ns: Option<u64>, most: u64) -> PyResult<u64> {
        let mut model = self.lock()?;
        let model = &mut *model;
        let mut ran = 0;
        loop {
            py.check_signals()?;
            ndiswan::alive::beat();
            let piece = (most - ran).min(1 << 20);
            let some = py.detach(|| model.run_events(until_ns, piece)).map_err(|e| failed(&e))?;
            ran += some;
            if some < piece || ran == most {
                return Ok(ran);
            }
        }
    }

    /// The counters and histograms begin anew; what is in flight stays.
    fn clear(&self) -> PyResult<()> {
        self.lock()?.clear();
        Ok(())
    }

    /// The time of the link that is least advanced.
    #[getter]
    fn now_ns(&self) -> u64 {
        if let Some(model) = self.model.try_lock() {
            self.now.store(model.now(), Ordering::Relaxed);
        }
        self.now.load(Ordering::Relaxed)
    }

    /// Of the run that is on, or was last: events of all runs, links that came to its end, and all links.
    #[getter]
    fn progress(&self) -> (u64, u64, u64) {
        let load = |n: &AtomicU64| n.load(Ordering::Relaxed);
        (load(&self.control.events), load(&self.control.finished), self.links)
    }

    /// For each link, whether it has come to the end of a run up to ``until_ns``: one that was interrupted left some in the middle.
    fn over(&self, until_ns: Option<u64>) -> PyResult<Vec<bool>> {
        Ok(self.lock()?.over(until_ns).collect())
    }

    /// For each link: which of the specs it is, its counters and for how long they counted, as columns.
    fn counters<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let rows = self.lock()?.counters();
        let columns = PyDict::new(py);
        columns.set_item("spec", bytes(py, rows.iter().map(|(spec, ..)| *spec as u64)))?;
        columns.set_item("elapsed_ns", bytes(py, rows.iter().map(|(.., ns)| *ns)))?;
        let names = ndiswan::model::Counters::default().fields();
        for (n, (name, _)) in names.iter().enumerate() {
            let column = rows.iter().map(|(_, counters, _)| counters.fields()[n].1);
            // What is summed over packets and time may be larger than a word.
            let wide = matches!(*name, "outstanding_ns" | "queued_ns");
            let column = if wide {
                floats(py, column.map(|sum| sum as f64))
            } else {
                bytes(py, column.map(|sum| sum as u64))
            };
            columns.set_item(*name, column)?;
        }
        Ok(columns)
    }

    /// The histograms of all specs: the names of the stages; for each spec and stage count, sum (low and high word), min, max and
    /// number of buckets; then the buckets, low, width and count of each.
    fn histograms<'py>(
        &self,
        py: Python<'py>,
    ) -> PyResult<(Vec<&'static str>, Bound<'py, PyBytes>, Bound<'py, PyBytes>)> {
        let model = self.lock()?;
        let (mut names, mut totals, mut buckets) = (Vec::new(), Vec::new(), Vec::new());
        for spec in 0..model.specs().len() {
            let stages = model.stages(spec).named();
            names = stages.iter().map(|(name, _)| *name).collect();
            for (_, histogram) in stages {
                let before = buckets.len();
                buckets.extend(histogram.buckets().flat_map(|(low, width, n)| [low, width, n]));
                let (sum, kept) = (histogram.sum(), (buckets.len() - before) as u64 / 3);
                totals.extend([histogram.count(), sum as u64, (sum >> 64) as u64]);
                totals.extend([histogram.min(), histogram.max(), kept]);
            }
        }
        Ok((names, bytes(py, totals.into_iter()), bytes(py, buckets.into_iter())))
    }

    /// The means of batches of latencies of the first ``most`` links, and how many packets a batch of each has.
    fn batches<'py>(
        &self,
        py: Python<'py>,
        most: usize,
    ) -> PyResult<Vec<(Bound<'py, PyBytes>, u64)>> {
        let model = self.lock()?;
        let links = model.links().take(most).map(ndiswan::model::Link::batches);
        Ok(links.map(|batches| (floats(py, batches.means().into_iter()), batches.size())).collect())
    }

    /// The fingerprint of all events; ``None`` for the detail "counters".
    #[getter]
    fn digest(&self) -> PyResult<Option<u64>> {
        Ok(self.lock()?.digest())
    }

    /// The records of packets as columns, link after link; empty without the detail "packets" or "trace".
    fn packets<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let model = self.lock()?;
        let names =
            ["link", "flow", "number", "bytes", "offered_ns", "sent_ns", "returned_ns", "status"];
        let mut words = names.map(|_| Vec::new());
        // Once through all of them: what they are made of is worked out on the way.
        for p in model.packets() {
            let (flow, number) = (p.seq >> 48, p.seq & ((1 << 48) - 1));
            let (link, bytes, status) = (p.link.into(), p.bytes.into(), p.status.into());
            let row = [link, flow, number, bytes, p.offered, p.sent, p.returned, status];
            words.iter_mut().zip(row).for_each(|(column, word)| column.push(word.to_ne_bytes()));
        }
        let columns = PyDict::new(py);
        for (name, column) in names.into_iter().zip(words) {
            columns.set_item(name, self::words(py, &column))?;
        }
        Ok(columns)
    }

    /// The events of one link as columns: kind (0 sent, 1 completed, 2 dropped, 3 left), time, packet, detail (bytes, status,
    /// or when it arrives; all ones is "lost").
    fn trace<'py>(&self, py: Python<'py>, link: usize) -> PyResult<Bound<'py, PyDict>> {
        let model = self.lock()?;
        let rows: Vec<[u64; 5]> = model.events_of(link).iter().map(row).collect();
        let columns = PyDict::new(py);
        for (n, name) in ["kind", "time_ns", "packet", "detail", "status"].iter().enumerate() {
            columns.set_item(*name, bytes(py, rows.iter().map(|row| row[n])))?;
        }
        Ok(columns)
    }

    /// Writes what happened to ``path``, as "pcapng", "perfetto" or "chrome"; how many packets there were. ``names`` are the
    /// links', ``snaplen`` the most octets of a frame in a capture. Needs the detail "trace". What is not written to its end,
    /// as after Ctrl-C, is removed.
    #[allow(clippy::needless_pass_by_value)] // made for the call
    fn export(
        &self,
        py: Python<'_>,
        path: PathBuf,
        form: &str,
        names: Vec<String>,
        snaplen: u32,
    ) -> PyResult<u64> {
        let form = match form {
            "pcapng" => Form::Pcapng { snaplen },
            "perfetto" => Form::Perfetto,
            "chrome" => Form::Chrome,
            other => {
                let expected = "'pcapng', 'perfetto' or 'chrome'";
                return Err(value(format!("form: expected {expected}, got {other:?}")));
            }
        };
        let (got, links) = (names.len() as u64, self.links);
        if got != links {
            return Err(value(format!("names: expected one for each of {links} links, got {got}")));
        }
        let model = self.lock()?;
        let model = &*model;
        if !model.is_traced() {
            let text = "expected a simulation with the detail \"trace\", which keeps every event";
            return Err(value(text));
        }
        let error = |error| PyOSError::new_err(format!("{}: {error}", path.display()));
        let file = File::create(&path).map_err(error)?;
        let stop = AtomicBool::new(false);
        let write = || export::write(model, &names, form, BufWriter::new(file), &stop);
        let written = watched(py, &stop, ctrl_c, write);
        if !matches!(written, Ok(Ok(_))) && path.is_file() {
            // What is cut off would be taken for the whole; that it stays is no reason to say less of why.
            let _ = std::fs::remove_file(&path);
        }
        written?.map_err(error)
    }
}

fn ctrl_c(py: Python<'_>) -> PyResult<()> {
    py.check_signals()
}

/// Does `work` on a thread of its own with the interpreter free, and looks about ten times a second meanwhile: what `look`
/// raises, as Ctrl-C does, sets `stop` and is the answer.
fn watched<R: Send>(
    py: Python<'_>,
    stop: &AtomicBool,
    look: impl Fn(Python<'_>) -> PyResult<()> + Sync,
    work: impl FnOnce() -> R + Send,
) -> PyResult<R> {
    let ended = py.detach(|| {
        let (done, waits) = channel();
        thread::scope(|scope| {
            let worker = thread::Builder::new().spawn_scoped(scope, move || {
                let answer = work();
                // Nobody listens any more if the watcher panicked, which the scope tells.
                let _ = done.send(());
                answer
            });
            let worker = match worker {
                Ok(worker) => worker,
                Err(error) => return Ok(Err(no_thread(error))),
            };
            let mut wish = Ok(());
            while let Err(RecvTimeoutError::Timeout) = waits.recv_timeout(SLICE) {
                ndiswan::alive::beat();
                if wish.is_ok() {
                    wish = Python::attach(&look);
                }
                if wish.is_err() {
                    stop.store(true, Ordering::Relaxed);
                }
            }
            worker.join().map(|answer| wish.map(|()| answer))
        })
    });
    ended.unwrap_or_else(|_| Err(usage("the simulation failed inside; please report it")))
}

impl Simulation {
    fn lock(&self) -> PyResult<MutexGuard<'_, ndiswan::model::Simulation>> {
        self.model.try_lock().ok_or_else(|| {
            usage("the simulation is running in another thread; `progress` may be asked meanwhile")
        })
    }
}

fn row(event: &Happened) -> [u64; 5] {
    match *event {
        Happened::Sent { time, seq, bytes, status } => {
            [0, time, seq, bytes.into(), status.0.into()]
        }
        Happened::Completed { time, seq, status } => [1, time, seq, 0, status.0.into()],
        Happened::Dropped { time, seq } => [2, time, seq, 0, 0],
        Happened::Left { seq, at, .. } => [3, at.unwrap_or(0), seq, at.unwrap_or(u64::MAX), 0],
    }
}

pub(crate) fn histogram_of<'py>(
    py: Python<'py>,
    histogram: &Histogram,
) -> PyResult<Bound<'py, PyDict>> {
    let known = PyDict::new(py);
    known.set_item("count", histogram.count())?;
    known.set_item("sum", histogram.sum())?;
    known.set_item("min", histogram.min())?;
    known.set_item("max", histogram.max())?;
    known.set_item("low", bytes(py, histogram.buckets().map(|(low, ..)| low)))?;
    known.set_item("width", bytes(py, histogram.buckets().map(|(_, width, _)| width)))?;
    known.set_item("counts", bytes(py, histogram.buckets().map(|(.., count)| count)))?;
    Ok(known)
}

/// A column of uint64 as NumPy reads it.
fn bytes(py: Python<'_>, column: impl Iterator<Item = u64>) -> Bound<'_, PyBytes> {
    words(py, &column.map(u64::to_ne_bytes).collect::<Vec<_>>())
}

/// A column of float64.
fn floats(py: Python<'_>, column: impl Iterator<Item = f64>) -> Bound<'_, PyBytes> {
    words(py, &column.map(f64::to_ne_bytes).collect::<Vec<_>>())
}

fn words<'py>(py: Python<'py>, column: &[[u8; 8]]) -> Bound<'py, PyBytes> {
    PyBytes::new(py, column.as_flattened())
}
