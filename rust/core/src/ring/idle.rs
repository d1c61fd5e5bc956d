//! Lanes that the consumer lets go of and finds again, and how it sleeps.

use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use super::consumer::{Consumer, Reader};
use super::entry::Entry;
use super::producer::Door;
use super::sync::{FEW, PAUSES, SWEEP, can_heavy, heavy};

/// How long a consumer naps where it cannot be woken reliably.
const NAP: Duration = Duration::from_millis(1);

/// What a wait brought.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum Waited {
    /// There is an entry.
    Ready,
    /// The time is over.
    TimedOut,
    /// The ring is closed, and empty.
    Closed,
}

impl<E: Entry, D: Door> Consumer<E, D> {
    /// Looks, from now on, at the lanes whose producers told of them.
    #[cold]
    pub(super) fn listen(&mut self) {
        let (readers, hot) = (&mut self.readers, &mut self.hot);
        self.shared.wake.listen(|lane| {
            if !readers[lane].hot {
                readers[lane].hot = true;
                readers[lane].active = true;
                hot.push(lane as u32);
            }
        });
    }

    #[inline]
    pub(super) fn looked(&mut self, found: bool) {
        if found || self.hot.len() > FEW {
            self.looks += 1;
            if self.looks >= SWEEP {
                self.looks = 0;
                self.sweep();
            }
        }
    }

    /// Lets go of the lanes in which nothing was found for long.
    #[cold]
    fn sweep(&mut self) {
        let idle = self.hot.iter().any(|&lane| !self.readers[lane as usize].active);
        if idle && can_heavy() {
            self.retire(|reader| reader.active);
        }
        for &lane in &self.hot {
            self.readers[lane as usize].active = false;
        }
    }

    /// Makes all lanes cold but those to keep, and looks at them no more, except for those that
    /// have something in them. A producer either sees that its lane is cold and tells, or we see
    /// what it wrote: `membarrier` stands between our store and our load, see `barrier.rs`.
    fn retire(&mut self, keep: impl Fn(&Reader<E>) -> bool) {
        let Consumer { shared, readers, hot, .. } = self;
        for &lane in hot.iter() {
            if !keep(&readers[lane as usize]) {
                shared.lanes[lane as usize].cold.store(true, Relaxed);
            }
        }
        heavy();
        hot.retain(|&lane| {
            let (cold, reader) = (&shared.lanes[lane as usize].cold, &mut readers[lane as usize]);
            if keep(reader) {
                return true;
            }
            reader.hot = reader.track.is_there(reader.head);
            if reader.hot {
                cold.store(false, Relaxed);
            }
            reader.hot
        });
        self.turn = 0;
    }

    /// Whether there is an entry.
    pub fn is_ready(&mut self) -> bool {
        if self.shared.wake.is_told() {
            self.listen();
        }
        let ready = |&lane: &u32| {
            let reader = &self.readers[lane as usize];
            reader.track.is_there(reader.head)
        };
        self.hot.iter().any(ready)
    }

    /// Waits until there is an entry, the time is over, or the ring is closed and empty.
    ///
    /// It begins with a few pauses, each longer than the one before, and then parks. The pauses come
    /// first because who calls this has just looked: a producer that writes at this moment gets its
    /// line to itself for as long, and the two do not take it from each other at each entry.
    pub fn wait(&mut self, timeout: Option<Duration>) -> Waited {
        let end = timeout.map(|timeout| Instant::now() + timeout);
        if timeout != Some(Duration::ZERO) && (0..PAUSES).any(|round| self.pause(4 << round)) {
            return Waited::Ready;
        }
        loop {
            let closed = self.shared.wake.is_closed();
            if self.is_ready() {
                return Waited::Ready;
            }
            if closed {
                return Waited::Closed;
            }
            if !self.prepare_to_sleep() {
                continue;
            }
            let left = end.map(|end| end.saturating_duration_since(Instant::now()));
            if left == Some(Duration::ZERO) {
                return if self.is_ready() { Waited::Ready } else { Waited::TimedOut };
            }
            let nap = if can_heavy() { left } else { Some(left.map_or(NAP, |left| left.min(NAP))) };
            match nap {
                Some(nap) => drop(self.parker.park_timeout(nap)),
                None => self.parker.park(),
            }
        }
    }

    fn pause(&mut self, length: u32) -> bool {
        (0..length).for_each(|_| std::hint::spin_loop());
        self.is_ready()
    }

    /// Arranges to be woken by the next push. False if there is something already.
    fn prepare_to_sleep(&mut self) -> bool {
        if can_heavy() {
            self.retire(|_| false);
            if !self.hot.is_empty() {
                return false;
            }
        }
        self.shared.wake.fall_asleep()
    }
}
