//! Several rings under one dispatcher.
#![allow(unreachable_pub)] // support modules are shared between test programs

mod support {
    pub mod card;
}

use std::sync::{Arc, Mutex};

use ndiswan::{Config, Delivery, Deserialized, Ndis, Status, WanInfo, at_passive};
use support::card::{Card, Rig};

const PACKETS: usize = 600;

/// Two adapters whose rings are full; which adapter each delivery of a drain was for.
fn drain_both(times: usize) -> Vec<Vec<usize>> {
    let ndis = Ndis::new(Config { delivery: Delivery::Queued, ..Config::default() });
    let order = Arc::new(Mutex::new(Vec::new()));
    let rigs: Vec<_> = (0..2)
        .map(|index| {
            let info = WanInfo { max_transmit: PACKETS as u32, ..WanInfo::default() };
            let card = Card::<Deserialized>::keeping().with(|card| card.info = info);
            let rig = Rig::on(&ndis, card, PACKETS as u32);
            let order = Arc::clone(&order);
            let _ =
                rig.peer.on_back.set(Box::new(move |_, _, _| order.lock().unwrap().push(index)));
            rig
        })
        .collect();
    let drains = (0..times).map(|_| {
        for rig in &rigs {
            (0..PACKETS).for_each(|_| assert_eq!(rig.send(), Status::PENDING));
            at_passive(|cx| {
                rig.card.complete_all(cx, ndiswan::FinalStatus::SUCCESS);
            })
            .unwrap();
        }
        assert_eq!(ndis.drain(), 2 * PACKETS);
        std::mem::take(&mut *order.lock().unwrap())
    });
    let drains = drains.collect();
    assert!(rigs.iter().all(|rig| rig.close().is_empty()));
    drains
}

#[test]
fn adapters_are_delivered_to_in_turns_and_another_one_comes_first_each_time() {
    for (drain, order) in drain_both(4).iter().enumerate() {
        let first = drain % 2;
        assert_eq!(order[0], first);
        // Neither waits for all of the other's.
        let other = order.iter().position(|&index| index != first).unwrap();
        assert!(other < PACKETS, "{other}");
        assert_eq!(order.iter().filter(|&&index| index == 0).count(), PACKETS);
    }
}
