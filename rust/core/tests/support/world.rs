//! A small world for the search: one adapter, one link, two CPUs, one lock, a few packets.

use std::collections::BTreeSet;

use ndiswan::contract::State;
use ndiswan::contract::adapter::{AdapterState, Life, LinkState};
use ndiswan::contract::cpu::CpuState;
use ndiswan::contract::packet::{Owner, PacketState};
use ndiswan::event::{TakenBack, What};
use ndiswan::{Event, Name, Status};

/// The link.
pub const LINK: u32 = 0;
/// The lock.
pub const LOCK: u32 = 0;

/// The state in which the adapter has just been registered.
pub fn first(serialized: bool, packets: u32) -> State {
    let life = Life::Initializing;
    let (face, stalled) = (ndiswan::Face::Wan, false);
    let (reentrant, refused, inside) = (false, false, 0);
    let adapter = AdapterState { serialized, reentrant, life, inside, face, refused, stalled };
    let mut state = State::default();
    state.adapters.insert(0, adapter);
    state.links.insert(LINK, LinkState::default());
    state.packets.extend((0..packets).map(|slot| ((0, slot), PacketState::default())));
    state.cpus.extend([1, 2].map(|cpu| (cpu, CpuState::default())));
    state
}

/// `what` as an event of `cpu` in `state`.
pub fn at(state: &State, cpu: u32, what: What) -> Event {
    let irql = state.cpus[&cpu].irql;
    let locks = state.cpus[&cpu].held.len() as u8;
    Event { time: 0, cpu, irql, locks, adapter: 0, site: 0, what }
}

/// The present name of a packet.
pub fn name(state: &State, slot: u32) -> Name {
    Name { adapter: 0, slot, generation: state.packets[&(0, slot)].generation() }
}

/// Whether a packet is sent and not answered.
pub fn in_flight(owner: Owner) -> bool {
    matches!(owner, Owner::Ndis | Owner::Miniport | Owner::Returning)
}

fn must(holds: bool, what: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(what.to_string()) }
}

/// What must hold in every state.
pub fn always(state: &State, most: u32) -> Result<(), String> {
    let adapter = &state.adapters[&0];
    let link = &state.links[&LINK];
    let with = |wanted: &[Owner]| {
        state.packets.values().filter(|p| wanted.contains(&p.owner())).count() as u32
    };
    let outstanding = with(&[Owner::Miniport, Owner::Returning]);
    must(
        link.outstanding == outstanding,
        "what is outstanding is what was handed over and is not back",
    )?;
    must(link.outstanding <= most, "never more is outstanding than the largest window")?;
    must(
        adapter.life < Life::Halted || with(&[Owner::Miniport]) == 0,
        "after halt the miniport has nothing",
    )?;
    must(adapter.life < Life::Halted || state.timers.is_empty(), "after halt no timer is set")?;
    must(
        !adapter.serialized || adapter.inside <= 1,
        "of a serialized miniport one entry point runs",
    )?;
    for (&cpu, known) in &state.cpus {
        must(
            known.held.is_empty() || known.irql >= ndiswan::Irql::DISPATCH,
            "a lock is held at DISPATCH or above",
        )?;
        for held in &known.held {
            must(state.owners.get(&held.lock) == Some(&cpu), "who holds a lock owns it")?;
        }
    }
    let held: usize = state.cpus.values().map(|cpu| cpu.held.len()).sum();
    must(held == state.owners.len(), "a lock has one owner")
}

/// What must hold of every step: a send is answered exactly once, a life begins with a hand-over.
pub fn step_always(before: &State, event: &Event, after: &State) -> Result<(), String> {
    for (key, old) in &before.packets {
        let new = &after.packets[key];
        let about = event.what.packet().is_some_and(|name| (name.adapter, name.slot) == *key);
        must(about || old == new, "an event changes no other packet")?;
        match (in_flight(old.owner()), in_flight(new.owner())) {
            (false, true) => must(matches!(event.what, What::Send { .. }), "in flight by a send")?,
            (true, false) => {
                let answer = matches!(event.what, What::Deliver { .. } | What::Unsend { .. });
                must(answer, "back by one answer")?;
            }
            _ => {}
        }
        let handed = matches!(event.what, What::Submit { .. }) && about;
        must(new.generation() == old.generation() + u32::from(handed), "each hand-over is a life")?;
        must(
            handed == (old.owner() != Owner::Miniport && new.owner() == Owner::Miniport),
            "handed over by Submit",
        )?;
        if old.owner() == Owner::Miniport && new.owner() != Owner::Miniport {
            let life = before.adapters[&0].life;
            must(new.owner() == Owner::Returning, "the miniport gives to NDIS")?;
            let by_miniport = matches!(event.what, What::Complete { .. } | What::Return { .. });
            let by_ndis = matches!(event.what, What::TakeBack { .. });
            must((by_miniport && life < Life::Halted) || by_ndis, "by an answer or by force")?;
        }
        if handed {
            let link = &after.links[&LINK];
            must(link.outstanding <= link.window && link.up, "handed over inside the window")?;
            must(before.adapters[&0].life == Life::Running, "handed over while running")?;
        }
    }
    Ok(())
}

/// Notes what sometimes happens.
pub fn sometimes(before: &State, event: &Event, after: &State, seen: &mut BTreeSet<&'static str>) {
    let owners: Vec<Owner> = after.packets.values().map(|p| p.owner()).collect();
    let both = |owner| owners.iter().all(|o| *o == owner) && owners.len() > 1;
    let link = &after.links[&LINK];
    let mut note = |happens: bool, what| {
        if happens {
            seen.insert(what);
        }
    };
    note(both(Owner::Miniport), "both packets are with the miniport");
    note(both(Owner::Returning), "both packets are on their way back");
    note(both(Owner::Ndis), "both packets are queued");
    note(
        owners.contains(&Owner::Ndis) && link.outstanding >= link.window && link.up,
        "a send waits for the window",
    );
    note(link.outstanding > link.window, "the window is smaller than what is outstanding");
    note(!link.up && link.outstanding > 0, "a packet is owed while the line is down");
    note(
        !after.owners.is_empty() && event.cpu == 2 && matches!(event.what, What::Complete { .. }),
        "one CPU completes while the other holds the lock",
    );
    let Some(name) = event.what.packet() else { return };
    let (old, life) = (before.packets[&(0, name.slot)], before.adapters[&0].life);
    match event.what {
        What::Complete { .. } => {
            note(!old.pended(), "a packet is completed before its call has returned");
            note(name.generation == 2, "a packet is completed in its second life");
            note(life == Life::Resetting, "a packet is completed during a reset");
            note(life == Life::Halting, "a packet is completed during the halt");
        }
        What::Return { status: Status::PENDING, .. } => {
            note(old.owner() != Owner::Miniport, "the call returns PENDING after the completion");
            note(
                old.generation() > name.generation,
                "the call returns after the packet was sent again",
            );
        }
        What::TakeBack { why: TakenBack::Reset, .. } => note(true, "a reset takes a packet back"),
        What::Unsend { .. } => note(true, "a queued send goes back"),
        _ => {}
    }
}
