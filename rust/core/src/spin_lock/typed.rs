//! The typed spin lock: data and guard.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};

use crate::cx::{AtMostDispatch, Cpu, Cx, Dispatch};
use crate::event::Form;
use crate::ndis::Adapter;
use crate::rule::Rule;

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
        // A rule that is broken here (order) is on record; exclusion is by the data's own lock,
        // unless the spin lock was taken all the same.
        let held = match self.adapter.acquire(self.lock, form) {
            Ok(()) => true,
            // The data's lock would wait for ever too; a panic is caught, and packets come home.
            Err(broken) if matches!(broken.rule, Rule::LockRecursion | Rule::Hang) => {
                panic!("{}", broken.detail)
            }
            Err(_) => self.adapter.holds(self.lock),
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
