//! Programs: what is possible is done, what is not is left out, and a broken rule stops them.
#![allow(unreachable_pub)] // support modules are shared between test programs

mod support {
    pub mod card;
}

use ndiswan::oid::Oid;
use ndiswan::program::{NAMES, Operation, ProgramError, frame};
use ndiswan::{Config, Deserialized, FinalStatus, Rule, Serialized, WanInfo};
use support::card::{Card, Rig};

/// Performs each operation; whether it was possible.
fn play<M: ndiswan::Mode>(rig: &Rig<M>, operations: &[Operation]) -> Vec<bool> {
    operations
        .iter()
        .map(|operation| operation.perform(&rig.ndis, &rig.link).expect("no rule is broken"))
        .collect()
}

#[test]
fn each_name_is_an_operation_and_no_other_code_is() {
    let made: Vec<_> = (0..NAMES.len()).map(|code| Operation::new(code, 1).unwrap()).collect();
    assert_eq!(made[0], Operation::Send(1));
    assert_eq!(made[7], Operation::Window(1));
    assert_eq!(made[9], Operation::Halt);
    assert!((1..made.len()).all(|at| made[at] != made[at - 1]));
    assert_eq!(Operation::new(NAMES.len(), 0), None);
    assert_eq!(Operation::new(7, 65_536), None, "a window has 16 bits");
}

#[test]
fn what_is_not_possible_is_left_out() {
    let rig = Rig::new(Config::default(), Card::<Serialized>::keeping(), 2);
    let operations = [
        Operation::LineUp,   // it is up
        Operation::Send(64), // the first of two packets
        Operation::Send(64),
        Operation::Send(64), // the pool is empty
        Operation::LineDown,
        Operation::LineDown,
        Operation::Window(3),
        Operation::Send(64),
        Operation::LineUp,
        Operation::Window(3),
        Operation::Request(Oid::WAN_GET_INFO),
        Operation::Request(Oid(0xDEAD)),
        Operation::Interrupt,
        Operation::Reset, // NDIS gives back what a serialized miniport keeps
        Operation::Run(10),
        Operation::Advance(1_000_000),
        Operation::Halt,
        Operation::Halt,
        Operation::Send(64),
        Operation::Run(1),
    ];
    let done = [
        false, true, true, false, true, false, false, false, true, true, true, true, true, true,
        true, true, true, false, false, false,
    ];
    assert_eq!(play(&rig, &operations), done);
    assert_eq!(rig.ndis.violation_count(), 0);
    assert_eq!(rig.link.window(), 3);
    assert!(rig.ndis.is_closed());
}

#[test]
fn time_goes_on_by_what_an_advance_says() {
    let rig = Rig::new(Config::default(), Card::<Deserialized>::keeping(), 2);
    play(&rig, &[Operation::Advance(1_500), Operation::Advance(500)]);
    assert_eq!(rig.ndis.now(), 2_000);
}

#[test]
fn a_broken_rule_and_a_frame_that_does_not_fit_stop_a_program() {
    let card = Card::<Deserialized>::new(|shared, cx, packet| {
        let (answer, pending) = packet.pend();
        pending.complete(cx, FinalStatus::SUCCESS);
        let _ = shared.adapter().wan_send_complete(shared.last(), ndiswan::Status::SUCCESS);
        answer
    });
    let small = card.with(|card| card.info = WanInfo { max_frame_size: 10, ..WanInfo::default() });
    let rig = Rig::new(Config::default(), small, 2);
    let too_long = Operation::Send(100).perform(&rig.ndis, &rig.link);
    assert!(matches!(too_long, Err(ProgramError::Frame(_))), "{too_long:?}");
    let _ = Operation::Send(10).perform(&rig.ndis, &rig.link);
    assert!(rig.ndis.violations().iter().all(|found| found.rule == Rule::Double));
    assert_eq!(rig.ndis.violation_count(), 1);
}

#[test]
fn a_frame_has_its_length_and_begins_as_ppp_does() {
    assert!(frame(0).is_empty());
    assert_eq!(frame(3), [0xFF, 0x03, 0xC0]);
    assert_eq!(frame(1500).len(), 1500);
    assert!(frame(10).ends_with(&[0x7E, 0x55, 0x7D, 0x03, 0xAA, 0x11]));
}

#[test]
fn a_frame_that_no_machine_has_room_for_is_refused_as_any_that_is_too_long() {
    let rig = Rig::new(Config::default(), Card::<Deserialized>::keeping(), 2);
    for length in [2000, 1 << 40, usize::MAX] {
        let refused = Operation::Send(length).perform(&rig.ndis, &rig.link).unwrap_err();
        let text = refused.to_string();
        assert!(matches!(refused, ProgramError::Frame(_)), "{text}");
        assert!(
            text.contains(&format!("bytes (WanInfo.max_frame_size + 32), got {length}")),
            "{text}"
        );
    }
}
