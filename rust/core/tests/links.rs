//! Lines that come up, go down and are closed: nothing that was sent on them is left behind.
#![allow(unreachable_pub)] // support modules are shared between test programs

mod support {
    pub mod card;
}

use std::cell::RefCell;

use ndiswan::ndis::Verify;
use ndiswan::{Config, Deserialized, Status, WanInfo};
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
