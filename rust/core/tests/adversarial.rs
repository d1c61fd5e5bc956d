//! Adversarial time: an explorer decides who goes on.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use ndiswan::choices::portfolio::Portfolio;
use ndiswan::choices::random::Random;
use ndiswan::choices::shrink::Limits;
use ndiswan::choices::{Ended, Explorer, Shared, Step, make};
use ndiswan::event::Form::Plain;
use ndiswan::explore::{Options, execute, explore, replay, shrink};
use ndiswan::{
    Adapter, Cx, Deserialized, Dispatch, Disposition, FinalStatus, Link, Miniport, Name, Ndis,
    Packet, Passive, Protocol, Rule, Sending, Status, UpToDispatch, WanInfo, at_passive,
};

#[derive(Clone, Default)]
struct Peer(Arc<AtomicU32>);

impl Protocol for Peer {
    fn send_complete(&self, _: &mut Cx<UpToDispatch>, packet: Packet, _: FinalStatus) {
        self.0.fetch_add(1, Ordering::Relaxed);
        drop(packet);
    }
}

/// Completes in a timer; `careful` takes the packet out of its list under the lock that it looked under.
struct Card {
    careful: bool,
    adapter: OnceLock<(Arc<Adapter>, u32)>,
    list: Mutex<Vec<Name>>,
}

impl Miniport for Card {
    type Mode = Deserialized;

    fn info(&self) -> WanInfo {
        WanInfo { max_transmit: 4, ..WanInfo::default() }
    }

    fn initialize(&self, _: &mut Cx<Passive>, adapter: &Arc<Adapter>) -> Result<(), Status> {
        let lock = adapter.spin_lock("list");
        adapter.timer();
        adapter.timer();
        self.adapter.set((Arc::clone(adapter), lock)).map_err(|_| Status::FAILURE)
    }

    fn wan_send<'call>(
        &self,
        _: &mut Cx<UpToDispatch>,
        _: &Arc<Link>,
        packet: Sending<'call, Deserialized>,
    ) -> Disposition<'call> {
        let (adapter, lock) = self.adapter.get().unwrap();
        let packet = packet.into_name();
        adapter.acquire(*lock, Plain).unwrap();
        self.list.lock().unwrap().push(packet.name);
        adapter.release(*lock, Plain).unwrap();
        adapter.set_timer(0, 1_000_000).unwrap();
        adapter.set_timer(1, 3_000_000).unwrap();
        packet.returned(Status::PENDING)
    }

    fn timer(&self, _: &mut Cx<Dispatch>, _: u32) {
        self.finish();
    }

    fn halt(&self, _: &mut Cx<Passive>) {
        let (adapter, _) = self.adapter.get().unwrap();
        adapter.cancel_timer(0);
        adapter.cancel_timer(1);
        self.finish();
    }
}

impl Card {
    fn finish(&self) {
        let (adapter, lock) = self.adapter.get().unwrap();
        loop {
            adapter.acquire(*lock, Plain).unwrap();
            let first = self.list.lock().unwrap().first().copied();
            if self.careful && first.is_some() {
                self.list.lock().unwrap().remove(0);
            }
            adapter.release(*lock, Plain).unwrap();
            let Some(first) = first else { return };
            let _ = adapter.wan_send_complete(first, Status::SUCCESS);
            if !self.careful {
                self.list.lock().unwrap().retain(|name| *name != first);
            }
        }
    }
}

fn card(careful: bool) -> Card {
    Card { careful, adapter: OnceLock::new(), list: Mutex::default() }
}

fn scenario(careful: bool) -> impl FnMut(&Arc<Ndis>) {
    move |ndis| {
        let peer = Peer::default();
        let link = ndis.bind(peer.clone(), card(careful), 4, "card").unwrap();
        at_passive(|cx| {
            for _ in 0..3 {
                let packet = link.adapter.packet(b"frame").unwrap();
                assert!(link.send(cx, packet).is_ok());
            }
        })
        .unwrap();
        ndis.run(None, None).unwrap();
        assert_eq!(peer.0.load(Ordering::Relaxed), 3);
    }
}

fn random(seed: u64) -> Shared {
    Shared::new(Random::new(seed))
}

#[test]
fn a_race_of_two_timers_is_found_and_its_choices_replay_it() {
    let mut options = Options { executions: 10_000, ..Options::default() };
    options.config.record = true;
    let found = explore(&random(1), &options, scenario(false));
    let failure = found.failures.first().expect("it was found");
    assert_eq!(failure.symptom.rule, Some(Rule::Double), "{:?}", failure.symptom);
    let again = replay(&failure.choices, &options, &mut scenario(false));
    assert_eq!(again.failure.unwrap().0, failure.symptom);
    assert_eq!(again.choices, failure.choices);
    let small = shrink(failure, &options, Limits::default(), scenario(false));
    let again = replay(&small.choices, &options, &mut scenario(false));
    assert_eq!(again.failure.unwrap().0, failure.symptom);
    let switches = small.choices.iter().filter(|choice| choice.chosen != 0).count();
    assert!(switches <= 3, "{:?}", small.choices);
}

#[test]
fn switches_of_the_policy_are_choices_if_they_are_to_be() {
    let seen = Arc::new(Mutex::new(std::collections::HashSet::new()));
    let options = Options { executions: 200, policies: true, ..Options::default() };
    let note = Arc::clone(&seen);
    let found = explore(&random(1), &options, move |ndis: &Arc<Ndis>| {
        let policy = ndis.config.policy;
        note.lock().unwrap().insert((policy.owed_at_halt, policy.callback_at_dispatch));
    });
    assert!(found.failures.is_empty());
    assert_eq!(seen.lock().unwrap().len(), 4);
}

#[test]
fn a_careful_driver_is_left_alone_and_the_same_choices_give_the_same_events() {
    let mut options = Options { executions: 3_000, ..Options::default() };
    options.config.record = true;
    let explorer = random(7);
    for _ in 0..500 {
        let one = execute(&explorer, &options, &mut scenario(true));
        assert!(one.failure.is_none(), "{:?}", one.failure);
        let two = replay(&one.choices, &options, &mut scenario(true));
        assert_eq!(one.choices, two.choices);
        assert_eq!(one.events, two.events);
    }
}

/// An explorer that is told of every point, of those too at which there is one way to go on.
struct AsksLone(Box<dyn Explorer>);

impl Explorer for AsksLone {
    fn begin(&mut self) {
        self.0.begin();
    }

    fn step(&mut self, steps: &[Step]) -> usize {
        self.0.step(steps)
    }

    fn value(&mut self, n: u32) -> u32 {
        self.0.value(n)
    }

    fn value_of(&mut self, what: u32, n: u32) -> u32 {
        self.0.value_of(what, n)
    }

    fn end(&mut self, ended: &Ended<'_>) -> bool {
        self.0.end(ended)
    }
}

#[test]
fn a_point_that_is_passed_unasked_changes_nothing() {
    let mut options = Options::default();
    options.config.record = true;
    for name in ndiswan::choices::NAMES {
        let made = || make(name, 3).unwrap();
        let passes = Shared::new(made());
        let asks = Shared::new(AsksLone(made()));
        for execution in 0..100 {
            let one = execute(&passes, &options, &mut scenario(execution % 2 == 0));
            let other = execute(&asks, &options, &mut scenario(execution % 2 == 0));
            assert_eq!(one.choices, other.choices, "{name}");
            assert_eq!((one.points, &one.events), (other.points, &other.events), "{name}");
            for (explorer, ran) in [(&passes, &one), (&asks, &other)] {
                let ended = Ended {
                    choices: &ran.choices,
                    new_edges: 0,
                    failed: ran.failure.is_some(),
                    steps: ran.points,
                };
                explorer.lock().end(&ended);
            }
        }
    }
}

/// Explores the good driver so often, and the bad one, whose failures are let go; with `each` between.
fn executions(count: u64, mut each: impl FnMut(u64)) {
    let options = Options::default();
    let portfolio = || Shared::new(Portfolio::new(5));
    let both = [(portfolio(), true), (portfolio(), false)];
    for done in 0..count {
        let (explorer, careful) = &both[(done % 2) as usize];
        let ran = execute(explorer, &options, &mut scenario(*careful));
        assert!(!*careful || ran.failure.is_none(), "{:?}", ran.failure);
        let ended = Ended {
            choices: &ran.choices,
            new_edges: ran.new_edges,
            failed: ran.failure.is_some(),
            steps: ran.points,
        };
        explorer.lock().end(&ended);
        each(done + 1);
    }
}

/// Bytes of memory that this process has.
fn memory() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
    pages.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
}

#[test]
#[ignore = "soak: ten million executions, or NDISWAN_SOAK_EXECUTIONS; make soak"]
fn soak_ten_million_executions_leave_memory_flat() {
    let given = std::env::var("NDISWAN_SOAK_EXECUTIONS").ok();
    let count = given.map_or(10_000_000, |count| count.parse().expect("a number of executions"));
    let (mut begun, mut last) = (0, 0);
    executions(count, |done| {
        if done % (count / 10).max(1) == 0 {
            last = memory();
            println!("{done} executions: {} KiB", last >> 10);
            // What the explorers learn, they learn at the beginning.
            if begun == 0 {
                begun = last;
            }
        }
    });
    let grown = last.saturating_sub(begun);
    assert!(grown < 4 << 20, "{grown} bytes more after {count} executions");
}

#[test]
fn a_thread_of_a_drivers_own_fails_the_execution_and_is_told_why() {
    let options = Options { executions: 3, ..Options::default() };
    let explored = explore(&random(1), &options, |ndis| {
        std::thread::scope(|scope| {
            scope.spawn(|| assert_eq!(ndis.choose(9, "far away"), 0));
        });
    });
    let place = &explored.failures[0].symptom.place;
    assert!(place.contains("threads of a driver are begun by spawn"), "{place}");
}
