//! Executions of a driver in C that call nothing of Python's.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ndiswan::choices::Ended;
use ndiswan::explore::workload::Came;
use ndiswan::explore::{Execution, Options, execute};
use ndiswan::{Config, Verify, Violation};
use ndiswan_driver::{Ran, Scenario};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::adversarial::{Explorer, pairs_of};
use crate::config;

/// Choices in Python: (of how many, which).
type Pairs = Vec<(u32, u32)>;
/// The id of a rule, or EXCEPTION, and where.
type Symptom = (String, String);

/// The workload of ``ndiswan.exploring.workload`` for a card of a driver in C without a device.
#[pyclass(frozen, module = "ndiswan._native")]
pub(crate) struct CWorkload {
    scenario: Scenario,
}

/// How worlds are set up.
#[pyclass(frozen, module = "ndiswan._native")]
pub(crate) struct CWorlds {
    options: Options,
}

#[pymethods]
impl CWorlds {
    /// As ``Settings`` says. Raises ``ValueError`` for what is none.
    #[new]
    fn new(
        policy: &Bound<'_, PyDict>,
        delivery: &str,
        cpus: usize,
        policies: bool,
        latency: u64,
        max_points: u64,
    ) -> PyResult<CWorlds> {
        let config = Config {
            policy: config::policy(policy)?,
            verify: Verify::Counters,
            delivery: config::delivery(delivery)?,
            call_site: Some(ndiswan_driver::call_site),
            ..Config::default()
        };
        let rest = Options { leaves_by_panic: false, ..Options::default() };
        Ok(CWorlds { options: Options { config, cpus, policies, latency, max_points, ..rest } })
    }
}

/// What a stretch of executions came to.
#[pyclass(frozen, get_all, module = "ndiswan._native")]
pub(crate) struct Stretch {
    /// How many executions there were.
    executions: u64,
    /// At how many points the explorer was asked, over all of them.
    points: u64,
    /// How many failed.
    failing: u64,
    /// The choices of those that reached new edges.
    interesting: Vec<Pairs>,
    /// The last one's choices, if it is to be looked at: it failed, or takes what is not here.
    choices: Option<Pairs>,
    /// What went wrong in that one.
    symptom: Option<Symptom>,
    /// Whether the explorer has nothing left to try.
    exhausted: bool,
}

/// As `ndiswan.exploring.Symptom` has it: whose, and the line without its folder, or what it was in, or nothing.
fn place_of(violation: &Violation) -> String {
    let inside = violation.inside.last().map(|entry| entry.name());
    let line = violation.site.as_deref().map(|site| site.rsplit('/').next().unwrap_or(site));
    let parts = [Some(&*violation.adapter), line.filter(|line| !line.is_empty()).or(inside)];
    parts.into_iter().flatten().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
}

/// What went wrong; and whether the execution came to its end at all.
fn verdict(execution: &Execution, ran: Option<&Ran>, options: &Options) -> (Option<Symptom>, bool) {
    let other = |text: &str| Some(("EXCEPTION".to_string(), text.to_string()));
    let crashed = ran.and_then(Ran::crashed).is_some();
    let came = ran.map(|ran| &ran.came);
    if matches!(came, Some(Ok(Came::NoLine))) && !crashed {
        return (None, false); // what broke when it ended here is not what happens where it goes on
    }
    if execution.points > options.max_points.saturating_mul(2) {
        return (Some(("ENDLESS".to_string(), String::new())), true);
    }
    if let Some((symptom, violation)) = &execution.failure {
        let found = match violation {
            Some(violation) => Some((violation.rule.info().id.to_string(), place_of(violation))),
            None => other(&symptom.place),
        };
        return (found, true);
    }
    match came {
        _ if crashed => (other("a crash"), true),
        Some(Ok(Came::ToItsEnd | Came::Refused(_) | Came::NoLine)) => (None, true),
        Some(Ok(Came::NoFrame(why))) => (other(why), true),
        Some(Err(error)) => (other(&error.to_string()), true),
        None => (other("the workload"), true),
    }
}

#[pymethods]
impl CWorkload {
    /// Raises ``TypeError`` for a value of ``config`` that is no registry's.
    #[new]
    fn new(
        path: PathBuf,
        name: String,
        config: &Bound<'_, PyDict>,
        guard: bool,
        address: Option<[u8; 6]>,
    ) -> PyResult<CWorkload> {
        let config = crate::c_driver::registry(config)?;
        let mut scenario = Scenario::new(path, name);
        (scenario.config, scenario.guard, scenario.address) = (config, guard, address);
        Ok(CWorkload { scenario })
    }

    /// Runs it once with these answers, recorded: a number that stands for all events, the answers that were given, how many points.
    fn replay(&self, py: Python<'_>, choices: Pairs, worlds: &CWorlds) -> (String, Pairs, u64) {
        let explorer = Explorer::replaying(choices);
        let (core, coverage) = explorer.parts();
        let mut options = Options { coverage, ..worlds.options.clone() };
        options.config.record = true;
        self.scenario.begin();
        py.detach(|| {
            let mut world = None;
            let ran = execute(&core, &options, &mut |ndis| {
                drop(self.scenario.run(ndis));
                world = Some(Arc::clone(ndis));
            });
            let digest = world.map_or(0, |ndis| ndis.digest());
            (format!("{digest:016x}"), pairs_of(ran.choices), ran.points)
        })
    }

    /// Runs it again and again, in worlds like these, as ``explorer`` says: so many executions, or so many seconds, or until
    /// one is to be looked at. One that fails with a symptom of ``known`` is not. Does not hold the interpreter.
    #[allow(clippy::needless_pass_by_value)] // an argument of a call from Python
    fn explore(
        &self,
        py: Python<'_>,
        explorer: &Explorer,
        worlds: &CWorlds,
        executions: u64,
        seconds: f64,
        known: Vec<Symptom>,
    ) -> PyResult<Stretch> {
        let time = Duration::from_nanos(crate::time::nanoseconds("seconds", seconds)?);
        let (core, coverage) = explorer.parts();
        let options = Options { coverage, ..worlds.options.clone() };
        self.scenario.begin();
        Ok(py.detach(|| {
            let begin = Instant::now();
            let mut all = Stretch {
                executions: 0,
                points: 0,
                failing: 0,
                interesting: Vec::new(),
                choices: None,
                symptom: None,
                exhausted: false,
            };
            while all.executions < executions && (all.executions == 0 || begin.elapsed() < time) {
                let mut ran = None;
                let execution =
                    execute(&core, &options, &mut |ndis| ran = Some(self.scenario.run(ndis)));
                let (symptom, whole) = verdict(&execution, ran.as_ref(), &options);
                all.executions += 1;
                all.points += execution.points;
                all.failing += u64::from(symptom.is_some());
                let ended = Ended {
                    choices: &execution.choices,
                    new_edges: execution.new_edges,
                    failed: symptom.is_some(),
                    steps: execution.points,
                };
                all.exhausted = !core.lock().end(&ended);
                let fresh = symptom.as_ref().is_some_and(|symptom| !known.contains(symptom));
                if execution.new_edges > 0 {
                    all.interesting.push(pairs_of(execution.choices.clone()));
                }
                if fresh || !whole {
                    all.choices = Some(pairs_of(execution.choices));
                    all.symptom = symptom;
                    break;
                }
                if all.exhausted {
                    break;
                }
            }
            all
        }))
    }
}
