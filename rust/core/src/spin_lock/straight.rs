//! Acquiring and releasing with nothing in the way, by a thread that is alone in its world.
//!
//! As in `ndis/straight.rs`: every condition is looked at before anything is changed, by the contract's own functions, and
//! where one does not hold nothing was done and the general way finds out why. A lock that is taken in a span is taken by a
//! store; another thread's compare-and-exchange comes after [`Bias::shared`](crate::biased::Bias::shared), so in no span.

use std::sync::atomic::Ordering;

use crate::cx::Cpu;
use crate::event::Form;
use crate::ndis::Adapter;

impl Adapter {
    /// For a language binding: acquires a lock, if that neither waits nor breaks a rule and the calling thread is alone in its
    /// world; whether it did. It never panics.
    #[inline(always)]
    #[allow(clippy::inline_always)] // see `Bias::alone`
    pub fn acquire_at_once(&self, cpu: &Cpu, lock: u32, form: Form) -> bool {
        self.acquire_straight(cpu, lock, form)
    }

    /// The same for the release of the lock that was acquired last.
    #[inline(always)]
    #[allow(clippy::inline_always)] // see `Bias::alone`
    pub fn release_at_once(&self, cpu: &Cpu, lock: u32, form: Form) -> bool {
        self.release_straight(cpu, lock, form)
    }

    /// Takes a lock that is free and may be taken; whether it did.
    #[inline(always)]
    #[allow(clippy::inline_always)] // see `Bias::alone`
    pub(super) fn acquire_straight(&self, cpu: &Cpu, lock: u32, form: Form) -> bool {
        let ndis = &*self.ndis;
        if ndis.tells_all() {
            return false;
        }
        let Some(_span) = ndis.bias.alone(cpu) else { return false };
        let Some(entry) = ndis.locks.get(lock) else { return false };
        let Ok(mut state) = cpu.state.try_borrow_mut() else { return false };
        // Memory for what is held is got elsewhere: this is a function that calls none.
        if entry.owner.load(Ordering::Relaxed) != 0 || state.held.len() == state.held.capacity() {
            return false;
        }
        if let Some(before) = state.held.last()
            && (state.held.len() > 1
                || entry.follows.load(Ordering::Relaxed) != before.lock.wrapping_add(1))
        {
            return false;
        }
        if state.may_acquire(lock, form).is_err() {
            return false;
        }
        state.acquire(lock, form);
        entry.owner.store(cpu.id, Ordering::Relaxed);
        true
    }

    /// Releases the lock that the CPU acquired last, if it is this one and may be released so; whether it did.
    #[inline(always)]
    #[allow(clippy::inline_always)] // see `Bias::alone`
    pub(super) fn release_straight(&self, cpu: &Cpu, lock: u32, form: Form) -> bool {
        let ndis = &*self.ndis;
        if ndis.tells_all() {
            return false;
        }
        let Some(_span) = ndis.bias.alone(cpu) else { return false };
        let Some(entry) = ndis.locks.get(lock) else { return false };
        let Ok(mut state) = cpu.state.try_borrow_mut() else { return false };
        if entry.owner.load(Ordering::Relaxed) != cpu.id || !state.release_last(lock, form) {
            return false;
        }
        entry.owner.store(0, Ordering::Release);
        true
    }
}
