//! Engine and contract agree: what the engine does with random programs is what `contract` says of the recording.
#![allow(unreachable_pub)] // support modules are shared between test programs

mod support {
    pub mod arbitrary;
    pub mod card;
    pub mod fold;
    pub mod program;
}

use ndiswan::miniport::CanComplete;
use ndiswan::{Config, Deserialized, Dispatch, Mode, Serialized};
use proptest::prelude::*;
use support::arbitrary::{config, program};
use support::fold::Fold;
use support::program::{Op, Run};

fn agree<M: Mode>(config: Config, program: &[Op]) -> Result<(), TestCaseError>
where
    Dispatch: CanComplete<M>,
{
    let fail = |e: String| TestCaseError::fail(e);
    let run = Run::<M>::new(config.clone());
    let ndis = std::sync::Arc::clone(&run.rig.ndis);
    let mut fold = Fold::new(config.policy);
    fold.take(&ndis.events()).map_err(fail)?;
    for op in program {
        let before = ndis.violation_count();
        let broken = run.step(op);
        let rules = ndis.violations()[before..].iter().map(|v| v.rule).collect::<Vec<_>>();
        if let Some(rule) = broken {
            prop_assert!(
                rules.contains(&rule),
                "{op:?} was refused for {rule}, reported: {rules:?}"
            );
        }
        fold.take(&ndis.events()).and_then(|()| fold.settled()).map_err(fail)?;
        fold.agrees_on_owners(run.rig.adapter()).map_err(fail)?;
    }
    let rules = run.rig.close();
    fold.take(&ndis.events()).and_then(|()| fold.settled()).map_err(fail)?;
    fold.agrees_on_owners(run.rig.adapter()).map_err(fail)?;
    let found: Vec<_> = ndis.trace().check().iter().map(|found| found.rule).collect();
    prop_assert_eq!(found, rules, "the check of the recording finds what was reported");
    for (rule, before) in &fold.unseen {
        prop_assert!(false, "{} behind {:?}", rule, before);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_serialized_adapter_and_the_contract_agree(config in config(), program in program()) {
        agree::<Serialized>(config, &program)?;
    }

    #[test]
    fn a_deserialized_adapter_and_the_contract_agree(config in config(), program in program()) {
        agree::<Deserialized>(config, &program)?;
    }
}
