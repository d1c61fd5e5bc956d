//! The workload for a miniport that comes without a scenario.

use std::sync::{Arc, Mutex, OnceLock};

use ndiswan::choices::portfolio::Portfolio;
use ndiswan::choices::shrink::Limits;
use ndiswan::explore::workload::{Came, Subject, workload};
use ndiswan::explore::{Exploration, Options, explore, replay, shrink};
use ndiswan::{
    Adapter, Cx, Deserialized, Dispatch, Disposition, Link, Miniport, Name, Ndis, Passive, Rule,
    Sending, Status, UpToDispatch, WanInfo,
};

/// Finishes each packet in a timer. With `forgets` a reset empties its list without a completion.
struct Card {
    forgets: bool,
    adapter: OnceLock<Arc<Adapter>>,
    list: Mutex<Vec<Name>>,
}

impl Card {
    fn finish(&self) {
        let all = std::mem::take(&mut *self.list.lock().unwrap());
        for name in all {
            drop(self.adapter.get().unwrap().wan_send_complete(name, Status::SUCCESS));
        }
    }
}

impl Miniport for Card {
    type Mode = Deserialized;

    fn info(&self) -> WanInfo {
        WanInfo { max_transmit: 4, max_frame_size: 600, ..WanInfo::default() }
    }

    fn initialize(&self, _: &mut Cx<Passive>, adapter: &Arc<Adapter>) -> Result<(), Status> {
        adapter.timer();
        self.adapter.set(Arc::clone(adapter)).map_err(|_| Status::FAILURE)
    }

    fn wan_send<'call>(
        &self,
        _: &mut Cx<UpToDispatch>,
        _: &Arc<Link>,
        packet: Sending<'call, Deserialized>,
    ) -> Disposition<'call> {
        let packet = packet.into_name();
        self.list.lock().unwrap().push(packet.name);
        self.adapter.get().unwrap().set_timer(0, 1_000_000).unwrap();
        packet.returned(Status::PENDING)
    }

    fn timer(&self, _: &mut Cx<Dispatch>, _: u32) {
        self.finish();
    }

    fn reset(&self, _: &mut Cx<Dispatch>) -> (Status, bool) {
        if self.forgets {
            self.list.lock().unwrap().clear();
        }
        self.finish();
        (Status::SUCCESS, false)
    }

    fn halt(&self, _: &mut Cx<Passive>) {
        self.adapter.get().unwrap().cancel_timer(0);
        self.finish();
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
        let card = Card { forgets, adapter: OnceLock::new(), list: Mutex::default() };
        let came = workload(ndis, card, "card", &Plain);
        assert!(matches!(came, Came::ToItsEnd), "{came:?}");
    }
}

fn explored(forgets: bool, executions: u64) -> Exploration {
    let explorer: Arc<parking_lot::Mutex<dyn ndiswan::choices::Explorer>> =
        Arc::new(parking_lot::Mutex::new(Portfolio::new(1)));
    explore(&explorer, &Options { executions, ..Options::default() }, scenario(forgets))
}

#[test]
fn a_good_miniport_is_left_alone() {
    let found = explored(false, 2_000);
    assert!(found.failures.is_empty(), "{:?}", found.failures);
    assert_eq!(found.executions, 2_000);
    assert!(found.points > 2_000 * 20);
}

#[test]
fn a_packet_that_a_reset_forgets_is_found_replayed_and_made_small() {
    let found = explored(true, 2_000);
    let failure = &found.failures[0];
    assert_eq!(failure.symptom.rule, Some(Rule::Lost));
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
