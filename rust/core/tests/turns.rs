//! Turns in serialized miniports: whoever waits for one gets it, or a report.
#![allow(unreachable_pub)] // support modules are shared between test programs

mod support {
    pub mod card;
}

use std::sync::{Arc, Barrier, Mutex, OnceLock};
use std::time::{Duration, Instant};

use ndiswan::ndis::RequestError;
use ndiswan::oid::Oid;
use ndiswan::{Config, FinalStatus, Link, Ndis, Rule, Serialized, Status};
use support::card::{Card, Rig};

type Asked = Mutex<Vec<Result<(), RequestError>>>;

/// As many serialized adapters as there are threads; each queries the next from inside of
/// MiniportWanSend, once all are inside. What the requests were answered, and the rules broken.
fn circle(adapters: usize, ask: fn(&Arc<Link>) -> Result<(), RequestError>) -> Vec<(Rule, String)> {
    let ndis = Ndis::new(Config::default());
    let inside = Arc::new(Barrier::new(adapters));
    let next: Vec<Arc<OnceLock<Arc<Link>>>> = (0..adapters).map(|_| Arc::default()).collect();
    let asked = Arc::new(Asked::default());
    let rigs: Vec<_> = (0..adapters)
        .map(|n| {
            let (inside, next, asked) = (inside.clone(), next[n].clone(), asked.clone());
            let card = Card::<Serialized>::new(move |_, _, packet| {
                inside.wait();
                let answer = ask(next.get().unwrap());
                asked.lock().unwrap().push(answer);
                packet.complete(FinalStatus::SUCCESS)
            });
            Rig::on(&ndis, card, 1)
        })
        .collect();
    for (n, next) in next.iter().enumerate() {
        next.set(Arc::clone(&rigs[(n + 1) % adapters].link)).unwrap();
    }
    std::thread::scope(|scope| {
        for rig in &rigs {
            scope.spawn(|| assert_eq!(rig.send(), Status::SUCCESS));
        }
    });
    let refused = asked.lock().unwrap().iter().filter(|answer| answer.is_err()).count();
    assert_eq!((asked.lock().unwrap().len(), refused), (adapters, 1), "one gives way");
    ndis.close().unwrap();
    ndis.violations().iter().map(|found| (found.rule, found.detail.clone())).collect()
}

fn query(link: &Arc<Link>) -> Result<(), RequestError> {
    link.query(Oid::WAN_GET_INFO).map(drop)
}

#[test]
fn two_serialized_miniports_that_query_each_other_are_a_report_at_once_and_not_a_hang() {
    let begin = Instant::now();
    let found = circle(2, query);
    assert!(begin.elapsed() < Duration::from_secs(10));
    let [(Rule::Hang, detail)] = &found[..] else { panic!("{found:?}") };
    let words = "a request of serialized adapter \"card\" would wait for ever: cpu ";
    assert!(detail.starts_with(words), "{detail}");
    assert_eq!(detail.matches(" waits for adapter \"card\", where cpu ").count(), 2, "{detail}");
}

#[test]
fn a_circle_of_four_that_reset_each_other_is_a_report_as_well() {
    let reset = |link: &Arc<Link>| link.adapter.reset().map(drop).map_err(RequestError::Violation);
    let found = circle(4, reset);
    let [(Rule::Hang, detail)] = &found[..] else { panic!("{found:?}") };
    assert_eq!(detail.matches(" waits for adapter \"card\", where cpu ").count(), 4, "{detail}");
}

#[test]
fn many_threads_that_wait_for_turns_without_a_circle_all_get_them() {
    let ndis = Ndis::new(Config::default());
    let below = Rig::on(&ndis, Card::<Serialized>::keeping(), 1);
    let link = Arc::clone(&below.link);
    let card = Card::<Serialized>::new(move |_, _, packet| {
        query(&link).unwrap();
        packet.complete(FinalStatus::SUCCESS)
    });
    let above = Rig::on(&ndis, card, 4);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..500 {
                    above.send();
                    query(&above.link).unwrap();
                    query(&below.link).unwrap();
                }
            });
        }
    });
    assert_eq!(above.close(), []);
}

#[test]
#[ignore = "soak: waits for 22 s; make soak"]
fn soak_a_turn_that_does_not_come_in_22_s_is_a_hang() {
    let card = Card::<Serialized>::new(move |_, _, packet| {
        std::thread::sleep(Duration::from_secs(24));
        packet.complete(FinalStatus::SUCCESS)
    });
    let rig = Rig::new(Config::default(), card, 1);
    std::thread::scope(|scope| {
        scope.spawn(|| rig.send());
        std::thread::sleep(Duration::from_millis(100));
        let answer = query(&rig.link);
        assert!(matches!(answer, Err(RequestError::Violation(found)) if found.rule == Rule::Hang));
    });
    assert_eq!(rig.close(), [Rule::Hang]);
}
