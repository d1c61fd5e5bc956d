//! The queue above the send window: what waits, what is dropped, what goes next.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::codel::CoDel;
use super::error::{ModelError, whole};

/// Which packet goes next when the window opens.
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Discipline {
    /// The oldest.
    #[default]
    Fifo,
    /// The oldest of the lowest class that has one.
    Priority,
    /// Deficit round robin among the classes (Shreedhar and Varghese, IEEE/ACM Transactions on Networking, 1996).
    Drr {
        /// Bytes that a class may send more in each round.
        quantum: u32,
    },
    /// The oldest, and some are dropped while the queue stands (Nichols and Jacobson, RFC 8289).
    CoDel {
        /// The sojourn time that is acceptable, in nanoseconds; RFC 8289: 5 ms.
        target_ns: u64,
        /// How long it may be exceeded before dropping begins; RFC 8289: 100 ms.
        interval_ns: u64,
    },
}

/// A queue's discipline and its limit.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct QueueSpec {
    /// Which packet goes next.
    pub discipline: Discipline,
    /// How many packets may wait; the next is dropped. `None`: any number.
    pub limit: Option<u32>,
}

impl Default for QueueSpec {
    fn default() -> QueueSpec {
        QueueSpec { discipline: Discipline::Fifo, limit: Some(1000) }
    }
}

impl QueueSpec {
    /// Looks at every parameter.
    ///
    /// # Errors
    /// The first that cannot be.
    pub fn validate(&self) -> Result<(), ModelError> {
        match self.discipline {
            Discipline::Drr { quantum } => whole("discipline.quantum", quantum.into(), 1, 1 << 30),
            Discipline::CoDel { target_ns, interval_ns } => {
                whole("discipline.target_ns", target_ns, 1, 1 << 60)?;
                whole("discipline.interval_ns", interval_ns, 1, 1 << 60)
            }
            _ => Ok(()),
        }
    }
}

/// A packet that waits.
#[derive(Copy, Clone, Debug)]
pub struct Waiting {
    /// Its place among the link's packets.
    pub slot: u32,
    /// Its bytes.
    pub bytes: u32,
    /// When it was offered.
    pub since: u64,
}

/// A queue at work.
#[derive(Debug)]
pub struct Queue {
    spec: QueueSpec,
    /// One for all, or one for each class.
    lanes: Vec<VecDeque<Waiting>>,
    deficits: Vec<u64>,
    turn: usize,
    fresh: bool,
    codel: CoDel,
    len: u32,
}

impl Queue {
    /// An empty queue for `classes` classes.
    pub fn new(spec: QueueSpec, classes: u8) -> Queue {
        let lanes = match spec.discipline {
            Discipline::Fifo | Discipline::CoDel { .. } => 1,
            Discipline::Priority | Discipline::Drr { .. } => usize::from(classes).max(1),
        };
        Queue {
            spec,
            lanes: vec![VecDeque::new(); lanes],
            deficits: vec![0; lanes],
            turn: 0,
            fresh: true,
            codel: CoDel::default(),
            len: 0,
        }
    }

    /// How many wait.
    #[inline]
    pub fn len(&self) -> u32 {
        self.len
    }

    /// Whether none waits.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether one more may wait.
    #[inline]
    pub fn has_room(&self) -> bool {
        self.spec.limit.is_none_or(|limit| self.len < limit)
    }

    /// One more waits; ask [`has_room`](Self::has_room) first.
    pub fn push(&mut self, class: u8, waiting: Waiting) {
        let lane = usize::from(class).min(self.lanes.len() - 1);
        self.lanes[lane].push_back(waiting);
        self.len += 1;
    }

    /// The packet that goes next at `now`; what is dropped on the way is given to `dropped`.
    pub fn pop(&mut self, now: u64, dropped: &mut Vec<Waiting>) -> Option<Waiting> {
        let next = match self.spec.discipline {
            Discipline::Fifo => self.lanes[0].pop_front(),
            Discipline::Priority => self.lanes.iter_mut().find_map(VecDeque::pop_front),
            Discipline::Drr { quantum } => self.pop_in_turn(u64::from(quantum)),
            Discipline::CoDel { target_ns, interval_ns } => {
                let before = dropped.len();
                let next = self.codel.pop(now, target_ns, interval_ns, &mut self.lanes[0], dropped);
                self.len -= (dropped.len() - before) as u32;
                next
            }
        };
        self.len -= u32::from(next.is_some());
        next
    }

    fn pop_in_turn(&mut self, quantum: u64) -> Option<Waiting> {
        if self.len == 0 {
            return None;
        }
        loop {
            let turn = self.turn;
            if let Some(head) = self.lanes[turn].front() {
                if std::mem::take(&mut self.fresh) {
                    self.deficits[turn] += quantum;
                }
                if u64::from(head.bytes) <= self.deficits[turn] {
                    self.deficits[turn] -= u64::from(head.bytes);
                    return self.lanes[turn].pop_front();
                }
            } else {
                self.deficits[turn] = 0;
            }
            self.turn = (turn + 1) % self.lanes.len();
            self.fresh = true;
        }
    }

    /// The times since which those wait that wait now.
    pub fn since(&self) -> impl Iterator<Item = u64> + '_ {
        self.lanes.iter().flatten().map(|waiting| waiting.since)
    }
}
