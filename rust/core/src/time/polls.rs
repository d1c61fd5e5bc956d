//! Timers that go round for ever: a driver that polls its card sets its timer again from inside of the timer's own function. So
//! does a device with a clock of its own, which counts or beats, and a driver's own thread that waits with a time-out.
//!
//! A run without an end goes on until nothing is left to do, and such a timer is always left. So it is none of what a run goes on
//! for: after some rounds with nothing but polling the run is over, later where a miniport owes something that a round
//! may bring. The timer stays set, and goes on with whatever happens next.
//!
//! Others poll by several hands: a timer queues a DPC that sets the timer, two timers set each other, a card's clock raises an
//! interrupt. That is seen by what it does not do: so many events long no packet, line or adapter is another one than before,
//! the clock goes on, and whatever is left to do came from those events themselves.

use std::hash::{DefaultHasher, Hash, Hasher};
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
/// After so many events it is looked whether they changed anything; twice nothing is enough.
const LOOK: u64 = 256;
const LOOK_EXPLORED: u64 = 32;

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
    quiet: Quiet,
}

/// How long nothing changed.
#[derive(Debug, Default)]
struct Quiet {
    /// How many events there were.
    done: AtomicU64,
    /// What there was when it was looked last.
    state: AtomicU64,
    /// How many events long it is so, since when, and the newest work then.
    events: AtomicU64,
    since: AtomicU64,
    newest: AtomicU64,
    /// The newest work when a run ended.
    left: AtomicU64,
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

    /// This work is done now; `newest` is the number of the last that was scheduled.
    #[inline]
    pub(crate) fn see_poll(&self, work: Work, newest: impl FnOnce() -> u64) {
        if matches!(work, Work::HangCheck { .. }) {
            return; // a check is made whatever happens
        }
        let done = self.polls.quiet.done.load(ORDER) + 1;
        self.polls.quiet.done.store(done, ORDER);
        if done.is_multiple_of(LOOK_EXPLORED) && done.is_multiple_of(self.look()) {
            self.look_for_quiet(newest());
        }
        if self.polls.any() {
            self.see_round(self.is_poll(work));
        }
    }

    fn look(&self) -> u64 {
        if self.config.time == TimeKind::Adversarial { LOOK_EXPLORED } else { LOOK }
    }

    fn look_for_quiet(&self, newest: u64) {
        let quiet = &self.polls.quiet;
        let state = self.state_of_all();
        if quiet.state.swap(state, ORDER) != state {
            quiet.events.store(0, ORDER);
            quiet.since.store(self.now(), ORDER);
            quiet.newest.store(newest, ORDER);
        } else if quiet.events.fetch_add(self.look(), ORDER) > 0 {
            self.polls.note();
        }
    }

    /// What polling would be for: packets, lines, and the adapters' lives.
    fn state_of_all(&self) -> u64 {
        let mut state = DefaultHasher::new();
        for adapter in &self.adapters() {
            (adapter.life() as u8, adapter.counters()).hash(&mut state);
            adapter.links().iter().for_each(|link| link.is_up().hash(&mut state));
        }
        state.finish()
    }

    /// A run begins: what was scheduled since the last one did not come from polling.
    pub(crate) fn run_begins(&self, newest: u64) {
        let quiet = &self.polls.quiet;
        if newest != quiet.left.load(ORDER) {
            quiet.events.store(0, ORDER);
            quiet.state.store(0, ORDER);
        }
    }

    pub(crate) fn run_ends(&self, newest: u64) {
        self.polls.quiet.left.store(newest, ORDER);
    }

    /// Whether nothing changes for so long that it is polling by several hands. `comes_from_it` says whether all work that is
    /// left is newer than that.
    pub(crate) fn goes_round(&self, waits: bool, comes_from_it: impl FnOnce(u64) -> bool) -> bool {
        let quiet = &self.polls.quiet;
        let (events, since) = (quiet.events.load(ORDER), quiet.since.load(ORDER));
        if events < 2 * self.look() || self.now() == since {
            return false; // where the clock stands, it is an endless loop
        }
        let owed = self.owed() > 0;
        let enough = match self.config.time {
            TimeKind::Adversarial => !(waits || owed) || events >= u64::from(ROUNDS_OWED),
            _ => !owed || self.now().saturating_sub(since) > HANG,
        };
        enough
            && quiet.state.load(ORDER) == self.state_of_all()
            && comes_from_it(quiet.newest.load(ORDER))
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
