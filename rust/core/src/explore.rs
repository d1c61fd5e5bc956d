//! Exploring: a scenario is run again and again, each time with other choices.
//!
//! A scenario is a function of an [`Ndis`]: it binds drivers and lets things happen. Every execution
//! has a world of its own, in which a broken rule is recorded and repaired; the first one is the
//! execution's failure, and what follows it goes the plain way.

pub mod workload;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::choices::replay::Replay;
use crate::choices::shrink::{Limits, shrink as shrink_choices};
use crate::choices::{Certificate, Choice, Ended, Shared};
use crate::coverage::Coverage;
use crate::event::Event;
use crate::ndis::{Config, Ndis, OnViolation};
use crate::rule::Rule;
use crate::time::TimeKind;
use crate::time::adversarial::Adversity;
use crate::violation::Violation;

/// How long to explore, and in what worlds.
#[derive(Clone, Debug)]
pub struct Options {
    /// How the worlds are set up; the kind of time and what a broken rule does are set here.
    pub config: Config,
    /// How many CPUs the worlds have.
    pub cpus: usize,
    /// Whether the switches of the policy are chosen, too.
    pub policies: bool,
    /// The longest that something which is due waits, in nanoseconds.
    pub latency: u64,
    /// How many points an execution has at most before its choices are plain ones.
    pub max_points: u64,
    /// The most executions.
    pub executions: u64,
    /// What the executions have reached, all of them together.
    pub coverage: Arc<Mutex<Coverage>>,
    /// The longest time.
    pub time: Duration,
    /// After so many failures, alike or not, it ends.
    pub failures: usize,
    /// Whether drivers that go on for ever are brought out of their calls by a panic; not if something else does that, since
    /// frames of another language are on the stack.
    pub leaves_by_panic: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            config: Config::default(),
            cpus: 2,
            policies: false,
            latency: 500_000_000,
            max_points: 20_000,
            executions: u64::MAX,
            coverage: Arc::default(),
            time: Duration::from_secs(60),
            failures: 1,
            leaves_by_panic: true,
        }
    }
}

/// What went wrong in an execution.
#[derive(Clone, Debug, Eq, PartialEq, Hash)]
pub struct Symptom {
    /// The rule that was broken; none if the scenario or a driver panicked.
    pub rule: Option<Rule>,
    /// Where: the adapter and the entry points on the stack, or the panic's words.
    pub place: String,
}

/// An execution in which something went wrong.
#[derive(Clone, Debug)]
pub struct Failure {
    /// What, and where: failures of one symptom are alike.
    pub symptom: Symptom,
    /// The broken rule's report.
    pub violation: Option<Arc<Violation>>,
    /// The answers that lead there.
    pub choices: Vec<Choice>,
    /// In which execution it was found, from 1.
    pub execution: u64,
}

/// One execution.
#[derive(Clone, Debug)]
pub struct Execution {
    /// What went wrong.
    pub failure: Option<(Symptom, Option<Arc<Violation>>)>,
    /// The answers.
    pub choices: Vec<Choice>,
    /// How many points there were.
    pub points: u64,
    /// How many ownership edges and pairs of them it was the first to reach.
    pub new_edges: usize,
    /// What happened, if the world records.
    pub events: Vec<Event>,
}

/// What exploring came to.
#[derive(Clone, Debug)]
pub struct Exploration {
    /// What was found, in order.
    pub failures: Vec<Failure>,
    /// How many executions there were.
    pub executions: u64,
    /// How many points they had together.
    pub points: u64,
    /// How long it took.
    pub time: Duration,
    /// What was exhausted, by an explorer that exhausts anything.
    pub certificate: Option<Certificate>,
}

fn symptom(violation: &Violation) -> Symptom {
    let stack: Vec<&str> = violation.inside.iter().map(|entry| entry.name()).collect();
    Symptom {
        rule: Some(violation.rule),
        place: format!("{}: {}", violation.adapter, stack.join(" > ")),
    }
}

/// Runs `scenario` once, with an explorer that has begun nothing yet.
pub fn execute(
    explorer: &Shared,
    options: &Options,
    scenario: &mut dyn FnMut(&Arc<Ndis>),
) -> Execution {
    let config = Config {
        time: TimeKind::Adversarial,
        on_violation: OnViolation::Record,
        adversity: Some(Adversity {
            cpus: options.cpus,
            policies: options.policies,
            latency: options.latency,
            max_points: options.max_points,
            stacks: (!options.leaves_by_panic).then(crate::time::stacks::of_rust),
            ..Adversity::new(explorer.clone(), Arc::clone(&options.coverage))
        }),
        ..options.config.clone()
    };
    let ndis = Ndis::new(config);
    let ran = catch_unwind(AssertUnwindSafe(|| scenario(&ndis)));
    let closed = ndis.close();
    let found = if ndis.violation_count() == 0 { Vec::new() } else { ndis.violations() };
    let panics = if ndis.panic_count() == 0 { Vec::new() } else { ndis.panics() };
    let first = found.into_iter().find(|violation| !violation.warning);
    let failure = if let Some(violation) = first {
        Some((symptom(&violation), Some(violation)))
    } else if let Some(panic) = panics.first() {
        let place = format!("{} of {:?}: {}", panic.entry, panic.adapter, panic.message);
        Some((Symptom { rule: None, place }, None))
    } else if let Err(payload) = ran {
        let place = format!("the scenario: {}", crate::ndis::words(&*payload));
        Some((Symptom { rule: None, place }, None))
    } else {
        closed.err().map(|violation| (symptom(&violation), Some(violation)))
    };
    Execution {
        failure,
        choices: ndis.choices(),
        points: ndis.points(),
        new_edges: ndis.new_edges(),
        events: if options.config.record { ndis.events() } else { Vec::new() },
    }
}

/// Runs `scenario` once with these answers, and plain ones after them.
pub fn replay(
    choices: &[Choice],
    options: &Options,
    scenario: &mut dyn FnMut(&Arc<Ndis>),
) -> Execution {
    execute(&Shared::new(Replay::new(choices.to_vec())), options, scenario)
}

/// Makes a failure small: the fewest answers that are not the plain one with which the same goes wrong in
/// the same place; see [`choices::shrink`](crate::choices::shrink).
pub fn shrink(
    failure: &Failure,
    options: &Options,
    limits: Limits,
    mut scenario: impl FnMut(&Arc<Ndis>),
) -> Failure {
    let run = |choices: &[Choice]| {
        let explorer = Shared::new(Replay::lenient(choices.to_vec()));
        let again = execute(&explorer, options, &mut scenario);
        let same = again.failure.is_some_and(|(symptom, _)| symptom == failure.symptom);
        same.then_some(again.choices)
    };
    let shrunk = shrink_choices(&failure.choices, run, limits);
    Failure { choices: shrunk.choices, ..failure.clone() }
}

/// Runs `scenario` as `explorer` says, until a limit of `options` is reached or nothing is left.
pub fn explore(
    explorer: &Shared,
    options: &Options,
    mut scenario: impl FnMut(&Arc<Ndis>),
) -> Exploration {
    let begin = Instant::now();
    let mut all = Exploration {
        failures: Vec::new(),
        executions: 0,
        points: 0,
        time: Duration::ZERO,
        certificate: None,
    };
    while all.executions < options.executions
        && all.failures.len() < options.failures
        && begin.elapsed() < options.time
    {
        let execution = execute(explorer, options, &mut scenario);
        all.executions += 1;
        all.points += execution.points;
        let ended = Ended {
            choices: &execution.choices,
            new_edges: execution.new_edges,
            failed: execution.failure.is_some(),
            steps: execution.points,
        };
        let more = explorer.lock().end(&ended);
        if let Some((symptom, violation)) = execution.failure {
            let (choices, execution) = (execution.choices, all.executions);
            all.failures.push(Failure { symptom, violation, choices, execution });
        }
        if !more {
            break;
        }
    }
    all.time = begin.elapsed();
    all.certificate = explorer.lock().certificate();
    all
}
