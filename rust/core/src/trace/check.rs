//! The check of a recording: the contract, folded over what happened.
//!
//! Nothing of the engine's verdicts goes into it. An event that breaks a rule is reported and put
//! right as the engine does it ([`State::repair`]), and the fold goes on. A violation that the
//! engine recorded directly behind the event, on the same CPU and of the same rule, is that finding
//! again and marks it as recorded; one that no event shows (a status that is no number, an owner
//! that waited too long) is a finding of its own.
//!
//! Where several CPUs ran under a verifying engine, events that raced may stand in another order
//! than they happened in. The engine decided each of them under a lock: there its silence counts,
//! and a rule about packets, links or life cycles is not found against it.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::fmt;

use super::Trace;
use crate::contract::State;
use crate::contract::adapter::{AdapterState, Life};
use crate::contract::packet::Owner;
use crate::event::{Entry, Event, Name, TakenBack, What};
use crate::face::Face;
use crate::policy::Reentry;
use crate::rule::{Family, Rule, RuleSeverity};

mod fact;

/// How many of a packet's events a finding shows.
const HISTORY: usize = 24;
/// How many of an adapter's events a finding shows that is about no packet, and how far back.
const AROUND: (usize, usize) = (8, 1000);

/// A rule that a recorded event breaks.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Found {
    /// The number of the event in [`Trace::events`].
    pub index: usize,
    /// The event: the one that breaks the rule, or the engine's violation where no event shows it.
    pub event: Event,
    /// The rule.
    pub rule: Rule,
    /// The interface of its adapter, in whose words it is told.
    pub face: Face,
    /// The packet that it is about, if it is about one.
    pub packet: Option<Name>,
    /// What was expected and what came.
    pub detail: String,
    /// The packet's last events up to this one, oldest first; the adapter's without a packet.
    pub history: Vec<Event>,
    /// Whether the engine found it too when the trace was recorded.
    pub recorded: bool,
    /// Whether it is only a warning.
    pub warning: bool,
}

impl Found {
    /// The line of the trace file that has the event.
    pub fn line(&self) -> usize {
        self.index + 2
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let info = self.rule.info();
        writeln!(f, "{}: {}", self.rule.id(), self.detail)?;
        write!(f, "  rule      {}", self.rule.sentence(self.face))?;
        write!(f, "\n  where     line {} of the trace", self.line())?;
        for (index, event) in self.history.iter().enumerate() {
            let head = if index == 0 { "history" } else { "" };
            write!(f, "\n  {head:<9} {}", crate::violation::describe(event))?;
        }
        write!(f, "\n  the page  {}\n  source    {}", info.page, info.source)?;
        write!(f, "\n  to mend   {}", self.rule.remedy(self.face))
    }
}

impl Trace {
    /// What the recorded events break, in order. The recording of a run without violations gives
    /// nothing; that of another gives what the engine reported then.
    pub fn check(&self) -> Vec<Found> {
        let mut check = Check {
            trace: self,
            state: self.first_state(),
            found: Vec::new(),
            fresh: BTreeMap::new(),
            last: BTreeMap::new(),
            trusts: self.header.verify > 0 && self.cpus() > 1,
            packets: HashMap::new(),
            started: self.started(),
            restarted: self.restarted(),
        };
        for (index, event) in self.events.iter().enumerate() {
            match event.what {
                What::Violation { rule } => check.verdict(index, event, rule),
                _ => check.look(index, event),
            }
        }
        check.found
    }

    /// The adapters whose initialization succeeded.
    fn started(&self) -> BTreeSet<u16> {
        let start = |event: &&Event| event.what == What::Start;
        self.events.iter().filter(start).map(|event| event.adapter).collect()
    }

    /// Those of NDIS 6 whose MiniportInitialize succeeded: what became of them then is MiniportRestart's.
    fn restarted(&self) -> BTreeSet<u16> {
        let enters = |what| matches!(what, What::Enter { entry: Entry::Restart, .. });
        let restart = |event: &&Event| enters(event.what);
        self.events.iter().filter(restart).map(|event| event.adapter).collect()
    }

    fn cpus(&self) -> usize {
        self.events.iter().map(|event| event.cpu).collect::<BTreeSet<_>>().len()
    }

    /// What holds before the first event. An adapter whose beginning was not recorded runs.
    pub(crate) fn first_state(&self) -> State {
        let mut state =
            State { policy: self.header.policy, records: self.header.records, ..State::default() };
        let register = |event: &&Event| matches!(event.what, What::Register { .. });
        let begun: BTreeSet<u16> = self.events.iter().filter(register).map(|e| e.adapter).collect();
        let reentrant = state.policy.serialized_reentry == Reentry::Recursive;
        for index in self.events.iter().map(|event| event.adapter).collect::<BTreeSet<_>>() {
            if !begun.contains(&index) {
                let entry = self.header.adapters.iter().find(|adapter| adapter.index == index);
                let serialized = entry.is_some_and(|adapter| adapter.serialized);
                let life = Life::Running;
                let face = entry.map_or(Face::Wan, |adapter| adapter.face);
                let (inside, refused, stalled) = (0, false, false);
                let adapter =
                    AdapterState { serialized, reentrant, life, inside, face, refused, stalled };
                state.adapters.insert(index, adapter);
            }
        }
        state
    }
}

struct Check<'a> {
    trace: &'a Trace,
    state: State,
    found: Vec<Found>,
    /// By CPU: the findings of its last event, by index in `found`.
    fresh: BTreeMap<u32, Vec<usize>>,
    /// By CPU: its last event that is no violation.
    last: BTreeMap<u32, usize>,
    /// Whether the engine's silence counts.
    trusts: bool,
    /// The last events of each packet, by index in the trace.
    packets: HashMap<(u16, u32), VecDeque<usize>>,
    started: BTreeSet<u16>,
    restarted: BTreeSet<u16>,
}

impl Check<'_> {
    fn look(&mut self, index: usize, event: &Event) {
        self.fresh.remove(&event.cpu);
        self.last.insert(event.cpu, index);
        self.remember(index, event.what.packet());
        // Not everything that changes a level is an event; each event says what it was.
        self.state.cpus.entry(event.cpu).or_default().irql = event.irql;
        let adapter = self.state.adapters.get(&event.adapter);
        let takes = adapter.is_some_and(|adapter| adapter.serialized && !adapter.refused);
        if takes && event.what == What::ResetEnd {
            self.state.take_leftovers(event.adapter, TakenBack::Reset);
        }
        if event.what == What::ResourcesAvailable {
            self.tries_later(event.adapter);
        }
        let mut warning = self.state.warning(event);
        while let Err(rule) = self.state.apply(event) {
            warning = None;
            if self.trusts && !matches!(rule.family(), Family::Lock | Family::Irql) {
                match self.engine_on(index, event) {
                    Some(same) if same == rule => {}
                    Some(other) => return self.state.repair(event, other),
                    None => return self.state.believe(event),
                }
            }
            self.report(index, event, rule, false);
            self.state.repair(event, rule);
            if event.what != What::Halted || !matches!(rule, Rule::Lost | Rule::Timer) {
                break; // of what a halt leaves over there may be more
            }
        }
        if let Some(rule) = warning {
            self.report(index, event, rule, true);
        }
        if event.what == (What::Leave { entry: Entry::Initialize })
            && !self.started.contains(&event.adapter)
            && !self.restarted.contains(&event.adapter)
            && let Some(adapter) = self.state.adapters.get_mut(&event.adapter)
        {
            adapter.life = Life::Halted; // it failed, which is no event
        }
    }

    /// With queued delivery NDIS tries again what it keeps once it has delivered a completion: until then it waits.
    fn tries_later(&mut self, adapter: u16) {
        let mut packets = self.state.packets.range((adapter, 0)..=(adapter, u32::MAX));
        if packets.any(|(_, packet)| packet.is_of(Owner::Returning))
            && let Some(adapter) = self.state.adapters.get_mut(&adapter)
        {
            adapter.stalled = true;
        }
    }

    /// What the engine found wrong with an event: its violation is the CPU's next event.
    fn engine_on(&self, index: usize, event: &Event) -> Option<Rule> {
        let next = self.trace.events[index + 1..].iter().find(|next| next.cpu == event.cpu)?;
        match next.what {
            What::Violation { rule } if next.adapter == event.adapter => Some(rule),
            _ => None,
        }
    }

    /// The engine refused a send in which the fold found nothing wrong: its sender has it still.
    fn refused(&mut self, cpu: u32, packet: Option<Name>) {
        let last = self.last.get(&cpu).map(|index| self.trace.events[*index].what);
        if let Some(What::Send { packet: sent, .. }) = last
            && packet == Some(sent)
            && let Some(state) = self.state.packets.get_mut(&(sent.adapter, sent.slot))
        {
            *state = state.unsend().unwrap_or(*state);
        }
    }

    fn remember(&mut self, index: usize, packet: Option<Name>) {
        if let Some(name) = packet {
            let events = self.packets.entry((name.adapter, name.slot)).or_default();
            if events.len() == HISTORY {
                events.pop_front();
            }
            events.push_back(index);
        }
    }

    fn history(&self, index: usize, event: &Event, packet: Option<Name>) -> Vec<Event> {
        let all = &self.trace.events;
        if let Some(name) = packet {
            let known = self.packets.get(&(name.adapter, name.slot));
            return known.into_iter().flatten().map(|index| all[*index]).collect();
        }
        let (most, back) = AROUND;
        let before = all[index.saturating_sub(back)..=index].iter().rev();
        let same = before.filter(|other| other.adapter == event.adapter).take(most);
        let mut history: Vec<_> = same.copied().collect();
        history.reverse();
        history
    }

    fn report(&mut self, index: usize, event: &Event, rule: Rule, warning: bool) {
        let left_over = match (event.what, rule) {
            (
                What::Halted | What::ResetEnd | What::Paused,
                Rule::Lost | Rule::Reset | Rule::Pause,
            ) => self.state.owed(event.adapter).next(),
            _ => None,
        };
        let packet = event.what.packet().or(left_over);
        let what = self.trace.describe(&event.what);
        let detail = format!("{what}, but {}", self.fact(event, rule, packet));
        let warning = warning || rule.info().severity == RuleSeverity::Warning;
        self.fresh.entry(event.cpu).or_default().push(self.found.len());
        let found = self.finding(index, event, rule, packet, detail);
        self.found.push(Found { warning, ..found });
    }

    /// What breaks the rule there; not yet whether it was recorded, or is a warning.
    fn finding(
        &self,
        index: usize,
        event: &Event,
        rule: Rule,
        packet: Option<Name>,
        detail: String,
    ) -> Found {
        let (face, history) = (self.state.face(event.adapter), self.history(index, event, packet));
        let (event, recorded, warning) = (*event, false, false);
        Found { index, event, rule, face, packet, detail, history, recorded, warning }
    }

    /// The engine's own finding.
    fn verdict(&mut self, index: usize, event: &Event, rule: Rule) {
        let said = self.trace.verdicts.get(&index);
        let fresh = self.fresh.get_mut(&event.cpu);
        let same = fresh.and_then(|fresh| {
            let at = fresh.iter().position(|at| {
                let found = &self.found[*at];
                found.rule == rule && found.event.adapter == event.adapter
            })?;
            Some(fresh.remove(at))
        });
        if let Some(at) = same {
            let found = &mut self.found[at];
            found.recorded = true;
            if let Some(said) = said {
                found.detail.clone_from(&said.detail);
                found.warning = said.warning;
            }
            return;
        }
        let packet = said.and_then(|said| said.packet);
        self.refused(event.cpu, packet);
        let face = self.state.face(event.adapter);
        let detail = said.map_or_else(|| rule.sentence(face).to_string(), |s| s.detail.clone());
        let warning = said.map_or(rule.info().severity == RuleSeverity::Warning, |s| s.warning);
        let found = self.finding(index, event, rule, packet, detail);
        self.found.push(Found { recorded: true, warning, ..found });
    }
}
