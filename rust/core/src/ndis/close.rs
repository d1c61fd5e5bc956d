//! The end of a world: every adapter is halted, every packet home, the drivers are let go.

use std::rc::Rc;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

use super::adapter::Lent;
use super::{Adapter, Ndis};
use crate::contract::adapter::Life;
use crate::contract::packet::Owner;
use crate::cx::{Cpu, Irql};
use crate::rule::Rule;
use crate::violation::Violation;

/// How long one who closes waits for another who does, or halts an adapter.
const PATIENCE: Duration = Duration::from_secs(5);

impl Adapter {
    /// The thread that closes the world does that at PASSIVE with no lock held: what an earlier call
    /// of its own left behind is reported and put right, or no later world could be used on it.
    pub(crate) fn put_right(&self, cpu: &Rc<Cpu>, what: &str) {
        let (irql, locks) = (cpu.irql(), cpu.locks_held());
        cpu.balance.forget_behind(0);
        if irql == Irql::PASSIVE && locks == 0 {
            return;
        }
        let rule = if locks > 0 { Rule::LockLeak } else { Rule::IrqlLeak };
        let detail = format!(
            "{what} at {irql} with {locks} spin lock(s) held; expected PASSIVE_LEVEL and none"
        );
        self.report(cpu, rule, None, detail);
        self.unwind(cpu);
    }

    /// Waits for completions that other threads have begun, and delivers them; a short time, since
    /// none begins any more.
    fn wait_for_returning(&self, cpu: &Rc<Cpu>) {
        self.ndis.wait_until(Duration::from_secs(1), || {
            self.deliver_rest(cpu);
            self.pool.owned_by(Owner::Returning).next().is_none()
        });
    }

    /// Waits until a MiniportHalt that another thread has called is over; whether it is.
    fn wait_for_halt(&self) -> bool {
        self.ndis.wait_until(PATIENCE, || self.life() >= Life::Halted)
    }

    /// Ends what holds the drivers, so that no cycle keeps them alive.
    fn forget_drivers(&self) {
        self.drop_drivers();
        let past = self.links.lock().end();
        self.past.lock().add(&past);
    }

    /// Lets go of the drivers; calls that run in them hold them until they return.
    pub(crate) fn drop_drivers(&self) {
        self.drivers.store(None);
        let lent =
            std::mem::replace(&mut *self.lent.lock(), Lent { over: true, ..Lent::default() });
        drop(lent);
        for at in 0.. {
            // Their end may be a driver's code: not under a lock.
            let drivers = match self.links.lock().list.get(at) {
                Some(link) => link.flow.lock().drivers.take(),
                None => break,
            };
            drop(drivers);
        }
    }
}

impl Ndis {
    /// Whether the world was closed.
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    fn set_closed(&self) {
        self.closed.store(true, Ordering::Release);
    }

    /// An adapter holds its world: as long as the world holds it, too, neither is ever freed.
    fn forget_adapters(&self) {
        let mut adapters = self.adapters.lock();
        let entries = adapters.iter().map(|adapter| adapter.entry()).collect();
        let _ = self.gone.set((entries, adapters.iter().map(Arc::downgrade).collect()));
        let ended = std::mem::take(&mut *adapters);
        drop(adapters);
        drop(ended);
    }

    /// An adapter, of a closed world one that somebody still has: whoever can raise a level has one.
    fn some_adapter(&self) -> Option<Arc<Adapter>> {
        let gone = || self.gone.get()?.1.iter().find_map(Weak::upgrade);
        let first = self.adapters.lock().first().cloned();
        first.or_else(gone)
    }

    /// It is closed: an adapter that came now would be halted by nobody.
    fn take_no_more_adapters(&self) {
        let _adapters = self.adapters.lock();
        self.full.store(true, Ordering::Relaxed);
    }

    /// Halts every adapter and stops the dispatcher; the second time does nothing.
    ///
    /// Of several threads that close, one does it and the others wait for it, up to five seconds: it
    /// may be waiting for one of them in its MiniportHalt. Then they leave it to that thread, and
    /// [`is_closed`](Self::is_closed) says false still.
    ///
    /// # Errors
    /// `SERIAL` if it is called from inside of a callback; nothing is halted then.
    pub fn close(&self) -> Result<(), Arc<Violation>> {
        let cpu = Cpu::current();
        if let Some(adapter) = self.some_adapter() {
            if cpu.is_outermost() {
                adapter.put_right(&cpu, "the Ndis was closed");
            } else if self.is_closed() {
                return Ok(());
            } else {
                return Err(adapter.not_from_inside(&cpu));
            }
        }
        let _ = self.others_until(|| !self.closing.is_locked());
        let Some(_turn) = self.closing.try_lock_for(PATIENCE) else { return Ok(()) };
        if self.is_closed() {
            return Ok(());
        }
        self.join_threads();
        self.take_no_more_adapters();
        let adapters = self.adapters();
        for adapter in &adapters {
            adapter.halt()?;
        }
        if !adapters.iter().all(|adapter| adapter.wait_for_halt()) {
            return Ok(()); // whoever halts it may close the world
        }
        self.let_others_finish();
        self.forget_threads(|_| false);
        self.end_own_threads();
        self.set_closed();
        self.stop_dispatcher();
        for adapter in &adapters {
            adapter.wait_for_returning(&cpu);
            adapter.forget_drivers();
        }
        drop(adapters);
        self.end_stacks();
        self.forget_adapters();
        if let Some(adversary) = &self.queue.adversary {
            adversary.count();
        }
        Ok(())
    }

    /// The process ends, and a thread that closes the world has not come to its end: the dispatcher's
    /// thread ends all the same.
    pub fn abandon(&self) {
        self.stop_dispatcher();
    }
}
