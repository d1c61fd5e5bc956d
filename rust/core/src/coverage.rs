//! Coverage of ownership edges: a fold over events that says how much of the contract a run has seen.
//!
//! An [`Edge`] is where a packet was (its owner; for the miniport, in the call or pended), what
//! happened, at which level, with how many spin locks held: `Miniport (pended) · Complete ·
//! DISPATCH · 1 lock`. An event without a packet is an edge with the adapter's life in the owner's
//! place. Pairs of consecutive edges of one packet are counted too.
//!
//! ```text
//! engine, or a trace --Event--> Coverage::see --> Edges --merge--> Edges --to_json--> file
//! ```
//!
//! **While the engine runs**: one [`Coverage`] for all executions, [`Coverage::begin`] before each,
//! [`Coverage::see`] at each event, [`Coverage::fresh`] at the end: how many edges and pairs this
//! execution was the first to reach. An event costs some nanoseconds, and nothing is allocated
//! but for what is new. **Over a recording**: [`Edges::of`]. Both are the same fold: where a packet
//! is, is known from the events alone.
//!
//! [`every_edge`] lists what there is to reach, so that a report can say what never was.

use std::collections::hash_map::Entry;

use crate::event::Event;

mod edge;
mod edges;
mod json;
mod kind;
mod packets;
mod reach;
mod seen;

pub use edge::{Edge, Place, Seat};
pub use edges::Edges;
pub use kind::Kind;
pub(crate) use kind::PLAIN;
pub(crate) use packets::{Packets, QuickMap};
pub use reach::{Listed, every_edge, listed, listed_in};
pub(crate) use seen::{Said, Seen};

/// The fold: events in, edges out.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    packets: Packets,
    edges: Edges,
    fresh: usize,
}

impl Coverage {
    /// One that has seen nothing.
    pub fn new() -> Coverage {
        Coverage::default()
    }

    /// Another world begins: its packets are others, the counts go on.
    pub fn begin(&mut self) {
        self.packets.clear();
        self.fresh = 0;
    }

    /// Something happened: its edge. A broken rule has none.
    pub fn see(&mut self, event: &Event) -> Option<Edge> {
        self.fold(&Seen::of(event))
    }

    #[inline(always)]
    #[allow(clippy::inline_always)] // in the loop of `see_all` too
    fn fold(&mut self, seen: &Seen) -> Option<Edge> {
        self.packets.look_at_sent(seen);
        let kind = seen.kind()?;
        if kind == Kind::REGISTER {
            self.edges.faces |= 1 << seen.face();
        }
        let place = Place::of(seen.irql(), seen.locks());
        let (edge, last) = if kind.is_of_packet() {
            self.packets.step(kind, seen, |seat| Edge::new(seat, kind, place))
        } else {
            let seat = Seat::of_adapter(self.packets.step_adapter(kind, seen));
            (Edge::new(seat, kind, place), None)
        };
        let count = &mut self.edges.counts[edge.index()];
        if *count == 0 {
            self.fresh += 1;
        }
        *count += 1;
        if let Some(last) = last {
            match self.edges.pairs.entry(edges::pair(last, edge)) {
                Entry::Occupied(mut count) => *count.get_mut() += 1,
                Entry::Vacant(new) => {
                    new.insert(1);
                    self.fresh += 1;
                }
            }
        }
        Some(edge)
    }

    /// All of these happened.
    pub(crate) fn see_all(&mut self, seen: &[Seen]) {
        for seen in seen {
            self.fold(seen);
        }
    }

    /// How many edges and pairs were reached for the first time since [`begin`](Self::begin).
    pub fn fresh(&self) -> usize {
        self.fresh
    }

    /// What was reached so far.
    pub fn edges(&self) -> &Edges {
        &self.edges
    }

    /// The counts, without the fold.
    pub fn into_edges(self) -> Edges {
        self.edges
    }

    /// Adds counts from elsewhere, such as those of an earlier run: they are not fresh any more.
    pub fn merge(&mut self, edges: &Edges) {
        self.edges.merge(edges);
    }
}

#[cfg(test)]
mod tests;
