//! What random programs reach is in the list of edges, and is there what the engine says that it is.
#![allow(unreachable_pub)] // support modules are shared between test programs

mod support {
    pub mod arbitrary;
    pub mod card;
    pub mod program;
}

use std::collections::BTreeSet;
use std::sync::Mutex;

use ndiswan::coverage::{Coverage, Edge, Edges, Seat, listed};
use ndiswan::event::What;
use ndiswan::miniport::CanComplete;
use ndiswan::{Config, Deserialized, Dispatch, Event, Face, Mode, Rule, Serialized};
use proptest::test_runner::RngAlgorithm::ChaCha;
use proptest::test_runner::{Config as ProptestConfig, TestRng, TestRunner};
use support::arbitrary::{config, program};
use support::program::{Op, Run};

/// The rule that the engine reported directly behind an event, if it did.
fn blamed(events: &[Event], at: usize) -> Option<Rule> {
    let next = events[at + 1..].iter().find(|next| next.cpu == events[at].cpu)?;
    match next.what {
        What::Violation { rule } => Some(rule),
        _ => None,
    }
}

/// Whether what the edge breaks is reported directly behind it: a bug check, and a packet that is
/// taken, have their reason before it or later.
fn shows(edge: Edge) -> bool {
    let what = edge.kind().sample();
    edge.seat() != Seat::Stopped && !matches!(what, What::Stop | What::TakeBack { .. })
}

/// Where the list and the engine differ on what a program does, in words.
fn differences<M: Mode>(face: Face, config: &Config, program: &[Op]) -> (Vec<String>, Edges)
where
    Dispatch: CanComplete<M>,
{
    let run = Run::<M>::with(config.clone(), face);
    for op in program {
        run.step(op);
    }
    run.rig.close();
    let events = run.rig.ndis.events();
    let mut coverage = Coverage::new();
    let mut found = Vec::new();
    for (at, event) in events.iter().enumerate() {
        let Some(edge) = coverage.see(event) else { continue };
        match (listed(face, edge), blamed(&events, at)) {
            (None, _) => found.push(format!("{edge} is not listed")),
            (Some(listed), None) if !listed.kept && shows(edge) => {
                found
                    .push(format!("{edge} is said to break {:?} and breaks nothing", listed.rules));
            }
            _ => {}
        }
    }
    (found, coverage.into_edges())
}

/// The differences on random programs, the same ones each time, and how many edges they reach.
fn compare<M: Mode>(face: Face, count: u32) -> (BTreeSet<String>, usize)
where
    Dispatch: CanComplete<M>,
{
    let found = Mutex::new((BTreeSet::new(), Edges::default()));
    let cases = ProptestConfig { cases: count, failure_persistence: None, ..Default::default() };
    let mut runner = TestRunner::new_with_rng(cases, TestRng::deterministic_rng(ChaCha));
    let result = runner.run(&(config(), program()), |(config, program)| {
        // The list is that of the default policy.
        let config = Config { policy: ndiswan::Policy::default(), ..config };
        let thread = std::thread::spawn(move || differences::<M>(face, &config, &program));
        let (differences, edges) = thread.join().unwrap();
        let mut found = found.lock().unwrap();
        found.0.extend(differences);
        found.1.merge(&edges);
        Ok(())
    });
    result.unwrap();
    let (differences, edges) = found.into_inner().unwrap();
    (differences, edges.len())
}

#[test]
fn a_serialized_adapter_reaches_what_is_listed_and_breaks_what_is_said() {
    let (differences, reached) = compare::<Serialized>(Face::Wan, 1024);
    assert_eq!(differences, BTreeSet::new());
    assert!(reached > 300, "{reached}"); // else the programs became tame
}

#[test]
fn a_deserialized_adapter_reaches_what_is_listed_and_breaks_what_is_said() {
    let (differences, reached) = compare::<Deserialized>(Face::Wan, 1024);
    assert_eq!(differences, BTreeSet::new());
    assert!(reached > 300, "{reached}");
}

#[test]
fn an_adapter_of_a_sister_contract_reaches_what_is_listed_and_breaks_what_is_said() {
    for face in [Face::Lan, Face::Condis, Face::Ndis6] {
        let (differences, reached) = compare::<Deserialized>(face, 512);
        assert_eq!(differences, BTreeSet::new(), "{face:?}");
        assert!(reached > 250, "{face:?} {reached}");
    }
    let (differences, reached) = compare::<Serialized>(Face::Lan, 512);
    assert_eq!(differences, BTreeSet::new());
    assert!(reached > 250, "{reached}");
}
