//! Engine and contract agree: what the engine does with random programs is what `contract` says of the recording.
#![allow(unreachable_pub)] // support modules are shared between test programs

mod support {
    pub mod arbitrary;
    pub mod card;
    pub mod fold;
    pub mod program;
}

use std::sync::Arc;

use ndiswan::event::{TakenBack, What};
use ndiswan::miniport::CanComplete;
use ndiswan::{Config, Deserialized, Dispatch, Mode, Rule, Serialized};
use proptest::prelude::*;
use support::arbitrary::{config, program};
use support::fold::{Fold, Unseen};
use support::program::{Op, Run};

/// Whether `rule`, which no event shows, may have been reported by this operation: what time alone
/// tells, what NDIS does by itself, and how calls are made that are no events.
fn may_be_unseen(op: Option<&Op>, (rule, before): &Unseen) -> bool {
    let given_up = |what| matches!(what, What::TakeBack { why: TakenBack::GivenUp, .. });
    match (rule, op) {
        (Rule::Late, Some(Op::Run(_))) => before.is_some_and(given_up),
        (Rule::Lost, Some(Op::CloseCall)) => before.is_some_and(given_up),
        (Rule::Hang, Some(Op::Run(_))) => true,
        // What a deserialized miniport has when its reset ends is reported before it is taken.
        (Rule::Reset, _) => matches!(before, Some(What::ResetComplete { .. })),
        // At which level and with which status a reset is completed.
        (Rule::IrqlComplete | Rule::LockHeld | Rule::StatusPending, Some(Op::ResetComplete(_))) => {
            true
        }
        // A halt or a clock that is run from inside of something.
        (Rule::Serial, Some(Op::Halt | Op::Run(_))) => true,
        // What the closing thread holds.
        (Rule::LockLeak | Rule::IrqlLeak, None) => true,
        _ => false,
    }
}

fn agree<M: Mode>(config: Config, program: &[Op]) -> Result<(), TestCaseError>
where
    Dispatch: CanComplete<M>,
{
    let run = Run::<M>::new(config.clone());
    let ndis = Arc::clone(&run.rig.ndis);
    let mut fold = Fold::new(config.policy);
    let mut look = |op: Option<&Op>| -> Result<(), String> {
        fold.take(&ndis.events())?;
        fold.settled()?;
        fold.agrees_on_owners(run.rig.adapter())?;
        match fold.unseen.drain(..).find(|unseen| !may_be_unseen(op, unseen)) {
            Some((rule, before)) => Err(format!("{rule} behind {before:?} is shown by no event")),
            None => Ok(()),
        }
    };
    look(None).map_err(TestCaseError::fail)?;
    for op in program {
        let before = ndis.violation_count();
        let broken = run.step(op);
        let rules: Vec<_> = ndis.violations()[before..].iter().map(|v| v.rule).collect();
        if let Some(rule) = broken {
            prop_assert!(
                rules.contains(&rule),
                "{op:?} was refused for {rule}, reported: {rules:?}"
            );
        }
        look(Some(op)).map_err(|e| TestCaseError::fail(format!("{op:?}: {e}")))?;
    }
    let rules = run.rig.close();
    look(None).map_err(TestCaseError::fail)?;
    let found: Vec<_> = ndis.trace().check().iter().map(|found| found.rule).collect();
    prop_assert_eq!(found, rules, "the check of the recording finds what was reported");
    Ok(())
}

/// Each program has a thread, and so a CPU, of its own: what one leaves held is not the next one's.
fn in_a_thread(
    run: fn(Config, &[Op]) -> Result<(), TestCaseError>,
    config: Config,
    program: Vec<Op>,
) -> Result<(), TestCaseError> {
    let thread = std::thread::spawn(move || run(config, &program));
    thread.join().unwrap_or_else(|_| Err(TestCaseError::fail("the program panicked")))
}

fn cases(count: u32) -> ProptestConfig {
    ProptestConfig { cases: count, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases(512))]

    #[test]
    fn a_serialized_adapter_and_the_contract_agree(config in config(), program in program()) {
        in_a_thread(agree::<Serialized>, config, program)?;
    }

    #[test]
    fn a_deserialized_adapter_and_the_contract_agree(config in config(), program in program()) {
        in_a_thread(agree::<Deserialized>, config, program)?;
    }
}
