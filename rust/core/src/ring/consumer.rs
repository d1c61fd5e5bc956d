//! The consumer's side: whose entries it takes, and in what order.

use super::entry::{Completion, Entry};
use super::lane::{Head, Shared};
use super::producer::{Door, Permits};
use super::slots::Track;
use super::sync::{Arc, BLOCK, Parker, SOME, TURN, order};

/// What the consumer knows of a lane.
#[derive(Debug)]
pub(super) struct Reader<E> {
    /// The next position to read.
    pub(super) head: u64,
    /// Where its turn ends.
    pub(super) until: u64,
    pub(super) track: Track<E>,
    /// It is among the lanes that are looked at.
    pub(super) hot: bool,
    /// Something was found since the last sweep.
    pub(super) active: bool,
    /// How often in a row there was as much as was asked for.
    plenty: u32,
}

/// The consumer's end: there is one, it is not `Clone`, and reading needs it exclusively.
#[derive(Debug)]
pub struct Consumer<E: Entry = Completion, D: Door = Permits> {
    pub(super) shared: Arc<Shared<E>>,
    pub(super) readers: Box<[Reader<E>]>,
    /// The lanes that are looked at; whoever pushes to another one has to tell.
    pub(super) hot: Vec<u32>,
    /// Whose turn it is, in that list, and by number.
    pub(super) turn: usize,
    lane: usize,
    pub(super) looks: u32,
    pub(super) parker: Parker,
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
            plenty: 0,
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
        // Lines that the producer has not written yet it would lose to us, so we ask for lines ahead
        // only while it is ahead of us.
        let is_behind = reader.plenty >= 2;
        let mut run = Run { reader, public, head };
        let end = head.wrapping_add(most as u64);
        while run.head != end {
            let track = &run.reader.track;
            let (mut piece, phase) = track.ahead(run.head, end.wrapping_sub(run.head));
            while Track::<E>::is_block(piece, phase) {
                if is_behind {
                    track.ask_ahead(run.head);
                }
                let (block, rest) = piece.split_at(BLOCK * E::WORDS);
                piece = rest;
                for some in block.chunks_exact(SOME * E::WORDS) {
                    for entry in Track::<E>::some::<SOME>(some) {
                        run.head = run.head.wrapping_add(1);
                        with(entry);
                    }
                }
            }
            // Up to where another block may begin.
            let some = &piece[..piece.len().min(BLOCK * E::WORDS)];
            let all = some.chunks_exact(E::WORDS).all(|slot| {
                let Some(entry) = Track::<E>::entry(slot, phase) else { return false };
                run.head = run.head.wrapping_add(1);
                with(entry);
                true
            });
            if !all {
                break;
            }
        }
        run.reader.plenty = if run.head == end { run.reader.plenty.saturating_add(1) } else { 0 };
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
}

impl<E: Entry> Consumer<E, Permits> {
    /// Closes the ring and hands over what is in it: each entry gets home.
    pub fn finish(mut self, mut with: impl FnMut(E)) {
        self.shared.wake.close();
        while self.drain(usize::MAX, &mut with) > 0 {}
    }
}
