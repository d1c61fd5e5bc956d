//! The last events of one packet, kept without a lock.
//!
//! Writing must cost next to nothing, since every event of every packet comes by: no lock, no
//! atomic read-modify-write, five relaxed stores. That is enough because events of a packet are
//! written by its owner, one after the other, with one exception: MiniportWanSend returns on one
//! CPU while the packet is completed on another. The two may then take the same place, and the
//! line of the return, or of the completion, is missing from the report. A reader that runs at the
//! same time may see a line that mixes two events.
//!
//! ```text
//! word 0  time
//! word 1  cpu (32) | irql (8) | locks (8) | kind (8) | detail (8)
//! word 2  generation (32) | status or length (32)
//! word 3  site (32) | link (32)
//! ```
//!
//! What happens at one moment, nothing else in between, takes one place: a packet that is taken, sent and
//! submitted, and one that is completed and delivered. It is read as the events that it stands for. As long as
//! nothing else comes, half of the places are enough for the limit and the rest is not used ([`FOLDED`]): of a thousand
//! packets that is memory which stays in the second cache.

mod place;

use std::sync::atomic::{AtomicU32, Ordering};

pub(crate) use self::place::Place;
use self::place::{AGAIN, AGAIN_PENDED, BACK, CODES, COMPLETE, DONE, PENDED, SENT, pack};
use crate::contract::cpu::CpuState;
use crate::coverage::Said;
use crate::cx::Irql;
use crate::event::{Event, Name, What};
use crate::ring::soon;
use crate::status::Status;

/// How many events of its own each packet remembers; a power of two, so that finding a place takes
/// no division.
pub(crate) const HISTORY: usize = 32;

/// The mask of half of the places: each has two events at least, so that they are not fewer than the limit.
const FOLDED: u32 = HISTORY as u32 / 2 - 1;

/// The last [`HISTORY`] events of one packet.
#[derive(Debug)]
pub(crate) struct History {
    places: Box<[Place]>,
    next: AtomicU32,
    /// The places in use, less one.
    mask: AtomicU32,
}

/// The part of word 1 that says on which CPU, at which level, with how many locks.
#[inline]
pub(crate) fn who(cpu: u32, state: &CpuState) -> u64 {
    words_of(cpu, state.irql, state.held.len().min(255) as u8)
}

#[inline]
pub(crate) fn words_of(cpu: u32, irql: Irql, locks: u8) -> u64 {
    u64::from(cpu) << 32 | u64::from(irql.0) << 24 | u64::from(locks) << 16
}

impl History {
    /// A history that keeps `most` events: none, or a power of two.
    pub(crate) fn new(most: usize) -> History {
        debug_assert!(most == 0 || most.is_power_of_two());
        let places = (0..most).map(|_| Place::default()).collect();
        let mask = AtomicU32::new((most as u32).wrapping_sub(1));
        History { places, next: AtomicU32::new(0), mask }
    }

    /// How many events it keeps.
    pub(crate) fn most(&self) -> usize {
        self.places.len()
    }

    /// Becomes what [`new`](Self::new) makes for as many.
    pub(crate) fn renew(&mut self) {
        let History { places, next, mask } = self;
        let used = (std::mem::take(next.get_mut()) as usize).min(places.len());
        places[..used].fill_with(Place::default);
        *mask.get_mut() = (places.len() as u32).wrapping_sub(1);
    }

    /// Keeps `event` and forgets the oldest one beyond the limit.
    pub(crate) fn keep(&self, event: &Event) {
        let who = words_of(event.cpu, event.irql, event.locks);
        self.keep_words(event.what, event.time, who, event.site);
    }

    /// The same, from the event's parts; inlined with a constant kind it is five stores.
    #[inline(always)]
    #[allow(clippy::inline_always)] // see `Ndis::emit`
    pub(crate) fn keep_words(&self, what: What, time: u64, who: u64, site: u32) {
        let Some((kind, detail, number, link)) = pack(what) else { return };
        let generation = what.packet().map_or(0, |name| name.generation);
        let who = who | u64::from(kind) << 8 | u64::from(detail);
        if self.mask.load(Ordering::Relaxed) == FOLDED {
            self.unfold();
        }
        self.keep_place([
            time,
            who,
            u64::from(generation) << 32 | u64::from(number),
            u64::from(site) << 32 | u64::from(link),
        ]);
    }

    /// The same of an event in numbers; of one that is not about a packet nothing is kept.
    #[inline(always)]
    #[allow(clippy::inline_always)] // see `Ndis::emit`
    pub(crate) fn keep_said(&self, time: u64, who: u64, said: Said) {
        let Some(code) = CODES.get(usize::from(said.kind())) else { return };
        if self.mask.load(Ordering::Relaxed) == FOLDED {
            self.unfold();
        }
        let (life, number) = (said.packet >> 32 << 32, said.number as u32);
        let (what, link) = (life | u64::from(number), said.number >> 32);
        self.keep_place([time, who | u64::from(*code), what, link]);
    }

    /// That the packet was taken, sent and submitted, in its life `generation` before that.
    #[inline(always)]
    #[allow(clippy::inline_always)] // see `Ndis::emit`
    pub(crate) fn keep_sent(&self, time: u64, who: u64, generation: u32, length: u32, link: u32) {
        let what = u64::from(generation) << 32 | u64::from(length);
        self.keep_place([time, who | u64::from(SENT) << 8, what, u64::from(link)]);
    }

    /// That the packet, which the protocol had, was sent and submitted.
    #[inline(always)]
    #[allow(clippy::inline_always)] // see `Ndis::emit`
    pub(crate) fn keep_again(&self, time: u64, who: u64, generation: u32, length: u32, link: u32) {
        let what = u64::from(generation) << 32 | u64::from(length);
        self.keep_place([time, who | u64::from(AGAIN) << 8, what, u64::from(link)]);
    }

    /// That it was completed with `status`, and delivered.
    #[inline(always)]
    #[allow(clippy::inline_always)] // see `Ndis::emit`
    pub(crate) fn keep_back(&self, time: u64, who: u64, generation: u32, status: u32, link: u32) {
        let what = u64::from(generation) << 32 | u64::from(status);
        self.keep_place([time, who | u64::from(BACK) << 8, what, u64::from(link)]);
    }

    /// The place that is written next, if there is any, is asked for. (Without one there is nothing at that address, and a processor that
    /// is asked for it looks for its page each time.)
    #[inline(always)]
    #[allow(clippy::inline_always)] // see `Ndis::emit`
    pub(crate) fn warm(&self) {
        if let Some(place) = self.place(self.next.load(Ordering::Relaxed)) {
            soon(&raw const *place);
        }
    }

    /// That it was completed with `status`, delivered, and is in the pool again.
    #[inline(always)]
    #[allow(clippy::inline_always)] // see `Ndis::emit`
    pub(crate) fn keep_done(
        &self,
        (time, who): (u64, u64),
        generation: u32,
        status: u32,
        link: u32,
    ) {
        let what = u64::from(generation) << 32 | u64::from(status);
        let next = self.keep_place([time, who | u64::from(DONE) << 8, what, u64::from(link)]);
        if next & (HISTORY as u32 - 1) == FOLDED {
            self.fold();
        }
    }

    /// That it was completed with `status`.
    #[inline(always)]
    #[allow(clippy::inline_always)] // see `Ndis::emit`
    pub(crate) fn keep_completed(&self, (time, who): (u64, u64), generation: u32, status: u32) {
        let what = u64::from(generation) << 32 | u64::from(status);
        if self.mask.load(Ordering::Relaxed) == FOLDED {
            self.unfold();
        }
        self.keep_place([time, who | u64::from(COMPLETE) << 8, what, 0]);
    }

    /// If the first half of the places is enough, it is used alone.
    #[cold]
    fn fold(&self) {
        if self.places.len() != HISTORY || self.mask.load(Ordering::Relaxed) == FOLDED {
            return;
        }
        let several = |place: &Place| {
            matches!(place.kind(), SENT | BACK | DONE | PENDED | AGAIN | AGAIN_PENDED)
        };
        if self.places[..HISTORY / 2].iter().all(several) {
            self.mask.store(FOLDED, Ordering::Relaxed);
        }
    }

    /// All places are used again: those that are in use come first, the oldest of them at the beginning.
    #[cold]
    fn unfold(&self) {
        let all = HISTORY as u32 - 1;
        // Of two that come at once one does it; the other may write where it is overwritten.
        if self.mask.swap(all, Ordering::Relaxed) != FOLDED {
            return;
        }
        let (half, next) = (HISTORY / 2, self.next.load(Ordering::Relaxed) as usize);
        let words = |place: &Place| place.0.each_ref().map(|word| word.load(Ordering::Relaxed));
        let kept: Vec<[u64; 4]> = self.places[..half].iter().map(words).collect();
        for (at, place) in self.places[..half].iter().enumerate() {
            place.set(kept[(next + at) % half]);
        }
        self.next.store((HISTORY + half) as u32, Ordering::Relaxed);
    }

    #[inline(always)]
    #[allow(clippy::inline_always)] // see `Ndis::emit`
    fn place(&self, nth: u32) -> Option<&Place> {
        self.places.get((nth & self.mask.load(Ordering::Relaxed)) as usize)
    }

    /// That the call with the packet in its life `generation` was answered with PENDING: where nothing
    /// else was in between, it takes no place of its own.
    #[inline(always)]
    #[allow(clippy::inline_always)] // see `Ndis::emit`
    pub(crate) fn keep_pended(&self, time: u64, who: u64, packet: Name) {
        let last = self.next.load(Ordering::Relaxed).wrapping_sub(1);
        let Some(place) = self.place(last) else { return };
        let word = |at: usize| place.0[at].load(Ordering::Relaxed);
        let kind = match word(1) ^ who {
            sent if sent == u64::from(SENT) << 8 => PENDED,
            again if again == u64::from(AGAIN) << 8 => AGAIN_PENDED,
            _ => 0,
        };
        let same = kind != 0 && word(0) == time;
        if same && (word(2) >> 32) as u32 == packet.generation.wrapping_sub(1) {
            return place.0[1].store(who | u64::from(kind) << 8, Ordering::Relaxed);
        }
        self.keep_words(What::Return { packet, status: Status::PENDING }, time, who, 0);
    }

    /// That the packet is in the pool again: where it was delivered in the same moment, that takes no place of its own.
    #[inline(always)]
    #[allow(clippy::inline_always)] // see `Ndis::emit`
    pub(crate) fn keep_freed(&self, time: u64, who: u64, packet: Name) {
        let last = self.next.load(Ordering::Relaxed).wrapping_sub(1);
        let Some(place) = self.place(last) else { return };
        let word = |at: usize| place.0[at].load(Ordering::Relaxed);
        let back = word(1) == who | u64::from(BACK) << 8 && word(0) == time;
        if back && (word(2) >> 32) as u32 == packet.generation {
            return place.0[1].store(who | u64::from(DONE) << 8, Ordering::Relaxed);
        }
        self.keep_words(What::Free { packet }, time, who, 0);
    }

    /// The same for one of many that were taken, sent and submitted together; false if it takes a place of its own, and
    /// nothing was kept.
    #[inline(always)]
    #[allow(clippy::inline_always)] // see `Ndis::emit`
    pub(crate) fn pend_sent(&self, time: u64, who: u64, generation: u32) -> bool {
        let last = self.next.load(Ordering::Relaxed).wrapping_sub(1);
        let Some(place) = self.place(last) else { return true };
        let word = |at: usize| place.0[at].load(Ordering::Relaxed);
        let sent = word(1) == who | u64::from(SENT) << 8 && word(0) == time;
        let same = sent && (word(2) >> 32) as u32 == generation.wrapping_sub(1);
        if same {
            place.0[1].store(who | u64::from(PENDED) << 8, Ordering::Relaxed);
        }
        same
    }

    /// Writes the next place, if there is any; how many were written before.
    #[inline(always)]
    #[allow(clippy::inline_always)] // see `Ndis::emit`
    fn keep_place(&self, words: [u64; 4]) -> u32 {
        let next = self.next.load(Ordering::Relaxed);
        if let Some(place) = self.place(next) {
            self.next.store(next.wrapping_add(1), Ordering::Relaxed);
            place.set(words);
        }
        next
    }

    /// The events, oldest first, of the packet in `slot` of `adapter`.
    pub(crate) fn to_vec(&self, adapter: u16, slot: u32) -> Vec<Event> {
        if self.places.is_empty() {
            return Vec::new();
        }
        let (next, most) = (self.next.load(Ordering::Relaxed), self.places.len());
        let used = self.mask.load(Ordering::Relaxed);
        let in_order =
            (0..=used).filter_map(|nth| self.places.get((next.wrapping_add(nth) & used) as usize));
        let mut all: Vec<Event> = in_order.flat_map(|place| place.events(adapter, slot)).collect();
        // A place may have been several events.
        all.drain(..all.len().saturating_sub(most));
        all
    }
}

#[cfg(test)]
mod tests;
