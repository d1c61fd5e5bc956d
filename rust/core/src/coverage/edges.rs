//! How often each edge and each pair was reached.

use super::edge::Edge;
use super::packets::QuickMap;
use super::{Coverage, Kind, Seat};
use crate::event::Event;
use crate::face::Face;

/// How often each edge was reached, and each pair of consecutive edges of one packet.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Edges {
    pub(super) counts: Box<[u64]>,
    pub(super) pairs: QuickMap<u32, u64>,
    /// A bit for each contract that an adapter was registered by.
    pub(super) faces: u8,
}

/// A pair as one number.
#[inline]
pub(super) fn pair(first: Edge, second: Edge) -> u32 {
    (first.index() as u32) << 16 | second.index() as u32
}

pub(super) fn parts(pair: u32) -> (Edge, Edge) {
    (Edge::from_index((pair >> 16) as usize), Edge::from_index((pair & 0xFFFF) as usize))
}

impl Default for Edges {
    fn default() -> Edges {
        Edges { counts: vec![0; Edge::COUNT].into(), pairs: QuickMap::default(), faces: 0 }
    }
}

impl Edges {
    /// The edges of one recorded world.
    pub fn of(events: &[Event]) -> Edges {
        let mut coverage = Coverage::new();
        for event in events {
            coverage.see(event);
        }
        coverage.into_edges()
    }

    /// Adds the counts of another; how many edges and pairs are reached now and were not before.
    pub fn merge(&mut self, other: &Edges) -> usize {
        let mut new = 0;
        self.faces |= other.faces;
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            new += usize::from(*count == 0 && *more > 0);
            *count = count.saturating_add(*more);
        }
        for (pair, more) in &other.pairs {
            let count = self.pairs.entry(*pair).or_default();
            new += usize::from(*count == 0);
            *count = count.saturating_add(*more);
        }
        new
    }

    /// The contracts of the adapters that it is from; WAN, if none of them was seen to be registered.
    pub fn contracts(&self) -> Vec<Face> {
        let seen = |face: &Face| self.faces & 1 << *face as u8 != 0;
        let all: Vec<Face> = Face::ALL.into_iter().filter(seen).collect();
        if all.is_empty() { vec![Face::Wan] } else { all }
    }

    /// How often an edge was reached.
    pub fn count(&self, edge: Edge) -> u64 {
        self.counts[edge.index()]
    }

    /// How often `second` was the packet's next edge after `first`.
    pub fn count_pair(&self, first: Edge, second: Edge) -> u64 {
        self.pairs.get(&pair(first, second)).copied().unwrap_or(0)
    }

    /// How many edges were reached.
    pub fn len(&self) -> usize {
        self.counts.iter().filter(|count| **count > 0).count()
    }

    /// Whether nothing was reached.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many pairs were reached.
    pub fn pairs_len(&self) -> usize {
        self.pairs.len()
    }

    /// The edges that were reached, by state, event and place, and how often.
    pub fn iter(&self) -> impl Iterator<Item = (Edge, u64)> {
        let all = self.counts.iter().enumerate().filter(|(_, count)| **count > 0);
        all.map(|(index, count)| (Edge::from_index(index), *count))
    }

    /// The pairs that were reached, in the same order, and how often.
    pub fn pairs(&self) -> Vec<((Edge, Edge), u64)> {
        let mut all: Vec<_> = self.pairs.iter().map(|(pair, count)| (*pair, *count)).collect();
        all.sort_unstable();
        all.into_iter().map(|(pair, count)| (parts(pair), count)).collect()
    }

    /// The edges that were reached and are not in `earlier`.
    pub fn new_since(&self, earlier: &Edges) -> Vec<Edge> {
        self.iter().map(|(edge, _)| edge).filter(|edge| earlier.count(*edge) == 0).collect()
    }

    /// How often that kind of event happened in that state, whatever the place.
    pub fn count_step(&self, seat: Seat, kind: Kind) -> u64 {
        super::Place::all().map(|place| self.count(Edge::new(seat, kind, place))).sum()
    }
}
