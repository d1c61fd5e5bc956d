//! What a rule is judged by that is about more than one packet: locks, windows, lines, timers.

use std::collections::{BTreeMap, BTreeSet};

use super::{is_same, link_of};
use crate::event::{Event, What};
use crate::rule::{Family, Rule};

/// How many earlier uses of a lock are shown.
const USES: usize = 6;

/// Adds the evidence for `rule`, which the event `culprit` breaks. `packet`: whether the story is
/// about a packet, whose own events say most.
pub(super) fn add(
    found: &mut BTreeSet<usize>,
    events: &[Event],
    rule: Rule,
    culprit: usize,
    packet: bool,
) {
    let link = link_of(&events[culprit].what);
    match rule {
        Rule::LockOrder => found.extend(orders(events, culprit)),
        _ if rule.family() == Family::Lock && !packet => found.extend(uses(events, culprit)),
        Rule::Timer => found.extend(timers(events, culprit)),
        Rule::Window => {
            found.extend(outstanding(events, link));
            found.extend(lines(events, link));
        }
        Rule::Line | Rule::Handle => found.extend(lines(events, link)),
        _ => {}
    }
}

fn lock_of(what: &What) -> Option<u32> {
    match *what {
        What::Acquire { lock, .. } | What::Release { lock, .. } => Some(lock),
        _ => None,
    }
}

/// The first acquisitions of the same locks inside of each other, in each order: where the order
/// was seen that is broken now.
fn orders(events: &[Event], culprit: usize) -> Vec<usize> {
    let mut held: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    let mut pairs: BTreeMap<(u32, u32), usize> = BTreeMap::new();
    let mut involved = Vec::new();
    for (at, event) in events.iter().enumerate().take(culprit + 1) {
        let held = held.entry(event.cpu).or_default();
        held.truncate(usize::from(event.locks)); // a lock that was refused is not held
        if let What::Acquire { lock, .. } = event.what {
            for before in held.iter() {
                pairs.entry((*before, lock)).or_insert(at);
            }
            held.push(lock);
            involved.clone_from(held);
        } else if let What::Release { lock, .. } = event.what {
            held.retain(|held| *held != lock);
        }
    }
    let both = |(first, second): &(u32, u32)| involved.contains(first) && involved.contains(second);
    pairs.into_iter().filter(|(pair, _)| both(pair)).map(|(_, at)| at).collect()
}

/// The last uses of the lock that the event is about.
fn uses(events: &[Event], culprit: usize) -> Vec<usize> {
    let Some(lock) = lock_of(&events[culprit].what) else { return Vec::new() };
    let before = events[..culprit].iter().enumerate().rev();
    before.filter(|(_, e)| lock_of(&e.what) == Some(lock)).map(|(at, _)| at).take(USES).collect()
}

/// What became of the adapter's timers: the last event of each.
fn timers(events: &[Event], culprit: usize) -> Vec<usize> {
    let adapter = events[culprit].adapter;
    let mut last = BTreeMap::new();
    for (at, event) in events.iter().enumerate().filter(|(_, event)| event.adapter == adapter) {
        if let What::TimerSet { timer, .. }
        | What::TimerCancel { timer }
        | What::TimerFire { timer } = event.what
        {
            last.insert(timer, at);
        }
    }
    last.into_values().collect()
}

/// The packets that are down on the link at the end: where each went down.
fn outstanding(events: &[Event], wanted: Option<u32>) -> Vec<usize> {
    let mut down = Vec::new();
    for (at, event) in events.iter().enumerate() {
        match event.what {
            What::Submit { packet, link } if Some(link) == wanted => down.push((packet, at)),
            What::Deliver { packet, .. } => down.retain(|(other, _)| !is_same(*other, packet)),
            _ => {}
        }
    }
    down.into_iter().map(|(_, at)| at).collect()
}

/// What became of the line: its last three events.
fn lines(events: &[Event], wanted: Option<u32>) -> Vec<usize> {
    let of_line = |what: &What| match *what {
        What::LineUp { link, .. } | What::LineDown { link } | What::CloseCall { link } => {
            Some(link) == wanted
        }
        _ => false,
    };
    let all = events.iter().enumerate().rev();
    all.filter(|(_, event)| of_line(&event.what)).map(|(at, _)| at).take(3).collect()
}
