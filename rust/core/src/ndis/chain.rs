//! NDIS 6: what one call of the miniport completes comes home by one call of the protocol.
//!
//! Each list is claimed, looked at and noted in its turn, as a completion by itself is. What is in order is kept
//! until the call ends, and goes home together then, whichever sends it came by. What breaks a rule goes home by
//! the ring, as ever; it keeps none of the others. Between two lists another CPU may run: it finds those
//! that are kept on their way.

use std::rc::Rc;
use std::sync::Arc;

use super::{Adapter, DISPATCH_LEVEL, MAX_DEPTH};
use crate::choices::Access;
use crate::contract::adapter::Life;
use crate::cx::{Cpu, Cx, Irql};
use crate::event::{Entry, Name};
use crate::face::Face;
use crate::ring::Completion;
use crate::rule::Rule;
use crate::status::Status;
use crate::violation::Violation;

/// A call of NdisMSendNetBufferListsComplete that is under way. It stays on its thread; dropping it brings home what
/// was completed by it.
pub struct Chain<'a> {
    adapter: &'a Adapter,
    cpu: Rc<Cpu>,
    /// The packets of these are nobody's but ours.
    kept: Vec<Completion>,
}

impl std::fmt::Debug for Chain<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Chain").field("kept", &self.kept.len()).finish_non_exhaustive()
    }
}

impl Chain<'_> {
    /// The next list, with the status that is in it.
    ///
    /// # Errors
    /// As [`Adapter::wan_send_complete`], and `FACE` if the adapter has another interface; the next list is not
    /// touched by it.
    pub fn complete(&mut self, name: Name, status: Status) -> Result<(), Arc<Violation>> {
        let adapter = self.adapter;
        if adapter.face != Face::Ndis6 {
            return adapter.send_complete_by(Face::Ndis6, name, status);
        }
        let _around = adapter.ndis.around(Access::packet(adapter.index, name.slot));
        let Some(claimed) = adapter.claim_and_look(&self.cpu, name, status)? else {
            return Ok(());
        };
        match claimed.broken {
            None => {
                self.kept.push(claimed.completion);
                Ok(())
            }
            Some(broken) => {
                adapter.queue_home(&[claimed.completion]);
                Err(broken)
            }
        }
    }
}

impl Drop for Chain<'_> {
    fn drop(&mut self) {
        if !self.kept.is_empty() {
            self.adapter.bring_chain(&self.cpu, &self.kept);
        }
        self.adapter.ndis.settle(&self.cpu);
    }
}

impl Adapter {
    /// Begins a call of NdisMSendNetBufferListsComplete, for the calling thread.
    pub fn chain(&self) -> Chain<'_> {
        Chain { adapter: self, cpu: Cpu::current(), kept: Vec::new() }
    }

    /// Looks at the flags of that call, once for all of its lists.
    ///
    /// # Errors
    /// `IRQL_FLAG`.
    pub fn look_at_flags(&self, flags: u32) -> Result<(), Arc<Violation>> {
        let cpu = Cpu::current();
        let says = flags & DISPATCH_LEVEL != 0;
        if says == (cpu.irql() == Irql::DISPATCH) {
            return Ok(());
        }
        let detail = format!(
            "NdisMSendNetBufferListsComplete was called at {} with flags {flags:#x}, whose DISPATCH_LEVEL is {}",
            cpu.irql(),
            if says { "set" } else { "not set" }
        );
        Err(self.report(&cpu, Rule::IrqlFlag, None, detail))
    }

    /// NdisMSendNetBufferListsComplete: a chain, each with its own status. The protocol has it back by one call.
    ///
    /// # Errors
    /// The first rule that was broken, `IRQL_FLAG` among them; the others are on record.
    pub fn send_net_buffer_lists_complete(
        &self,
        lists: &[(Name, Status)],
        flags: u32,
    ) -> Result<(), Arc<Violation>> {
        let mut broken = self.look_at_flags(flags);
        let mut chain = self.chain();
        for &(name, status) in lists {
            broken = broken.and(chain.complete(name, status));
        }
        drop(chain);
        broken
    }

    /// Brings a chain home: inline, or by the ring.
    fn bring_chain(&self, cpu: &Rc<Cpu>, chain: &[Completion]) {
        // After a bug check the protocol does not run on top of the driver that broke the rule.
        if self.goes_inline(cpu) && cpu.depth.get() < MAX_DEPTH && self.life() != Life::Stopped {
            self.deliver_chain(cpu, chain);
        } else {
            self.queue_home(chain);
        }
    }

    /// The lists are the protocol's again, all of them before it is called with any.
    pub(super) fn deliver_chain(&self, cpu: &Rc<Cpu>, chain: &[Completion]) {
        self.ndis.point(Access::adapter(self.index));
        let now = self.ndis.moment();
        let (mut to, mut home, mut waiting) = (None, Vec::with_capacity(chain.len()), Vec::new());
        for completion in chain {
            let links = self.links.lock();
            let Some(link) = links.find(self.link_of_slot(completion.slot)) else { continue };
            let (waits, drivers) =
                self.home(cpu, link, completion.slot, completion.status, false, now);
            if waits && !waiting.iter().any(|known| Arc::ptr_eq(known, link)) {
                waiting.push(Arc::clone(link));
            }
            to = drivers.or(to);
            home.push(*completion);
        }
        if let Some(to) = to {
            let at = self.completion_level(cpu);
            self.call_on(&to, cpu, Entry::SendComplete, at, |drivers| {
                let mut cx = Cx::assume(Rc::clone(cpu));
                drivers.protocol.send_complete_names(&mut cx, self, &home);
            });
            self.put_back(cpu, Some(to), None, |lent| &mut lent.up);
        }
        for link in &waiting {
            self.pump(cpu, link);
        }
    }
}
