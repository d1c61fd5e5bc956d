//! Spin locks: `NDIS_SPIN_LOCK`, which remembers the level before it was acquired.
//!
//! [`SpinLock`] is the typed one: it holds data, its guard keeps the `Cx` borrowed, so locks are
//! released in reverse order and nothing can be completed meanwhile. Behind it, and behind the
//! untyped calls of [`Adapter`], is one table of locks with owners and one graph of their order.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use parking_lot::{Mutex, MutexGuard, RwLock};

use crate::contract::order::LockOrder;
use crate::cx::{AtMostDispatch, Cpu, Cx, Dispatch, Irql};
use crate::event::{Form, What};
use crate::ndis::Adapter;
use crate::rule::Rule;
use crate::violation::Violation;

#[derive(Debug)]
struct Lock {
    name: String,
    /// The CPU that holds it, 0 for none.
    owner: AtomicU32,
}

/// The locks of one world.
#[derive(Debug, Default)]
pub(crate) struct LockTable {
    locks: RwLock<Vec<Arc<Lock>>>,
    order: Mutex<LockOrder>,
}

impl LockTable {
    fn get(&self, lock: u32) -> Option<Arc<Lock>> {
        self.locks.read().get(lock as usize).cloned()
    }

    pub(crate) fn name(&self, lock: u32) -> String {
        self.get(lock)
            .map_or_else(|| format!("lock {lock}"), |lock| format!("spin lock {:?}", lock.name))
    }

    /// The names of all locks, by number.
    pub(crate) fn names(&self) -> Vec<String> {
        self.locks.read().iter().map(|lock| lock.name.clone()).collect()
    }

    pub(crate) fn force_release(&self, lock: u32) {
        if let Some(lock) = self.get(lock) {
            lock.owner.store(0, Ordering::Release);
        }
    }
}

/// How long a lock is waited for before that is a hang.
const PATIENCE: Duration = Duration::from_nanos(crate::ndis::HANG);

impl Adapter {
    /// NdisAllocateSpinLock: a lock's number.
    pub fn spin_lock(&self, name: &str) -> u32 {
        let mut locks = self.ndis.locks.locks.write();
        locks.push(Arc::new(Lock { name: name.to_string(), owner: AtomicU32::new(0) }));
        locks.len() as u32 - 1
    }

    /// Whether the calling thread's CPU holds the lock.
    pub fn holds(&self, lock: u32) -> bool {
        let cpu = Cpu::current();
        self.ndis.locks.get(lock).is_some_and(|l| l.owner.load(Ordering::Acquire) == cpu.id)
    }

    /// Whether some CPU holds the lock.
    pub fn is_held(&self, lock: u32) -> bool {
        self.ndis.locks.get(lock).is_some_and(|l| l.owner.load(Ordering::Acquire) != 0)
    }

    /// Looks at the rules for acquiring `lock`, and takes it if it is free: true if it has it now.
    ///
    /// # Errors
    /// `LOCK_RECURSION`, `LOCK_FORM`, `LOCK_ORDER`; the lock is not taken then.
    pub fn try_acquire(&self, lock: u32, form: Form) -> Result<bool, Arc<Violation>> {
        let cpu = Cpu::current();
        let Some(entry) = self.ndis.locks.get(lock) else { return Ok(true) };
        // Waiting for oneself would not end, whether or not anybody looks at the rules.
        let own = entry.owner.load(Ordering::Relaxed) == cpu.id;
        if own || !self.ndis.verify_off() {
            let verdict = cpu.state.borrow().may_acquire(lock, form);
            verdict.map_err(|rule| {
                self.emit(&cpu, What::Acquire { lock, form });
                let name = self.ndis.locks.name(lock);
                let detail = if rule == Rule::LockRecursion {
                    format!("{name} was acquired by the CPU that holds it: a certain deadlock")
                } else {
                    format!(
                        "{name} was acquired by the {form:?} form at {}; expected {}",
                        cpu.irql(),
                        form.expects()
                    )
                };
                self.report(&cpu, rule, None, detail)
            })?;
            self.look_at_order(&cpu, lock, form)?;
        }
        let free = entry.owner.compare_exchange(0, cpu.id, Ordering::AcqRel, Ordering::Acquire);
        if free.is_ok() {
            self.emit(&cpu, What::Acquire { lock, form });
            cpu.state.borrow_mut().acquire(lock, form);
        }
        Ok(free.is_ok())
    }

    fn look_at_order(
        &self,
        cpu: &std::rc::Rc<Cpu>,
        lock: u32,
        form: Form,
    ) -> Result<(), Arc<Violation>> {
        let held: Vec<u32> = cpu.state.borrow().held.iter().map(|held| held.lock).collect();
        for before in held {
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
        Ok(())
    }

    /// Waits for `lock` after [`try_acquire`](Self::try_acquire) said that another CPU holds it.
    ///
    /// # Errors
    /// `HANG` if it is not released in 22 s; the lock is not taken then.
    pub fn wait_acquire(&self, lock: u32, form: Form) -> Result<(), Arc<Violation>> {
        let cpu = Cpu::current();
        let Some(entry) = self.ndis.locks.get(lock) else { return Ok(()) };
        let begin = Instant::now();
        let mut turns = 0u32;
        while entry
            .owner
            .compare_exchange_weak(0, cpu.id, Ordering::AcqRel, Ordering::Relaxed)
            .is_err()
        {
            turns += 1;
            if turns < 100 {
                std::hint::spin_loop();
            } else if turns < 1000 {
                std::thread::yield_now();
            } else {
                std::thread::sleep(Duration::from_micros(100));
                if begin.elapsed() > PATIENCE {
                    let owner = entry.owner.load(Ordering::Relaxed);
                    let detail = format!(
                        "{} was waited for 22 s; cpu {owner} holds it and does not release it",
                        self.ndis.locks.name(lock)
                    );
                    return Err(self.report(&cpu, Rule::Hang, None, detail));
                }
            }
        }
        self.emit(&cpu, What::Acquire { lock, form });
        cpu.state.borrow_mut().acquire(lock, form);
        Ok(())
    }

    /// NdisAcquireSpinLock or NdisDprAcquireSpinLock.
    ///
    /// # Errors
    /// As [`try_acquire`](Self::try_acquire) and [`wait_acquire`](Self::wait_acquire).
    pub fn acquire(&self, lock: u32, form: Form) -> Result<(), Arc<Violation>> {
        if self.try_acquire(lock, form)? { Ok(()) } else { self.wait_acquire(lock, form) }
    }

    /// NdisReleaseSpinLock or NdisDprReleaseSpinLock.
    ///
    /// # Errors
    /// `LOCK_UNHELD`, `LOCK_FORM`, `LOCK_ORDER`; a lock that the caller holds is released all the same.
    pub fn release(&self, lock: u32, form: Form) -> Result<(), Arc<Violation>> {
        let cpu = Cpu::current();
        let verdict = cpu.state.borrow().may_release(lock, form);
        self.emit(&cpu, What::Release { lock, form });
        let broken = verdict.err().map(|rule| {
            let name = self.ndis.locks.name(lock);
            let detail = match rule {
                Rule::LockUnheld => format!("{name} was released by a CPU that does not hold it"),
                Rule::LockForm => format!("{name} was acquired by one form and released by the {form:?} form"),
                _ => format!("{name} was released before a lock that was acquired after it; the level would come out wrong"),
            };
            self.report(&cpu, rule, None, detail)
        });
        if self.holds(lock) {
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

/// A spin lock with what it protects.
#[derive(Debug)]
pub struct SpinLock<T> {
    adapter: Arc<Adapter>,
    lock: u32,
    data: Mutex<T>,
}

impl<T> SpinLock<T> {
    /// NdisAllocateSpinLock.
    pub fn new(adapter: &Arc<Adapter>, name: &str, data: T) -> SpinLock<T> {
        let lock = adapter.spin_lock(name);
        SpinLock { adapter: Arc::clone(adapter), lock, data: Mutex::new(data) }
    }

    /// NdisAcquireSpinLock. While the guard is alive, `cx` cannot be used for anything else:
    /// neither for completing nor for taking this lock again.
    ///
    /// # Panics
    /// If this CPU holds the lock by another way (a second context, an untyped call), which is
    /// `LOCK_RECURSION`, or if it is not released in 22 s, which is `HANG`.
    pub fn lock<'a, L: AtMostDispatch>(&'a self, cx: &'a mut Cx<L>) -> SpinLockGuard<'a, T> {
        self.take(cx.cpu(), Form::Plain)
    }

    /// NdisDprAcquireSpinLock, for who is at DISPATCH already.
    ///
    /// # Panics
    /// As [`lock`](Self::lock).
    pub fn lock_dpr<'a>(&'a self, cx: &'a mut Cx<Dispatch>) -> SpinLockGuard<'a, T> {
        self.take(cx.cpu(), Form::Dpr)
    }

    fn take(&self, cpu: &std::rc::Rc<Cpu>, form: Form) -> SpinLockGuard<'_, T> {
        // A rule that is broken here (order) is on record; exclusion is by the data's own lock.
        let held = match self.adapter.acquire(self.lock, form) {
            Ok(()) => true,
            // The data's lock would wait for ever too; a panic is caught, and packets come home.
            Err(broken) if matches!(broken.rule, Rule::LockRecursion | Rule::Hang) => {
                panic!("{}", broken.detail)
            }
            Err(_) => false,
        };
        let locked = Locked { cpu: std::rc::Rc::clone(cpu), lock: self, form, held };
        SpinLockGuard { data: self.data.lock(), locked }
    }
}

struct Locked<'a, T> {
    cpu: std::rc::Rc<Cpu>,
    lock: &'a SpinLock<T>,
    form: Form,
    held: bool,
}

/// The proof that a spin lock is held; dropping it releases the lock.
pub struct SpinLockGuard<'a, T> {
    data: MutexGuard<'a, T>,
    locked: Locked<'a, T>,
}

impl<T> SpinLockGuard<'_, T> {
    /// Acquires a second lock while this one is held; it has to be released first, and is:
    /// its guard borrows this one.
    ///
    /// # Panics
    /// As [`SpinLock::lock`], so if `other` is the very lock that is held.
    pub fn lock<'b, U>(&'b mut self, other: &'b SpinLock<U>) -> (&'b mut T, SpinLockGuard<'b, U>) {
        let guard = other.take(&self.locked.cpu, Form::Plain);
        (&mut self.data, guard)
    }
}

impl<T> Deref for SpinLockGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.data
    }
}

impl<T> DerefMut for SpinLockGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.data
    }
}

impl<T> Drop for Locked<'_, T> {
    fn drop(&mut self) {
        if self.held {
            // Guards nest, so the order is right; a lock that a handler leaked is gone already.
            let _ = self.lock.adapter.release(self.lock.lock, self.form);
        }
    }
}
