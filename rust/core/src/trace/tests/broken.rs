//! For every rule that the engine reports: the recording says the same, once each.

use super::*;
use crate::Policy;
use crate::cx::Irql;
use crate::event::{Form, Part, Side, TakenBack, What};
use crate::ndis::Delivery;
use crate::policy::{BeyondWindow, OwedAtHalt, ResourcesAsFinal, WindowShrink};

/// Whether the events alone show the breach, or only the engine's word.
#[derive(Copy, Clone, Eq, PartialEq)]
enum Shows {
    Event,
    Verdict,
}
use Shows::{Event, Verdict};

type Case = (&'static [Rule], Shows, fn() -> Arc<Ndis>);

/// Runs `body` against a deserialized driver, then halts it.
fn with(script: Script, body: fn(&Arc<Link>)) -> Arc<Ndis> {
    by(recording(), script, body)
}

fn by(config: Config, script: Script, body: fn(&Arc<Link>)) -> Arc<Ndis> {
    let (ndis, link) = bind::<Deserialized>(config, script);
    body(&link);
    let _ = ndis.close();
    ndis
}

fn serialized(script: Script, body: fn(&Arc<Link>)) -> Arc<Ndis> {
    let (ndis, link) = bind::<Serialized>(recording(), script);
    body(&link);
    let _ = ndis.close();
    ndis
}

fn policy(policy: Policy) -> Config {
    Config { policy, ..recording() }
}

const LOCK: u32 = 0;
const OTHER: u32 = 1;

#[rustfmt::skip]
const CASES: &[Case] = &[
    (&[Rule::Double], Event, || with(QUIET, |link| {
        let name = send(link);
        complete(link, name);
        complete(link, name);
    })),
    (&[Rule::Stale], Event, || with(QUIET, |link| {
        let first = send(link);
        complete(link, first);
        let second = send(link);
        complete(link, first);
        complete(link, second);
    })),
    (&[Rule::Foreign], Event, || with(QUIET, |link| {
        let mut name = send(link);
        name.adapter = 7;
        complete(link, name);
        name.adapter = 0;
        complete(link, name);
    })),
    (&[Rule::Early], Event, || with(
        Script {
            send: |adapter, name| {
                adapter.wan_send_complete(name, Status::SUCCESS).unwrap();
                Status::SUCCESS
            },
            ..QUIET
        },
        |link| { send(link); },
    )),
    (&[Rule::Lost, Rule::Lost], Event, || with(QUIET, |link| for _ in 0..2 { send(link); })),
    (&[Rule::Lost], Event, || with(QUIET, |link| {
        let name = send(link);
        link.adapter.lost(name, TakenBack::Dropped, "it was forgotten").unwrap();
    })),
    (&[Rule::Lost], Verdict, || with(QUIET, |link| {
        send(link);
        let _ = link.close();
    })),
    (&[Rule::Touch], Event, || with(QUIET, |link| {
        let name = send(link);
        complete(link, name);
        let _ = link.adapter.may_touch(name, Side::Miniport, Part::Data);
    })),
    (&[Rule::Touch], Event, || with(QUIET, |link| {
        let name = packet(link);
        link.send_name(name).unwrap();
        let _ = link.send_name(name);
        complete(link, Name { generation: 1, ..name });
    })),
    (&[Rule::Stale], Event, || with(QUIET, |link| {
        let name = send(link);
        complete(link, name);
        let again = send(link);
        let _ = link.adapter.may_touch(name, Side::Miniport, Part::Data);
        complete(link, again);
    })),
    (&[Rule::Reserved], Event, || with(QUIET, |link| {
        let name = send(link);
        let _ = link.adapter.may_touch(name, Side::Miniport, Part::ProtocolReserved);
        complete(link, name);
    })),
    (&[Rule::Padding], Verdict, || with(QUIET, |link| {
        let name = packet(link);
        let prepend = |packet: &mut crate::packet::WanPacket| packet.set_current(0, 4).unwrap();
        link.adapter.with_packet(name, Side::Protocol, Part::Data, prepend).unwrap();
        let _ = link.send_name(name);
        link.adapter.free(name).unwrap();
    })),
    (&[Rule::StatusPending], Event, || with(QUIET, |link| {
        let _ = link.adapter.wan_send_complete(send(link), Status::PENDING);
    })),
    (&[Rule::StatusResources], Event, || with(
        Script { send: |_, _| Status::RESOURCES, ..QUIET },
        |link| { send(link); },
    )),
    (&[Rule::StatusResources], Event, || with(QUIET, |link| {
        let _ = link.adapter.wan_send_complete(send(link), Status::RESOURCES);
    })),
    (&[Rule::StatusResources], Event, || by(
        policy(Policy { resources_as_final: ResourcesAsFinal::Report, ..Policy::default() }),
        QUIET,
        |link| drop(link.adapter.wan_send_complete(send(link), Status::RESOURCES)),
    )),
    (&[Rule::StatusUnknown, Rule::StatusUnknown], Event, || with(
        Script { send: |_, _| Status(0x1234_5678), ..QUIET },
        |link| for _ in 0..2 { send(link); },
    )),
    (&[Rule::StatusUnknown], Event, || with(QUIET, |link| {
        let _ = link.adapter.wan_send_complete(send(link), Status(0xC0FF_EE00));
    })),
    (&[Rule::Handle], Event, || with(QUIET, |link| for _ in 0..2 { let _ = link.close(); })),
    (&[Rule::Handle], Event, || with(QUIET, |link| {
        let _ = link.close();
        let _ = link.adapter.line_up(Some(link), None, crate::LinkSettings::default());
    })),
    (&[Rule::IrqlComplete], Event, || serialized(QUIET, |link| complete(link, send(link)))),
    (&[Rule::IrqlComplete], Event, || with(QUIET, |link| {
        let name = send(link);
        let old = link.adapter.raise_irql(Irql::DIRQL).unwrap();
        complete(link, name);
        link.adapter.lower_irql(old).unwrap();
    })),
    (&[Rule::IrqlComplete], Event, || serialized(QUIET, |link| {
        let _ = link.adapter.indicate_receive(link, b"frame");
    })),
    (&[Rule::IrqlSend], Event, || with(QUIET, |link| {
        let name = packet(link);
        let old = link.adapter.raise_irql(Irql::DIRQL).unwrap();
        let _ = link.send_name(name);
        link.adapter.lower_irql(old).unwrap();
    })),
    (&[Rule::IrqlLeak], Event, || with(
        Script {
            send: |adapter, _| {
                adapter.raise_irql(Irql::DISPATCH).unwrap();
                Status::SUCCESS
            },
            ..QUIET
        },
        |link| { send(link); },
    )),
    (&[Rule::IrqlLeak], Event, || with(QUIET, |link| {
        let old = link.adapter.raise_irql(Irql::DISPATCH).unwrap();
        let _ = link.adapter.raise_irql(Irql::PASSIVE);
        link.adapter.lower_irql(old).unwrap();
    })),
    (&[Rule::LockHeld], Event, || with(QUIET, |link| {
        let name = send(link);
        link.adapter.acquire(LOCK, Form::Plain).unwrap();
        complete(link, name);
        link.adapter.release(LOCK, Form::Plain).unwrap();
    })),
    (&[Rule::LockRecursion], Event, || with(QUIET, |link| {
        link.adapter.acquire(LOCK, Form::Plain).unwrap();
        let _ = link.adapter.acquire(LOCK, Form::Plain);
        link.adapter.release(LOCK, Form::Plain).unwrap();
    })),
    (&[Rule::LockUnheld], Event, || with(QUIET, |link| drop(link.adapter.release(LOCK, Form::Plain)))),
    (&[Rule::LockOrder], Event, || with(QUIET, |link| for (first, second) in [(LOCK, OTHER), (OTHER, LOCK)] {
        link.adapter.acquire(first, Form::Plain).unwrap();
        let _ = link.adapter.acquire(second, Form::Plain);
        link.adapter.release(second, Form::Plain).unwrap();
        link.adapter.release(first, Form::Plain).unwrap();
    })),
    (&[Rule::LockOrder], Event, || with(QUIET, |link| {
        link.adapter.acquire(LOCK, Form::Plain).unwrap();
        link.adapter.acquire(OTHER, Form::Plain).unwrap();
        let _ = link.adapter.release(LOCK, Form::Plain);
        link.adapter.release(OTHER, Form::Plain).unwrap();
    })),
    (&[Rule::LockForm, Rule::LockForm], Event, || with(QUIET, |link| {
        let _ = link.adapter.acquire(LOCK, Form::Dpr);
        link.adapter.acquire(LOCK, Form::Plain).unwrap();
        let _ = link.adapter.release(LOCK, Form::Dpr);
    })),
    (&[Rule::LockLeak], Event, || with(
        Script {
            send: |adapter, _| {
                adapter.acquire(LOCK, Form::Plain).unwrap();
                Status::SUCCESS
            },
            ..QUIET
        },
        |link| { send(link); },
    )),
    (&[Rule::Window], Event, || by(
        policy(Policy { beyond_window: BeyondWindow::Report, owed_at_halt: OwedAtHalt::Return, ..Policy::default() }),
        QUIET,
        |link| for _ in 0..3 { let _ = link.send_name(packet(link)); },
    )),
    (&[Rule::Window], Event, || by(
        policy(Policy { window_shrink: WindowShrink::Report, owed_at_halt: OwedAtHalt::Return, ..Policy::default() }),
        QUIET,
        |link| {
            for _ in 0..2 { send(link); }
            let settings = crate::LinkSettings { send_window: 1, ..crate::LinkSettings::default() };
            let _ = link.adapter.line_up(Some(link), None, settings);
        },
    )),
    (&[Rule::Line, Rule::Line, Rule::Line], Event, || with(QUIET, |link| {
        link.adapter.line_down(link).unwrap();
        let _ = link.adapter.line_down(link);
        let _ = link.adapter.indicate_receive(link, b"frame");
        let _ = link.send_name(packet(link));
    })),
    (&[Rule::Serial], Verdict, || serialized(
        Script { timer: |adapter| drop(adapter.ndis.run(None, None)), ..QUIET },
        |link| {
            link.adapter.set_timer(0, 5).unwrap();
            link.adapter.ndis.run(None, None).unwrap();
        },
    )),
    (&[Rule::Reset, Rule::Reset], Verdict, || with(QUIET, |link| {
        let name = send(link);
        link.adapter.reset().unwrap();
        complete(link, name);
    })),
    (&[Rule::Reset], Event, || serialized(QUIET, |link| {
        let name = send(link);
        link.adapter.reset().unwrap();
        complete(link, name);
    })),
    (&[Rule::Reset], Event, || with(QUIET, |link| drop(link.adapter.reset_complete(Status::SUCCESS)))),
    (&[Rule::Lost, Rule::Halt, Rule::Halt, Rule::Timer], Event, || with(QUIET, |link| {
        let name = send(link);
        let second = packet(link);
        let _ = link.adapter.ndis.close();
        complete(link, name);
        let _ = link.send_name(second);
        let _ = link.adapter.set_timer(0, 1);
    })),
    (&[Rule::IrqlCall], Event, || with(QUIET, |link| {
        let old = link.adapter.raise_irql(Irql::DIRQL).unwrap();
        let _ = link.adapter.set_timer(0, 1);
        link.adapter.lower_irql(old).unwrap();
    })),
    (&[Rule::Late], Verdict, || serialized(QUIET, |link| {
        send(link);
        link.adapter.ndis.run(Some(7_000_000_000), None).unwrap();
    })),
    (&[Rule::Hang], Verdict, || with(QUIET, |link| {
        send(link);
        link.adapter.ndis.run(Some(25_000_000_000), None).unwrap();
    })),
    (&[Rule::Indicate], Event, || with(
        Script {
            halt: |adapter| {
                let link = adapter.links().pop().unwrap();
                let _ = adapter.line_down(&link);
            },
            ..QUIET
        },
        |_| {},
    )),
    (&[Rule::Timer], Verdict, || with(QUIET, |link| link.adapter.set_timer(0, 1).unwrap())),
];

#[test]
fn the_check_of_a_recording_finds_what_the_engine_found_once_each_and_nothing_else() {
    for (expected, _, run) in CASES {
        let ndis = run();
        let engine: Vec<_> = ndis.violations().iter().map(|violation| violation.rule).collect();
        let trace = ndis.trace();
        let found = trace.check();
        assert_eq!(engine, *expected, "the case itself");
        assert_eq!(rules(&found), engine, "{}", trace.to_text());
        for (found, violation) in found.iter().zip(ndis.violations()) {
            assert!(found.recorded, "{found}\n{}", trace.to_text());
            assert_eq!(found.detail, violation.detail);
            assert_eq!(found.packet.or(violation.packet), violation.packet.or(found.packet));
            assert_eq!(found.warning, violation.warning);
        }
    }
}

#[test]
fn without_the_engines_word_the_events_alone_show_the_same_where_they_can() {
    for (expected, shows, run) in CASES {
        let mut trace = run().trace();
        trace.events.retain(|event| !matches!(event.what, What::Violation { .. }));
        (trace.frames, trace.verdicts) = Default::default();
        let found = trace.check();
        if *shows == Event {
            assert_eq!(rules(&found), *expected, "{}", trace.to_text());
            assert!(found.iter().all(|found| !found.recorded));
        }
    }
}

#[test]
fn with_verification_off_the_recording_is_checked_afterwards() {
    let config = Config { verify: crate::Verify::Off, ..recording() };
    let ndis = by(config, QUIET, |link| {
        let name = send(link);
        link.adapter.acquire(LOCK, Form::Plain).unwrap();
        complete(link, name);
        link.adapter.release(LOCK, Form::Plain).unwrap();
    });
    assert!(ndis.violations().is_empty());
    assert_eq!(rules(&ndis.trace().check()), [Rule::LockHeld]);
}

#[test]
fn a_finding_has_the_packets_history_and_says_where_and_what_to_do() {
    let ndis = by(Config { delivery: Delivery::Queued, ..recording() }, QUIET, |link| {
        let name = send(link);
        complete(link, name);
        complete(link, name);
    });
    let trace = ndis.trace();
    let found = trace.check();
    let whats: Vec<_> = found[0].history.iter().map(|event| event.what).collect();
    assert!(matches!(
        whats[..],
        [
            What::Allocate { .. },
            What::Send { .. },
            What::Submit { .. },
            What::Return { .. },
            What::Complete { .. },
            What::Complete { .. },
        ]
    ));
    let told = found[0].to_string();
    for part in ["DOUBLE: packet 0.0 (life 1) was completed", "line 1", "history", "to mend"] {
        assert!(told.contains(part), "{told}");
    }
}
