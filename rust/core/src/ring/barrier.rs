//! A pair of barriers of which one half costs nothing: Dekker's pattern, where one side is hot.
//!
//! A producer writes a slot and then looks whether its lane is cold; the consumer makes a lane
//! cold and then looks whether a slot was written. One of the two must see the other's store, which
//! takes a full barrier between store and load on *both* sides. `membarrier(2)` lets the consumer
//! pay for both: it returns when every running thread of the process has passed a full barrier, so
//! the producer's half need only keep the compiler from reordering.

use std::sync::atomic::{Ordering, compiler_fence};

/// The producer's half: between its store and its load.
#[inline(always)]
#[allow(clippy::inline_always)] // no instruction at all
pub(crate) fn light() {
    compiler_fence(Ordering::SeqCst);
}

#[cfg(all(target_os = "linux", not(miri)))]
mod system {
    use std::sync::LazyLock;

    const REGISTER_PRIVATE_EXPEDITED: libc::c_int = 1 << 4;
    const PRIVATE_EXPEDITED: libc::c_int = 1 << 3;

    fn membarrier(command: libc::c_int) -> bool {
        // SAFETY: membarrier(2) takes two integers and touches no memory of ours.
        unsafe { libc::syscall(libc::SYS_membarrier, command, 0) == 0 }
    }

    static REGISTERED: LazyLock<bool> = LazyLock::new(|| membarrier(REGISTER_PRIVATE_EXPEDITED));

    pub(crate) fn can_heavy() -> bool {
        *REGISTERED
    }

    pub(crate) fn heavy() {
        let done = can_heavy() && membarrier(PRIVATE_EXPEDITED);
        assert!(done, "the kernel took membarrier back that it had granted");
    }
}

#[cfg(not(all(target_os = "linux", not(miri))))]
mod system {
    /// Without such a system call no lane ever becomes cold again, and a consumer that waits naps.
    pub(crate) fn can_heavy() -> bool {
        false
    }

    pub(crate) fn heavy() {}
}

/// Whether there is a heavy barrier here, and the consumer's half: between its store and its load.
pub(crate) use system::{can_heavy, heavy};
