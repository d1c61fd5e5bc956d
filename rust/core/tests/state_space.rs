//! The whole state space of the contract, small enough to be walked: every event in every state.
//!
//! `ownership` has two packets (two lives and one), two CPUs, one lock and one link; `contexts` has
//! one packet and all that a CPU can do: levels, both lock forms, entry points that preempt each
//! other. What must always hold is in `support/world.rs`, and an event that breaks a rule must change
//! nothing (`support/explore.rs`). The numbers are pinned, so that a model that quietly shrinks is
//! noticed; after a change of the contract on purpose, look at what changed and pin the new ones.
#![allow(unreachable_pub)] // support modules are shared between test programs

mod support {
    pub mod contexts;
    pub mod explore;
    pub mod ownership;
    pub mod world;
}

use std::collections::BTreeSet;

use support::contexts::Contexts;
use support::explore::{Space, explore};
use support::ownership::Ownership;

/// What sometimes happens to packets, whatever the mode.
const PACKETS: [&str; 15] = [
    "a packet is completed before its call has returned",
    "a packet is completed during a reset",
    "a packet is completed during the halt",
    "a packet is completed in its second life",
    "a packet is owed while the line is down",
    "a queued send goes back",
    "a reset takes a packet back",
    "a send waits for the window",
    "both packets are on their way back",
    "both packets are queued",
    "both packets are with the miniport",
    "one CPU completes while the other holds the lock",
    "the call returns PENDING after the completion",
    "the call returns after the packet was sent again",
    "the window is smaller than what is outstanding",
];

fn rules(space: &Space) -> String {
    space.broken.keys().map(|rule| rule.id()).collect::<Vec<_>>().join(" ")
}

fn two_packets(serialized: bool) -> Space {
    let mut model = Ownership::new(serialized);
    let space = explore(&mut model);
    assert_eq!(model.seen, BTreeSet::from(PACKETS));
    space
}

#[test]
fn two_packets_two_cpus_and_a_lock_under_a_serialized_miniport() {
    let space = two_packets(true);
    assert_eq!(
        rules(&space),
        "DOUBLE LOST FOREIGN STALE EARLY TOUCH RESERVED STATUS_PENDING STATUS_RESOURCES \
         IRQL_COMPLETE LOCK_HELD LOCK_RECURSION LOCK_UNHELD LOCK_FORM WINDOW LINE RESET HALT"
    );
    assert_eq!((space.states, space.transitions), (50_176, 539_752));
}

#[test]
fn two_packets_two_cpus_and_a_lock_under_a_deserialized_miniport() {
    let space = two_packets(false);
    assert_eq!(
        rules(&space),
        "DOUBLE LOST FOREIGN STALE EARLY TOUCH RESERVED STATUS_PENDING STATUS_RESOURCES \
         LOCK_HELD LOCK_RECURSION LOCK_UNHELD LOCK_FORM WINDOW LINE RESET HALT"
    );
    assert_eq!((space.states, space.transitions), (50_176, 607_976));
}

#[test]
fn two_contexts_a_lock_and_a_packet_under_a_serialized_miniport() {
    let space = explore(&mut Contexts::new(true));
    assert_eq!(
        rules(&space),
        "DOUBLE LOST FOREIGN TOUCH HANDLE IRQL_COMPLETE IRQL_SEND IRQL_LEAK LOCK_HELD \
         LOCK_RECURSION LOCK_UNHELD LOCK_FORM LOCK_LEAK LINE SERIAL HALT LATE INDICATE TIMER"
    );
    assert_eq!((space.states, space.transitions), (21_280, 184_741));
}

#[test]
fn two_contexts_a_lock_and_a_packet_under_a_deserialized_miniport() {
    let space = explore(&mut Contexts::new(false));
    assert_eq!(
        rules(&space),
        "DOUBLE LOST FOREIGN TOUCH HANDLE IRQL_COMPLETE IRQL_SEND IRQL_LEAK LOCK_HELD \
         LOCK_RECURSION LOCK_UNHELD LOCK_FORM LOCK_LEAK LINE HALT LATE INDICATE TIMER"
    );
    assert_eq!((space.states, space.transitions), (24_472, 220_952));
}
