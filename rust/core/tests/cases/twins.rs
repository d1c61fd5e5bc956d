//! What only the sister contracts ask for: LAN, `CoNDIS`, NDIS 6.

use ndiswan::ndis::DISPATCH_LEVEL;
use ndiswan::{Config, Deserialized, Face, FinalStatus, Irql, Mode, Rule, Serialized, Status};

use crate::support::card::{Card, Rig};

/// A card of that interface that keeps every packet.
fn keeping<M: Mode>(face: Face) -> Card<M> {
    Card::new(|_, _, packet| packet.into_name().returned(Status::PENDING))
        .with(|card| card.face = face)
}

fn rig<M: Mode>(face: Face) -> Rig<M> {
    Rig::new(Config::default(), keeping(face), 4)
}

/// A CoNDIS card is done with a send at once, and says so by its return.
pub fn sync(breaks: bool) -> Vec<Rule> {
    let card = Card::<Deserialized>::new(move |shared, _, packet| {
        if breaks {
            return packet.complete(FinalStatus::SUCCESS);
        }
        let held = packet.into_name();
        shared.adapter().send_complete_by(Face::Condis, held.name, Status::SUCCESS).unwrap();
        held.returned(Status::PENDING)
    });
    let rig = Rig::new(Config::default(), card.with(|card| card.face = Face::Condis), 4);
    rig.send();
    rig.close()
}

/// An NDIS 6 card gives the status of its NDIS 5 driver.
pub fn status_list(breaks: bool) -> Vec<Rule> {
    let rig = rig::<Deserialized>(Face::Ndis6);
    rig.send();
    let status = if breaks { Status::REQUEST_ABORTED } else { Status::FAILURE };
    let done = rig.adapter().send_net_buffer_lists_complete(&[(rig.card.last(), status)], 0);
    assert_eq!(done.is_err(), breaks);
    assert_eq!(rig.back(), 1, "the protocol has it back all the same");
    rig.close()
}

/// A thread at PASSIVE gives the flag of the send, which came at DISPATCH.
pub fn irql_flag(breaks: bool) -> Vec<Rule> {
    let rig = rig::<Deserialized>(Face::Ndis6);
    rig.send_many(2);
    let names = rig.card.names.lock().unwrap().clone();
    let adapter = rig.adapter();
    let flags = if breaks { DISPATCH_LEVEL } else { 0 };
    let done = adapter.send_net_buffer_lists_complete(&[(names[1], Status::SUCCESS)], flags);
    assert_eq!(done.is_err(), breaks);
    let old = adapter.raise_irql(Irql::DISPATCH).unwrap();
    let chain = [(names[0], Status::SUCCESS)];
    adapter.send_net_buffer_lists_complete(&chain, DISPATCH_LEVEL).unwrap();
    adapter.lower_irql(old).unwrap();
    assert_eq!(rig.back(), 2, "the protocol has them back all the same");
    rig.close()
}

/// A LAN card that has room for one says that it has room again although it never said that it had none.
pub fn resources(breaks: bool) -> Vec<Rule> {
    let card = Card::<Serialized>::new(|shared, _, packet| {
        let full = shared.names.lock().unwrap().len() == 2;
        let status = if full { Status::RESOURCES } else { Status::PENDING };
        packet.into_name().returned(status)
    });
    let rig = Rig::new(Config::default(), card.with(|card| card.face = Face::Lan), 4);
    rig.send();
    if !breaks {
        assert_eq!(rig.send(), Status::PENDING);
    }
    let adapter = rig.adapter();
    let old = adapter.raise_irql(Irql::DISPATCH).unwrap();
    if breaks {
        adapter.send_resources_available().unwrap_err();
    } else {
        assert_eq!((rig.link.queued(), rig.link.outstanding()), (1, 1));
        adapter.send_resources_available().unwrap();
        assert_eq!((rig.link.queued(), rig.link.outstanding()), (0, 2));
        adapter.send_complete_by(Face::Lan, rig.card.last(), Status::SUCCESS).unwrap();
    }
    let first = rig.card.names.lock().unwrap()[0];
    adapter.send_complete_by(Face::Lan, first, Status::SUCCESS).unwrap();
    adapter.lower_irql(old).unwrap();
    rig.close()
}

/// A WAN driver made from a LAN driver completes with the LAN call.
pub fn face(breaks: bool) -> Vec<Rule> {
    let rig = rig::<Deserialized>(Face::Wan);
    rig.send();
    let by = if breaks { Face::Lan } else { Face::Wan };
    let done = rig.adapter().send_complete_by(by, rig.card.last(), Status::SUCCESS);
    assert_eq!(done.is_err(), breaks);
    assert_eq!(rig.back(), 1, "the protocol has it back all the same");
    rig.close()
}

/// An NDIS 6 driver says that it is paused while its card has a send.
pub fn pause(breaks: bool) -> Vec<Rule> {
    let card = keeping::<Deserialized>(Face::Ndis6).with(|card| {
        card.pause = Some(Box::new(move |shared, _| {
            if !breaks {
                let chain = [(shared.last(), Status::PAUSED)];
                shared.adapter().send_net_buffer_lists_complete(&chain, 0).unwrap();
            }
            Status::SUCCESS
        }));
    });
    let rig = Rig::new(Config::default(), card, 4);
    rig.send();
    assert_eq!(rig.adapter().pause().is_err(), breaks);
    assert_eq!(rig.back(), 1, "the protocol has it back all the same");
    assert_eq!(rig.send(), Status::PAUSED);
    rig.close()
}

/// An NDIS 6 driver gives a send back as aborted that nobody has cancelled.
pub fn cancel(breaks: bool) -> Vec<Rule> {
    let card = keeping::<Deserialized>(Face::Ndis6).with(|card| {
        card.cancel = Some(Box::new(|shared| {
            let chain = [(shared.last(), Status::SEND_ABORTED)];
            shared.adapter().send_net_buffer_lists_complete(&chain, 0).unwrap();
        }));
    });
    let rig = Rig::new(Config::default(), card, 4);
    let name = rig.packet().into_name();
    rig.adapter().set_cancel_id(name, 7).unwrap();
    rig.link.send_name(name).unwrap();
    if breaks {
        let chain = [(rig.card.last(), Status::SEND_ABORTED)];
        rig.adapter().send_net_buffer_lists_complete(&chain, 0).unwrap_err();
    } else {
        rig.adapter().cancel_sends(8).unwrap();
        assert_eq!(rig.back(), 0, "that is another id");
        rig.adapter().cancel_sends(7).unwrap();
    }
    assert_eq!(rig.back(), 1, "the protocol has it back all the same");
    rig.close()
}
