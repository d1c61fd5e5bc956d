//! What was found.

use std::fmt;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use super::ledger::Step;
use crate::contract::packet::PacketState;
use crate::rule::Rule;
use crate::short_lock::Short;

/// So many are kept; further ones are counted.
const KEPT: usize = 256;

/// A rule that was broken.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct Broken {
    /// Which.
    pub rule: Rule,
    /// The packet's index in its pool.
    pub packet: u32,
    /// Its life, as the token knew it; nothing without a ledger.
    pub life: Option<u32>,
    /// The step that was made.
    pub step: Step,
    /// The state that the ledger had then; nothing without a ledger.
    pub found: Option<PacketState>,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Broken { rule, packet, step, .. } = self;
        write!(f, "{}: packet {packet}", rule.id())?;
        if let Some(life) = self.life {
            write!(f, " (life {life})")?;
        }
        if *rule == Rule::Lost {
            return write!(
                f,
                " was owed, and its token was dropped: it goes home with NDIS_STATUS_FAILURE. \
                 Complete each token, also where the miniport gives up"
            );
        }
        write!(f, " made the step {step:?}")?;
        if let Some(found) = self.found {
            write!(f, " while the ledger had it in {found:?}")?;
        }
        write!(
            f,
            "; tokens cannot do that, so look for memory that was overwritten. \
             The ledger goes on with what the token says"
        )
    }
}

/// All of a pool's.
#[derive(Debug)]
pub(super) struct Record {
    kept: Short<Vec<Broken>>,
    count: AtomicU64,
}

impl Record {
    pub(super) fn new() -> Self {
        // So that nothing is allocated when something is found.
        Record { kept: Short::new(Vec::with_capacity(KEPT)), count: AtomicU64::new(0) }
    }

    pub(super) fn put(&self, broken: Broken) {
        self.count.fetch_add(1, Relaxed);
        let mut kept = self.kept.lock();
        if kept.len() < KEPT {
            kept.push(broken);
        }
    }

    pub(super) fn count(&self) -> u64 {
        self.count.load(Relaxed)
    }

    pub(super) fn to_vec(&self) -> Vec<Broken> {
        self.kept.lock().clone()
    }
}
