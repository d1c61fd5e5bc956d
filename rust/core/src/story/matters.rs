//! Which events matter for an ending.
//!
//! What happened to its packet in the lives that it is about; the entry points, locks and raised levels
//! that this, and the event that broke the rule, happened inside of; what the adapter and the line went
//! through meanwhile. A rule about no packet has its own evidence instead: locks, windows, timers.

use std::collections::{BTreeMap, BTreeSet};

use super::Ending;
use super::words::is_same;
use crate::event::{Entry, Event, Name, What};
use crate::rule::{Family, Rule};
use crate::trace::Trace;

mod evidence;

/// How many of its adapter's last events an ending shows that is about no packet.
const AROUND: usize = 8;

/// How many of all last events an ending shows that is no rule: those of an exception, a round or some of an endless loop.
const LAST: usize = 24;

/// The packet that an ending is about if nobody says which: that of the event that did it.
pub(super) fn focus(trace: &Trace, ending: &Ending) -> Option<Name> {
    ending.known()?;
    let culprit = ending.culprit(&trace.events)?;
    trace.events[culprit].what.packet()
}

/// Of each event up to the end, whether it is told.
pub(super) fn told(trace: &Trace, end: usize, ending: &Ending) -> Vec<bool> {
    let events = &trace.events[..end];
    if events.is_empty() {
        return Vec::new();
    }
    let culprit = ending.known().and_then(|_| ending.culprit(events));
    let focus = ending.packet.or_else(|| culprit.and_then(|at| events[at].what.packet()));
    let mut scan =
        Scan { told: vec![false; events.len()], cpus: BTreeMap::new(), armed: BTreeMap::new() };
    let mut wanted = Wanted::of(events, ending, culprit, focus);
    let about =
        |packet: Option<Name>| packet.zip(focus).is_some_and(|(one, other)| is_same(one, other));
    let others = trace.verdicts.range(wanted.first..end).filter(|(_, said)| about(said.packet));
    wanted.evidence.extend(others.map(|(at, _)| *at));
    for (index, event) in events.iter().enumerate() {
        scan.follow(index, event, focus);
        if wanted.wants(index, event) {
            scan.tell(index, event.cpu);
        }
    }
    if ending.is_about_what_was_left() {
        // Who has the packet may be stopped in the middle of giving it back.
        for (at, cpu) in scan.inside_elsewhere(&events[events.len() - 1]) {
            scan.tell(at, cpu);
        }
    }
    if focus.is_none() || culprit.is_none() {
        // Who waits for whom is on every CPU's stack.
        let cpus: Vec<u32> = scan.cpus.keys().copied().collect();
        for cpu in cpus {
            scan.tell(events.len() - 1, cpu);
        }
    }
    scan.told
}

/// Something on a CPU that other things happen inside of.
struct Opener {
    what: What,
    /// Its event, and those that belong to it: a timer's fire and set.
    events: Vec<usize>,
    told: bool,
    /// Whether the event before it says the same: Submit before MiniportWanSend.
    said: bool,
    adapter: u16,
}

#[derive(Default)]
struct Stack {
    openers: Vec<Opener>,
    /// Whether the event before says which entry point is called next.
    says_call: bool,
    fired: Vec<usize>,
    /// The last event of its CPU.
    last: usize,
}

struct Scan {
    told: Vec<bool>,
    cpus: BTreeMap<u32, Stack>,
    /// Where each timer was set.
    armed: BTreeMap<(u16, u32), usize>,
}

impl Scan {
    /// Tells an event, and what it happens inside of.
    fn tell(&mut self, index: usize, cpu: u32) {
        self.told[index] = true;
        for opener in self.cpus.entry(cpu).or_default().openers.iter_mut().filter(|o| !o.told) {
            opener.told = true;
            if !opener.said {
                opener.events.iter().for_each(|at| self.told[*at] = true);
            }
        }
    }

    /// The other CPUs that are inside of a function of the last event's miniport, and where each of them stands.
    fn inside_elsewhere(&self, last: &Event) -> Vec<(usize, u32)> {
        let is_inside = |opener: &Opener| {
            let own = matches!(opener.what, What::Enter { entry, .. } if !entry.is_protocol());
            own && opener.adapter == last.adapter
        };
        let others = self
            .cpus
            .iter()
            .filter(|(cpu, stack)| **cpu != last.cpu && stack.openers.iter().any(is_inside));
        others.map(|(cpu, stack)| (stack.last, *cpu)).collect()
    }

    /// Opens and closes what other events happen inside of.
    fn follow(&mut self, index: usize, event: &Event, focus: Option<Name>) {
        let stack = self.cpus.entry(event.cpu).or_default();
        stack.heal(event);
        stack.last = index;
        let adapter = event.adapter;
        match event.what {
            What::TimerSet { timer, .. } => {
                self.armed.insert((event.adapter, timer), index);
            }
            What::TimerFire { timer } => {
                stack.fired = vec![index];
                stack.fired.extend(self.armed.get(&(event.adapter, timer)));
            }
            What::Enter { entry, .. } => {
                let mut events = vec![index];
                if entry == Entry::Timer {
                    events.append(&mut stack.fired);
                }
                let said = stack.says_call && says(entry);
                stack.openers.push(Opener { what: event.what, events, told: false, said, adapter });
            }
            What::Acquire { .. } | What::Raise { .. } => {
                let (what, events) = (event.what, vec![index]);
                stack.openers.push(Opener { what, events, told: false, said: false, adapter });
            }
            What::Leave { .. } | What::Release { .. } | What::Lower { .. } => {
                if let Some(opener) = stack.close(&event.what)
                    && opener.told
                    && !opener.said
                {
                    self.told[index] = true;
                }
            }
            _ => {}
        }
        stack.says_call = match event.what {
            What::Submit { packet, .. } | What::Deliver { packet, .. } => {
                focus.is_some_and(|focus| is_same(focus, packet))
            }
            _ => false,
        };
    }
}

/// Whether an event of the packet says that the entry point is called.
fn says(entry: Entry) -> bool {
    matches!(entry, Entry::WanSend | Entry::SendComplete)
}

impl Stack {
    /// A lock that was refused was pushed all the same; the next event says how many are held.
    fn heal(&mut self, event: &Event) {
        let is_lock = |opener: &Opener| matches!(opener.what, What::Acquire { .. });
        while self.openers.iter().filter(|o| is_lock(o)).count() > usize::from(event.locks) {
            let last = self.openers.iter().rposition(is_lock).unwrap_or_default();
            self.openers.remove(last);
        }
    }

    fn close(&mut self, what: &What) -> Option<Opener> {
        let at = self.openers.iter().rposition(|opener| match (opener.what, what) {
            (What::Enter { entry, .. }, What::Leave { entry: left }) => entry == *left,
            (What::Acquire { lock, .. }, What::Release { lock: released, .. }) => lock == *released,
            (What::Raise { .. }, What::Lower { .. }) => true,
            _ => false,
        })?;
        let opener = self.openers.remove(at);
        if let What::Enter { .. } = opener.what {
            self.openers.truncate(at); // what it left over is put right
        }
        Some(opener)
    }
}

/// What is told for its own sake.
struct Wanted {
    /// The end, what led to it, and what its rule is judged by.
    evidence: BTreeSet<usize>,
    adapter: u16,
    focus: Option<Name>,
    /// The packet's lives that are told.
    lives: [u32; 2],
    /// The packet's first event that is told, or where the adapter's last ones begin.
    first: usize,
    link: Option<u32>,
}

impl Wanted {
    fn of(
        events: &[Event],
        ending: &Ending,
        culprit: Option<usize>,
        focus: Option<Name>,
    ) -> Wanted {
        let last = events.len() - 1;
        let mut wanted = Wanted {
            evidence: culprit.into_iter().chain([ending.index]).collect(),
            adapter: events[last].adapter,
            focus,
            lives: [0; 2],
            first: 0,
            link: culprit.and_then(|at| link_of(&events[at].what)),
        };
        if let Some(focus) = focus {
            let own = || events.iter().filter_map(|e| life_of(&e.what, focus));
            wanted.lives = [focus.generation, own().max().unwrap_or(focus.generation)];
            let known = |event: &Event| life_of(&event.what, focus);
            let is_told = |life: u32| wanted.lives.contains(&life);
            let first = events.iter().position(|event| known(event).is_some_and(is_told));
            wanted.first = first.unwrap_or(last);
            let mut sent = events.iter().rev().filter(|event| known(event).is_some());
            wanted.link = sent.find_map(|event| link_of(&event.what));
        } else {
            // Of a lock or a level the evidence says more than what else happened.
            let told = |rule: Rule| !matches!(rule.family(), Family::Lock | Family::Irql);
            let most = if ending.known().is_none_or(told) { AROUND } else { 0 };
            let own = events.iter().enumerate().filter(|(_, event)| wanted.is_own(event));
            let recent = own.map(|(at, _)| at).rev().take(most).last();
            wanted.first = recent.unwrap_or(last);
        }
        if ending.known().is_none() {
            wanted.evidence.extend(events.len().saturating_sub(LAST)..events.len());
        }
        if let (Some(rule), Some(culprit)) = (ending.known(), culprit) {
            evidence::add(&mut wanted.evidence, events, rule, culprit, focus.is_some());
        }
        wanted
    }

    fn wants(&self, index: usize, event: &Event) -> bool {
        if self.evidence.contains(&index) {
            return true;
        }
        match event.what.packet() {
            Some(name) => match self.focus {
                Some(focus) if is_same(focus, name) => {
                    life_of(&event.what, focus).is_some_and(|life| self.lives.contains(&life))
                }
                Some(_) => false,
                None => self.is_recent(index, event),
            },
            None if self.focus.is_none() => self.is_recent(index, event),
            None => {
                index >= self.first
                    && event.adapter == self.adapter
                    && self.is_about_all(&event.what)
            }
        }
    }

    fn is_recent(&self, index: usize, event: &Event) -> bool {
        index >= self.first && self.is_own(event)
    }

    /// Whether it is the adapter's, and not only what others happen inside of.
    fn is_own(&self, event: &Event) -> bool {
        let inside = matches!(
            event.what,
            What::Enter { .. }
                | What::Leave { .. }
                | What::Acquire { .. }
                | What::Release { .. }
                | What::Raise { .. }
                | What::Lower { .. }
        );
        !inside && event.adapter == self.adapter
    }

    /// What happens to the adapter or to the line, and so to each of its packets.
    fn is_about_all(&self, what: &What) -> bool {
        match *what {
            What::ResetStart
            | What::ResetComplete { .. }
            | What::ResetEnd
            | What::Pause
            | What::Paused
            | What::Halt
            | What::Halted
            | What::Stop => true,
            What::LineUp { link, .. } | What::LineDown { link } | What::CloseCall { link } => {
                self.link == Some(link)
            }
            _ => false,
        }
    }
}

fn link_of(what: &What) -> Option<u32> {
    match *what {
        What::Send { link, .. }
        | What::Submit { link, .. }
        | What::Deliver { link, .. }
        | What::Unsend { link, .. }
        | What::Requeue { link, .. }
        | What::LineUp { link, .. }
        | What::LineDown { link }
        | What::CloseCall { link }
        | What::Indicate { link, .. } => Some(link),
        _ => None,
    }
}

/// The life that an event of that packet belongs to: a send belongs to the one that it begins.
fn life_of(what: &What, packet: Name) -> Option<u32> {
    let name = what.packet().filter(|name| is_same(*name, packet))?;
    let begins = matches!(what, What::Allocate { .. } | What::Send { .. } | What::Unsend { .. });
    Some(name.generation + u32::from(begins))
}
