//! Random programs: what a driver writer may do, in proportions that reach far.

use ndiswan::event::{Form, Part, Side};
use ndiswan::policy::{
    BeyondWindow, OwedAtHalt, Policy, QueuedAtLineDown, Reentry, ResourcesAsFinal, WindowShrink,
};
use ndiswan::{Config, Delivery, FinalStatus, Irql, OnViolation, Status};
use proptest::prelude::*;

use super::program::{Answer, Op, Twin};

fn status() -> impl Strategy<Value = Status> {
    prop_oneof![
        6 => Just(Status::SUCCESS),
        2 => Just(Status::FAILURE),
        1 => Just(Status::PENDING),
        1 => Just(Status::RESOURCES),
        1 => Just(Status(0xE000_0042)),
    ]
}

fn final_status() -> impl Strategy<Value = FinalStatus> {
    status().prop_map(|status| FinalStatus::new(status).unwrap_or(FinalStatus::SUCCESS))
}

fn answer() -> impl Strategy<Value = Answer> {
    prop_oneof![
        2 => final_status().prop_map(Answer::Done),
        6 => Just(Answer::Keep),
        2 => final_status().prop_map(Answer::Early),
        1 => Just(Answer::Drop),
        1 => Just(Answer::Panic),
        4 => Just(Answer::Name),
        1 => (status(), status()).prop_map(|(first, then)| Answer::EarlyThen(first, then)),
        1 => status().prop_map(Answer::Returns),
        1 => Just(Answer::LockLeak),
        1 => Just(Answer::IrqlLeak),
        1 => Just(Answer::Reenter),
        1 => Just(Answer::Prepend),
    ]
}

fn form() -> impl Strategy<Value = Form> {
    prop_oneof![3 => Just(Form::Plain), 1 => Just(Form::Dpr)]
}

fn level() -> impl Strategy<Value = Irql> {
    prop_oneof![3 => Just(Irql::PASSIVE), 3 => Just(Irql::DISPATCH), 1 => Just(Irql::DIRQL)]
}

fn touch() -> impl Strategy<Value = Op> {
    let side = prop_oneof![Just(Side::Miniport), Just(Side::Protocol)];
    let part = prop_oneof![4 => Just(Part::Data), 1 => Just(Part::ProtocolReserved), 1 => Just(Part::MacReserved)];
    (0..8usize, -1..2i8, side, part)
        .prop_map(|(n, shift, side, part)| Op::Touch(n, shift, side, part))
}

fn op() -> impl Strategy<Value = Op> {
    let reset = prop_oneof![Just(Status::SUCCESS), Just(Status::PENDING)];
    prop_oneof![
        20 => answer().prop_map(Op::Send),
        10 => (0..4usize, final_status()).prop_map(|(n, status)| Op::CompleteToken(n, status)),
        1 => (0..4usize).prop_map(Op::DropToken),
        1 => (0..4usize).prop_map(Op::ForgetToken),
        8 => (0..8usize, prop_oneof![6 => Just(0i8), 1 => Just(-1), 1 => Just(1)], status())
            .prop_map(|(n, shift, status)| Op::CompleteName(n, shift, status)),
        1 => (0..8usize).prop_map(Op::SendName),
        1 => (0..8usize).prop_map(Op::FreeName),
        2 => touch(),
        2 => (0..2u32, form()).prop_map(|(lock, form)| Op::Acquire(lock, form)),
        3 => (0..2u32, form()).prop_map(|(lock, form)| Op::Release(lock, form)),
        2 => level().prop_map(Op::Raise),
        4 => level().prop_map(Op::Lower),
        3 => (0..4_000_000u64).prop_map(Op::SetTimer),
        1 => Just(Op::CancelTimer),
        5 => (0..40_000_000_000u64).prop_map(Op::Run),
        5 => (0..5_000_000u64).prop_map(Op::Run),
        2 => (reset, any::<bool>()).prop_map(|(status, completes)| Op::Reset(status, completes)),
        2 => prop_oneof![9 => Just(Status::SUCCESS), 1 => Just(Status::PENDING)]
            .prop_map(Op::ResetComplete),
        3 => (0..4u16).prop_map(Op::LineUp),
        1 => Just(Op::LineDown),
        1 => Just(Op::Indicate),
        1 => Just(Op::Drain),
    ]
}

#[allow(dead_code)]
fn twin() -> impl Strategy<Value = Op> {
    let paused = prop_oneof![3 => Just(Status::SUCCESS), 3 => Just(Status::PENDING), 1 => Just(Status::FAILURE)];
    prop_oneof![
        2 => Just(Twin::ResourcesAvailable),
        1 => (paused, any::<bool>()).prop_map(|(status, completes)| Twin::Pause(status, completes)),
        1 => Just(Twin::PauseComplete),
        2 => Just(Twin::Restart),
        2 => Just(Twin::SendToCancel),
        1 => Just(Twin::Cancel),
    ]
    .prop_map(Op::Twin)
}

/// A program of a sister contract's driver.
#[allow(dead_code)] // some test programs are of WAN only
pub fn program_of_a_twin() -> impl Strategy<Value = Vec<Op>> {
    let ops = proptest::collection::vec(prop_oneof![4 => op(), 1 => twin()], 1..40);
    let end = prop_oneof![4 => Just(vec![]), 1 => Just(vec![Op::Halt(false)])];
    (ops, end).prop_map(|(mut ops, end)| {
        ops.extend(end);
        ops
    })
}

/// A program: operations, and perhaps an end that is not the usual one.
pub fn program() -> impl Strategy<Value = Vec<Op>> {
    let end = prop_oneof![6 => Just(vec![]), 1 => Just(vec![Op::CloseCall]), 1 => any::<bool>().prop_map(|indicates| vec![Op::Halt(indicates)])];
    let after = proptest::collection::vec(op(), 0..6);
    (proptest::collection::vec(op(), 1..40), end, after).prop_map(|(mut ops, end, after)| {
        ops.extend(end.into_iter().chain(after));
        ops
    })
}

fn policy() -> impl Strategy<Value = Policy> {
    let odd = || prop::bool::weighted(0.2);
    (odd(), odd(), odd(), odd(), odd(), 0..6u8, odd()).prop_map(
        |(passive, recursive, shrink, quiet, back, resources, beyond)| Policy {
            callback_at_dispatch: !passive,
            serialized_reentry: if recursive { Reentry::Recursive } else { Reentry::Queued },
            window_shrink: if shrink { WindowShrink::Report } else { WindowShrink::HoldBack },
            owed_at_halt: if quiet { OwedAtHalt::Return } else { OwedAtHalt::Report },
            queued_at_line_down: if back {
                QueuedAtLineDown::Return
            } else {
                QueuedAtLineDown::Keep
            },
            resources_as_final: match resources {
                0 => ResourcesAsFinal::Report,
                1 => ResourcesAsFinal::Allow,
                _ => ResourcesAsFinal::Warn,
            },
            beyond_window: if beyond { BeyondWindow::Report } else { BeyondWindow::Queue },
            ..Policy::default()
        },
    )
}

/// A world that records: any policy, either delivery, now and then one that stops at a violation.
pub fn config() -> impl Strategy<Value = Config> {
    (policy(), any::<bool>(), prop::bool::weighted(0.1)).prop_map(|(policy, queued, stops)| {
        Config {
            policy,
            record: true,
            delivery: if queued { Delivery::Queued } else { Delivery::Inline },
            on_violation: if stops { OnViolation::BugCheck } else { OnViolation::Record },
            ..Config::default()
        }
    })
}
