//! The beginning and the end of a call; and a call of the miniport's that is neither a send nor a completion.
//!
//! The beginning of such a one is one look, and so is its end: what is counted while it is under way, and the drivers, which are
//! lent.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::{Adapter, Drivers};
use crate::choices::Access;
use crate::cx::{Cpu, Irql};
use crate::event::{Entry, What};

/// Such a call on this CPU, until it is dropped.
pub(crate) struct Calling<'a, const N: usize> {
    adapter: &'a Adapter,
    cpu: &'a Rc<Cpu>,
    counts: [&'a AtomicU32; N],
    drivers: Option<Arc<Drivers>>,
}

impl Adapter {
    /// A call begins. Who waits for one of `counts` to be 0 ends the bias first.
    #[inline]
    pub(crate) fn calling<'a, const N: usize>(
        &'a self,
        cpu: &'a Rc<Cpu>,
        counts: [&'a AtomicU32; N],
    ) -> Calling<'a, N> {
        let mut drivers = None;
        if let Some(span) = self.ndis.bias.briefly(cpu.thread) {
            for count in counts {
                count.store(count.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
            }
            drivers = self.lent.lock_in(&span).and_then(|mut lent| lent.call.take());
        } else {
            for count in counts {
                count.fetch_add(1, Ordering::AcqRel);
            }
        }
        let drivers = drivers.or_else(|| self.drivers.load_full());
        Calling { adapter: self, cpu, counts, drivers }
    }
}

impl Adapter {
    #[inline(always)]
    #[allow(clippy::inline_always)] // see `call_on`
    pub(super) fn enter(&self, cpu: &Rc<Cpu>, entry: Entry, at: Irql) {
        cpu.state.borrow_mut().enter(self.index, entry, at);
        cpu.depth.set(cpu.depth.get() + 1);
    }

    /// The beginning of an entry point that is told: once, and not in each of many calls, since an execution goes through much
    /// code. At its end is the point, so that nothing is left to return to here.
    #[inline(never)]
    pub(super) fn enter_told(&self, cpu: &Rc<Cpu>, entry: Entry, at: Irql) {
        self.emit(cpu, What::Enter { entry, at });
        self.enter(cpu, entry, at);
        self.ndis.point_on(cpu, Access::ANY);
    }

    /// The end of an entry point that did not return as it should.
    #[cold]
    pub(super) fn leave_unclean(&self, cpu: &Rc<Cpu>, entry: Entry, open: usize, panicked: bool) {
        cpu.balance.forget_behind(open);
        if cpu.raised.take() || panicked {
            self.unwind(cpu);
        }
        self.leave_entry(cpu, entry, self.ndis.tells_all());
    }

    /// The end of an entry point, which is `told` or not.
    #[inline(always)]
    #[allow(clippy::inline_always)] // see `call_on`
    pub(super) fn leave_entry(&self, cpu: &Rc<Cpu>, entry: Entry, told: bool) {
        if told {
            self.leave_told(cpu, entry);
        } else if !cpu.state.borrow_mut().leave_clean() {
            self.leave_leaking(cpu, entry);
        }
    }

    /// The end of one that is told.
    #[inline(never)]
    fn leave_told(&self, cpu: &Rc<Cpu>, entry: Entry) {
        self.emit(cpu, What::Leave { entry });
        if !cpu.state.borrow_mut().leave_clean() {
            self.leave_leaking(cpu, entry);
        }
    }

    /// The end of an entry point that leaves something behind.
    #[cold]
    fn leave_leaking(&self, cpu: &Rc<Cpu>, entry: Entry) {
        let verdict = cpu.state.borrow().may_leave();
        if let Err(rule) = verdict {
            self.report_leak(cpu, entry, rule);
        }
        for lock in cpu.state.borrow_mut().leave() {
            self.ndis.locks.force_release(lock);
        }
    }

    /// [`call`](Self::call) for who has the drivers already.
    #[inline(always)]
    #[allow(clippy::inline_always)] // see `call_it`
    pub(crate) fn call_on<R>(
        &self,
        drivers: &Drivers,
        cpu: &Rc<Cpu>,
        entry: Entry,
        at: Irql,
        f: impl FnOnce(&Drivers) -> R,
    ) -> Option<R> {
        self.call_it(cpu, entry, at, || f(drivers))
    }

    /// The same from inside of the driver itself, whose device is at something: a call that counts, but needs no drivers.
    #[inline]
    pub(crate) fn call_counted<const N: usize>(
        &self,
        cpu: &Rc<Cpu>,
        counts: [&AtomicU32; N],
        (entry, at): (Entry, Irql),
        f: impl FnOnce(),
    ) {
        self.add(cpu, counts, 1);
        self.call_it(cpu, entry, at, f);
        self.add(cpu, counts, u32::MAX);
    }

    #[inline]
    fn add<const N: usize>(&self, cpu: &Cpu, counts: [&AtomicU32; N], more: u32) {
        if let Some(_span) = self.ndis.bias.briefly(cpu.thread) {
            for count in counts {
                count.store(count.load(Ordering::Relaxed).wrapping_add(more), Ordering::Relaxed);
            }
        } else {
            for count in counts {
                count.fetch_add(more, Ordering::AcqRel);
            }
        }
    }
}

impl<const N: usize> Calling<'_, N> {
    /// The call itself.
    #[inline]
    pub(crate) fn call<R>(
        &self,
        entry: Entry,
        at: Irql,
        f: impl FnOnce(&Drivers) -> R,
    ) -> Option<R> {
        self.adapter.call_on(self.drivers.as_deref()?, self.cpu, entry, at, f)
    }
}

impl<const N: usize> Drop for Calling<'_, N> {
    #[inline]
    fn drop(&mut self) {
        let drivers = self.drivers.take();
        if let Some(span) = self.adapter.ndis.bias.briefly(self.cpu.thread) {
            for count in self.counts {
                count.store(count.load(Ordering::Relaxed).wrapping_sub(1), Ordering::Relaxed);
            }
            if let Some(mut lent) = self.adapter.lent.lock_in(&span)
                && !lent.over
                && lent.call.is_none()
            {
                lent.call = drivers;
                return;
            }
        } else {
            for count in self.counts {
                count.fetch_sub(1, Ordering::AcqRel);
            }
        }
        // Perhaps the last reference, whose end is a driver's code: not in a span, nor under a lock.
        drop(drivers);
    }
}
