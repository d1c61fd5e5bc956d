//! Many completions in one call: one reservation in the ring for all of them.
//!
//! What is in order is claimed and kept until the end, then it goes into the ring together. What is
//! not goes the way of a single completion, after what was kept: no rule is looked at in two places,
//! and whoever hears of a broken one finds all before it done. With inline delivery there is
//! nothing to put together, since each protocol is called before the next packet's turn.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::{Adapter, Delivery};
use crate::choices::Access;
use crate::cx::Cpu;
use crate::event::{Name, What};
use crate::ring::Completion;
use crate::status::{FinalStatus, Status};
use crate::violation::Violation;

/// A call that completes many packets of one adapter. It stays on its thread; dropping it hands over
/// what is still kept.
pub struct Completions<'a> {
    adapter: &'a Adapter,
    cpu: Rc<Cpu>,
    /// The packets of these are nobody's but ours: their places in the ring are reserved.
    kept: Vec<Completion>,
    queued: bool,
}

impl std::fmt::Debug for Completions<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Completions").field("kept", &self.kept.len()).finish_non_exhaustive()
    }
}

impl<'a> Completions<'a> {
    pub(crate) fn new(adapter: &'a Adapter, cpu: &Rc<Cpu>) -> Self {
        let queued = adapter.ndis.config.delivery == Delivery::Queued;
        // A completion does not allocate, but for the first batches of a thread.
        Completions { adapter, cpu: Rc::clone(cpu), kept: cpu.kept.take(), queued }
    }

    /// NdisMWanSendComplete for the next packet, which is known by name.
    ///
    /// # Errors
    /// As [`Adapter::wan_send_complete`]; the next packet is not touched by it.
    pub fn complete(&mut self, name: Name, status: Status) -> Result<(), Arc<Violation>> {
        let _around = self.adapter.ndis.around(Access::packet(self.adapter.index, name.slot));
        if let Some(status) =
            self.plain(status).filter(|_| self.adapter.claim(&self.cpu, name).is_ok())
        {
            let (ndis, place) = (&self.adapter.ndis, self.adapter.pool.slot(name.slot));
            let what = What::Complete { packet: name, status: status.get() };
            let now = ndis.moment();
            place.completed.store(now.time, Ordering::Relaxed);
            ndis.note(self.adapter, place, &self.cpu, now, what);
            self.kept.push(Completion { slot: name.slot, status });
            return Ok(());
        }
        self.flush();
        self.adapter.complete_on(&self.cpu, name, status)
    }

    /// The status, if there is nothing to say about it or about where it is given.
    fn plain(&self, status: Status) -> Option<FinalStatus> {
        let looked = self.adapter.ndis.verify_off()
            || (status.is_known()
                && status != Status::RESOURCES
                && self.cpu.state.borrow().may_complete(self.adapter.serialized()).is_ok());
        FinalStatus::new(status).ok().filter(|_| self.queued && looked)
    }

    /// Hands over what is kept, with one reservation in the ring.
    pub fn flush(&mut self) {
        if !self.kept.is_empty() {
            self.adapter.homeward.ring().push_batch(&self.kept);
            self.kept.clear();
            self.adapter.delivery_is_due();
        }
    }
}

impl Drop for Completions<'_> {
    fn drop(&mut self) {
        self.flush();
        self.cpu.kept.set(std::mem::take(&mut self.kept));
    }
}

impl Adapter {
    /// A call that completes many packets by name, from the calling thread; with queued delivery
    /// they go into the ring together when it ends.
    pub fn completions(&self) -> Completions<'_> {
        Completions::new(self, &Cpu::current())
    }

    /// NdisMWanSendComplete for each of these packets, in this order: each is looked at as by
    /// [`wan_send_complete`](Self::wan_send_complete), and one that breaks a rule keeps none of the
    /// others.
    ///
    /// # Errors
    /// The rules that were broken, in order. What was broken is repaired.
    pub fn wan_send_complete_many(
        &self,
        completions: impl IntoIterator<Item = (Name, Status)>,
    ) -> Result<(), Vec<Arc<Violation>>> {
        let mut batch = self.completions();
        let broken: Vec<_> = completions
            .into_iter()
            .filter_map(|(name, status)| batch.complete(name, status).err())
            .collect();
        if broken.is_empty() { Ok(()) } else { Err(broken) }
    }
}
