//! The workload for a miniport that comes without a scenario.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock, Weak};

use ndiswan::choices::Shared;
use ndiswan::choices::portfolio::Portfolio;
use ndiswan::choices::shrink::Limits;
use ndiswan::explore::workload::{Came, Subject, workload};
use ndiswan::explore::{Exploration, Options, explore, replay, shrink};
use ndiswan::{
    Adapter, Cx, Deserialized, Dispatch, Disposition, Link, LinkSettings, Miniport, Ndis, Passive,
    Rule, Sending, Serialized, Status, UpToDispatch, WanInfo,
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

/// Its line is up a millisecond after MiniportInitialize. With `forgets` a halt leaves the timer of that.
#[derive(Default)]
struct Leased {
    forgets: bool,
    adapter: OnceLock<Weak<Adapter>>,
    timer: OnceLock<u32>,
    sent: Arc<AtomicU32>,
}

impl Leased {
    fn adapter(&self) -> Option<Arc<Adapter>> {
        self.adapter.get().and_then(Weak::upgrade)
    }
}

impl Miniport for Leased {
    type Mode = Serialized;

    fn info(&self) -> WanInfo {
        WanInfo::default()
    }

    fn line_up_at_bind(&self) -> bool {
        false
    }

    fn initialize(&self, _: &mut Cx<Passive>, adapter: &Arc<Adapter>) -> Result<(), Status> {
        let timer = *self.timer.get_or_init(|| adapter.timer());
        let _ = self.adapter.set(Arc::downgrade(adapter));
        adapter.set_timer(timer, 1_000_000).map_err(|_| Status::FAILURE)
    }

    fn wan_send<'call>(
        &self,
        _: &mut Cx<Dispatch>,
        _: &Arc<Link>,
        packet: Sending<'call, Serialized>,
    ) -> Disposition<'call> {
        self.sent.fetch_add(1, Ordering::Relaxed);
        packet.into_name().returned(Status::SUCCESS)
    }

    fn timer(&self, _: &mut Cx<Dispatch>, _: u32) {
        let Some(adapter) = self.adapter() else { return };
        drop(adapter.line_up(None, None, LinkSettings::default()));
    }

    fn halt(&self, _: &mut Cx<Passive>) {
        let (Some(adapter), Some(timer)) = (self.adapter(), self.timer.get()) else { return };
        if !self.forgets {
            adapter.cancel_timer(*timer);
        }
    }
}

#[test]
fn a_line_that_comes_up_later_is_waited_for_and_sometimes_not() {
    for forgets in [false, true] {
        let explorer = Shared::new(Portfolio::new(1));
        let options = Options { executions: 5_000, ..Options::default() };
        let sent = Arc::new(AtomicU32::new(0));
        let found = explore(&explorer, &options, |ndis| {
            let leased = Leased { forgets, sent: Arc::clone(&sent), ..Leased::default() };
            let came = workload(ndis, leased, "leased", &Plain);
            assert!(matches!(came, Came::ToItsEnd), "{came:?}");
        });
        assert!(sent.load(Ordering::Relaxed) > 0);
        let rules: Vec<_> = found.failures.iter().map(|failure| failure.symptom.rule).collect();
        assert_eq!(rules, if forgets { vec![Some(Rule::Timer)] } else { vec![] });
    }
}
