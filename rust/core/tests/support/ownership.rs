//! Two packets, two CPUs, one lock, one link: who may do what with a packet, and when.

use std::collections::BTreeSet;

use ndiswan::contract::State;
use ndiswan::contract::adapter::Life;
use ndiswan::contract::packet::Owner;
use ndiswan::event::{Form, Part, Side, TakenBack, What};
use ndiswan::{Event, Irql, Name, Status};

use super::explore::Model;
use super::world::{self, LINK, LOCK, at, name};

/// How many lives each packet has.
const LIVES: [u32; 2] = [2, 1];
/// The largest window.
const WINDOW: u32 = 2;

/// CPU 1 takes the lock, CPU 2 changes its level; both send and complete.
pub struct Ownership {
    serialized: bool,
    /// What sometimes happened.
    pub seen: BTreeSet<&'static str>,
}

impl Ownership {
    /// The model for one of the two modes.
    pub fn new(serialized: bool) -> Ownership {
        Ownership { serialized, seen: BTreeSet::new() }
    }
}

impl Model for Ownership {
    fn first(&self) -> State {
        world::first(self.serialized, 2)
    }

    fn events(&self, state: &State, out: &mut Vec<Event>) {
        for slot in [0, 1] {
            packet_events(state, slot, out);
        }
        cpu_events(state, out);
        link_events(state, out);
        life_events(state, out);
    }

    fn look_at_state(&mut self, state: &State) -> Result<(), String> {
        world::always(state, WINDOW)
    }

    fn look_at_step(&mut self, before: &State, event: &Event, after: &State) -> Result<(), String> {
        world::sometimes(before, event, after, &mut self.seen);
        world::step_always(before, event, after)
    }
}

fn packet_events(state: &State, slot: u32, out: &mut Vec<Event>) {
    let packet = name(state, slot);
    let known = state.packets[&(0, slot)];
    let life = state.adapters[&0].life;
    let (link, length) = (LINK, 1);
    let status = Status::SUCCESS;
    let touch = |side, part| What::Touch { packet, side, part };
    let mut add = |cpu, what| out.push(at(state, cpu, what));
    // NDIS's and the protocol's part; the CPU makes no difference.
    add(1, What::Allocate { packet });
    add(1, What::Deliver { packet, link, status });
    add(1, What::Unsend { packet, link, status });
    add(1, What::Free { packet });
    if known.generation() < LIVES[slot as usize] {
        add(1, What::Submit { packet: Name { generation: packet.generation + 1, ..packet }, link });
    }
    if life == Life::Resetting {
        add(1, What::TakeBack { packet, why: TakenBack::Reset });
    }
    add(1, What::TakeBack { packet, why: TakenBack::Dropped });
    add(1, touch(Side::Miniport, Part::Data));
    add(1, touch(Side::Protocol, Part::Data));
    add(1, touch(Side::Miniport, Part::ProtocolReserved));
    // A call returns once, for a life that began.
    for generation in 1..=known.generation() {
        let packet = Name { generation, ..packet };
        if generation < known.generation() || !known.pended() {
            for status in [Status::PENDING, Status::FAILURE, Status::RESOURCES] {
                add(1, What::Return { packet, status });
            }
        }
    }
    for cpu in [1, 2] {
        add(cpu, What::Send { packet, link, length });
        for generation in 0..=known.generation() + 1 {
            let packet = Name { generation, ..packet };
            add(cpu, What::Complete { packet, status });
        }
    }
    add(1, What::Complete { packet: Name { adapter: 1, ..packet }, status });
    add(2, What::Complete { packet, status: Status::PENDING });
}

fn cpu_events(state: &State, out: &mut Vec<Event>) {
    for form in [Form::Plain, Form::Dpr] {
        out.push(at(state, 1, What::Release { lock: LOCK, form }));
    }
    out.push(at(state, 1, What::Acquire { lock: LOCK, form: Form::Plain }));
    out.push(at(state, 2, What::Raise { to: Irql::DISPATCH }));
    out.push(at(state, 2, What::Lower { to: Irql::PASSIVE }));
}

fn link_events(state: &State, out: &mut Vec<Event>) {
    for window in 1..=WINDOW {
        out.push(at(state, 2, What::LineUp { link: LINK, window }));
    }
    out.push(at(state, 2, What::LineDown { link: LINK }));
    out.push(at(state, 2, What::Indicate { link: LINK, length: 1 }));
}

/// NDIS's own events happen only where NDIS lets them; the miniport's may happen anywhere.
fn life_events(state: &State, out: &mut Vec<Event>) {
    let life = state.adapters[&0].life;
    let owed = state.packets.values().any(|p| p.is_of(Owner::Miniport));
    let serialized = state.adapters[&0].serialized;
    let mut add = |what| out.push(at(state, 2, what));
    add(What::ResetStart);
    add(What::ResetComplete { status: Status::SUCCESS });
    if !(serialized && owed) {
        add(What::ResetEnd); // NDIS has taken what a serialized miniport left
    }
    match life {
        Life::Initializing => add(What::Start),
        Life::Running | Life::Resetting => add(What::Halt),
        Life::Halting => add(What::Halted),
        _ => {}
    }
}
