//! The consumer's side: which lanes it looks at, in what order, and how it sleeps.

use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use super::entry::{Completion, Entry};
use super::producer::{Door, Head, Permits, Shared};
use super::slots::Track;
use super::sync::{Arc, FEW, Parker, SWEEP, TURN, can_heavy, heavy, order};

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

/// What the consumer knows of a lane.
#[derive(Debug)]
struct Reader<E> {
    /// The next position to read.
    head: u64,
    /// Where its turn ends.
    until: u64,
    track: Track<E>,
    /// It is among the lanes that are looked at.
    hot: bool,
    /// Something was found since the last sweep.
    active: bool,
}

/// The consumer's end: there is one, it is not `Clone`, and reading needs it exclusively.
#[derive(Debug)]
pub struct Consumer<E: Entry = Completion, D: Door = Permits> {
    shared: Arc<Shared<E>>,
    readers: Box<[Reader<E>]>,
    /// The lanes that are looked at; whoever pushes to another one has to tell.
    hot: Vec<u32>,
    /// Whose turn it is, in that list, and by number.
    turn: usize,
    lane: usize,
    looks: u32,
    parker: Parker,
    door: std::marker::PhantomData<fn() -> D>,
}

impl<E: Entry, D: Door> Consumer<E, D> {
    pub(super) fn new(shared: Arc<Shared<E>>, parker: Parker) -> Self {
        let lanes = shared.lanes.len();
        let reader = |lane| Reader {
            head: shared.start,
            until: shared.start,
            track: shared.slots.track(lane),
            hot: false,
            active: false,
        };
        Consumer {
            readers: (0..lanes).map(reader).collect(),
            hot: Vec::with_capacity(lanes),
            turn: 0,
            lane: 0,
            looks: 0,
            shared,
            parker,
            door: std::marker::PhantomData,
        }
    }

    /// Takes an entry out, if there is one: the oldest of its producer's.
    #[inline]
    pub fn pop(&mut self) -> Option<E> {
        let reader = &self.readers[self.lane];
        if reader.head != reader.until
            && let Some(entry) = self.take(self.lane)
        {
            return Some(entry);
        }
        self.pop_next()
    }

    #[inline(never)]
    fn pop_next(&mut self) -> Option<E> {
        if self.shared.wake.is_told() {
            self.listen();
        }
        let mut found = None;
        for _ in 0..self.hot.len() {
            self.next_turn();
            let lane = self.lane;
            if let Some(entry) = self.take(lane) {
                let reader = &mut self.readers[lane];
                reader.until = reader.head.wrapping_add(TURN as u64 - 1);
                reader.active = true;
                found = Some(entry);
                break;
            }
        }
        self.looked(found.is_some());
        found
    }

    /// Takes the next entry of a lane out.
    #[inline]
    fn take(&mut self, lane: usize) -> Option<E> {
        let reader = &mut self.readers[lane];
        let entry = reader.track.read(reader.head)?;
        reader.head = reader.head.wrapping_add(1);
        if D::OPEN {
            self.shared.heads[lane].0.store(reader.head, order::free());
        }
        Some(entry)
    }

    /// Takes out up to `most` entries and hands each to `with`: lane by lane, at most 64 of one
    /// before the next one's turn. Returns how many. If `with` panics, the entries that it was
    /// given count as taken, the others stay.
    #[inline]
    pub fn drain(&mut self, most: usize, mut with: impl FnMut(E)) -> usize {
        if self.shared.wake.is_told() {
            self.listen();
        }
        let (mut total, mut empty) = (0, 0);
        while total < most && empty < self.hot.len() {
            self.next_turn();
            let bound = TURN.min(most - total);
            let taken = self.take_some(self.lane, bound, &mut with);
            total += taken;
            empty = if taken < bound { empty + 1 } else { 0 };
        }
        self.looked(total > 0);
        total
    }

    /// The same into a vector.
    pub fn drain_into(&mut self, most: usize, out: &mut Vec<E>) -> usize {
        self.drain(most, |entry| out.push(entry))
    }

    #[inline]
    fn take_some(&mut self, lane: usize, most: usize, with: &mut impl FnMut(E)) -> usize {
        /// How far the lane was read, kept also when `with` panics.
        struct Run<'a, E> {
            reader: &'a mut Reader<E>,
            public: Option<&'a Head>,
            head: u64,
        }
        impl<E> Drop for Run<'_, E> {
            fn drop(&mut self) {
                self.reader.head = self.head;
                self.reader.until = self.head;
                if let Some(head) = self.public {
                    head.0.store(self.head, order::free());
                }
            }
        }
        let public = D::OPEN.then(|| &self.shared.heads[lane]);
        let reader = &mut self.readers[lane];
        let head = reader.head;
        let mut run = Run { reader, public, head };
        let end = head.wrapping_add(most as u64);
        while run.head != end {
            let Some(entry) = run.reader.track.read(run.head) else { break };
            run.head = run.head.wrapping_add(1);
            with(entry);
        }
        run.reader.active |= run.head != head;
        run.head.wrapping_sub(head) as usize
    }

    #[inline]
    fn next_turn(&mut self) {
        self.turn += 1;
        if self.turn >= self.hot.len() {
            self.turn = 0;
        }
        self.lane = self.hot[self.turn] as usize;
    }

    /// Looks, from now on, at the lanes whose producers told of them.
    #[cold]
    fn listen(&mut self) {
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
    fn looked(&mut self, found: bool) {
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
    pub fn wait(&mut self, timeout: Option<Duration>) -> Waited {
        let end = timeout.map(|timeout| Instant::now() + timeout);
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

impl<E: Entry> Consumer<E, Permits> {
    /// Closes the ring and hands over what is in it: each entry gets home.
    pub fn finish(mut self, mut with: impl FnMut(E)) {
        self.shared.wake.close();
        while self.drain(usize::MAX, &mut with) > 0 {}
    }
}
