//! The lines of one adapter: found by number, let go some time after their calls were closed.
//!
//! A number is never given twice in a world, so an old name of a closed line does not mean a new one,
//! in a recording neither. Numbers come in blocks of 65,536, the first of which has the adapter's index
//! in its upper half; further ones are taken from the top. A line of before any was let go has the next
//! number from 0 on in its block, one that came later has one above [`LATER`]: so a binding that keeps
//! an object for each of the first lines, by the lower half of the number, keeps few.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::{Adapter, Counters, Link, Ndis};
use crate::coverage::QuickMap;
use crate::cx::Cpu;

/// Numbers above this one, in each block, are of lines that came after one was let go.
const LATER: u32 = 0x8000;
/// The last number of a block.
const LAST: u32 = 0xFFFF;

/// The lines that an adapter has, those that were closed lately among them.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    /// In the order in which they came.
    pub(crate) list: Vec<Arc<Link>>,
    /// Those that are not where their numbers say, and perhaps others.
    by_id: QuickMap<u32, Arc<Link>>,
    /// The number of the next one; none if all were given.
    next: Option<u32>,
}

impl Lines {
    pub(crate) fn new(index: u16) -> Lines {
        Lines { next: Some(u32::from(index) << 16), ..Lines::default() }
    }

    #[inline]
    pub(crate) fn find(&self, id: u32) -> Option<&Arc<Link>> {
        // Until a line is let go its number says its place.
        let first = self.list.get((id & LAST) as usize).filter(|link| link.id == id);
        first.or_else(|| self.find_later(id))
    }

    #[cold]
    fn find_later(&self, id: u32) -> Option<&Arc<Link>> {
        self.by_id.get(&id)
    }

    /// Lets go of what nobody can use any more; what it counted.
    fn let_go(&mut self, ndis: &Ndis) -> Counters {
        let mut past = Counters::default();
        let count = self.list.len();
        self.list.retain(|link| {
            let mut flow = link.flow.lock();
            let over = flow.state.closed && flow.count.sends == flow.count.delivered;
            if over {
                flow.drivers = None; // the adapter has them still
                past.add(&flow.count);
            }
            !over
        });
        if self.list.len() < count {
            // Those that are left have other places now.
            self.by_id = self.list.iter().map(|link| (link.id, Arc::clone(link))).collect();
            if let Some(next) = self.next.filter(|next| next & LAST < LATER) {
                self.next = later(next, ndis);
            }
        }
        past
    }

    /// Lets go of all; what they counted.
    pub(crate) fn end(&mut self) -> Counters {
        let mut past = Counters::default();
        for link in self.list.drain(..) {
            past.add(&link.flow.lock().count);
        }
        self.by_id.clear();
        past
    }
}

/// The first number behind `id` that a later line may have.
fn later(id: u32, ndis: &Ndis) -> Option<u32> {
    if id & LAST == LAST {
        return ndis.block_of_numbers().map(|block| block | (LATER + 1));
    }
    Some(id.max(id & !LAST | LATER) + 1)
}

impl Counters {
    /// Adds what a line counts itself.
    pub(crate) fn add(&mut self, line: &Counters) {
        self.sends += line.sends;
        self.queued += line.queued;
        self.submitted += line.submitted;
        self.answered += line.answered;
        self.completions += line.completions;
        self.delivered += line.delivered;
    }
}

impl Ndis {
    /// 65,536 numbers for lines that no other adapter has, nor will have; none if there are none left.
    fn block_of_numbers(&self) -> Option<u32> {
        let adapters = self.adapters.lock();
        let block = self.blocks.load(Ordering::Relaxed) - 1;
        if block as usize <= adapters.len() {
            return None;
        }
        self.blocks.store(block, Ordering::Relaxed);
        Some(block << 16)
    }
}

impl Adapter {
    /// The number that a new line will have; room is made for it.
    pub(crate) fn next_line(&self) -> Option<u32> {
        let mut lines = self.links.lock();
        let past = lines.let_go(&self.ndis);
        self.past.lock().add(&past);
        lines.next
    }

    /// A new line, not up yet; none if the world has no number for it.
    pub(crate) fn new_link(&self, handle: Option<u64>) -> Option<Arc<Link>> {
        let mut lines = self.links.lock();
        let id = lines.next?;
        let handle = handle.unwrap_or(u64::from(id) + 1);
        let link = Link::new(self.arc(), id, handle);
        let is_first = id & LAST < LATER - 1;
        lines.next = if is_first { Some(id + 1) } else { later(id, &self.ndis) };
        if lines.list.len() != (id & LAST) as usize {
            lines.by_id.insert(id, Arc::clone(&link));
        }
        lines.list.push(Arc::clone(&link));
        if self.ndis.config.record {
            self.ndis.recording.lock().link(self.index, id, handle);
        }
        Some(link)
    }

    pub(crate) fn link_by_id(&self, id: u32) -> Option<Arc<Link>> {
        self.links.lock().find(id).cloned()
    }

    /// Whether a send waits on any of them.
    pub(crate) fn has_queued(&self) -> bool {
        self.links.lock().list.iter().any(|link| link.queued() > 0)
    }

    /// [`pump`](Self::pump)s each of them.
    pub(super) fn pump_all(&self, cpu: &Rc<Cpu>) {
        if self.has_queued() {
            self.each_link().for_each(|link| self.pump(cpu, &link));
        }
    }

    /// The [`links`](Self::links), one by one: of an adapter with one line no list is made.
    pub(crate) fn each_link(&self) -> impl Iterator<Item = Arc<Link>> + use<> {
        let lines = self.links.lock();
        let (first, rest) = lines.list.split_at(lines.list.len().min(1));
        first.first().cloned().into_iter().chain(rest.to_vec())
    }

    /// Its lines, in the order in which they came up first. One whose call was closed is among them
    /// until another comes up.
    pub fn links(&self) -> Vec<Arc<Link>> {
        self.links.lock().list.clone()
    }
}
