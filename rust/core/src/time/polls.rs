//! Timers that go round for ever: a driver that polls its card sets its timer again from inside of the timer's own function. So
//! does a device with a clock of its own, which counts or beats, and a driver's own thread that waits with a time-out.
//!
//! A run without an end goes on until nothing is left to do, and such a timer is always left. So it is none of what a run goes on
//! for: after some rounds with nothing but polling the run is over, later where a miniport owes something that a round
//! may bring. The timer stays set, and goes on with whatever happens next.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};

use crate::contract::adapter::Life;
use crate::contract::packet::Owner;
use crate::dispatch::Work;
use crate::ndis::{Adapter, HANG, Ndis};
use crate::time::TimeKind;

/// So many rounds a run goes on where nothing is owed: a card may come up meanwhile.
const ROUNDS: u32 = 64;
/// The same under an explorer, where each of them is many ways to go on; and where something is owed or waited for.
const ROUNDS_EXPLORED: u32 = 8;
const ROUNDS_OWED: u32 = 512;

// One thread runs the clock; others may look.
const ORDER: Ordering = Ordering::Relaxed;

/// What is known of the timers of one world that poll.
#[derive(Debug, Default)]
pub(crate) struct Polls {
    any: AtomicBool,
    /// How many rounds there were with nothing else between, when they began, and what was owed then.
    rounds: AtomicU32,
    since: AtomicU64,
    owed: AtomicUsize,
}

impl Polls {
    /// A timer was set that does.
    pub(crate) fn note(&self) {
        self.any.store(true, ORDER);
    }

    /// Whether there ever was one.
    #[inline]
    pub(crate) fn any(&self) -> bool {
        self.any.load(ORDER)
    }

    fn again(&self, owed: usize, now: u64) {
        self.owed.store(owed, ORDER);
        self.since.store(now, ORDER);
        self.rounds.store(0, ORDER);
    }
}

impl Adapter {
    /// Whether its miniport owes a packet, or the end of a reset or of a pause.
    pub(crate) fn owes(&self) -> bool {
        match self.life() {
            Life::Resetting | Life::Pausing => true,
            Life::Running => self.pool.owned_by(Owner::Miniport).next().is_some(),
            _ => false,
        }
    }

    /// Whether its miniport owes a packet, and its own check for hang may still bring it back: until NDIS calls it a hang.
    fn hopes_for_a_check(&self) -> bool {
        let asks = |adapter: &Adapter| {
            adapter.drivers.load().as_ref().is_some_and(|d| d.miniport.has_check_for_hang())
        };
        if self.life() != Life::Running || !asks(self) {
            return false;
        }
        let since = |slot: u32| self.pool.slot(slot).submitted.load(ORDER);
        let Some(oldest) = self.pool.owned_by(Owner::Miniport).map(since).min() else {
            return false;
        };
        self.ndis.now().saturating_sub(self.last_progress.load(ORDER).max(oldest)) <= HANG
    }
}

impl Ndis {
    /// Whether a run without an end goes on though nothing but background work is left.
    pub(crate) fn hopes_for_a_check(&self) -> bool {
        self.adapters().iter().any(|adapter| adapter.hopes_for_a_check())
    }

    /// Whether that is a timer, or a device, that was set from inside of its own function, with nothing owed.
    pub(crate) fn is_poll(&self, work: Work) -> bool {
        match work {
            Work::Timer { adapter, timer, .. } => {
                self.is_so_of(adapter, |adapter| adapter.timer_polls(timer))
            }
            Work::Device { adapter, device, .. } => {
                self.is_so_of(adapter, |adapter| adapter.device_polls(device))
            }
            Work::Own { timed, .. } => timed,
            _ => false,
        }
    }

    /// Whether nothing but such timers is left to do.
    pub(crate) fn only_polls(&self) -> bool {
        !self.queue.waits(|work| self.wants(work) && !self.is_poll(work))
    }

    fn owed(&self) -> usize {
        let owes = |adapter: &Adapter| match adapter.life() {
            Life::Running => adapter.pool.owned_by(Owner::Miniport).count(),
            _ => usize::from(adapter.owes()),
        };
        self.adapters().iter().map(|adapter| owes(adapter)).sum()
    }

    /// This work is done now.
    #[inline]
    pub(crate) fn see_poll(&self, work: Work) {
        if !self.polls.any() || matches!(work, Work::HangCheck { .. }) {
            return; // a check is made whatever happens
        }
        self.see_round(self.is_poll(work));
    }

    /// Something happens, which is another round of polling or not.
    pub(crate) fn see_round(&self, polls: bool) {
        if polls {
            self.polls.rounds.fetch_add(1, ORDER);
        } else {
            self.polls.again(self.owed(), self.now());
        }
    }

    /// Nothing but such timers is left to do: whether that is the end of a run. `waits`: somebody waits for what they bring.
    pub(crate) fn has_polled_enough(&self, waits: bool) -> bool {
        let (owed, polls) = (self.owed(), &self.polls);
        if owed != polls.owed.load(ORDER) {
            polls.again(owed, self.now());
        }
        let rounds = polls.rounds.load(ORDER);
        if self.config.time == TimeKind::Adversarial {
            return rounds >= if waits || owed > 0 { ROUNDS_OWED } else { ROUNDS_EXPLORED };
        }
        if owed > 0 {
            return self.now().saturating_sub(polls.since.load(ORDER)) > HANG;
        }
        rounds >= ROUNDS
    }
}
