//! Window, line, serialization, reset, halt, timers, and that something happens in time.

use ndiswan::policy::{BeyondWindow, Policy};
use ndiswan::{Config, Deserialized, FinalStatus, Irql, Mode, Rule, Serialized, Status, WanInfo};

use crate::support::card::{Card, Rig};

const SECOND: u64 = 1_000_000_000;

fn answering<M: Mode>() -> Card<M> {
    Card::new(|_, _, packet| packet.complete(FinalStatus::SUCCESS))
}

/// Completes what it owes when it is halted.
fn tidy(card: Card<Deserialized>) -> Card<Deserialized> {
    card.with(|card| {
        card.halt = Some(Box::new(|shared, cx| {
            shared.complete_all(cx, FinalStatus::REQUEST_ABORTED);
        }));
    })
}

/// A protocol that has promised to keep to the window.
pub fn window(breaks: bool) -> Vec<Rule> {
    let policy = Policy { beyond_window: BeyondWindow::Report, ..Policy::default() };
    let info = WanInfo { max_transmit: if breaks { 1 } else { 2 }, ..WanInfo::default() };
    let card = tidy(Card::keeping()).with(|card| card.info = info);
    let rig = Rig::new(Config { policy, ..Config::default() }, card, 4);
    rig.send();
    assert_eq!(rig.try_send().is_err(), breaks);
    rig.close()
}

/// Sends after the line went down.
pub fn line(breaks: bool) -> Vec<Rule> {
    let rig = Rig::new(Config::default(), answering::<Deserialized>(), 4);
    if breaks {
        rig.adapter().line_down(&rig.link).unwrap();
    }
    assert_eq!(rig.try_send().is_err(), breaks);
    rig.close()
}

/// Runs the clock inside of MiniportWanSend, until the card is idle.
pub fn serial(breaks: bool) -> Vec<Rule> {
    let card = Card::<Serialized>::new(move |shared, _, packet| {
        if breaks {
            shared.adapter().ndis.run(None, None).unwrap_err();
        }
        packet.complete(FinalStatus::SUCCESS)
    });
    let rig = Rig::new(Config::default(), card, 4);
    rig.send();
    rig.close()
}

/// A deserialized miniport has to complete what it has before its reset ends.
pub fn reset(breaks: bool) -> Vec<Rule> {
    let card = Card::<Deserialized>::keeping().with(|card| {
        card.reset = Some(Box::new(move |shared, cx| {
            if !breaks {
                shared.complete_all(cx, FinalStatus::REQUEST_ABORTED);
            }
            Status::SUCCESS
        }));
    });
    let rig = Rig::new(Config::default(), card, 4);
    rig.send();
    assert_eq!(rig.adapter().reset().unwrap(), Status::SUCCESS);
    assert_eq!(rig.peer.statuses.lock().unwrap()[..], [FinalStatus::REQUEST_ABORTED]);
    std::mem::forget(rig.card.all());
    rig.close()
}

/// A protocol that sends after halt.
pub fn halt(breaks: bool) -> Vec<Rule> {
    let rig = Rig::new(Config::default(), answering::<Deserialized>(), 4);
    if breaks {
        rig.adapter().halt().unwrap();
    }
    assert_eq!(rig.try_send().is_err(), breaks);
    rig.close()
}

/// A serialized send is owed for more than twice the hang interval.
pub fn late(breaks: bool) -> Vec<Rule> {
    let card = Card::<Serialized>::keeping().with(|card| {
        card.timer = Some(Box::new(|shared, cx| {
            shared.complete_all(cx, FinalStatus::SUCCESS);
        }));
    });
    let rig = Rig::new(Config::default(), card, 4);
    let timer = rig.adapter().timer();
    rig.adapter().set_timer(timer, if breaks { 60 } else { 3 } * SECOND).unwrap();
    rig.send();
    rig.ndis.run(Some(20 * SECOND), None).unwrap();
    assert_eq!(rig.back(), 1, "NDIS gives it back");
    std::mem::forget(rig.card.all());
    rig.adapter().cancel_timer(timer);
    rig.close()
}

/// A deserialized miniport completes nothing for 22 s.
pub fn hang(breaks: bool) -> Vec<Rule> {
    let card = Card::<Deserialized>::keeping().with(|card| {
        card.timer = Some(Box::new(|shared, cx| {
            shared.complete_all(cx, FinalStatus::SUCCESS);
        }));
    });
    let rig = Rig::new(Config::default(), card, 4);
    let timer = rig.adapter().timer();
    rig.adapter().set_timer(timer, if breaks { 60 } else { 20 } * SECOND).unwrap();
    rig.send();
    rig.ndis.run(Some(29 * SECOND), None).unwrap();
    assert_eq!(rig.back(), 1, "NDIS gives it back");
    std::mem::forget(rig.card.all());
    rig.adapter().cancel_timer(timer);
    rig.close()
}

/// Says from MiniportHalt that the line is down.
pub fn indicate(breaks: bool) -> Vec<Rule> {
    let card = answering::<Deserialized>().with(|card| {
        card.halt = Some(Box::new(move |shared, _| {
            let link = &shared.adapter().links()[0];
            if breaks {
                shared.adapter().line_down(link).unwrap_err();
            }
        }));
    });
    let rig = Rig::new(Config::default(), card, 4);
    if !breaks {
        let old = rig.adapter().raise_irql(Irql::DISPATCH).unwrap();
        rig.adapter().line_down(&rig.link).unwrap();
        rig.adapter().lower_irql(old).unwrap();
    }
    rig.close()
}

/// A watchdog that halt does not cancel.
pub fn timer(breaks: bool) -> Vec<Rule> {
    let card = answering::<Deserialized>().with(|card| {
        card.halt = Some(Box::new(move |shared, _| {
            assert!(breaks || shared.adapter().cancel_timer(0));
        }));
    });
    let rig = Rig::new(Config::default(), card, 4);
    let timer = rig.adapter().timer();
    rig.adapter().set_timer(timer, SECOND).unwrap();
    rig.close()
}
