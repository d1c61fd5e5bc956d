//! One packet and all that a CPU can do: levels, both lock forms, entry points inside of each other.

use std::collections::BTreeSet;

use ndiswan::contract::State;
use ndiswan::contract::adapter::Life;
use ndiswan::contract::packet::Owner;
use ndiswan::event::{Form, TakenBack, What};
use ndiswan::{Entry, Event, Irql, Name, Status};

use super::explore::Model;
use super::world::{self, LINK, LOCK, at, name};

/// How deep calls are nested.
const DEPTH: usize = 2;

/// CPU 1 is called, CPU 2 is a thread beside it; the packet has one life.
pub struct Contexts {
    serialized: bool,
    /// What sometimes happened.
    pub seen: BTreeSet<&'static str>,
}

impl Contexts {
    /// The model for one of the two modes.
    pub fn new(serialized: bool) -> Contexts {
        Contexts { serialized, seen: BTreeSet::new() }
    }
}

impl Model for Contexts {
    fn first(&self) -> State {
        world::first(self.serialized, 1)
    }

    fn events(&self, state: &State, out: &mut Vec<Event>) {
        packet_events(state, out);
        for cpu in [1, 2] {
            level_events(state, cpu, out);
        }
        entry_events(state, self.serialized, out);
        life_events(state, out);
    }

    fn look_at_state(&mut self, state: &State) -> Result<(), String> {
        world::always(state, 1)
    }

    fn look_at_step(&mut self, before: &State, event: &Event, after: &State) -> Result<(), String> {
        world::sometimes(before, event, after, &mut self.seen);
        world::step_always(before, event, after)?;
        let (old, new) = (&before.cpus[&event.cpu], &after.cpus[&event.cpu]);
        if let What::Leave { .. } = event.what {
            let inside = old.inside[old.inside.len() - 1];
            if new.irql != inside.old || new.held.len() as u32 > inside.locks {
                return Err("an entry point leaves the CPU as it found it".to_string());
            }
        }
        if matches!(event.what, What::Complete { .. } | What::LineUp { .. }) && !old.held.is_empty()
        {
            return Err("no lock is held at a completion".to_string());
        }
        Ok(())
    }
}

fn packet_events(state: &State, out: &mut Vec<Event>) {
    let packet = name(state, 0);
    let status = Status::SUCCESS;
    let (link, length) = (LINK, 1);
    let mut add = |cpu, what| out.push(at(state, cpu, what));
    add(1, What::Allocate { packet });
    add(1, What::Deliver { packet, link, status });
    add(2, What::Submit { packet: Name { generation: 1, ..packet }, link });
    if state.adapters[&0].life == Life::Running && state.cpus[&1].inside.is_empty() {
        add(2, What::TakeBack { packet, why: TakenBack::GivenUp });
    }
    for cpu in [1, 2] {
        if packet.generation == 0 {
            add(cpu, What::Send { packet, link, length });
        }
        add(cpu, What::Complete { packet, status });
    }
}

fn level_events(state: &State, cpu: u32, out: &mut Vec<Event>) {
    let mut add = |what| out.push(at(state, cpu, what));
    // CPU 1 gets to the device level by its ISR, CPU 2 stays below.
    for to in [Irql::PASSIVE, Irql::DISPATCH] {
        add(What::Raise { to });
        add(What::Lower { to });
    }
    for form in [Form::Plain, Form::Dpr].into_iter().take(3 - cpu as usize) {
        // Whoever finds it taken by another waits: nothing happens.
        if state.owners.get(&LOCK).is_none_or(|owner| *owner == cpu) {
            add(What::Acquire { lock: LOCK, form });
        }
        add(What::Release { lock: LOCK, form });
    }
}

/// NDIS calls at the levels of the table of the contract; an interrupt comes at any time.
fn entry_events(state: &State, serialized: bool, out: &mut Vec<Event>) {
    let cpu = &state.cpus[&1];
    let mut add = |number, what| out.push(at(state, number, what));
    if let Some(inside) = cpu.inside.last() {
        add(1, What::Leave { entry: inside.entry });
    }
    if cpu.inside.len() < DEPTH {
        if cpu.irql < Irql::DIRQL {
            add(1, What::Enter { entry: Entry::Isr, at: Irql::DIRQL });
        }
        if cpu.irql <= Irql::DISPATCH && cpu.held.is_empty() {
            let at = if serialized { Irql::DISPATCH } else { cpu.irql };
            add(1, What::Enter { entry: Entry::WanSend, at });
        }
        if cpu.irql == Irql::PASSIVE && cpu.inside.is_empty() {
            add(1, What::Enter { entry: Entry::Halt, at: Irql::PASSIVE });
        }
    }
    if cpu.inside.first().is_some_and(|inside| inside.entry != Entry::Isr) {
        // Another CPU's entry point: SERIAL if the miniport is serialized, and over at once.
        let (entry, at) = (Entry::Timer, Irql::DISPATCH);
        if serialized && state.cpus[&2].irql <= Irql::DISPATCH {
            add(2, What::Enter { entry, at });
        }
    }
}

fn life_events(state: &State, out: &mut Vec<Event>) {
    let mut add = |what| out.push(at(state, 2, what));
    let link = &state.links[&LINK];
    match state.adapters[&0].life {
        Life::Initializing => add(What::Start),
        Life::Running if link.up => add(What::Halt),
        Life::Halting => add(What::Halted),
        _ => {}
    }
    // Timers and closed calls have nothing to do with the packet: they are tried without it.
    let unused = state.packets[&(0, 0)].owner() == Owner::Pool;
    if state.adapters[&0].life >= Life::Halting && unused {
        add(What::TimerSet { timer: 0, at: 0 });
        add(What::TimerCancel { timer: 0 });
        add(What::CloseCall { link: LINK });
    }
    for cpu in [1, 2] {
        out.push(at(state, cpu, What::LineUp { link: LINK, window: 1 }));
    }
}
