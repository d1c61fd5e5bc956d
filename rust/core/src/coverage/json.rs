//! Edges as a file: JSON, by names, so that a file outlives the numbers of its version.
//!
//! ```text
//! {"format": "ndiswan-coverage", "version": 1, "contracts": ["wan"],
//!  "edges": [{"state": "miniport_pended", "event": "complete", "irql": "dispatch", "locks": 1, "count": 3}, …],
//!  "pairs": [[first, second, count], …]}        indexes into "edges"
//! ```
//!
//! What else the document has is for other readers.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::edge::Edge;
use super::edges::{Edges, pair};
use crate::face::Face;

/// What a file of edges says that it is.
const FORMAT: &str = "ndiswan-coverage";
/// The version that is written, and the newest that is read.
const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Document {
    format: String,
    version: u32,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    contracts: Vec<Face>,
    edges: Vec<Row>,
    #[serde(default)]
    pairs: Vec<(usize, usize, u64)>,
}

#[derive(Serialize, Deserialize)]
struct Row {
    state: String,
    event: String,
    irql: String,
    locks: u64,
    count: u64,
}

/// Only the head: a newer version may have other rows.
#[derive(Deserialize)]
struct Head {
    format: String,
    version: u64,
}

impl Edges {
    /// The edges and pairs that were reached, as one JSON document.
    pub fn to_json(&self) -> String {
        let mut at = HashMap::new();
        let mut edges = Vec::new();
        for (edge, count) in self.iter() {
            at.insert(edge, edges.len());
            let (seat, kind, place) = (edge.seat(), edge.kind(), edge.place());
            edges.push(Row {
                state: seat.id().to_string(),
                event: kind.id().to_string(),
                irql: place.level().to_string(),
                locks: place.locks().into(),
                count,
            });
        }
        let index = |edge| at.get(&edge).copied().unwrap_or_default(); // both of a pair were reached
        let pairs = self.pairs().into_iter();
        let pairs = pairs.map(|((first, second), count)| (index(first), index(second), count));
        let document = Document {
            format: FORMAT.to_string(),
            version: VERSION,
            contracts: if self.faces == 0 { Vec::new() } else { self.contracts() },
            edges,
            pairs: pairs.collect(),
        };
        serde_json::to_string(&document).unwrap_or_default() // numbers and names: it does not fail
    }

    /// The edges that [`to_json`](Self::to_json) wrote.
    ///
    /// # Errors
    /// What is wrong with `text`: what was expected, what came, where.
    pub fn from_json(text: &str) -> Result<Edges, String> {
        let none =
            |error| format!("expected a coverage file, {{\"format\":\"{FORMAT}\",…}}: {error}");
        let head: Head = serde_json::from_str(text).map_err(none)?;
        if head.format != FORMAT {
            return Err(format!("expected format {FORMAT:?}, got {:?}", head.format));
        }
        if head.version > VERSION.into() {
            return Err(format!(
                "this coverage is of version {}; expected {VERSION} or older. Install a newer ndiswan",
                head.version
            ));
        }
        let document: Document = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let faces = document.contracts.iter().fold(0, |all, face| all | 1 << *face as u8);
        let mut edges = Edges { faces, ..Edges::default() };
        let mut known = Vec::new();
        for (at, row) in document.edges.iter().enumerate() {
            let edge = Edge::by_ids(&row.state, &row.event, &row.irql, row.locks)
                .map_err(|error| format!("edges[{at}]: {error}"))?;
            if row.count == 0 {
                return Err(format!("edges[{at}]: expected a count of at least 1, got 0"));
            }
            let count = &mut edges.counts[edge.index()];
            *count = count.saturating_add(row.count);
            known.push(edge);
        }
        for (at, (first, second, count)) in document.pairs.iter().enumerate() {
            let (Some(first), Some(second), 1..) = (known.get(*first), known.get(*second), *count)
            else {
                let most = known.len();
                return Err(format!(
                    "pairs[{at}]: expected two indexes below {most} and a count of at least 1"
                ));
            };
            let total = edges.pairs.entry(pair(*first, *second)).or_default();
            *total = total.saturating_add(*count);
        }
        Ok(edges)
    }
}
