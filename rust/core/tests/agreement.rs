//! Engine and contract agree: what the engine does with random programs is what `contract` says of the recording.
#![allow(unreachable_pub)] // support modules are shared between test programs

mod support {
    pub mod arbitrary;
    pub mod card;
    pub mod fold;
    pub mod program;
}

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use ndiswan::contract::{State, step};
use ndiswan::event::{TakenBack, What};
use ndiswan::miniport::CanComplete;
use ndiswan::{Config, Deserialized, Dispatch, Event, Face, Mode, Rule, Serialized};
use proptest::strategy::Strategy;
use proptest::test_runner::RngAlgorithm::ChaCha;
use proptest::test_runner::{Config as ProptestConfig, TestCaseError, TestRng, TestRunner};
use support::arbitrary::{config, program, program_of_a_twin};
use support::fold::{Fold, Unseen};
use support::program::{Op, Run};

/// Whether `rule`, which no event shows, may have been reported by this operation (`None`: by
/// closing the world).
fn may_be_unseen(op: Option<&Op>, (rule, before): &Unseen) -> bool {
    let given_up = |what| matches!(what, What::TakeBack { why: TakenBack::GivenUp, .. });
    match (rule, op) {
        (Rule::Lost, Some(Op::CloseCall)) | (Rule::Cancel, Some(Op::Run(_))) => {
            before.is_some_and(given_up)
        }
        // What a deserialized miniport has when its reset ends is reported before it is taken.
        (Rule::Reset, _) => matches!(before, Some(What::ResetComplete { .. })),
        // What only time tells; the buffer's geometry; level, locks and status of
        // NdisMResetComplete; a halt or a clock that is run from inside of something; what the
        // closing thread holds: none of these is an event.
        //
        // So is what one of NDIS 6 has when its pause completes, and a cancel or a pause from where none may be; and that
        // nothing is left which could ask for the sends that wait for resources.
        //
        // A packet that is late stays with a miniport that is reset for it.
        (Rule::Resources, Some(Op::Halt(_)) | None)
        | (Rule::Late | Rule::Hang, Some(Op::Run(_)))
        | (Rule::Pause | Rule::Padding, _)
        | (Rule::IrqlSend | Rule::Serial, Some(Op::Twin(_)))
        | (Rule::IrqlComplete | Rule::LockHeld | Rule::StatusPending, Some(Op::ResetComplete(_)))
        | (Rule::Serial, Some(Op::Halt(_) | Op::Run(_)))
        | (Rule::LockLeak | Rule::IrqlLeak, None) => true,
        _ => false,
    }
}

/// Operations on names, each of which is one event before anything else happens.
fn is_one_event(op: &Op) -> bool {
    matches!(
        op,
        Op::CompleteName(..)
            | Op::SendName(_)
            | Op::FreeName(_)
            | Op::Touch(..)
            | Op::Acquire(..)
            | Op::Release(..)
            | Op::Raise(_)
            | Op::Lower(_)
    )
}

/// The rule that the pure function says the event breaks.
fn step_says(state: &State, event: &Event) -> Option<Rule> {
    let mut state = state.clone();
    state.cpus.entry(event.cpu).or_default().irql = event.irql;
    step(&state, event).err()
}

/// Runs a program and looks after each operation; the rules that were broken.
fn agree<M: Mode>(config: &Config, face: Face, program: &[Op]) -> Result<Vec<Rule>, String>
where
    Dispatch: CanComplete<M>,
{
    let run = Run::<M>::with(config.clone(), face);
    let ndis = Arc::clone(&run.rig.ndis);
    let mut fold = Fold::new(config);
    let look = |fold: &mut Fold, op: Option<&Op>| {
        fold.take(&ndis.events())?;
        fold.settled()?;
        fold.agrees_on_owners(run.rig.adapter())?;
        match fold.unseen.drain(..).find(|unseen| !may_be_unseen(op, unseen)) {
            Some((rule, before)) => Err(format!("{rule} behind {before:?} is shown by no event")),
            None => Ok(()),
        }
    };
    look(&mut fold, None)?;
    for op in program {
        let (events, violations) = (ndis.events().len(), ndis.violation_count());
        let broken = run.step(op);
        let rules: Vec<_> = ndis.violations()[violations..].iter().map(|v| v.rule).collect();
        if broken.is_some_and(|rule| !rules.contains(&rule)) {
            return Err(format!("{op:?} was refused for {broken:?}, reported: {rules:?}"));
        }
        if let Some(event) = ndis.events().get(events).filter(|_| is_one_event(op)) {
            let said = step_says(&fold.state, event);
            if said != broken {
                return Err(format!("{op:?}: the engine says {broken:?}, step says {said:?}"));
            }
        }
        look(&mut fold, Some(op)).map_err(|e| format!("{op:?}: {e}"))?;
    }
    let rules = run.rig.close();
    look(&mut fold, None)?;
    let found: Vec<_> = ndis.trace().check().iter().map(|found| found.rule).collect();
    if found != rules {
        return Err(format!("the check of the recording finds {found:?}, reported: {rules:?}"));
    }
    Ok(rules)
}

/// Random programs, the same ones each time or new ones; the rules that none of them broke.
fn unbroken<M: Mode>(count: u32, anew: bool) -> Vec<Rule>
where
    Dispatch: CanComplete<M>,
{
    let broken = broken::<M>(Face::Wan, count, anew);
    let of_wan = Rule::ALL.iter().copied().filter(|rule| !rule.is_of_a_twin());
    of_wan.filter(|rule| !broken.contains(rule)).collect()
}

/// The same of one interface; the rules that one of them broke.
fn broken<M: Mode>(face: Face, count: u32, anew: bool) -> BTreeSet<Rule>
where
    Dispatch: CanComplete<M>,
{
    let broken = Mutex::new(BTreeSet::new());
    let cases = ProptestConfig { cases: count, failure_persistence: None, ..Default::default() };
    let mut runner = if anew {
        TestRunner::new(cases)
    } else {
        TestRunner::new_with_rng(cases, TestRng::deterministic_rng(ChaCha))
    };
    let programs = match face {
        Face::Wan => program().boxed(),
        _ => program_of_a_twin().boxed(),
    };
    let result = runner.run(&(config(), programs), |(config, program)| {
        // Each has a thread, and so a CPU, of its own: what one leaves held is not the next one's.
        let thread = std::thread::spawn(move || agree::<M>(&config, face, &program));
        let rules = thread.join().unwrap_or_else(|_| Err("the program panicked".to_string()));
        broken.lock().unwrap().extend(rules.map_err(TestCaseError::fail)?);
        Ok(())
    });
    result.unwrap_or_else(|failure| panic!("{failure}"));
    broken.into_inner().unwrap()
}

#[test]
fn a_serialized_adapter_and_the_contract_agree_on_random_programs() {
    // A serialized packet is late long before its adapter hangs: there it is a reset that does.
    assert_eq!(unbroken::<Serialized>(1024, false), []);
}

#[test]
fn a_deserialized_adapter_and_the_contract_agree_on_random_programs() {
    assert_eq!(unbroken::<Deserialized>(1024, false), []);
}

#[test]
fn a_lan_adapter_and_the_contract_agree_on_random_programs() {
    let serialized = broken::<Serialized>(Face::Lan, 256, false);
    assert!(serialized.contains(&Rule::Resources));
    assert!(!serialized.contains(&Rule::Sync));
    assert!(broken::<Deserialized>(Face::Lan, 256, false).contains(&Rule::Sync));
}

#[test]
fn a_condis_adapter_and_the_contract_agree_on_random_programs() {
    let broken = broken::<Deserialized>(Face::Condis, 256, false);
    assert!(broken.contains(&Rule::Sync));
    assert!(!broken.contains(&Rule::StatusList));
}

#[test]
fn an_ndis_6_adapter_and_the_contract_agree_on_random_programs() {
    let broken = broken::<Deserialized>(Face::Ndis6, 512, false);
    for rule in [Rule::Sync, Rule::StatusList, Rule::Pause, Rule::Cancel] {
        assert!(broken.contains(&rule), "{rule}");
    }
}

#[test]
#[ignore = "soak: a hundred thousand new programs; make soak"]
fn soak_engine_and_contract_agree_on_a_hundred_thousand_programs() {
    unbroken::<Serialized>(50_000, true);
    unbroken::<Deserialized>(50_000, true);
}
