//! For every rule a driver of a few lines that breaks it, exactly it and once, and one that keeps it.
//!
//! A rule that typed drivers cannot break in the same way names the case that does not compile
//! (`rust/compile-fail`); what breaks it here is a driver that holds names.
#![allow(unreachable_pub)] // support modules are shared between test programs

mod cases {
    pub mod access;
    pub mod life;
    pub mod lock;
    pub mod ownership;
    pub mod status;
    pub mod twins;
}
mod support {
    pub mod card;
}

use std::path::Path;

use cases::{access, life, lock, ownership, status, twins};
use ndiswan::Rule;

/// Runs the driver that breaks the rule, or the one that keeps it; what was reported.
type Run = fn(breaks: bool) -> Vec<Rule>;

/// Each rule, its drivers, and the case that shows that a typed driver with that fault does not compile.
const CASES: &[(Rule, Run, Option<&str>)] = &[
    (Rule::Double, ownership::double, Some("a_packet_is_not_completed_twice")),
    (Rule::Lost, ownership::lost, Some("a_packet_is_not_let_go_unseen")),
    (Rule::Foreign, ownership::foreign, Some("a_packet_is_not_completed_through_another_adapter")),
    (Rule::Stale, ownership::stale, Some("the_protocol_does_not_send_a_packet_in_flight")),
    (Rule::Early, ownership::early, Some("no_other_status_after_pending")),
    (Rule::Touch, access::touch, Some("data_is_not_touched_after_completing")),
    (Rule::Reserved, access::reserved, Some("the_miniport_does_not_read_protocol_reserved")),
    (Rule::Padding, access::padding, None),
    (Rule::StatusPending, status::pending, Some("pending_is_no_final_status")),
    (Rule::StatusResources, status::resources, None),
    (Rule::StatusUnknown, status::unknown, None),
    (Rule::Handle, access::handle, None),
    (
        Rule::IrqlComplete,
        status::irql_complete,
        Some("a_serialized_miniport_does_not_complete_below_dispatch"),
    ),
    (Rule::IrqlSend, status::irql_send, Some("an_isr_takes_no_spin_lock")),
    (Rule::IrqlLeak, status::irql_leak, None),
    (Rule::IrqlCall, status::irql_call, None),
    (Rule::LockHeld, lock::held, Some("no_completion_with_a_spin_lock_held")),
    (Rule::LockRecursion, lock::recursion, Some("a_lock_is_not_taken_twice_in_one_context")),
    (Rule::LockUnheld, lock::unheld, None),
    (Rule::LockOrder, lock::order, Some("locks_are_released_in_reverse_order")),
    (Rule::LockForm, lock::form, Some("the_dpr_form_is_for_dispatch")),
    (Rule::LockLeak, lock::leak, None),
    (Rule::Window, life::window, None),
    (Rule::Line, life::line, None),
    (Rule::Serial, life::serial, None),
    (Rule::Reset, life::reset, None),
    (Rule::Halt, life::halt, None),
    (Rule::Late, life::late, None),
    (Rule::Hang, life::hang, None),
    (Rule::Indicate, life::indicate, None),
    (Rule::Timer, life::timer, None),
    (Rule::Sync, twins::sync, None),
    (Rule::StatusList, twins::status_list, None),
    (Rule::IrqlFlag, twins::irql_flag, None),
    (Rule::Resources, twins::resources, None),
    (Rule::Face, twins::face, None),
    (Rule::Pause, twins::pause, None),
    (Rule::Cancel, twins::cancel, None),
];

#[test]
fn every_rule_has_a_driver_that_breaks_it_and_one_that_keeps_it() {
    let listed: Vec<Rule> = CASES.iter().map(|(rule, ..)| *rule).collect();
    assert_eq!(listed, Rule::ALL);
}

#[test]
fn the_driver_that_breaks_a_rule_breaks_it_once_and_no_other() {
    for (rule, run, _) in CASES {
        assert_eq!(run(true), [*rule], "the driver that breaks {rule}");
    }
}

#[test]
fn the_driver_that_keeps_a_rule_breaks_none() {
    for (rule, run, _) in CASES {
        assert_eq!(run(false), [], "the driver that keeps {rule}");
    }
}

#[test]
fn the_cases_that_do_not_compile_are_there() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../compile-fail/tests/fail");
    for case in CASES.iter().filter_map(|(_, _, case)| *case) {
        assert!(folder.join(case).with_extension("rs").exists(), "{case}");
    }
}
