//! What is kept comes back as it was, and no more than the limit.

use super::place::{PARTS, SIDES};
use super::*;
use crate::event::{Part, Side, TakenBack};

fn event(time: u64, what: What) -> Event {
    let (cpu, irql, locks, adapter, site) = (7, Irql::DISPATCH, 2, 3, 9);
    Event { time, cpu, irql, locks, adapter, site, what }
}

#[test]
fn every_event_about_a_packet_comes_back_as_it_was() {
    let packet = Name { adapter: 3, slot: 5, generation: 11 };
    let (link, status) = (0x0003_0001, Status::FAILURE);
    let mut all = vec![
        What::Allocate { packet },
        What::Send { packet, link, length: 1500 },
        What::Submit { packet, link },
        What::Return { packet, status },
        What::Complete { packet, status },
        What::Deliver { packet, link, status },
        What::Unsend { packet, link, status },
        What::Free { packet },
    ];
    all.extend(TakenBack::ALL.map(|why| What::TakeBack { packet, why }));
    for side in SIDES {
        all.extend(PARTS.map(|part| What::Touch { packet, side, part }));
    }
    let history = History::new(HISTORY);
    let events: Vec<Event> = (0..).zip(&all).map(|(at, what)| event(at, *what)).collect();
    for event in &events {
        history.keep(event);
    }
    assert_eq!(history.to_vec(3, 5), events);
}

#[test]
fn what_took_one_place_comes_back_as_the_events_that_it_was() {
    let (before, link, status) = (Name { adapter: 3, slot: 5, generation: 11 }, 7, Status::SUCCESS);
    let packet = Name { generation: 12, ..before };
    let history = History::new(4);
    let who = words_of(7, Irql::DISPATCH, 2);
    history.keep_sent(1, who, before.generation, 64, link);
    let sent = [
        What::Allocate { packet: before },
        What::Send { packet: before, link, length: 64 },
        What::Submit { packet, link },
    ];
    let site = |what: What, time| Event { site: 0, ..event(time, what) };
    assert_eq!(history.to_vec(3, 5), sent.map(|what| site(what, 1)));
    history.keep_back(2, who, packet.generation, status.0, link);
    let back = [What::Complete { packet, status }, What::Deliver { packet, link, status }];
    let mut all = sent.map(|what| site(what, 1)).to_vec();
    all.extend(back.map(|what| site(what, 2)));
    assert_eq!(history.to_vec(3, 5), all[1..], "and no more than the limit");
}

#[test]
fn a_free_in_the_moment_of_its_delivery_takes_no_place_of_its_own() {
    let packet = Name { adapter: 3, slot: 5, generation: 12 };
    let (who, other) = (words_of(7, Irql::DISPATCH, 0), words_of(7, Irql::PASSIVE, 0));
    let told = |time, who, name: Name| {
        let history = History::new(4);
        history.keep_back(2, words_of(7, Irql::DISPATCH, 0), packet.generation, 0, 7);
        history.keep_freed(time, who, name);
        let places = history.next.load(Ordering::Relaxed);
        let last = history.to_vec(3, 5).pop().expect("something was kept");
        assert_eq!((last.what, last.time), (What::Free { packet: name }, time));
        assert_eq!((history.to_vec(3, 5).len(), last.irql.0), (3, (who >> 24) as u8));
        places
    };
    assert_eq!(told(2, who, packet), 1);
    assert_eq!(told(3, who, packet), 2, "later");
    assert_eq!(told(2, other, packet), 2, "at another level");
    assert_eq!(told(2, who, Name { generation: 13, ..packet }), 2, "in another life");
}

#[test]
fn what_a_batch_writes_into_two_places_is_seven_events_and_more() {
    let (before, link, status) = (Name { adapter: 3, slot: 5, generation: 11 }, 7, Status::FAILURE);
    let packet = Name { generation: 12, ..before };
    let pended = What::Return { packet, status: Status::PENDING };
    let what = [
        What::Allocate { packet: before },
        What::Send { packet: before, link, length: 64 },
        What::Submit { packet, link },
        pended,
        What::Complete { packet, status },
        What::Deliver { packet, link, status },
        What::Free { packet },
    ];
    let history = History::new(8);
    let who = words_of(7, Irql::DISPATCH, 2);
    history.keep_sent(1, who, before.generation, 64, link);
    history.warm();
    history.keep_pended(1, who, packet);
    history.keep_done((2, who), packet.generation, status.0, link);
    let found: Vec<What> = history.to_vec(3, 5).iter().map(|event| event.what).collect();
    assert_eq!(found, what);
    let times: Vec<u64> = history.to_vec(3, 5).iter().map(|event| event.time).collect();
    assert_eq!(times, [1, 1, 1, 1, 2, 2, 2]);
    assert_eq!(history.next.load(Ordering::Relaxed), 2, "places");
}

#[test]
fn a_packet_that_is_sent_again_takes_one_place_with_its_return() {
    let before = Name { adapter: 3, slot: 5, generation: 11 };
    let packet = Name { generation: 12, ..before };
    let all = [
        What::Send { packet: before, link: 7, length: 64 },
        What::Submit { packet, link: 7 },
        What::Return { packet, status: Status::PENDING },
    ];
    let history = History::new(8);
    let who = words_of(7, Irql::DISPATCH, 2);
    history.keep_again(1, who, before.generation, 64, 7);
    let found = || history.to_vec(3, 5).iter().map(|event| event.what).collect::<Vec<_>>();
    assert_eq!(found(), all[..2]);
    history.keep_pended(1, who, packet);
    assert_eq!((found(), history.next.load(Ordering::Relaxed)), (all.to_vec(), 1));
}

#[test]
fn a_return_is_an_event_of_its_own_where_time_or_a_completion_was_in_between() {
    let packet = Name { adapter: 3, slot: 5, generation: 12 };
    let who = words_of(7, Irql::DISPATCH, 2);
    for (later, completed, other) in [(2, false, who), (1, true, who), (1, false, who + 1)] {
        let history = History::new(8);
        history.keep_sent(1, who, 11, 64, 7);
        if completed {
            history.keep_back(1, who, packet.generation, 0, 7);
        }
        history.keep_pended(later, other, packet);
        let last = history.to_vec(3, 5).pop().map(|event| (event.time, event.what));
        assert_eq!(last, Some((later, What::Return { packet, status: Status::PENDING })));
    }
    History::new(0).keep_pended(1, who, packet);
}

#[test]
fn the_oldest_are_forgotten_beyond_the_limit() {
    let packet = Name { adapter: 3, slot: 5, generation: 1 };
    let history = History::new(4);
    for at in 0..8 {
        history.keep(&event(at, What::Free { packet }));
    }
    let times: Vec<u64> = history.to_vec(3, 5).iter().map(|event| event.time).collect();
    assert_eq!(times, [4, 5, 6, 7]);
}

#[test]
fn a_history_of_nothing_is_empty() {
    assert_eq!(History::new(4).to_vec(0, 0), []);
    assert_eq!(History::new(0).to_vec(0, 0), []);
}

#[test]
fn what_is_folded_is_what_would_be_there_without() {
    let who = words_of(7, Irql::DISPATCH, 2);
    let (folds, plain) = (History::new(HISTORY), History::new(HISTORY));
    let mut folded = 0;
    for life in 1..200_u32 {
        let packet = Name { adapter: 3, slot: 5, generation: life };
        let time = u64::from(life) * 10;
        for history in [&folds, &plain] {
            history.keep_sent(time, who, life - 1, 64, 7);
            history.keep_pended(time, who, packet);
        }
        folds.keep_done((time + 1, who), life, 0, 7);
        plain.keep_place([time + 1, who | u64::from(DONE) << 8, u64::from(life) << 32, 7]);
        folded += u32::from(folds.mask.load(Ordering::Relaxed) == FOLDED);
        // For a while nothing else, then more and more of what takes a place by itself.
        for nth in 0..(life / 50) * (life % 23) {
            let touch = What::Touch { packet, side: Side::Protocol, part: Part::Data };
            for history in [&folds, &plain] {
                history.keep(&event(time + 2 + u64::from(nth), touch));
            }
        }
        assert_eq!(folds.to_vec(3, 5), plain.to_vec(3, 5), "life {life}");
    }
    assert!(folded > 30, "{folded}");
    let mut again = folds;
    again.renew();
    assert_eq!(again.to_vec(3, 5), []);
    assert!(again.places.iter().all(|place| place.kind() == 0));
}
