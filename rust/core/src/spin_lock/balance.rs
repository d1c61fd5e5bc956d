//! Which release belongs to which acquire, where refused acquires do not end the driver's course.
//!
//! A language binding whose broken rules are only recorded goes on after an acquire that was refused,
//! and the release that the driver wrote for it comes, too: it is none. Acquires and releases nest, so
//! a release is that of the last acquire; the end of a block is that of the block's beginning,
//! whatever an exception left open inside of it. What an entry point leaves open is forgotten when
//! it returns.

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

impl Adapter {
    fn lock_name(&self, lock: u32) -> (usize, u32) {
        (Arc::as_ptr(&self.ndis) as usize, lock)
    }

    /// For a language binding: an acquire went on, the lock was `taken` or not. `block` says that its
    /// release is the end of a block.
    pub fn note_acquire(&self, lock: u32, block: bool, taken: bool) {
        let open = Open { lock: self.lock_name(lock), block, taken };
        Cpu::current().open.borrow_mut().push(open);
    }

    /// For a language binding: a release comes; whether it is one, which it is not if its acquire was
    /// refused.
    pub fn note_release(&self, lock: u32, block: bool) -> bool {
        let (cpu, lock) = (Cpu::current(), self.lock_name(lock));
        let mut open = cpu.open.borrow_mut();
        let Some(at) = open.iter().rposition(|open| open.lock == lock && open.block == block)
        else {
            return true;
        };
        let found = open.remove(at);
        if block {
            let mut inner = open.split_off(at);
            inner.retain(|inner| inner.lock != lock);
            open.append(&mut inner);
        }
        found.taken
    }
}
