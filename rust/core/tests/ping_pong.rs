//! Depth and size: completions that send again for ever, pools that run dry, frames of every length.
#![allow(unreachable_pub)] // support modules are shared between test programs

mod support {
    pub mod card;
}

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use ndiswan::ndis::PacketError;
use ndiswan::oid::{Answer, Oid};
use ndiswan::packet::BadFrame;
use ndiswan::policy::{Policy, Reentry};
use ndiswan::{
    Config, Delivery, Deserialized, FinalStatus, Mode, Sent, Serialized, Status, WanInfo,
    at_passive,
};
use support::card::{Card, Rig};

const DEEP: u32 = 100_000;

/// A card that completes inside of the call, under a protocol that sends the packet again from
/// inside of ProtocolSendComplete, 100,000 times.
fn ping_pong<M: Mode>(config: Config) {
    let card = Card::<M>::new(|_, cx, packet| {
        let (answer, pending) = packet.pend();
        pending.complete(cx, FinalStatus::SUCCESS);
        answer
    });
    let rig = Rig::new(config, card, 1);
    let link = Arc::clone(&rig.link);
    let left = AtomicU32::new(DEEP);
    let _ = rig.peer.on_back.set(Box::new(move |cx, packet, _| {
        if left.fetch_sub(1, Ordering::Relaxed) > 1 {
            link.send(cx, packet).unwrap();
        }
    }));
    assert_eq!(rig.send(), Status::PENDING);
    rig.ndis.run(None, None).unwrap();
    assert_eq!((rig.back(), rig.close()), (u64::from(DEEP), vec![]));
}

#[test]
fn a_deserialized_ping_pong_does_not_exhaust_the_stack() {
    ping_pong::<Deserialized>(Config::default());
}

#[test]
fn a_serialized_ping_pong_does_not_exhaust_the_stack() {
    ping_pong::<Serialized>(Config::default());
}

#[test]
fn a_recursive_ping_pong_does_not_exhaust_the_stack() {
    let policy = Policy { serialized_reentry: Reentry::Recursive, ..Policy::default() };
    ping_pong::<Serialized>(Config { policy, ..Config::default() });
}

#[test]
fn a_queued_ping_pong_does_not_exhaust_the_stack() {
    ping_pong::<Deserialized>(Config { delivery: Delivery::Queued, ..Config::default() });
}

#[test]
fn a_protocol_that_is_answered_at_once_from_the_queue_does_not_exhaust_the_stack() {
    let card = Card::<Serialized>::new(|_, _, packet| packet.complete(FinalStatus::SUCCESS)).with(
        |card| {
            // Inside of the miniport's own timer every send is queued, and answered on the way out.
            card.timer = Some(Box::new(|shared, cx| {
                let link = &shared.adapter().links()[0];
                let packet = shared.adapter().packet(b"frame").unwrap();
                assert!(matches!(link.send(cx, packet), Ok(Sent::Pending)));
            }));
        },
    );
    let rig = Rig::new(Config::default(), card, 1);
    let link = Arc::clone(&rig.link);
    let left = AtomicU32::new(DEEP);
    let _ = rig.peer.on_back.set(Box::new(move |cx, packet, _| {
        if left.fetch_sub(1, Ordering::Relaxed) > 1 {
            assert!(matches!(link.send(cx, packet), Ok(Sent::Pending)));
        }
    }));
    let timer = rig.adapter().timer();
    rig.adapter().set_timer(timer, 1).unwrap();
    rig.ndis.run(None, None).unwrap();
    assert_eq!((rig.back(), rig.close()), (u64::from(DEEP), vec![]));
}

#[test]
fn an_exhausted_pool_says_so_and_recovers() {
    let rig = Rig::new(Config::default(), Card::<Deserialized>::keeping(), 3);
    let packets: Vec<_> = (0..3).map(|_| rig.packet()).collect();
    let refused = rig.adapter().packet(b"one more").unwrap_err();
    assert!(matches!(refused, PacketError::Exhausted { packets: 3, .. }), "{refused}");
    drop(packets);
    let packets: Vec<_> = (0..3).map(|_| rig.packet()).collect();
    drop(packets);
    assert_eq!(rig.close(), []);
}

#[test]
fn frames_of_no_length_or_too_long_are_refused_and_no_packet_is_gone() {
    let card = Card::<Deserialized>::new(|_, _, packet| packet.complete(FinalStatus::SUCCESS));
    let info = WanInfo { max_frame_size: 100, ..WanInfo::default() };
    let rig = Rig::new(Config::default(), card.with(|card| card.info = info), 1);
    let refused = |frame: &[u8]| match rig.adapter().packet(frame).unwrap_err() {
        PacketError::Frame { source, .. } => source,
        other @ PacketError::Exhausted { .. } => panic!("{other}"),
    };
    for _ in 0..3 {
        assert_eq!(refused(b""), BadFrame::Empty { room: 132 });
        assert_eq!(refused(&[0; 133]), BadFrame::TooLong { room: 132, length: 133 });
    }
    let packet = rig.adapter().packet(&[0; 132]).unwrap();
    let sent = at_passive(|cx| rig.link.send(cx, packet)).unwrap();
    assert!(matches!(sent, Ok(Sent::Done(_, FinalStatus::SUCCESS))));
    drop(sent);
    assert_eq!(rig.close(), []);
}

#[test]
fn a_frame_above_the_links_max_send_frame_size_comes_back_as_invalid_length() {
    let card = Card::<Deserialized>::new(|_, _, packet| packet.complete(FinalStatus::SUCCESS));
    let rig = Rig::new(Config::default(), card, 1);
    let mut info = rig.link.info();
    info.max_send_frame_size = 64;
    rig.link.set(Oid::WAN_SET_LINK_INFO, &Answer::Link(info)).unwrap();
    let long = rig.adapter().packet(&[0; 97]).unwrap();
    let sent = at_passive(|cx| rig.link.send(cx, long)).unwrap().unwrap();
    assert!(matches!(sent, Sent::Done(_, FinalStatus::INVALID_LENGTH)));
    drop(sent);
    let fits = rig.adapter().packet(&[0; 96]).unwrap();
    let sent = at_passive(|cx| rig.link.send(cx, fits)).unwrap().unwrap();
    assert!(matches!(sent, Sent::Done(_, FinalStatus::SUCCESS)));
    drop(sent);
    assert_eq!(rig.close(), []);
}
