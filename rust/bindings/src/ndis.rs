//! The world: clock, policy, adapters, what was found.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use ndiswan::event::What;
use ndiswan::{Config, TimeKind};
use parking_lot::Mutex;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyTuple};

use crate::adapter::Adapter;
use crate::adversarial::{Asked, Explorer, asked, pairs_of};
use crate::bind::packets_of;
use crate::callbacks::{Cell, PyProtocol};
use crate::config::{self, Entries};
use crate::error::{exception, no_thread, raise, settle, usage, value};
use crate::event::Event;
use crate::life;
use crate::link::Link;
use crate::number::{Flag, Int, Seconds, Text, Unsigned, arg};
use crate::shared::{Shared, World, chosen};
use crate::time::seconds;
use crate::timer::callable;

/// What ``ndiswan.Ndis`` is made of; use that.
#[pyclass(frozen, subclass, module = "ndiswan._native", weakref)]
pub(crate) struct Ndis {
    pub(crate) world: Arc<World>,
    pub(crate) adapters: Mutex<Vec<Arc<Shared>>>,
}

#[pymethods]
impl Ndis {
    #[new]
    #[pyo3(signature = (time, policy, on_violation, verify, delivery, record, adversary=None))]
    #[allow(clippy::too_many_arguments)] // one call from ndis.py, all of it needed
    fn new(
        py: Python<'_>,
        time: &str,
        policy: &Bound<'_, PyDict>,
        on_violation: Text<arg::OnViolation>,
        verify: Int<arg::Verify>,
        delivery: Text<arg::Delivery>,
        record: Flag<arg::Record>,
        adversary: Option<(Py<Explorer>, usize, bool, u64, u64)>,
    ) -> PyResult<Ndis> {
        let adversity = adversary.map(|(explorer, cpus, policies, latency, points)| {
            explorer.get().adversity(py, cpus, policies, latency, points)
        });
        let config = Config {
            time: config::time(time)?,
            policy: config::policy(policy)?,
            on_violation: config::on_violation(&on_violation.taken())?,
            verify: config::verify(verify.0)?,
            delivery: config::delivery(&delivery.taken())?,
            record: record.0,
            adversity: adversity.transpose()?,
            spawn: config::spawn,
            call_site: Some(config::call_site),
        };
        // Each time the GIL is let go, whoever waits for it is woken, and is too late where it is taken again at once: an explorer
        // makes a world an execution, beside a thread that is to watch over it.
        let core = if config.time == TimeKind::Adversarial {
            ndiswan::Ndis::try_new(config)
        } else {
            py.detach(|| ndiswan::Ndis::try_new(config))
        };
        let world = Arc::new(World {
            core: core.map_err(no_thread)?,
            pending: Mutex::default(),
            has_pending: AtomicBool::new(false),
            errors: Mutex::default(),
            raised: Mutex::new(HashSet::new()),
            scanned: AtomicUsize::new(0),
            told: AtomicUsize::new(0),
            heard: AtomicUsize::new(0),
        });
        Ok(Ndis { world, adapters: Mutex::default() })
    }

    /// Binds a protocol to a miniport; what they are was taken apart in Python.
    fn _bind(
        &self,
        py: Python<'_>,
        protocol_entries: &Bound<'_, PyDict>,
        miniport: &Bound<'_, PyDict>,
        packets: Int<arg::Packets>,
        name: Text<arg::Name>,
    ) -> PyResult<Py<Link>> {
        let packets = packets_of(packets)?;
        let cell: Cell = Arc::new(OnceLock::new());
        let protocol = PyProtocol {
            world: Arc::clone(&self.world),
            cell: Arc::clone(&cell),
            entries: Entries::new("send_complete", protocol_entries)?,
        };
        let core = self.bind_miniport(py, protocol, miniport, &cell, packets, &name.taken());
        self.bound(py, &cell, core)
    }

    /// Lets things happen; gives how many events ran.
    ///
    /// In virtual time: until no event is left, or none but timers with which a driver polls and which
    /// it sets again for ever; until ``until`` (seconds of the clock) is reached, or ``max_events`` ran. While a
    /// miniport with a ``check_for_hang`` of its own owes a packet, its checks are events that are left, until
    /// NDIS calls it a hang. In real time: until nothing is outstanding and no thread of ``spawn`` runs, or until ``until``; the events
    /// are the dispatcher's. In adversarial time: until nobody can go on, or until ``until``, however many events; given are points.
    ///
    /// Raises what callbacks raised and rules that the engine found broken; ``ValueError`` for ``max_events`` in real time;
    /// ``RuntimeError`` if this Ndis is closed or the call comes from inside of a callback.
    #[pyo3(signature = (until=None, max_events=None))]
    fn run(
        &self,
        py: Python<'_>,
        until: Option<Seconds<arg::Until>>,
        max_events: Option<Unsigned<arg::MaxEvents>>,
    ) -> PyResult<u64> {
        let until = until.map(|until| until.nanoseconds()).transpose()?;
        let max_events = max_events.map(|most| most.0);
        if self.world.core.is_closed() {
            return Err(usage("this Ndis is closed; make a new one"));
        }
        let ran = match self.world.core.config.time {
            TimeKind::Virtual => self.run_virtual(py, until, max_events),
            TimeKind::Adversarial => {
                self.world.core.run(until, None).or_else(|error| self.refused(py, error))
            }
            TimeKind::Real if max_events.is_some() => {
                Err(value("max_events: expected virtual time; in real time events are not counted"))
            }
            TimeKind::Real => self.run_real(py, until),
        };
        settle(py, &self.world)?;
        if self.world.core.config.time == TimeKind::Real {
            self.elsewhere(py)?;
        }
        ran
    }

    /// Delivers, on the calling thread, the completions that wait; gives how many there were.
    ///
    /// Raises as :meth:`run`.
    fn drain(&self, py: Python<'_>) -> PyResult<usize> {
        let count = self.world.core.drain();
        settle(py, &self.world)?;
        Ok(count)
    }

    /// A number below ``n`` that the explorer chooses, 0 in virtual and real time: 0 is the plain, faultless answer.
    ///
    /// Raises ``ValueError`` if ``n`` is not 1 to 4,294,967,295.
    #[pyo3(signature = (n, what=Text::new(String::new())), text_signature = "($self, n, what='')")]
    fn choose(&self, py: Python<'_>, n: Int<arg::N>, what: Text<arg::What>) -> PyResult<u32> {
        chosen(py, &self.world, n, &what.taken())
    }

    /// Something else may happen here, if an explorer decides what happens.
    fn point(&self, py: Python<'_>) -> PyResult<()> {
        self.world.core.choose(1, "");
        settle(py, &self.world)
    }

    /// Waits until ``done()`` is true; false if it never will be, or is not after ``seconds``, which
    /// are of the real clock, and of the virtual one where a driver polls.
    ///
    /// Other threads go on meanwhile; in virtual time what is due happens, in adversarial time what the
    /// explorer says. Raises what ``done`` raises, and as :meth:`run`.
    #[pyo3(signature = (done, seconds=Seconds::new(10.0)), text_signature = "($self, done, seconds=10.0)")]
    #[allow(clippy::needless_pass_by_value)] // what is called without the interpreter is owned
    fn wait(
        &self,
        py: Python<'_>,
        done: Py<PyAny>,
        seconds: Seconds<arg::Seconds>,
    ) -> PyResult<bool> {
        callable("done", done.bind(py))?;
        let patience = Duration::from_nanos(seconds.nanoseconds()?);
        let raised = Mutex::new(None);
        let core = &self.world.core;
        let met = self.world.away(py, || {
            core.wait(patience, || {
                Python::attach(|py| {
                    let answer = done.call0(py).and_then(|answer| answer.is_truthy(py));
                    answer.unwrap_or_else(|error| {
                        *raised.lock() = Some(error);
                        true
                    })
                })
            })
        });
        if let Some(error) = raised.into_inner() {
            return Err(error);
        }
        settle(py, &self.world)?;
        Ok(met)
    }

    /// Runs ``function(*args)`` as another thread at PASSIVE.
    ///
    /// Raises ``TypeError`` if it cannot be called, ``RuntimeError`` if the machine has no thread for it.
    #[pyo3(signature = (function, *args))]
    fn spawn(&self, py: Python<'_>, function: Py<PyAny>, args: Py<PyTuple>) -> PyResult<()> {
        callable("function", function.bind(py))?;
        let world = Arc::clone(&self.world);
        let begun = self.world.core.spawn(move || {
            Python::attach(|py| {
                if let Err(error) = function.call1(py, args.bind(py)) {
                    world.keep(py, error);
                }
                drop((function, args));
            });
        });
        begun.map_err(no_thread)
    }

    /// The answers that the explorer gave so far, (of how many, which): the replay token.
    fn choices(&self) -> Vec<(u32, u32)> {
        pairs_of(self.world.core.choices())
    }

    /// What each of the answers in ``choices()`` means, in words, if this Ndis records at level 2 or above.
    fn choice_words(&self) -> Vec<String> {
        self.world.core.choice_words()
    }

    /// What was asked for each of the answers in ``choices()``, if this Ndis records at level 2 or above; see :class:`ndiswan.Stepper`.
    fn questions(&self) -> Vec<Asked> {
        self.world.core.questions().into_iter().map(asked).collect()
    }

    /// A number that stands for all recorded events, the same on every machine.
    fn digest(&self) -> String {
        format!("{:016x}", self.world.core.digest())
    }

    /// A number that stands for all events under an explorer, recorded or not; for comparisons in one process.
    fn fingerprint(&self) -> u64 {
        self.world.core.fingerprint()
    }

    /// How many events were recorded.
    fn recorded(&self) -> usize {
        self.world.core.recorded()
    }

    /// How many rules were found broken, warnings included.
    fn violation_count(&self) -> usize {
        self.world.core.violation_count()
    }

    /// How many ownership edges and pairs of them this execution was the first of its explorer's to reach.
    #[getter]
    fn new_edges(&self) -> usize {
        self.world.core.new_edges()
    }

    /// At how many points the explorer was asked.
    #[getter]
    fn points(&self) -> u64 {
        self.world.core.points()
    }

    /// The clock, in seconds; virtual time begins at 0.
    #[getter]
    fn now(&self) -> f64 {
        seconds(self.world.core.now())
    }

    /// The clock, in nanoseconds.
    #[getter]
    fn now_ns(&self) -> u64 {
        self.world.core.now()
    }

    /// The adapters, in the order in which they were bound.
    #[getter]
    fn adapters(&self) -> Vec<Adapter> {
        self.adapters.lock().iter().map(|shared| Adapter { shared: Arc::clone(shared) }).collect()
    }

    /// Every rule that was found broken, warnings included, in order.
    #[getter]
    fn violations(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let list = PyList::empty(py);
        for violation in self.world.core.violations() {
            list.append(exception(py, &violation)?)?;
        }
        Ok(list.into_any().unbind())
    }

    /// Every exception that a callback raised, in order.
    #[getter]
    fn errors(&self, py: Python<'_>) -> Vec<Py<PyAny>> {
        let value = |error: &PyErr| error.value(py).clone().into_any().unbind();
        self.world.errors.lock().iter().map(value).collect()
    }

    /// Everything that happened, if ``record=True``; else nothing.
    fn events(&self) -> Vec<Event> {
        let core = &self.world.core;
        let (sites, faces) = (core.call_sites(), core.faces());
        let seen = |event: ndiswan::Event| {
            let face = faces.get(&event.adapter).copied().unwrap_or_default();
            Event::of(event, &sites).seen_as(face)
        };
        core.events().into_iter().map(seen).collect()
    }

    /// For each broken rule of the recording, the call that broke it.
    fn _broken_at(&self) -> Vec<Option<String>> {
        let core = &self.world.core;
        let sites = core.call_sites();
        let broken = |event: &ndiswan::Event| matches!(event.what, What::Violation { .. });
        core.events()
            .into_iter()
            .filter(broken)
            .map(|event| Event::site_of(&event, &sites))
            .collect()
    }

    /// Writes the recording as a trace.
    fn _save(&self, py: Python<'_>, path: std::path::PathBuf) -> PyResult<()> {
        crate::trace::save(py, &self.world.core, path)
    }

    /// NdisReset.
    fn _reset(&self, py: Python<'_>, adapter: &Bound<'_, Adapter>) -> PyResult<Py<PyAny>> {
        life::reset(py, &self.world, adapter.get())
    }

    /// MiniportHalt of one adapter.
    fn _halt(&self, py: Python<'_>, adapter: &Bound<'_, Adapter>) -> PyResult<()> {
        life::halt(py, &self.world, adapter.get())
    }

    /// The machine goes down: MiniportShutdown of every adapter, once. NDIS keeps what is sent from then on.
    ///
    /// Raises as :meth:`run`.
    fn shutdown(&self, py: Python<'_>) -> PyResult<()> {
        for adapter in self.world.core.adapters() {
            self.world.away(py, move || adapter.shutdown());
        }
        settle(py, &self.world)
    }

    /// Halts everything. With `quiet`, what is found then is on record only; with `at_exit` the
    /// dispatcher ends although another thread has not come to the end of its closing.
    #[pyo3(signature = (quiet=false, at_exit=false))]
    fn _close(&self, py: Python<'_>, quiet: bool, at_exit: bool) -> PyResult<()> {
        let core = Arc::clone(&self.world.core);
        let result = self.world.away(py, move || {
            let result = core.close();
            if at_exit && !core.is_closed() {
                core.abandon();
            }
            result
        });
        // Not if another thread closes it: its drivers are called still.
        if self.world.core.is_closed() {
            // What goes may be a driver's, whose end looks at the adapters.
            let adapters = self.adapters.lock().clone();
            for shared in adapters {
                shared.clear(py);
            }
        }
        if quiet {
            return Ok(());
        }
        settle(py, &self.world)?;
        raise(py, &self.world, result)?;
        self.elsewhere(py)
    }

    /// What ``Ndis.__del__`` is. In Python it would be a place for Ctrl-C to come, and what is raised there is lost.
    fn _finalize(slf: &Bound<'_, Self>) -> PyResult<()> {
        if !slf.get().closed() {
            slf.call_method0(intern!(slf.py(), "_forgotten"))?;
        }
        Ok(())
    }

    /// Whether it was closed.
    #[getter]
    fn closed(&self) -> bool {
        self.world.core.is_closed()
    }

    /// Marks what is on record as seen: it will not be raised on the way out.
    fn _seen(&self) {
        self.world.scanned.store(self.world.core.violation_count(), Ordering::Relaxed);
    }
}
