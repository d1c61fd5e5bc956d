//! From events to steps: the contract, folded over the trace, knows what holds after each.

use std::collections::BTreeMap;

use super::words::{is_same, reset_returned, returns, short, side, way, words};
use super::{Broken, Ending, Hidden, Lane, Step, Story, Telling, matters};
use crate::contract::State;
use crate::contract::cpu::Inside;
use crate::contract::packet::{Owner, PacketState};
use crate::cx::Irql;
use crate::event::{Entry, Event, Name, What};
use crate::trace::Trace;

/// So many steps are told at most, those of the beginning among them; of what goes on for ever there are as many as one waits for.
const MOST: usize = 1_000;
const BEGINNING: usize = 200;

pub(super) fn story(trace: &Trace, ending: Option<&Ending>, telling: &Telling) -> Story {
    let end = match ending {
        Some(ending) if !telling.full => trace.events.len().min(ending.index + 1),
        _ => trace.events.len(),
    };
    let mut told = match ending {
        Some(ending) if !telling.full => matters::told(trace, end, ending),
        _ => vec![true; end],
    };
    if !telling.full {
        leave_out_the_middle(&mut told);
    }
    let focus = ending.and_then(|ending| ending.packet.or_else(|| matters::focus(trace, ending)));
    let mut teller = Teller {
        trace,
        ending,
        focus,
        state: trace.first_state(),
        cpus: BTreeMap::new(),
        before: None,
        last: BTreeMap::new(),
        site: 0,
        hidden: Hidden::default(),
    };
    let mut steps = Vec::new();
    for (index, event) in trace.events[..end].iter().enumerate() {
        steps.extend(teller.step(index, event, told[index]));
    }
    let last = ending.and_then(|ending| trace.events.get(ending.index));
    let adapter = last.map(|event| event.adapter);
    let face = teller.state.face(adapter.unwrap_or(0));
    let mut facts = telling.facts.clone();
    if ending.is_some_and(Ending::is_about_what_was_left)
        && !telling.full
        && let Some(last) = last
    {
        facts.extend(teller.inside_elsewhere(last));
    }
    let mut story = Story {
        rule: ending.map_or_else(String::new, |ending| ending.rule.clone()),
        why: ending.map_or_else(String::new, |ending| ending.why.clone()),
        sentence: ending.and_then(Ending::known).map(|rule| rule.sentence(face).to_string()),
        packet: focus.map(short),
        adapter: trace.adapter_name(adapter.unwrap_or(0)),
        cpus: 0,
        events: end,
        switches: telling.switches,
        facts,
        steps,
        rest: teller.hidden,
    };
    story.cpus = story.numbers().len();
    story
}

fn leave_out_the_middle(told: &mut [bool]) {
    let all = told.iter().filter(|told| **told).count();
    let middle = all.saturating_sub(MOST);
    for step in told.iter_mut().filter(|told| **told).skip(BEGINNING).take(middle) {
        *step = false;
    }
}

struct Teller<'a> {
    trace: &'a Trace,
    ending: Option<&'a Ending>,
    focus: Option<Name>,
    state: State,
    /// By the trace's number: ours.
    cpus: BTreeMap<u32, usize>,
    /// The CPU of the last step that was told.
    before: Option<usize>,
    /// What each CPU did last, of whatever is in the trace.
    last: BTreeMap<u32, Event>,
    /// The call site of the last step that was told.
    site: u32,
    hidden: Hidden,
}

impl Teller<'_> {
    fn step(&mut self, index: usize, event: &Event, told: bool) -> Option<Step> {
        let next = self.cpus.len();
        let cpu = *self.cpus.entry(event.cpu).or_insert(next);
        let driver = self.driver(event.cpu);
        self.happens(event);
        let last = self.last.insert(event.cpu, *event);
        if !told {
            let others = event.what.packet().is_some_and(|name| !self.is_focus(name));
            self.hidden.events += 1;
            self.hidden.packets += usize::from(others);
            return None;
        }
        let by_return = last.is_some_and(|last| ends_by_return(&last, event));
        let (from, to) =
            if by_return { (Lane::Ndis, Lane::Ndis) } else { way(&event.what, driver) };
        let switched = self.before.replace(cpu).is_some_and(|before| before != cpu);
        let known = self.state.cpus.get(&event.cpu);
        let held = known.map(|cpu| cpu.held.iter().map(|held| self.lock(held.lock)).collect());
        let broken = self.broken(index, event);
        let text = match event.what {
            What::Violation { .. } => String::new(),
            What::ResetComplete { status } if by_return => reset_returned(self.trace, status),
            what => words(self.trace, &what, self.focus),
        };
        Some(Step {
            index,
            time: event.time,
            cpu,
            from,
            to,
            returns: returns(&event.what),
            text,
            owner: self.owner(&event.what),
            level: level(known.map_or(event.irql, |cpu| cpu.irql)),
            locks: held.unwrap_or_default(),
            site: self.trace.site(event).map(ToString::to_string),
            moved: std::mem::replace(&mut self.site, event.site) != event.site,
            switched,
            broken,
            hidden: std::mem::take(&mut self.hidden),
        })
    }

    /// Which functions of its miniport are not over on other CPUs at that event.
    fn inside_elsewhere(&self, last: &Event) -> Vec<String> {
        let mut inside: Vec<(usize, &str)> = Vec::new();
        for (cpu, state) in self.state.cpus.iter().filter(|(cpu, _)| **cpu != last.cpu) {
            let own =
                |inside: &&Inside| inside.adapter == last.adapter && !inside.entry.is_protocol();
            let last = state.inside.iter().rev().find(own);
            let known = last.zip(self.cpus.get(cpu));
            inside.extend(known.map(|(last, cpu)| (*cpu, self.trace.entry_name(last.entry))));
        }
        inside.sort_unstable();
        let words = |(cpu, entry)| format!("cpu {cpu} is still inside of {entry}");
        inside.into_iter().map(words).collect()
    }

    /// Whose function runs on a CPU. A thread that is in none is the miniport's own: NDIS's and the
    /// protocol's do nothing that depends on it.
    fn driver(&self, cpu: u32) -> Lane {
        let inside = self.state.cpus.get(&cpu).and_then(|cpu| cpu.inside.last());
        inside.map_or(Lane::Miniport, |inside| side(inside.entry))
    }

    fn happens(&mut self, event: &Event) {
        // Not everything that changes a level is an event; each event says what it was.
        self.state.cpus.entry(event.cpu).or_default().irql = event.irql;
        if let Err(rule) = self.state.apply(event) {
            self.state.repair(event, rule);
        }
    }

    fn is_focus(&self, name: Name) -> bool {
        self.focus.is_some_and(|focus| is_same(focus, name))
    }

    /// What shows at this event to be broken.
    fn broken(&self, index: usize, event: &Event) -> Option<Broken> {
        if let Some(ending) = self.ending.filter(|ending| ending.index == index) {
            return Some(Broken { rule: ending.rule.clone(), why: ending.why.clone() });
        }
        let What::Violation { rule } = event.what else { return None };
        let said = self.trace.verdicts.get(&index).map(|said| said.detail.clone());
        Some(Broken { rule: rule.id().to_string(), why: said.unwrap_or_default() })
    }

    fn owner(&self, what: &What) -> String {
        let of = |name: Name| {
            let known = self.state.packets.get(&(name.adapter, name.slot));
            owner(known.copied().unwrap_or_default())
        };
        match (what.packet(), self.focus) {
            (Some(name), focus) if focus.is_none_or(|focus| !is_same(focus, name)) => {
                format!("{}: {}", short(name), of(name))
            }
            (_, Some(focus)) => of(focus).to_string(),
            _ => String::new(),
        }
    }

    fn lock(&self, lock: u32) -> String {
        let name = self.trace.header.locks.get(lock as usize);
        name.cloned().unwrap_or_else(|| format!("lock {lock}"))
    }
}

/// Whether a reset ended because MiniportReset returned: at once, on its CPU, and by no other call of the driver's. The event is
/// that of NdisMResetComplete.
fn ends_by_return(last: &Event, event: &Event) -> bool {
    matches!(event.what, What::ResetComplete { .. })
        && matches!(last.what, What::Leave { entry: Entry::Reset })
        && (last.adapter, last.site) == (event.adapter, event.site)
}

fn owner(state: PacketState) -> &'static str {
    match state.owner() {
        Owner::Pool => "Pool",
        Owner::Protocol => "Protocol",
        Owner::Ndis => "Ndis",
        Owner::Miniport if state.pended() => "Miniport, pended",
        Owner::Miniport => "Miniport, in call",
        Owner::Returning => "Returning",
    }
}

fn level(irql: Irql) -> String {
    irql.to_string().replace("_LEVEL", "")
}
