//! Which status may be given where, and at which level calls are made.

use ndiswan::{Config, Deserialized, FinalStatus, Irql, Rule, Serialized, Status};

use super::ownership::by_name;
use crate::support::card::{Card, Rig};

fn completes_with(status: Status, errors: bool) -> Vec<Rule> {
    let rig = Rig::new(Config::default(), by_name(), 4);
    rig.send();
    let done = rig.adapter().wan_send_complete(rig.card.last(), status);
    assert_eq!(done.is_err(), errors);
    assert_eq!(rig.back(), 1, "the protocol has it back all the same");
    rig.close()
}

/// A status variable that was never set to anything else.
pub fn pending(breaks: bool) -> Vec<Rule> {
    completes_with(if breaks { Status::PENDING } else { Status::FAILURE }, breaks)
}

/// Returns RESOURCES when its ring is full.
pub fn resources(breaks: bool) -> Vec<Rule> {
    let full = if breaks { FinalStatus::RESOURCES } else { FinalStatus::FAILURE };
    let card = Card::<Deserialized>::new(move |_, _, packet| packet.complete(full));
    let rig = Rig::new(Config::default(), card, 4);
    assert_eq!(rig.send(), full.get());
    rig.close()
}

/// The card's own error number: it is passed on, and warned of.
pub fn unknown(breaks: bool) -> Vec<Rule> {
    completes_with(if breaks { Status(0xE000_0042) } else { Status::HARD_ERRORS }, false)
}

/// A serialized miniport's thread completes where it is, at PASSIVE.
pub fn irql_complete(breaks: bool) -> Vec<Rule> {
    let card = Card::<Serialized>::new(|_, _, packet| packet.into_name().returned(Status::PENDING));
    let rig = Rig::new(Config::default(), card, 4);
    rig.send();
    let adapter = rig.adapter();
    if breaks {
        adapter.wan_send_complete(rig.card.last(), Status::SUCCESS).unwrap_err();
    } else {
        let old = adapter.raise_irql(Irql::DISPATCH).unwrap();
        adapter.wan_send_complete(rig.card.last(), Status::SUCCESS).unwrap();
        adapter.lower_irql(old).unwrap();
    }
    assert_eq!(rig.back(), 1, "the protocol has it back all the same");
    rig.close()
}

/// A protocol sends from a device level.
pub fn irql_send(breaks: bool) -> Vec<Rule> {
    let card = Card::<Deserialized>::new(|_, _, packet| packet.complete(FinalStatus::SUCCESS));
    let rig = Rig::new(Config::default(), card, 4);
    let adapter = rig.adapter();
    let name = rig.packet().into_name();
    let old = adapter.raise_irql(if breaks { Irql::DIRQL } else { Irql::DISPATCH }).unwrap();
    assert_eq!(rig.link.send_name(name).is_err(), breaks);
    adapter.lower_irql(old).unwrap();
    adapter.free(name).unwrap();
    rig.close()
}

/// Raises the level and forgets to lower it.
pub fn irql_leak(breaks: bool) -> Vec<Rule> {
    let card = Card::<Deserialized>::new(move |shared, _, packet| {
        let old = shared.adapter().raise_irql(Irql::DISPATCH).unwrap();
        if !breaks {
            shared.adapter().lower_irql(old).unwrap();
        }
        packet.complete(FinalStatus::SUCCESS)
    });
    let rig = Rig::new(Config::default(), card, 4);
    rig.send();
    assert_eq!(ndiswan::cx::Cpu::current().irql(), Irql::PASSIVE, "the level is put right");
    rig.close()
}

/// Sleeps, and sets a timer, at a level at which it may not.
pub fn irql_call(breaks: bool) -> Vec<Rule> {
    let card = Card::<Deserialized>::new(|_, _, packet| packet.complete(FinalStatus::SUCCESS));
    let rig = Rig::new(Config::default(), card, 4);
    let adapter = rig.adapter();
    let timer = adapter.timer();
    let at = |level, call: &dyn Fn() -> bool| {
        let old = adapter.raise_irql(level).unwrap();
        let done = call();
        adapter.lower_irql(old).unwrap();
        done
    };
    let above = |most: Irql| Irql(most.0 + u8::from(breaks));
    assert_eq!(at(above(Irql::DISPATCH), &|| adapter.set_timer(timer, 1_000).is_ok()), !breaks);
    assert_eq!(adapter.cancel_timer(timer), !breaks);
    if !breaks {
        assert!(at(Irql::APC, &|| adapter.sleep(1_000).is_ok()));
        return rig.close();
    }
    assert!(!at(Irql::DISPATCH, &|| adapter.sleep(1_000).is_ok()));
    let mut found = rig.close();
    assert_eq!(found.pop(), Some(Rule::IrqlCall), "of the sleep");
    found
}
