//! Clocks: the same driver runs on the real one and on a simulated one.

pub mod adversarial;
pub(crate) mod polls;
pub mod real;
pub mod stacks;
pub mod virtual_;

use real::RealClock;
use virtual_::VirtualClock;

/// Which clock a world has.
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeKind {
    /// Discrete events: time is what the next event says.
    #[default]
    Virtual,
    /// The machine's clock, and a dispatcher thread.
    Real,
    /// Simulated time in which an explorer decides what happens next.
    Adversarial,
}

/// A world's clock, in nanoseconds since it began.
#[derive(Debug)]
pub(crate) enum Clock {
    Virtual(VirtualClock),
    Real(RealClock),
}

impl Clock {
    pub(crate) fn new(kind: TimeKind) -> Clock {
        match kind {
            TimeKind::Virtual | TimeKind::Adversarial => Clock::Virtual(VirtualClock::default()),
            TimeKind::Real => Clock::Real(RealClock::default()),
        }
    }

    #[inline(always)]
    #[allow(clippy::inline_always)] // a load, if it is no real one
    pub(crate) fn now(&self) -> u64 {
        match self {
            Clock::Virtual(clock) => clock.now(),
            Clock::Real(clock) => clock.now(),
        }
    }

    /// The same of one that is simulated: the world's in which a thread is alone.
    #[inline(always)]
    #[allow(clippy::inline_always)] // see `now`
    pub(crate) fn simulated(&self) -> u64 {
        match self {
            Clock::Virtual(clock) => clock.now(),
            Clock::Real(_) => 0,
        }
    }

    /// A simulated one goes on to then, if it is not there yet. Who sets it has the queue's lock, or is the one
    /// thread of adversarial time.
    pub(crate) fn set(&self, to: u64) {
        if let Clock::Virtual(clock) = self {
            clock.set(to);
        }
    }
}
