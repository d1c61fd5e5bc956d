//! A trace as columns, one entry an event: what a page of a million events is made of.
//!
//! Events that say the same but for their numbers share a text, so the texts are few. The owner of a
//! packet after each of its events is the contract's, folded over the recording as a story does it.

use std::collections::BTreeMap;
use std::hash::Hash;

use super::Trace;
use crate::contract::State;
use crate::contract::packet::Owner;
use crate::coverage::QuickMap;
use crate::event::{Entry, Event, Name, What};

/// Nothing, in columns that count from 1.
const NONE: u64 = 0;

/// The columns.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// Of each event, in this order.
    pub rows: Vec<Row>,
    /// What the events say, by [`Row::text`]: the first of each kind, without its numbers.
    pub texts: Vec<What>,
    /// Adapter and slot, by [`Row::packet`] less one.
    pub packets: Vec<(u16, u32)>,
    /// The numbers of the links, by [`Row::link`] less one.
    pub links: Vec<u32>,
    /// The entry points, by [`Row::number`] of those that begin and return.
    pub entries: Vec<Entry>,
}

/// One event.
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq)]
pub struct Row {
    /// Nanoseconds.
    pub time: u64,
    /// Which text.
    pub text: u64,
    /// Which CPU, in the order in which they appear.
    pub cpu: u64,
    /// The level.
    pub irql: u64,
    /// How many locks are held.
    pub locks: u64,
    /// Whose adapter.
    pub adapter: u64,
    /// Which link, from 1.
    pub link: u64,
    /// Which packet, from 1.
    pub packet: u64,
    /// Its life.
    pub life: u64,
    /// Who owns it now: 0 for no packet, else one more than [`Owner`].
    pub owner: u64,
    /// Octets, a lock, a window, an entry point, a time.
    pub number: u64,
    /// The source line, from 1.
    pub site: u64,
}

impl Trace {
    /// The events as columns.
    pub fn table(&self) -> Table {
        let mut maker = Maker {
            trace: self,
            state: self.first_state(),
            texts: Numbers::default(),
            packets: Numbers::default(),
            links: Numbers::default(),
            entries: Numbers::default(),
            cpus: Numbers::default(),
            link_of: QuickMap::default(),
            sent: BTreeMap::new(),
            rows: Vec::with_capacity(self.events.len()),
        };
        for (index, event) in self.events.iter().enumerate() {
            let row = maker.row(index, event);
            maker.rows.push(row);
        }
        Table {
            rows: maker.rows,
            texts: maker.texts.list,
            packets: maker.packets.list,
            links: maker.links.list,
            entries: maker.entries.list,
        }
    }
}

/// Things by number, in the order in which they appear.
#[derive(Debug)]
struct Numbers<T> {
    known: QuickMap<T, u64>,
    list: Vec<T>,
}

impl<T> Default for Numbers<T> {
    fn default() -> Numbers<T> {
        Numbers { known: QuickMap::default(), list: Vec::new() }
    }
}

impl<T: Copy + Eq + Hash> Numbers<T> {
    fn of(&mut self, thing: T) -> u64 {
        let next = self.list.len() as u64;
        *self.known.entry(thing).or_insert_with(|| {
            self.list.push(thing);
            next
        })
    }
}

struct Maker<'a> {
    trace: &'a Trace,
    state: State,
    texts: Numbers<What>,
    packets: Numbers<(u16, u32)>,
    links: Numbers<u32>,
    entries: Numbers<Entry>,
    cpus: Numbers<u32>,
    /// By packet: its link, from 1.
    link_of: QuickMap<u64, u64>,
    /// By CPU: its last event, if that was a send, and its packet.
    sent: BTreeMap<u32, (usize, Name)>,
    rows: Vec<Row>,
}

impl Maker<'_> {
    fn row(&mut self, index: usize, event: &Event) -> Row {
        self.happens(event);
        let mut row = Row {
            time: event.time,
            text: self.texts.of(same_but_numbers(event.what)),
            cpu: self.cpus.of(event.cpu),
            irql: event.irql.0.into(),
            locks: event.locks.into(),
            adapter: event.adapter.into(),
            link: link(&event.what).map_or(NONE, |link| self.links.of(link) + 1),
            site: event.site.into(),
            number: self.number(&event.what),
            ..Row::default()
        };
        if let What::Violation { .. } = event.what {
            self.violation(index, event.cpu, &mut row);
        } else if let Some(name) = event.what.packet() {
            self.packet(name, &mut row);
        }
        match event.what {
            What::Send { packet, .. } => self.sent.insert(event.cpu, (index, packet)),
            _ => self.sent.remove(&event.cpu),
        };
        row
    }

    fn happens(&mut self, event: &Event) {
        // Not everything that changes a level is an event; each event says what it was.
        self.state.cpus.entry(event.cpu).or_default().irql = event.irql;
        if let Err(rule) = self.state.apply(event) {
            self.state.repair(event, rule);
        }
    }

    fn packet(&mut self, name: Name, row: &mut Row) {
        let place = (name.adapter, name.slot);
        row.packet = self.packets.of(place) + 1;
        row.life = name.generation.into();
        if row.link == NONE {
            row.link = self.link_of.get(&row.packet).copied().unwrap_or(NONE);
        } else {
            self.link_of.insert(row.packet, row.link);
        }
        let owner = self.state.packets.get(&place).map_or(Owner::Pool, |state| state.owner());
        row.owner = owner as u64 + 1;
    }

    /// What it is about; and a send in which nothing was wrong but its place was refused: its sender has it still.
    fn violation(&mut self, index: usize, cpu: u32, row: &mut Row) {
        let said = self.trace.verdicts.get(&index);
        let about = said.and_then(|said| said.packet);
        let known = about.and_then(|name| {
            self.packets.known.get(&(name.adapter, name.slot)).map(|number| (name, number + 1))
        });
        let Some((name, number)) = known else { return };
        (row.packet, row.life) = (number, name.generation.into());
        if said.is_some_and(|said| said.warning) {
            return;
        }
        if let Some((at, sent)) = self.sent.get(&cpu)
            && (sent.adapter, sent.slot) == (name.adapter, name.slot)
            && let Some(state) = self.state.packets.get_mut(&(sent.adapter, sent.slot))
            && let Ok(unsent) = state.unsend()
        {
            *state = unsent;
            self.rows[*at].owner = unsent.owner() as u64 + 1;
        }
    }

    fn number(&mut self, what: &What) -> u64 {
        match *what {
            What::Send { length, .. } | What::Indicate { length, .. } => length.into(),
            What::LineUp { window, .. } => window.into(),
            What::Acquire { lock, .. } | What::Release { lock, .. } => lock.into(),
            What::Enter { entry, .. } | What::Leave { entry } => self.entries.of(entry),
            What::TimerSet { at, .. } => at,
            _ => 0,
        }
    }
}

fn link(what: &What) -> Option<u32> {
    match *what {
        What::Send { link, .. }
        | What::Submit { link, .. }
        | What::Deliver { link, .. }
        | What::Unsend { link, .. }
        | What::LineUp { link, .. }
        | What::LineDown { link }
        | What::CloseCall { link }
        | What::Indicate { link, .. } => Some(link),
        _ => None,
    }
}

/// What happened, without what a column has: packet, link, length, window, time.
fn same_but_numbers(what: What) -> What {
    let nobody = Name { adapter: 0, slot: 0, generation: 0 };
    let mut what = what;
    match &mut what {
        What::Send { packet, link, length } => (*packet, *link, *length) = (nobody, 0, 0),
        What::Submit { packet, link }
        | What::Deliver { packet, link, .. }
        | What::Unsend { packet, link, .. } => (*packet, *link) = (nobody, 0),
        What::Allocate { packet }
        | What::Return { packet, .. }
        | What::Complete { packet, .. }
        | What::Free { packet }
        | What::TakeBack { packet, .. }
        | What::Touch { packet, .. } => *packet = nobody,
        What::LineUp { link, window } => (*link, *window) = (0, 0),
        What::LineDown { link } | What::CloseCall { link } => *link = 0,
        What::Indicate { link, length } => (*link, *length) = (0, 0),
        What::TimerSet { at, .. } => *at = 0,
        What::Register { reentrant, .. } => *reentrant = false,
        What::Enter { at, .. } => *at = crate::cx::Irql::PASSIVE,
        _ => {}
    }
    what
}
