//! A place for one value that costs next to nothing, so that what is measured is not a lock of ours.

use std::cell::UnsafeCell;
use std::thread::ThreadId;

/// Holds at most one value, for the thread that made it.
#[derive(Debug)]
pub struct Slot<T> {
    value: UnsafeCell<Option<T>>,
    owner: ThreadId,
}

// SAFETY: drivers have to be `Sync`; `put` and `take` are the only ways to the value, a benchmark
// calls them from the one thread that made the slot, and a debug build checks that it does.
unsafe impl<T: Send> Sync for Slot<T> {}

impl<T> Default for Slot<T> {
    fn default() -> Slot<T> {
        Slot { value: UnsafeCell::new(None), owner: std::thread::current().id() }
    }
}

impl<T> Slot<T> {
    fn check(&self) {
        debug_assert_eq!(self.owner, std::thread::current().id(), "a slot is one thread's");
    }

    /// Puts a value in.
    pub fn put(&self, value: T) {
        self.check();
        // SAFETY: one thread only, and no reference into the cell outlives a call.
        let old = unsafe { (*self.value.get()).replace(value) };
        drop(old);
    }

    /// Takes the value out, if there is one.
    pub fn take(&self) -> Option<T> {
        self.check();
        // SAFETY: as in `put`.
        unsafe { (*self.value.get()).take() }
    }
}
