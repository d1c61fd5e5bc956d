//! What a link measures of typed drivers: tokens, names, completions that travel together.
#![allow(unreachable_pub)] // support modules are shared between test programs

mod support {
    pub mod card;
}

use ndiswan::ndis::Measured;
use ndiswan::{
    Config, Delivery, Deserialized, FinalStatus, Ndis, Pending, Status, TimeKind, Verify, WanInfo,
    at_passive,
};
use support::card::{Card, Rig};

const PACKETS: u32 = 10;
const SECOND: u64 = 1_000_000_000;

fn to(ndis: &Ndis, ns: u64) {
    ndis.run(Some(ns), None).unwrap();
}

/// Ten packets are sent at 0 to a window of ten, completed at 1 s and delivered then; three more are sent at 2 s.
fn measured(delivery: Delivery, verify: Verify) -> Measured {
    let ndis = Ndis::new(Config { delivery, verify, ..Config::default() });
    let info = WanInfo { max_transmit: PACKETS, ..WanInfo::default() };
    let rig: Rig<Deserialized> =
        Rig::on(&ndis, Card::keeping().with(|card| card.info = info), 2 * PACKETS);
    rig.link.measure().unwrap();
    for _ in 0..PACKETS {
        assert_eq!(rig.link.send_zeros(100).unwrap().1, Status::PENDING);
    }
    to(&ndis, SECOND);
    let packets = rig.card.all().into_iter().map(|packet| (packet, FinalStatus::SUCCESS));
    at_passive(|cx| Pending::complete_many(cx, packets)).unwrap();
    ndis.drain();
    to(&ndis, 2 * SECOND);
    for _ in 0..3 {
        rig.link.send_frame(b"late").unwrap();
    }
    to(&ndis, 3 * SECOND);
    let measured = rig.link.measured().unwrap();
    for packet in rig.card.all() {
        at_passive(|cx| packet.complete(cx, FinalStatus::FAILURE)).unwrap();
    }
    ndis.drain();
    assert_eq!(rig.link.measured().unwrap().statuses[1], (Status::FAILURE, 3));
    assert_eq!(rig.close(), []);
    measured
}

#[test]
fn each_way_home_measures_the_same() {
    for delivery in [Delivery::Inline, Delivery::Queued] {
        for verify in [Verify::Off, Verify::Counters, Verify::History] {
            let m = measured(delivery, verify);
            assert_eq!((m.offered, m.offered_bytes), (13, 1012));
            assert_eq!((m.succeeded, m.succeeded_bytes), (10, 1000));
            assert_eq!(m.statuses, [(Status::SUCCESS, 10)]);
            assert_eq!(m.most_outstanding, PACKETS);
            assert_eq!((m.elapsed, m.queued_ns), (3 * SECOND, 0));
            assert_eq!(m.outstanding_ns, u128::from((10 + 3) * SECOND));
            assert_eq!((m.latency.count(), m.latency.min()), (10, SECOND));
            assert_eq!((m.miniport.max(), m.hand_back.max()), (SECOND, 0));
        }
    }
}

#[test]
fn in_real_time_at_level_0_there_are_no_times() {
    let config = Config { time: TimeKind::Real, verify: Verify::Off, ..Config::default() };
    let rig = Rig::on(&Ndis::new(config), Card::<Deserialized>::keeping(), 4);
    assert!(rig.link.measure().unwrap_err().to_string().contains("verify=1 or more"));
    assert!(rig.link.measured().is_none());
    assert_eq!(rig.close(), []);
}

#[test]
fn a_size_that_does_not_fit_takes_no_packet() {
    let rig = Rig::on(&Ndis::new(Config::default()), Card::<Deserialized>::keeping(), 1);
    for length in [0, 1533, u32::MAX] {
        let error = rig.link.send_zeros(length).unwrap_err().to_string();
        assert!(error.contains("expected a frame of 1 to 1532 bytes"), "{error}");
    }
    assert_eq!(rig.link.send_zeros(1532).unwrap().1, Status::PENDING);
    let full = rig.link.send_zeros(1).unwrap_err().to_string();
    assert!(full.contains("all 1 packets of the pool are in use"), "{full}");
    for packet in rig.card.all() {
        at_passive(|cx| packet.complete(cx, FinalStatus::SUCCESS)).unwrap();
    }
    assert_eq!(rig.close(), []);
}
