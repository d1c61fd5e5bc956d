//! Spin locks: `NDIS_SPIN_LOCK`, which remembers the level before it was acquired.
//!
//! [`SpinLock`] is the typed one: it holds data, its guard keeps the `Cx` borrowed, so locks are
//! released in reverse order and nothing can be completed meanwhile. Behind it, and behind the
//! untyped calls of [`Adapter`], is one table of locks with owners and one graph of their order.

pub(crate) mod balance;
mod straight;
mod table;
mod typed;

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

pub(crate) use table::LockTable;
pub use typed::{SpinLock, SpinLockGuard};

use crate::choices::Access;
use crate::cx::{Cpu, Irql, number_of};
use crate::event::{Form, What};
use crate::ndis::{Adapter, Ndis, OnViolation};
use crate::rule::Rule;
use crate::violation::Violation;
use table::Lock;

/// How long a lock is waited for before that is a hang.
const PATIENCE: Duration = Duration::from_nanos(crate::ndis::HANG);

/// Takes a lock if it is free; whether it did. In a span by a store, as in `spin_lock/straight.rs`.
fn take(ndis: &Ndis, lock: &Lock, cpu: &Cpu) -> bool {
    if let Some(_span) = ndis.bias.briefly(cpu.thread) {
        let free = lock.owner.load(Ordering::Relaxed) == 0;
        if free {
            lock.owner.store(cpu.id, Ordering::Relaxed);
        }
        return free;
    }
    ndis.bias.shared();
    lock.owner.compare_exchange(0, cpu.id, Ordering::AcqRel, Ordering::Acquire).is_ok()
}

/// Waits for a lock until it is the CPU's; false if it was not in time.
fn wait_for(ndis: &Ndis, number: u32, lock: &Lock, cpu: &Cpu) -> bool {
    let mut begin = None;
    let mut turns = 0u32;
    while !take(ndis, lock, cpu) {
        match ndis.others_until_free(number) {
            Some(true) => continue,
            Some(false) => return false,
            None => {}
        }
        turns += 1;
        if turns < 100 {
            std::hint::spin_loop();
            continue;
        }
        crate::alive::aside(|| until_it_looks_free(lock));
        if begin.get_or_insert_with(Instant::now).elapsed() > PATIENCE {
            return false;
        }
    }
    true
}

/// Waits for a moment, or until nobody has the lock.
fn until_it_looks_free(lock: &Lock) {
    for turn in 0..1000 {
        if lock.owner.load(Ordering::Relaxed) == 0 {
            return;
        }
        if turn < 900 {
            std::thread::yield_now();
        } else {
            std::thread::sleep(Duration::from_micros(100));
        }
    }
}

impl Adapter {
    /// NdisAllocateSpinLock: a lock's number.
    pub fn spin_lock(&self, name: &str) -> u32 {
        self.ndis.locks.add(name)
    }

    /// Whether the calling thread's CPU holds the lock.
    pub fn holds(&self, lock: u32) -> bool {
        self.ndis
            .locks
            .get(lock)
            .is_some_and(|l| l.owner.load(Ordering::Acquire) == Cpu::current_id())
    }

    /// Whether some CPU holds the lock.
    pub fn is_held(&self, lock: u32) -> bool {
        self.ndis.locks.get(lock).is_some_and(|l| l.owner.load(Ordering::Acquire) != 0)
    }

    /// Looks at the rules for acquiring `lock`, and takes it if it is free: true if it has it now.
    ///
    /// # Errors
    /// `LOCK_RECURSION`, `LOCK_FORM`, `LOCK_ORDER`; the lock is not taken then. Where
    /// [`takes_all_the_same`](Self::takes_all_the_same) says so,
    /// [`acquire_all_the_same`](Self::acquire_all_the_same) is to follow.
    pub fn try_acquire(&self, lock: u32, form: Form) -> Result<bool, Arc<Violation>> {
        Cpu::here(|cpu| self.try_acquire_on(cpu, lock, form))
    }

    #[inline]
    fn try_acquire_on(&self, cpu: &Rc<Cpu>, lock: u32, form: Form) -> Result<bool, Arc<Violation>> {
        if self.acquire_straight(cpu, lock, form) {
            return Ok(true);
        }
        self.try_acquire_slowly(cpu, lock, form)
    }

    #[inline(never)]
    fn try_acquire_slowly(
        &self,
        cpu: &Rc<Cpu>,
        lock: u32,
        form: Form,
    ) -> Result<bool, Arc<Violation>> {
        self.try_acquire_by_rules(cpu, lock, form)
    }

    #[inline(always)]
    #[allow(clippy::inline_always)] // a call fewer to return from at each of its points, see `Adversary::switch`
    fn try_acquire_by_rules(
        &self,
        cpu: &Rc<Cpu>,
        lock: u32,
        form: Form,
    ) -> Result<bool, Arc<Violation>> {
        self.ndis.point_on(cpu, Access::lock(lock));
        let Some(entry) = self.ndis.locks.get(lock) else { return Ok(true) };
        // Waiting for oneself would not end, whether or not anybody looks at the rules.
        let own = entry.owner.load(Ordering::Relaxed) == cpu.id;
        if own || !self.ndis.verify_off() {
            let (verdict, holds) = {
                let state = cpu.state.borrow();
                (state.may_acquire(lock, form), !state.held.is_empty())
            };
            if let Err(rule) = verdict {
                return Err(self.refuse_lock(cpu, rule, lock, form));
            }
            if holds {
                self.look_at_order(cpu, entry, lock, form)?;
            }
        }
        let free = take(&self.ndis, entry, cpu);
        if free {
            self.has_acquired(cpu, lock, form);
        }
        Ok(free)
    }

    /// The lock is the CPU's, and nobody knows yet.
    #[inline(always)]
    #[allow(clippy::inline_always)] // of two callers, one of which is what most locks have
    fn has_acquired(&self, cpu: &Rc<Cpu>, lock: u32, form: Form) {
        self.emit(cpu, What::Acquire { lock, form });
        cpu.state.borrow_mut().acquire(lock, form);
        self.ndis.point_on(cpu, Access::ANY);
    }

    #[cold]
    fn refuse_lock(&self, cpu: &Rc<Cpu>, rule: Rule, lock: u32, form: Form) -> Arc<Violation> {
        self.emit(cpu, What::Acquire { lock, form });
        let name = self.ndis.locks.name(lock);
        let detail = if rule == Rule::LockRecursion {
            format!("{name} was acquired by the CPU that holds it: a certain deadlock")
        } else {
            format!(
                "{name} was acquired by the {form} form at {}; expected {}",
                cpu.irql(),
                form.expects()
            )
        };
        self.report(cpu, rule, None, detail)
    }

    #[inline(never)]
    fn look_at_order(
        &self,
        cpu: &Rc<Cpu>,
        entry: &Lock,
        lock: u32,
        form: Form,
    ) -> Result<(), Arc<Violation>> {
        let held: Vec<u32> = cpu.state.borrow().held.iter().map(|held| held.lock).collect();
        for &before in &held {
            let verdict = self.ndis.locks.order.lock().add(before, lock);
            verdict.map_err(|path| {
                self.emit(cpu, What::Acquire { lock, form });
                let name = |lock: &u32| self.ndis.locks.name(*lock);
                let other = path.iter().map(name).collect::<Vec<_>>().join(" -> ");
                let detail = format!(
                    "{} -> {} was acquired here, but {other} before: two CPUs that do both deadlock",
                    name(&before),
                    name(&lock)
                );
                self.report(cpu, Rule::LockOrder, None, detail)
            })?;
        }
        if let [before] = *held {
            entry.follows.store(before.wrapping_add(1), Ordering::Relaxed);
        }
        Ok(())
    }

    /// Waits for `lock` after [`try_acquire`](Self::try_acquire) said that another CPU holds it.
    ///
    /// # Errors
    /// `HANG` if it is not released in 22 s; the lock is not taken then.
    pub fn wait_acquire(&self, lock: u32, form: Form) -> Result<(), Arc<Violation>> {
        let cpu = Cpu::current();
        let Some(entry) = self.ndis.locks.get(lock) else { return Ok(()) };
        if !wait_for(&self.ndis, lock, entry, &cpu) {
            return Err(self.hang(&cpu, entry, lock));
        }
        self.has_acquired(&cpu, lock, form);
        Ok(())
    }

    fn hang(&self, cpu: &Rc<Cpu>, entry: &Lock, lock: u32) -> Arc<Violation> {
        let owner = entry.owner.load(Ordering::Relaxed);
        let name = self.ndis.locks.name(lock);
        let detail = self.ndis.deadlock(cpu.id, lock).unwrap_or_else(|| {
            let owner = number_of(owner);
            format!("{name} was waited for 22 s; cpu {owner} holds it and does not release it")
        });
        self.report(cpu, Rule::Hang, None, detail)
    }

    /// Whether a lock whose acquire broke `rule` is taken all the same: where a broken rule is only
    /// recorded, what follows goes on as if it were held. One that its CPU holds already, or may not
    /// take at its level, is not.
    pub fn takes_all_the_same(&self, rule: Rule) -> bool {
        rule == Rule::LockOrder && self.ndis.config.on_violation == OnViolation::Record
    }

    /// Waits for a lock and takes it after its acquire was reported: the event is there.
    ///
    /// # Errors
    /// `HANG` as [`wait_acquire`](Self::wait_acquire).
    pub fn acquire_all_the_same(&self, lock: u32, form: Form) -> Result<(), Arc<Violation>> {
        let cpu = Cpu::current();
        let Some(entry) = self.ndis.locks.get(lock) else { return Ok(()) };
        if !wait_for(&self.ndis, lock, entry, &cpu) {
            self.emit(&cpu, What::Release { lock, form }); // of what the event said and is not so
            return Err(self.hang(&cpu, entry, lock));
        }
        cpu.state.borrow_mut().acquire(lock, form);
        Ok(())
    }

    /// NdisAcquireSpinLock or NdisDprAcquireSpinLock.
    ///
    /// # Errors
    /// As [`try_acquire`](Self::try_acquire) and [`wait_acquire`](Self::wait_acquire). With
    /// `LOCK_ORDER` the lock is taken all the same where a broken rule is only recorded.
    #[inline]
    pub fn acquire(&self, lock: u32, form: Form) -> Result<(), Arc<Violation>> {
        Cpu::here(|cpu| {
            if self.acquire_straight(cpu, lock, form) {
                return Ok(());
            }
            self.acquire_slowly(cpu, lock, form)
        })
    }

    #[inline(never)]
    fn acquire_slowly(&self, cpu: &Rc<Cpu>, lock: u32, form: Form) -> Result<(), Arc<Violation>> {
        match self.try_acquire_by_rules(cpu, lock, form) {
            Ok(true) => Ok(()),
            Ok(false) => self.wait_acquire(lock, form),
            Err(broken) => self.acquire_broken(broken, lock, form),
        }
    }

    #[cold]
    fn acquire_broken(
        &self,
        broken: Arc<Violation>,
        lock: u32,
        form: Form,
    ) -> Result<(), Arc<Violation>> {
        if self.takes_all_the_same(broken.rule) {
            self.acquire_all_the_same(lock, form)?;
        }
        Err(broken)
    }

    /// NdisReleaseSpinLock or NdisDprReleaseSpinLock.
    ///
    /// # Errors
    /// `LOCK_UNHELD`, `LOCK_FORM`, `LOCK_ORDER`; a lock that the caller holds is released all the same.
    #[inline]
    pub fn release(&self, lock: u32, form: Form) -> Result<(), Arc<Violation>> {
        Cpu::here(|cpu| {
            if self.release_straight(cpu, lock, form) {
                return Ok(());
            }
            self.release_slowly(cpu, lock, form)
        })
    }

    #[inline(never)]
    fn release_slowly(&self, cpu: &Rc<Cpu>, lock: u32, form: Form) -> Result<(), Arc<Violation>> {
        let _around = self.ndis.around_on(cpu, Access::lock(lock));
        self.emit(cpu, What::Release { lock, form });
        if self.ndis.locks.owner(lock) == cpu.id && cpu.state.borrow_mut().release_last(lock, form)
        {
            self.ndis.locks.force_release(lock);
            return Ok(());
        }
        self.release_otherwise(cpu, lock, form)
    }

    /// The release of a lock that is not the last one which the CPU acquired, or not by that form, or not its at all.
    #[cold]
    fn release_otherwise(
        &self,
        cpu: &Rc<Cpu>,
        lock: u32,
        form: Form,
    ) -> Result<(), Arc<Violation>> {
        let verdict = cpu.state.borrow().may_release(lock, form);
        let broken = verdict.err().map(|rule| {
            let name = self.ndis.locks.name(lock);
            let detail = match rule {
                Rule::LockUnheld => format!("{name} was released by a CPU that does not hold it"),
                Rule::LockForm => format!("{name} was acquired by one form and released by the {form} form"),
                _ => format!("{name} was released before a lock that was acquired after it; the level would come out wrong"),
            };
            self.report(cpu, rule, None, detail)
        });
        if self.ndis.locks.owner(lock) == cpu.id {
            cpu.state.borrow_mut().release(lock);
            self.ndis.locks.force_release(lock);
        }
        broken.map_or(Ok(()), Err)
    }

    /// KeRaiseIrql: the level before.
    ///
    /// # Errors
    /// `IRQL_LEAK` if `to` is lower; the level stays.
    pub fn raise_irql(&self, to: Irql) -> Result<Irql, Arc<Violation>> {
        let _around = self.ndis.around(Access::default());
        let cpu = Cpu::current();
        let old = cpu.irql();
        let verdict = cpu.state.borrow().may_raise(to);
        self.emit(&cpu, What::Raise { to });
        verdict.map_err(|rule| {
            self.report(
                &cpu,
                rule,
                None,
                format!("the level was to be raised from {old} to {to}, which is lower"),
            )
        })?;
        cpu.state.borrow_mut().irql = to;
        Ok(old)
    }

    /// KeLowerIrql.
    ///
    /// # Errors
    /// `IRQL_LEAK` if `to` is higher, or below DISPATCH with a lock held; the level stays.
    pub fn lower_irql(&self, to: Irql) -> Result<(), Arc<Violation>> {
        let _around = self.ndis.around(Access::default());
        let cpu = Cpu::current();
        let verdict = cpu.state.borrow().may_lower(to);
        self.emit(&cpu, What::Lower { to });
        verdict.map_err(|rule| {
            let detail = format!(
                "the level was to be lowered from {} to {to} with {} spin lock(s) held",
                cpu.irql(),
                cpu.locks_held()
            );
            self.report(&cpu, rule, None, detail)
        })?;
        cpu.state.borrow_mut().irql = to;
        Ok(())
    }
}
