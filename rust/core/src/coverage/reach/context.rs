//! The worlds that can be behind an edge: what an edge does not say is tried in all its ways.

use super::super::edge::{Place, Seat};
use super::super::kind::Kind;
use super::place::begins_with;
use crate::contract::State;
use crate::contract::adapter::{AdapterState, Life, LinkState};
use crate::contract::cpu::{CpuState, Held, Inside};
use crate::contract::packet::{Owner, PacketState};
use crate::cx::Irql;
use crate::event::{Entry, Event, Form, Name, TakenBack, What};
use crate::face::Face;
use crate::status::Status;

const CPU: u32 = 1;
const NAME: Name = Name { adapter: 0, slot: 0, generation: 2 };
const LEVELS: [Irql; 3] = [Irql::PASSIVE, Irql::DISPATCH, Irql::DIRQL];
/// The lock that an event is about, if it is not one of those that are held (0, 1).
const OTHER: u32 = 9;

/// Calls `ask` with every world behind the edge of these three, and the event in it.
pub(super) fn each(
    face: Face,
    seat: Seat,
    kind: Kind,
    place: Place,
    mut ask: impl FnMut(State, &Event),
) {
    for serialized in [false, true] {
        for life in lives(face, seat) {
            for link in links(kind) {
                for packet in packets(seat, kind) {
                    let link = link.clone();
                    let world = World { face, serialized, life, link, packet, place };
                    world.events(kind, &mut ask);
                }
            }
        }
    }
}

struct World {
    face: Face,
    serialized: bool,
    life: Life,
    link: LinkState,
    packet: PacketState,
    place: Place,
}

fn lives(face: Face, seat: Seat) -> Vec<Life> {
    let pauses = |life: &Life| matches!(life, Life::Pausing | Life::Paused);
    let all = (0..=7).map(Life::from_u8).filter(|life| face == Face::Ndis6 || !pauses(life));
    let fits = |life: &Life| match seat {
        // After halt the miniport has nothing.
        Seat::InCall | Seat::Pended => *life < Life::Halted,
        seat => seat.is_of_packet() || Seat::of_adapter(*life) == seat,
    };
    all.filter(fits).collect()
}

fn links(kind: Kind) -> Vec<LinkState> {
    let open = LinkState { up: true, closed: false, window: 1, outstanding: 0 };
    match kind.sample() {
        What::Send { .. }
        | What::Submit { .. }
        | What::LineUp { .. }
        | What::LineDown { .. }
        | What::CloseCall { .. }
        | What::Indicate { .. } => vec![
            LinkState { outstanding: 1, ..open.clone() },
            LinkState { up: false, ..open.clone() },
            LinkState { up: false, closed: true, ..open.clone() },
            open,
        ],
        _ => vec![open],
    }
}

/// The packets of that seat. For an event of the adapter: one that is owed, or none.
fn packets(seat: Seat, kind: Kind) -> Vec<PacketState> {
    let of = |owner| PacketState::new(owner, NAME.generation);
    let call = of(Owner::Miniport);
    let pended = call.returned(NAME.generation, Status::PENDING).unwrap_or(call);
    let before = match seat {
        _ if matches!(kind.sample(), What::Requeue { .. }) => return vec![call],
        Seat::Pool => Owner::Pool,
        Seat::Protocol => Owner::Protocol,
        Seat::Ndis => Owner::Ndis,
        Seat::Returning => Owner::Returning,
        Seat::InCall => return vec![call],
        Seat::Pended => return vec![pended],
        _ if matches!(kind.sample(), What::ResetEnd | What::Halted | What::Paused) => {
            return vec![of(Owner::Pool), call, pended];
        }
        _ => return vec![of(Owner::Pool)],
    };
    let mut all = vec![of(before), PacketState::new(before, 0)];
    for why in TakenBack::ALL {
        let taken = [call, pended].map(|packet| packet.take_back(why));
        all.extend(taken.into_iter().flatten().map(|taken| taken.owned_by(before)));
    }
    all
}

impl World {
    fn state(&self) -> State {
        let adapter = AdapterState {
            serialized: self.serialized,
            reentrant: false,
            life: self.life,
            inside: 0,
            face: self.face,
            refused: false,
            stalled: false,
        };
        let mut state = State::default();
        state.adapters.insert(0, adapter);
        state.links.insert(0, self.link.clone());
        state.packets.insert((0, 0), self.packet);
        let mut cpu = CpuState { irql: self.place.irql(), ..CpuState::default() };
        for lock in 0..u32::from(self.place.locks()) {
            cpu.held.push(Held { lock, form: Form::Plain, old: Irql::PASSIVE });
            state.owners.insert(lock, CPU);
        }
        state.cpus.insert(CPU, cpu);
        state
    }

    /// Every event of that kind here, each in the worlds that differ in what it looks at.
    fn events(&self, kind: Kind, ask: &mut impl FnMut(State, &Event)) {
        let mut at = |state: State, what: What| {
            let irql = self.place.irql();
            let locks = self.place.locks();
            ask(state, &Event { time: 0, cpu: CPU, irql, locks, adapter: 0, site: 0, what });
        };
        match kind.sample() {
            What::Return { status, .. } => self.returns(status, at),
            What::Complete { .. } => {
                for packet in self.names() {
                    for status in [Status::SUCCESS, Status::PENDING] {
                        at(self.state(), What::Complete { packet, status });
                    }
                }
            }
            What::Touch { side, part, .. } => {
                for packet in self.names() {
                    at(self.state(), What::Touch { packet, side, part });
                }
            }
            What::LineUp { .. } | What::LineDown { .. } | What::Indicate { .. } => {
                self.inside_of(|state| at(state, kind.sample()));
            }
            What::Acquire { form, .. } => {
                for lock in [0, OTHER] {
                    let mut state = self.state();
                    at(state.clone(), What::Acquire { lock, form });
                    let _ = state.order.add(OTHER, 0); // the other order was seen before
                    at(state, What::Acquire { lock, form });
                }
            }
            What::Release { form, .. } => self.releases(form, at),
            What::Cancel { .. } => at(self.state(), What::Cancel { packet: self.present() }),
            What::Requeue { link, .. } => {
                at(self.state(), What::Requeue { packet: self.present(), link });
            }
            What::Raise { .. } => {
                for to in LEVELS {
                    at(self.state(), What::Raise { to });
                }
            }
            What::Lower { .. } => {
                for to in LEVELS {
                    at(self.state(), What::Lower { to });
                }
            }
            What::Enter { entry, at: level } => {
                for inside in [0, 1] {
                    let mut state = self.state();
                    state.adapters.entry(0).and_modify(|adapter| adapter.inside = inside);
                    at(state, What::Enter { entry, at: level });
                }
            }
            What::Leave { entry } => self.leaves(entry, at),
            What::ResourcesAvailable => {
                let mut state = self.state();
                at(state.clone(), What::ResourcesAvailable);
                state.adapters.entry(0).and_modify(|adapter| adapter.stalled = true);
                at(state, What::ResourcesAvailable);
            }
            What::Halted => {
                let mut state = self.state();
                at(state.clone(), What::Halted);
                state.timers.insert((0, 0), 0);
                at(state, What::Halted);
            }
            what => at(self.state(), what),
        }
    }

    /// Names of the packet as a driver can have them: of this life, an earlier one, one to come, of
    /// a packet that was never sent, and of another adapter's packet.
    fn names(&self) -> Vec<Name> {
        let known = self.packet.generation();
        let lives = [known, known.saturating_sub(1), known + 1, 0];
        let own = lives.map(|generation| Name { generation, ..NAME });
        own.into_iter().chain([Name { adapter: 1, ..NAME }]).collect()
    }

    /// NDIS's own name of it.
    fn present(&self) -> Name {
        Name { generation: self.packet.generation(), ..NAME }
    }

    /// A call returns once, for a life that began: the present one, or the one before.
    fn returns(&self, status: Status, mut at: impl FnMut(State, What)) {
        let known = self.packet.generation();
        for generation in [known, known.saturating_sub(1)] {
            if generation > 0 && !(generation == known && self.packet.pended()) {
                let packet = Name { generation, ..NAME };
                at(self.state(), What::Return { packet, status });
            }
        }
    }

    /// Each lock that is held, and one that is not, by either form.
    fn releases(&self, form: Form, mut at: impl FnMut(State, What)) {
        for acquired in [Form::Plain, Form::Dpr] {
            for lock in (0..u32::from(self.place.locks())).chain([OTHER]) {
                let mut state = self.state();
                for held in state.cpus.values_mut().flat_map(|cpu| &mut cpu.held) {
                    held.form = acquired;
                }
                at(state, What::Release { lock, form });
            }
        }
    }

    /// On a bare stack, and inside of entry points that forbid things.
    fn inside_of(&self, mut at: impl FnMut(State)) {
        at(self.state());
        for entry in [Entry::Initialize, Entry::Isr, Entry::Halt, Entry::Shutdown] {
            at(self.inside(entry, self.place.irql(), 0));
        }
    }

    fn inside(&self, entry: Entry, at: Irql, locks: u32) -> State {
        let mut state = self.state();
        let inside = Inside { adapter: 0, entry, at, old: Irql::PASSIVE, locks };
        state.cpus.entry(CPU).and_modify(|cpu| cpu.inside.push(inside));
        state
    }

    /// Entered at each level that is its own, with none of the locks or with all of them.
    fn leaves(&self, entry: Entry, mut at: impl FnMut(State, What)) {
        for level in levels(self.face, entry) {
            let most = if *level < Irql::DISPATCH { 0 } else { self.place.locks() };
            for locks in (0..=most).filter(|locks| begins_with(entry, *locks)) {
                at(self.inside(entry, *level, locks.into()), What::Leave { entry });
            }
        }
    }
}

/// The levels at which an entry point is called (contract.md, R19 and the table of the levels).
fn levels(face: Face, entry: Entry) -> &'static [Irql] {
    match entry {
        Entry::SendComplete if face == Face::Ndis6 => &LEVELS[..2],
        Entry::Initialize | Entry::Halt | Entry::Pause | Entry::Restart => &LEVELS[..1],
        Entry::Isr => &LEVELS[2..],
        Entry::WanSend | Entry::CancelSend => &LEVELS[..2],
        Entry::Shutdown => &LEVELS,
        _ => &LEVELS[1..2],
    }
}
