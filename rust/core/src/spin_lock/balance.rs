//! Which release belongs to which acquire, where refused acquires do not end the driver's course.
//!
//! A language binding whose broken rules are only recorded goes on after an acquire that was refused,
//! and the release that the driver wrote for it comes, too: it is none. Acquires and releases nest, so
//! a release is that of the last acquire; the end of a block is that of the block's beginning,
//! whatever an exception left open inside of it. What an entry point leaves open is forgotten when
//! it returns.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use crate::cx::Cpu;
use crate::ndis::Adapter;

/// An acquire whose release has not come.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(crate) struct Open {
    /// The lock, and the world of which it is one.
    lock: (usize, u32),
    /// Whether it is the beginning of a block.
    block: bool,
    taken: bool,
}

/// The acquires of one CPU whose releases have not come, in order.
#[derive(Debug, Default)]
pub(crate) struct Balance {
    open: RefCell<Vec<Open>>,
    /// How many; looked at twice in every call of a driver, and nearly always zero.
    count: Cell<usize>,
}

impl Balance {
    pub(crate) fn count(&self) -> usize {
        self.count.get()
    }

    /// Forgets all but the first `count`.
    pub(crate) fn forget_behind(&self, count: usize) {
        if self.count.get() > count {
            self.change(|open| open.truncate(count));
        }
    }

    fn change<R>(&self, f: impl FnOnce(&mut Vec<Open>) -> R) -> R {
        let mut open = self.open.borrow_mut();
        let result = f(&mut open);
        self.count.set(open.len());
        result
    }
}

impl Adapter {
    fn lock_name(&self, lock: u32) -> (usize, u32) {
        (Arc::as_ptr(&self.ndis) as usize, lock)
    }

    /// For a language binding: an acquire went on, the lock was `taken` or not. `block` says that its
    /// release is the end of a block.
    pub fn note_acquire(&self, lock: u32, block: bool, taken: bool) {
        let open = Open { lock: self.lock_name(lock), block, taken };
        Cpu::current().balance.change(|all| all.push(open));
    }

    /// For a language binding: a release comes; whether it is one, which it is not if its acquire was
    /// refused.
    pub fn note_release(&self, lock: u32, block: bool) -> bool {
        let lock = self.lock_name(lock);
        Cpu::current().balance.change(|open| {
            let its = |open: &Open| open.lock == lock && open.block == block;
            let Some(at) = open.iter().rposition(its) else { return true };
            let found = open.remove(at);
            if block {
                let mut inner = open.split_off(at);
                inner.retain(|inner| inner.lock != lock);
                open.append(&mut inner);
            }
            found.taken
        })
    }
}
