//! Every edge that there is to reach: derived from the contract, not listed by hand.
//!
//! For each state, kind of event and place, [`context`] makes every world that can be behind that
//! edge (modes, lines, lives of the packet, locks, entry points on the stack), and the contract's own
//! `step` is asked in each. If it lets one pass, the edge is kept by a good driver; else the edge
//! breaks the rules that it answered with. What only NDIS does, NDIS does where [`place`] says;
//! drivers may do anything anywhere.
//!
//! There is a list for each contract (WAN, LAN, `CoNDIS`, NDIS 6), of the default policy and both modes
//! together. It is an upper bound: a driver of one mode, or one without an interrupt, cannot reach all of it.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use super::edge::{Edge, Place};
use crate::face::Face;
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

/// Every edge that there is to reach under a contract, in order.
pub fn every_edge(face: Face) -> &'static [Listed] {
    static ALL: [OnceLock<Vec<Listed>>; 4] = [const { OnceLock::new() }; 4];
    ALL[face as usize].get_or_init(|| {
        let edges = (0..Edge::COUNT).map(Edge::from_index);
        edges.filter(|edge| can_be(face, *edge)).filter_map(|edge| ask(face, edge)).collect()
    })
}

/// What the list of a contract says of an edge; `None` if it is not foreseen.
pub fn listed(face: Face, edge: Edge) -> Option<&'static Listed> {
    let all = every_edge(face);
    all.binary_search_by_key(&edge, |listed| listed.edge).ok().map(|at| &all[at])
}

/// What the lists of these contracts say of an edge together: a good driver of one of them may reach it.
pub fn listed_in(faces: &[Face], edge: Edge) -> Option<Listed> {
    let mut found = faces.iter().filter_map(|face| listed(*face, edge)).cloned();
    let mut all = found.next()?;
    for one in found {
        all.kept |= one.kept;
        all.rules.extend(one.rules);
    }
    Some(all)
}

fn can_be(face: Face, edge: Edge) -> bool {
    edge.seat().is_of_packet() == edge.kind().is_of_packet()
        && Place::all().any(|place| place == edge.place())
        && place::happens(face, edge.seat(), &edge.kind().sample(), edge.place())
}

/// The contract's answer in every world that can be behind the edge.
fn ask(face: Face, edge: Edge) -> Option<Listed> {
    let (mut kept, mut rules, mut worlds) = (false, BTreeSet::new(), 0);
    context::each(face, edge.seat(), edge.kind(), edge.place(), |mut state, event| {
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
