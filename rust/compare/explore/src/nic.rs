//! What a driver calls, and what calls a driver.

use std::fmt::Debug;

/// The adapter, as the drivers here need it.
pub trait Nic: Send + Sync + 'static {
    /// A packet that the driver has.
    type Packet: Copy + Debug + Eq + Send + Sync;

    /// Runs `work` with a spin lock held.
    fn locked<R>(&self, lock: usize, work: impl FnOnce() -> R) -> R;

    /// The timer fires once, any time from now.
    fn set_timer(&self, timer: u32);

    /// Whether the timer was still to fire.
    fn cancel_timer(&self, timer: u32) -> bool;

    /// The card's interrupt.
    fn interrupt(&self);

    /// Reads or writes memory that others use as well, without a lock: they may come in before.
    fn look(&self);

    /// The packet goes home, with success or as aborted.
    fn complete(&self, packet: Self::Packet, well: bool);

    /// A reset that was PENDING is over.
    fn reset_complete(&self);

    /// Looks at the packet, as the driver's statistics do.
    fn touch(&self, packet: Self::Packet);
}

/// A deserialized miniport.
pub trait Driver<N: Nic>: Send + Sync + 'static {
    /// A driver of one adapter.
    fn new() -> Self;

    /// How many locks it has.
    const LOCKS: usize = 1;
    /// How many timers it has.
    const TIMERS: u32 = 1;

    /// MiniportWanSend, which is answered PENDING.
    fn send(&self, nic: &N, packet: N::Packet);

    /// MiniportTimer.
    fn timer(&self, nic: &N, timer: u32) {
        let _ = (nic, timer);
    }

    /// MiniportHandleInterrupt.
    fn interrupt(&self, nic: &N) {
        let _ = nic;
    }

    /// MiniportReset; false is PENDING, which owes a `reset_complete`.
    fn reset(&self, nic: &N) -> bool {
        let _ = nic;
        true
    }

    /// MiniportHalt.
    fn halt(&self, nic: &N) {
        let _ = nic;
    }
}

/// What is done with a driver: sends, then perhaps a reset, then whatever is left to happen.
#[derive(Copy, Clone, Debug)]
pub struct Play {
    /// How many packets are sent.
    pub packets: usize,
    /// Whether a reset follows.
    pub reset: bool,
}
