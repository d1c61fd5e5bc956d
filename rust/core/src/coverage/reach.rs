//! Every edge that there is to reach: derived from the contract, not listed by hand.
//!
//! For each state, kind of event and place, [`context`] makes every world that can be behind that
//! edge (modes, lines, lives of the packet, locks, entry points on the stack), and the contract's own
//! `step` is asked in each. If it lets one pass, the edge is kept by a good driver; else the edge
//! breaks the rules that it answered with. What only NDIS does, NDIS does where [`place`] says;
//! drivers may do anything anywhere.
//!
//! The list is that of the default policy, of both modes together. It is an upper bound: a driver of
//! one mode, or one without an interrupt, cannot reach all of it.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use super::edge::{Edge, Place};
use crate::rule::Rule;

mod context;
mod place;

/// An edge that there is to reach.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Listed {
    /// The edge.
    pub edge: Edge,
    /// Whether it can be reached without a broken rule.
    pub kept: bool,
    /// The rules that it can break. Empty for what comes only after a bug check.
    pub rules: BTreeSet<Rule>,
}

/// Every edge that there is to reach, in order.
pub fn every_edge() -> &'static [Listed] {
    static ALL: OnceLock<Vec<Listed>> = OnceLock::new();
    ALL.get_or_init(|| {
        let edges = (0..Edge::COUNT).map(Edge::from_index);
        edges.filter(|edge| can_be(*edge)).filter_map(ask).collect()
    })
}

/// What the list says of an edge; `None` if it is not foreseen.
pub fn listed(edge: Edge) -> Option<&'static Listed> {
    let all = every_edge();
    all.binary_search_by_key(&edge, |listed| listed.edge).ok().map(|at| &all[at])
}

fn can_be(edge: Edge) -> bool {
    edge.seat().is_of_packet() == edge.kind().is_of_packet()
        && Place::all().any(|place| place == edge.place())
        && place::happens(edge.seat(), &edge.kind().sample(), edge.place())
}

/// The contract's answer in every world that can be behind the edge.
fn ask(edge: Edge) -> Option<Listed> {
    let (mut kept, mut rules, mut worlds) = (false, BTreeSet::new(), 0);
    context::each(edge.seat(), edge.kind(), edge.place(), |mut state, event| {
        worlds += 1;
        match state.apply(event) {
            Ok(()) => kept = true,
            Err(rule) => drop(rules.insert(rule)),
        }
    });
    if let Some(blamed) = place::blames(edge.seat(), &edge.kind().sample()) {
        kept = false;
        rules.extend(blamed);
    }
    (worlds > 0).then_some(Listed { edge, kept, rules })
}
