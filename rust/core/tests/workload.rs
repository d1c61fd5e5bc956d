//! The workload for a miniport that comes without a scenario.

use std::sync::Arc;

use ndiswan::choices::Shared;
use ndiswan::choices::portfolio::Portfolio;
use ndiswan::choices::shrink::Limits;
use ndiswan::explore::workload::{Came, Subject, workload};
use ndiswan::explore::{Exploration, Options, explore, replay, shrink};
use ndiswan::{
    Cx, Deserialized, Disposition, Link, Miniport, Ndis, Rule, Sending, Status, UpToDispatch,
    WanInfo,
};

/// Finishes each packet at once. With `forgets` it says PENDING for short ones, and never completes them.
struct Card {
    forgets: bool,
}

impl Miniport for Card {
    type Mode = Deserialized;

    fn info(&self) -> WanInfo {
        WanInfo { max_transmit: 4, max_frame_size: 600, ..WanInfo::default() }
    }

    fn wan_send<'call>(
        &self,
        _: &mut Cx<UpToDispatch>,
        _: &Arc<Link>,
        packet: Sending<'call, Deserialized>,
    ) -> Disposition<'call> {
        let forgotten = self.forgets && packet.len() < 60;
        let packet = packet.into_name();
        packet.returned(if forgotten { Status::PENDING } else { Status::SUCCESS })
    }
}

struct Plain;

impl Subject for Plain {
    fn interrupts(&self) -> bool {
        false
    }
}

fn scenario(forgets: bool) -> impl FnMut(&Arc<Ndis>) {
    move |ndis| {
        let card = Card { forgets };
        let came = workload(ndis, card, "card", &Plain);
        assert!(matches!(came, Came::ToItsEnd), "{came:?}");
    }
}

fn explored(forgets: bool, executions: u64) -> Exploration {
    let explorer = Shared::new(Portfolio::new(1));
    explore(&explorer, &Options { executions, ..Options::default() }, scenario(forgets))
}

#[test]
fn a_good_miniport_is_left_alone() {
    let found = explored(false, 2_000);
    assert!(found.failures.is_empty(), "{:?}", found.failures);
    assert_eq!(found.executions, 2_000);
    assert!(found.points > 2_000 * 10);
}

#[test]
fn a_packet_that_is_forgotten_is_found_replayed_and_made_small() {
    let found = explored(true, 2_000);
    let failure = &found.failures[0];
    assert!(matches!(failure.symptom.rule, Some(Rule::Lost | Rule::Reset)), "{failure:?}");
    let options = Options::default();
    let again = replay(&failure.choices, &options, &mut scenario(true));
    assert_eq!(again.failure.map(|(symptom, _)| symptom), Some(failure.symptom.clone()));
    let small = shrink(failure, &options, Limits::default(), scenario(true));
    let switches = |choices: &[ndiswan::choices::Choice]| {
        choices.iter().filter(|choice| choice.chosen != 0).count()
    };
    assert!(switches(&small.choices) <= switches(&failure.choices));
    assert!(switches(&small.choices) <= 4, "{:?}", small.choices);
}
