//! Who completes which packet, and how often.

use ndiswan::{Config, Deserialized, FinalStatus, Ndis, Rule, Status, at_passive};

use crate::support::card::{Card, Rig};

/// A driver that holds names: it answers PENDING, and completes when it is told to.
pub fn by_name() -> Card<Deserialized> {
    Card::new(|_, _, packet| packet.into_name().returned(Status::PENDING))
}

/// A time-out completes, and the interrupt does as well.
pub fn double(breaks: bool) -> Vec<Rule> {
    let rig = Rig::new(Config::default(), by_name(), 4);
    rig.send();
    let name = rig.card.last();
    rig.adapter().wan_send_complete(name, Status::FAILURE).unwrap();
    if breaks {
        rig.adapter().wan_send_complete(name, Status::SUCCESS).unwrap_err();
    }
    assert_eq!(rig.back(), 1);
    rig.close()
}

/// A path that gives up on a packet lets its token go.
pub fn lost(breaks: bool) -> Vec<Rule> {
    let rig = Rig::new(Config::default(), Card::<Deserialized>::keeping(), 4);
    rig.send();
    let packet = rig.card.oldest().unwrap();
    if breaks {
        drop(packet);
    } else {
        at_passive(|cx| packet.complete(cx, FinalStatus::FAILURE)).unwrap();
    }
    assert_eq!(rig.back(), 1, "the protocol has it back all the same");
    rig.close()
}

/// One queue for two cards.
pub fn foreign(breaks: bool) -> Vec<Rule> {
    let ndis = Ndis::new(Config::default());
    let (one, other) = (Rig::on(&ndis, by_name(), 4), Rig::on(&ndis, by_name(), 4));
    one.send();
    let name = one.card.last();
    if breaks {
        other.adapter().wan_send_complete(name, Status::SUCCESS).unwrap_err();
    }
    one.adapter().wan_send_complete(name, Status::SUCCESS).unwrap();
    one.close()
}

/// A reference to an earlier send of the same packet.
pub fn stale(breaks: bool) -> Vec<Rule> {
    let rig = Rig::new(Config::default(), by_name(), 1);
    rig.send();
    let first = rig.card.last();
    rig.adapter().wan_send_complete(first, Status::SUCCESS).unwrap();
    rig.send();
    if breaks {
        rig.adapter().wan_send_complete(first, Status::SUCCESS).unwrap_err();
    }
    rig.adapter().wan_send_complete(rig.card.last(), Status::SUCCESS).unwrap();
    rig.close()
}

/// Completes in the call, and then returns another status than PENDING.
pub fn early(breaks: bool) -> Vec<Rule> {
    let card = Card::<Deserialized>::new(move |shared, _, packet| {
        let held = packet.into_name();
        shared.adapter().wan_send_complete(held.name, Status::FAILURE).unwrap();
        held.returned(if breaks { Status::FAILURE } else { Status::PENDING })
    });
    let rig = Rig::new(Config::default(), card, 4);
    assert_eq!(rig.send(), Status::PENDING);
    assert_eq!(rig.back(), 1);
    rig.close()
}
