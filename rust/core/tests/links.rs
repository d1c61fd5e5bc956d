//! Lines that come up, go down and are closed: nothing that was sent on them is left behind.
#![allow(unreachable_pub)] // support modules are shared between test programs

mod support {
    pub mod card;
}

use std::cell::RefCell;

use std::sync::Arc;

use ndiswan::ndis::Verify;
use ndiswan::{
    Config, Deserialized, FinalStatus, Link, LinkSettings, Rule, Status, TimeKind, WanInfo,
    at_passive,
};
use support::card::{Card, Rig};

thread_local! {
    /// Done once, the next time that the engine asks for the source line of a call.
    static MEANWHILE: RefCell<Option<Box<dyn FnOnce()>>> = const { RefCell::new(None) };
}

fn meanwhile() -> Option<String> {
    if let Some(then) = MEANWHILE.with(RefCell::take) {
        then();
    }
    None
}

#[test]
fn a_send_that_is_to_be_queued_comes_back_if_its_call_is_closed_meanwhile() {
    let call_site = Some(meanwhile as fn() -> Option<String>);
    let config = Config { verify: Verify::CallSites, call_site, ..Config::default() };
    let card = Card::<Deserialized>::keeping();
    let card = card.with(|card| card.info = WanInfo { max_transmit: 1, ..WanInfo::default() });
    let rig = Rig::new(config, card, 2);
    assert_eq!(rig.send(), Status::PENDING);
    let packet = rig.packet();
    let name = packet.into_name();
    let link = rig.link.clone();
    // The engine asks between its decision to queue the send and the queueing.
    MEANWHILE.set(Some(Box::new(move || drop(link.close()))));
    assert_eq!(rig.link.send_name(name).unwrap(), Status::CLOSING);
    assert!(rig.link.is_closed());
    rig.adapter().free(name).unwrap();
    let counters = rig.adapter().counters();
    assert_eq!((counters.sends, counters.delivered, rig.link.queued()), (2, 2, 0));
}

/// Bytes of memory that this process has.
fn memory() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
    pages.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
}

fn rig_of(endpoints: u32, config: Config) -> Rig<Deserialized> {
    let card = Card::<Deserialized>::keeping().forgetful();
    let info = WanInfo { endpoints, max_transmit: 1, ..WanInfo::default() };
    Rig::new(config, card.with(|card| card.info = info), 4)
}

/// A line that comes up on the adapter, is sent on twice, one of them queued, and is closed.
fn one_call(rig: &Rig<Deserialized>) -> Arc<Link> {
    let link = rig.adapter().line_up(None, None, LinkSettings::default()).unwrap();
    for _ in 0..2 {
        let name = rig.packet().into_name();
        assert_eq!(link.send_name(name).unwrap(), Status::PENDING);
    }
    at_passive(|cx| rig.card.complete_all(cx, FinalStatus::SUCCESS)).unwrap();
    at_passive(|cx| rig.card.complete_all(cx, FinalStatus::SUCCESS)).unwrap();
    link.close().unwrap();
    rig.peer.told.lock().unwrap().clear();
    rig.peer.statuses.lock().unwrap().clear();
    link
}

#[test]
fn a_hundred_and_fifty_thousand_lines_may_come_up_and_be_closed_in_flat_memory() {
    let rig = rig_of(2, Config::default());
    let first = one_call(&rig);
    (0..10_000).for_each(|_| drop(one_call(&rig)));
    let before = memory();
    let mut last = one_call(&rig);
    for _ in 0..150_000 {
        let link = one_call(&rig);
        assert_ne!((link.id, link.context, link.handle), (last.id, last.context, last.handle));
        last = link;
    }
    let grown = memory().saturating_sub(before);
    assert!(grown < 1 << 20, "{grown} bytes more");
    assert!(rig.adapter().links().len() <= 3);
    let counters = rig.adapter().counters();
    assert_eq!(
        (counters.sends, counters.completions, counters.delivered),
        (320_004, 320_004, 320_004)
    );
    // The first line of all is closed still, and so is the one that was bound open.
    assert!(first.is_closed() && !rig.link.is_closed());
    for old in [&first, &last] {
        let up = rig.adapter().line_up(Some(old), None, LinkSettings::default());
        assert_eq!(up.unwrap_err().rule, Rule::Handle);
        assert_eq!(rig.adapter().line_down(old).unwrap_err().rule, Rule::Handle);
        assert_eq!(old.send_name(rig.packet().into_name()).unwrap_err().rule, Rule::Handle);
        assert_eq!(old.close().unwrap_err().rule, Rule::Handle);
    }
    assert_eq!(rig.send(), Status::PENDING);
    at_passive(|cx| rig.card.complete_all(cx, FinalStatus::SUCCESS)).unwrap();
    assert_eq!(rig.close(), [Rule::Handle; 8]);
    assert_eq!(rig.adapter().counters().sends, 320_005);
}

#[test]
fn numbers_of_lines_are_given_once_in_a_world_and_a_recording_of_them_is_clean() {
    let rig = rig_of(3, Config { record: true, ..Config::default() });
    let other = Rig::on(&rig.ndis, Card::<Deserialized>::keeping(), 1);
    let mut numbers = vec![rig.link.id, other.link.id];
    let lasting = rig.adapter().line_up(None, None, LinkSettings::default()).unwrap();
    numbers.push(lasting.id);
    for _ in 0..70_000 {
        let link = rig.adapter().line_up(None, None, LinkSettings::default()).unwrap();
        numbers.push(link.id);
        link.close().unwrap();
    }
    let third = Rig::on(&rig.ndis, Card::<Deserialized>::keeping(), 1);
    numbers.push(third.link.id);
    let ids: Vec<_> = rig.adapter().links().iter().map(|link| link.id).collect();
    assert_eq!(ids[..2], [rig.link.id, lasting.id]);
    let count = numbers.len();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), count);
    assert_eq!(rig.close(), []);
    assert_eq!(rig.ndis.trace().check(), []);
}

#[test]
fn a_line_whose_packet_is_on_its_way_is_there_until_that_is_home() {
    let rig = rig_of(2, Config { delivery: ndiswan::Delivery::Queued, ..Config::default() });
    assert_eq!(rig.send(), Status::PENDING);
    let cards = rig.card.all();
    std::thread::scope(|scope| {
        // Completed and not delivered: another line comes up meanwhile.
        at_passive(|cx| cards.into_iter().for_each(|p| p.complete(cx, FinalStatus::SUCCESS)))
            .unwrap();
        let close = scope.spawn(|| rig.link.close().unwrap());
        close.join().unwrap();
    });
    rig.adapter().line_up(None, None, LinkSettings::default()).unwrap();
    rig.ndis.run(None, None).unwrap();
    assert_eq!(rig.back(), 1);
    assert_eq!(rig.close(), []);
}

#[test]
fn threads_that_send_while_lines_come_and_go_have_every_packet_back() {
    let config = Config { time: TimeKind::Real, verify: Verify::Counters, ..Config::default() };
    let card = Card::<Deserialized>::new(|_, cx, packet| {
        let (answer, pending) = packet.pend();
        pending.complete(cx, FinalStatus::SUCCESS);
        answer
    });
    let info = WanInfo { endpoints: 4, max_transmit: 1, ..WanInfo::default() };
    let rig = Rig::new(config, card.forgetful().with(|card| card.info = info), 64);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                for _ in 0..2_000 {
                    let link = rig.adapter().line_up(None, None, LinkSettings::default()).unwrap();
                    std::thread::scope(|scope| {
                        scope.spawn(|| {
                            for _ in 0..4 {
                                let name = rig.packet().into_name();
                                match link.send_name(name) {
                                    Ok(Status::PENDING) => {}
                                    _ => drop(rig.adapter().free(name)),
                                }
                            }
                        });
                        let _ = link.close();
                    });
                }
            });
        }
    });
    // What a close takes from a call that is under way is lost, and late when that completes it, or stale if it was sent again.
    let may_be = [Rule::Handle, Rule::Line, Rule::Lost, Rule::Late, Rule::Stale];
    let others: Vec<_> = rig.close().into_iter().filter(|rule| !may_be.contains(rule)).collect();
    assert_eq!(others, []);
    let counters = rig.adapter().counters();
    assert_eq!(counters.sends, counters.delivered);
}
