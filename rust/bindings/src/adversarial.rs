//! Adversarial time for drivers in Python: who decides.

#[allow(unsafe_code)] // what is called by the interpreter itself, and not through PyO3
mod cpu;
mod stacks;

use std::sync::Arc;

use ndiswan::choices::after::After;
use ndiswan::choices::bytes::Bytes;
use ndiswan::choices::replay::Replay;
use ndiswan::choices::shrink::{Limits, shrink};
use ndiswan::choices::token::{from_token, to_token};
use ndiswan::choices::{Choice, Ended, Explorer as Decides, NAMES, Shared, make};
use ndiswan::coverage::{Coverage, Edges};
use ndiswan::time::adversarial::{Adversity, At, Kind, MAX_CPUS, Question};
use ndiswan::time::stacks::Stacks;
use parking_lot::Mutex;
use pyo3::prelude::*;

use crate::error::value;
use crate::ndis::Ndis;

use stacks::Greenlets;

/// Choices in Python: (of how many, which).
type Pairs = Vec<(u32, u32)>;

/// Who decides, in one execution after the other.
#[pyclass(frozen, module = "ndiswan._native")]
pub(crate) struct Explorer {
    core: Shared,
    coverage: Arc<Mutex<Coverage>>,
}

impl Explorer {
    fn of(core: Shared) -> Explorer {
        Explorer { core, coverage: Arc::default() }
    }
}

fn explorer(name: &str, seed: u64) -> PyResult<Box<dyn Decides>> {
    make(name, seed).ok_or_else(|| {
        let known = NAMES.join(", ");
        value(format!(
            "explorer: expected one of {known}, pct1 to pct9, or bounded-sleep, got {name:?}"
        ))
    })
}

/// A question for Python: (what is chosen, words and objects of the answers, of how many, which, the
/// CPU that asked, the line that it is at, events so far, (number in events, level, what it waits for, whether it is busy) of each CPU).
pub(crate) type Asked = (
    String,
    Vec<(String, String)>,
    u32,
    u32,
    usize,
    Option<String>,
    u64,
    Vec<(u32, u8, Option<String>, bool)>,
);

pub(crate) fn asked(question: Question) -> Asked {
    let kind = match question.kind {
        Kind::Step => "who goes on".to_string(),
        Kind::Place => "where it begins".to_string(),
        Kind::Value(what) => what,
    };
    let answers = question.answers.into_iter().map(|answer| (answer.words, answer.touches));
    let cpu = |at: At| (at.id, at.irql.0, at.waits, at.busy);
    let cpus = question.cpus.into_iter().map(cpu).collect();
    let Question { n, chosen, cpu, site, events, .. } = question;
    (kind, answers.collect(), n, chosen, cpu, site, events, cpus)
}

pub(crate) fn choices_of(pairs: Pairs) -> Vec<Choice> {
    pairs.into_iter().map(|(n, chosen)| Choice { n, chosen }).collect()
}

pub(crate) fn pairs_of(choices: Vec<Choice>) -> Pairs {
    choices.into_iter().map(|choice| (choice.n, choice.chosen)).collect()
}

impl Explorer {
    /// One that gives these answers.
    pub(crate) fn replaying(choices: Pairs) -> Explorer {
        Explorer::of(Shared::new(Replay::new(choices_of(choices))))
    }

    /// Who decides, and what the executions have reached.
    pub(crate) fn parts(&self) -> (Shared, Arc<Mutex<Coverage>>) {
        (self.core.clone(), Arc::clone(&self.coverage))
    }

    /// How a world is set up in which it decides.
    pub(crate) fn adversity(
        &self,
        py: Python<'_>,
        cpus: usize,
        policies: bool,
        latency: u64,
        max_points: u64,
    ) -> PyResult<Adversity> {
        if !(1..=MAX_CPUS).contains(&cpus) {
            return Err(value(format!("cpus: expected 1 to {MAX_CPUS}, got {cpus}")));
        }
        let stacks: Arc<dyn Stacks> = Arc::new(Greenlets::new(py)?);
        let stacks = Some(stacks);
        let rest = Adversity::new(self.core.clone(), Arc::clone(&self.coverage));
        Ok(Adversity { cpus, policies, latency, max_points, stacks, ..rest })
    }
}

#[pymethods]
impl Explorer {
    #[new]
    fn new(name: &str, seed: u64) -> PyResult<Explorer> {
        Ok(Explorer::of(Shared::from(explorer(name, seed)?)))
    }

    /// One that gives these answers, (of how many, which), in each execution, and lets the explorer of
    /// that name go on behind them.
    #[staticmethod]
    fn after(choices: Pairs, name: &str, seed: u64) -> PyResult<Explorer> {
        let made = After::new(choices_of(choices), explorer(name, seed)?);
        Ok(Explorer::of(Shared::new(made)))
    }

    /// One that gives these answers, (of how many, which), and plain ones after them.
    ///
    /// ``lenient`` lets an answer of another many stand for the nearest one, as shrinking needs it.
    #[staticmethod]
    #[pyo3(signature = (choices, lenient=false))]
    fn replay(choices: Pairs, lenient: bool) -> Explorer {
        let choices = choices_of(choices);
        let made = if lenient { Replay::lenient(choices) } else { Replay::new(choices) };
        Explorer::of(Shared::new(made))
    }

    /// One that takes its answers from bytes, as a fuzzer makes them, and gives plain ones after them.
    #[staticmethod]
    fn of_bytes(data: &[u8]) -> Explorer {
        Explorer::of(Shared::new(Bytes::new(data)))
    }

    /// The execution in `ndis` is over; whether there is anything left to explore.
    fn end(&self, ndis: &Bound<'_, Ndis>, failed: bool) -> bool {
        let core = &ndis.get().world.core;
        let (choices, new_edges) = (core.choices(), core.new_edges());
        let ended = Ended { choices: &choices, new_edges, failed, steps: core.points() };
        self.core.lock().end(&ended)
    }

    /// Answers that were interesting elsewhere.
    fn suggest(&self, choices: Pairs) {
        self.core.lock().suggest(&choices_of(choices));
    }

    /// What the executions have reached: ownership edges as JSON, for ``ndiswan coverage``.
    fn edges(&self) -> String {
        self.coverage.lock().edges().to_json()
    }

    /// Adds what was reached elsewhere, so that it is not new. Raises ``ValueError`` if that is none.
    fn knows(&self, edges: &str) -> PyResult<()> {
        self.coverage.lock().merge(&Edges::from_json(edges).map_err(value)?);
        Ok(())
    }

    /// How many edges, and pairs of consecutive edges of a packet, the executions have reached.
    #[getter]
    fn reached(&self) -> (usize, usize) {
        let coverage = self.coverage.lock();
        (coverage.edges().len(), coverage.edges().pairs_len())
    }

    /// One that gives these answers, and adds what is reached so to what this one's executions have reached.
    fn trying(&self, choices: Pairs) -> Explorer {
        let core = Shared::new(Replay::new(choices_of(choices)));
        Explorer { core, coverage: Arc::clone(&self.coverage) }
    }

    /// Whether the same answers led to other questions, as far as an explorer that repeats answers has seen.
    #[getter]
    fn unsteady(&self) -> bool {
        self.core.lock().is_unsteady()
    }

    /// What was exhausted: (preemptions, executions, whether there is nothing else), or None.
    #[getter]
    fn certificate(&self) -> Option<(u32, u64, bool)> {
        let certificate = self.core.lock().certificate()?;
        Some((certificate.bound, certificate.executions, certificate.complete))
    }
}

/// The smallest choices for which ``run(choices)`` still gives the choices that were used, and not None:
/// (choices, whether the first ones did, whether nothing smaller is left to try, executions).
///
/// Stops after ``seconds``. Raises what ``run`` raises.
#[pyfunction]
#[pyo3(name = "shrink")]
pub(crate) fn shrink_choices(
    choices: Pairs,
    run: &Bound<'_, PyAny>,
    seconds: f64,
) -> PyResult<(Pairs, bool, bool, u64)> {
    let time = std::time::Duration::from_nanos(crate::time::nanoseconds("seconds", seconds)?);
    let mut raised = None;
    let again = |choices: &[Choice]| {
        if raised.is_some() {
            return None;
        }
        let answer = run.call1((pairs_of(choices.to_vec()),));
        match answer.and_then(|answer| answer.extract::<Option<Pairs>>()) {
            Ok(used) => used.map(choices_of),
            Err(error) => {
                raised = Some(error);
                None
            }
        }
    };
    let shrunk = shrink(&choices_of(choices), again, Limits { time, ..Limits::default() });
    if let Some(error) = raised {
        return Err(error);
    }
    Ok((pairs_of(shrunk.choices), shrunk.reproduced, shrunk.minimal, shrunk.executions))
}

/// Choices as a short text.
#[pyfunction]
#[pyo3(name = "to_token")]
pub(crate) fn token_of(choices: Pairs) -> String {
    to_token(&choices_of(choices))
}

/// The choices that a text stands for. Raises ``ValueError`` that says where it is none.
#[pyfunction]
#[pyo3(name = "from_token")]
pub(crate) fn choices_in(token: &str) -> PyResult<Pairs> {
    from_token(token).map(pairs_of).map_err(|error| value(error.to_string()))
}

/// The names of the explorers; ``pct1`` to ``pct9`` and ``bounded-sleep`` are there as well.
#[pyfunction]
pub(crate) fn explorers() -> Vec<&'static str> {
    NAMES.to_vec()
}
