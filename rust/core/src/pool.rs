//! A pool of fixed size: the packets of one adapter, their owners, their histories.
//!
//! A packet never moves: it lives in its slot, and what moves is the right to use it. Who has the
//! right is one atomic word ([`PacketState`]), stepped by the functions of the contract. The
//! body has a lock of its own that is never waited for by a rightful owner; it is what makes
//! even a driver that forgets or doubles a token harmless.

mod spare;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

use crate::biased::{Alone, Bias, Biased};
use crate::contract::packet::{Owner, PacketState};
use crate::cx::Cpu;
use crate::history::History;
use crate::info::WanInfo;
use crate::packet::WanPacket;
use crate::rule::Rule;

/// The link of a packet that was never sent.
const NOWHERE: u32 = u32::MAX;

/// One packet's place. It begins with a cache line, so that a step of one in a batch of a thousand, which
/// are too many for the first cache, waits for as few as can be: what each step needs is in the first line, and what is
/// written when the descriptor is filled is in the second.
#[derive(Debug)]
#[repr(C, align(64))]
pub(crate) struct Slot {
    word: AtomicU64,
    /// Its last events.
    pub(crate) history: History,
    /// When it was handed to the miniport, in nanoseconds of the Ndis's clock.
    pub(crate) submitted: AtomicU64,
    /// When it was completed last, by a call that did not bring it home itself.
    pub(crate) completed: AtomicU64,
    /// While it is free: the next free packet, counted from 1; 0 is the end.
    next_free: AtomicU32,
    /// The link that it was sent on last, or [`NOWHERE`].
    pub(crate) link: AtomicU32,
    /// Bytes of data when it was sent.
    pub(crate) length: AtomicU32,
    /// Nobody has a token or an object of it, so that it may go to the pool when it comes home.
    anonymous: AtomicBool,
    /// The descriptor and its data.
    pub(crate) body: Biased<WanPacket>,
}

impl Slot {
    /// It is handed to the miniport at `time`.
    #[inline]
    pub(crate) fn goes_down(&self, link: u32, length: u32, time: u64, anonymous: bool) {
        self.is_sent(link, length, anonymous);
        self.submitted.store(time, Ordering::Relaxed);
    }

    /// It is sent.
    #[inline]
    pub(crate) fn is_sent(&self, link: u32, length: u32, anonymous: bool) {
        self.link.store(link, Ordering::Relaxed);
        self.length.store(length, Ordering::Relaxed);
        self.anonymous.store(anonymous, Ordering::Relaxed);
    }

    /// Whether nobody but the engine has a name of it that outlives the send.
    #[inline]
    pub(crate) fn is_anonymous(&self) -> bool {
        self.anonymous.load(Ordering::Relaxed)
    }

    /// Who owns it now.
    pub(crate) fn state(&self) -> PacketState {
        PacketState::from_word(self.word.load(Ordering::Acquire))
    }

    /// Lets the contract decide and makes its answer the state, in one atomic step.
    pub(crate) fn step(
        &self,
        f: impl Fn(PacketState) -> Result<PacketState, Rule>,
    ) -> Result<PacketState, Rule> {
        if let Some(span) = self.body.bias().briefly_here() {
            let next = f(self.state())?;
            self.set_in(&span, next);
            return Ok(next);
        }
        self.body.bias().shared();
        let mut word = self.word.load(Ordering::Acquire);
        loop {
            let next = f(PacketState::from_word(word))?;
            match self.word.compare_exchange_weak(
                word,
                next.word(),
                Ordering::AcqRel,
                Ordering::Acquire,
            ) {
                Ok(_) => return Ok(next),
                Err(now) => word = now,
            }
        }
    }
}

impl Slot {
    /// The same for a step that only the present owner can make, and who is that: no other can
    /// change the word meanwhile.
    pub(crate) fn own_step(
        &self,
        f: impl Fn(PacketState) -> Result<PacketState, Rule>,
    ) -> Result<PacketState, Rule> {
        self.body.bias().shared();
        let next = f(self.state())?;
        self.word.store(next.word(), Ordering::Release);
        Ok(next)
    }

    /// [`step`](Self::step) on this CPU, which may be alone in the world.
    #[inline(always)]
    #[allow(clippy::inline_always)] // see `Bias::alone`
    pub(crate) fn step_on(
        &self,
        cpu: &Cpu,
        f: impl Fn(PacketState) -> Result<PacketState, Rule>,
    ) -> Result<PacketState, Rule> {
        let Some(span) = self.body.bias().briefly(cpu.thread) else { return self.step(f) };
        let next = f(self.state())?;
        self.set_in(&span, next);
        Ok(next)
    }

    /// The free packet below this one, if it is free; counted from 1.
    #[inline]
    pub(crate) fn below(&self) -> u32 {
        self.next_free.load(Ordering::Relaxed)
    }

    /// It is freed, and becomes the one above `top`, in a span.
    #[inline(always)]
    #[allow(clippy::inline_always)] // see `Bias::alone`
    pub(crate) fn free_above(&self, span: &Alone<'_>, freed: PacketState, top: u32) {
        self.set_in(span, freed);
        self.next_free.store(top, Ordering::Relaxed);
    }

    /// A step in a span: nobody else makes one meanwhile.
    #[inline(always)]
    #[allow(clippy::inline_always)] // see `Bias::alone`
    pub(crate) fn set_in(&self, _: &Alone<'_>, state: PacketState) {
        self.word.store(state.word(), Ordering::Release);
    }
}

/// The word of the free packets after the change that makes `top` the top one.
fn changed(seen: u64, top: u32) -> u64 {
    ((seen >> 32).wrapping_add(1) << 32) | u64::from(top)
}

/// The free packet below this one of a full pool, counted from 1.
fn below(index: u32, packets: u32) -> u32 {
    if index + 1 < packets { index + 2 } else { 0 }
}

impl Slot {
    fn new(below: u32, info: &WanInfo, keep: usize, bias: &Arc<Bias>) -> Slot {
        Slot {
            word: AtomicU64::new(PacketState::default().word()),
            next_free: AtomicU32::new(below),
            link: AtomicU32::new(NOWHERE),
            submitted: AtomicU64::new(0),
            completed: AtomicU64::new(0),
            length: AtomicU32::new(0),
            anonymous: AtomicBool::new(false),
            body: Biased::new(bias, WanPacket::new(info)),
            history: History::new(keep),
        }
    }

    /// Becomes what [`new`](Self::new) makes, for the same `info` and `keep`.
    fn renew(&mut self, below: u32, info: &WanInfo, bias: &Arc<Bias>) {
        let Slot { word, next_free, link, submitted, completed, length, anonymous, body, history } =
            self;
        *word.get_mut() = PacketState::default().word();
        *next_free.get_mut() = below;
        *link.get_mut() = NOWHERE;
        *submitted.get_mut() = 0;
        *completed.get_mut() = 0;
        *length.get_mut() = 0;
        *anonymous.get_mut() = false;
        body.renew(bias, |packet| packet.renew(info));
        history.renew();
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        if self.bias.is_of_locks() {
            spare::keep(std::mem::take(&mut self.slots));
        }
    }
}

/// The packets of one adapter.
#[derive(Debug)]
pub(crate) struct Pool {
    slots: Box<[Slot]>,
    /// A stack of free packets: the top one, counted from 1, in the low half. The high half counts
    /// changes, so that a top which went and came back meanwhile is not taken for the old one.
    free: AtomicU64,
    bias: Arc<Bias>,
}

impl Pool {
    pub(crate) fn new(packets: u32, info: &WanInfo, keep: usize, bias: &Arc<Bias>) -> Pool {
        let spare = bias.is_of_locks().then(|| spare::take(packets, info, keep)).flatten();
        let slots = match spare {
            Some(mut slots) => {
                for (index, slot) in (0..packets).zip(&mut slots) {
                    slot.renew(below(index, packets), info, bias);
                }
                slots
            }
            None => (0..packets)
                .map(|index| Slot::new(below(index, packets), info, keep, bias))
                .collect(),
        };
        let free = AtomicU64::new(u64::from(packets > 0));
        Pool { slots, free, bias: Arc::clone(bias) }
    }

    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    pub(crate) fn slots(&self) -> &[Slot] {
        &self.slots
    }

    pub(crate) fn get(&self, slot: u32) -> Option<&Slot> {
        self.slots.get(slot as usize)
    }

    pub(crate) fn slot(&self, slot: u32) -> &Slot {
        &self.slots[slot as usize]
    }

    /// Takes a packet out; it is the protocol's.
    pub(crate) fn allocate(&self) -> Option<u32> {
        if let Some(span) = self.bias.briefly_here() {
            let (index, place) = self.next_in(&span)?;
            self.take_in(&span, place);
            place.set_in(&span, place.state().allocate().ok()?);
            return Some(index);
        }
        self.bias.shared();
        let mut free = self.free.load(Ordering::Acquire);
        loop {
            let index = (free as u32).checked_sub(1)?;
            let next = self.slot(index).next_free.load(Ordering::Relaxed);
            match self.change_free(free, next) {
                Ok(()) => {
                    // Who took it out of the stack is the only one who has it.
                    return self.slot(index).own_step(PacketState::allocate).ok().map(|_| index);
                }
                Err(now) => free = now,
            }
        }
    }

    /// Puts a packet of the protocol's back.
    pub(crate) fn free(&self, index: u32) -> Result<(), Rule> {
        let place = self.slot(index);
        place.step(PacketState::free)?;
        self.push_free(index, place);
        Ok(())
    }

    /// The same for who alone has the packet: `freed` is its state afterwards.
    pub(crate) fn free_own(&self, index: u32, place: &Slot, freed: PacketState) {
        if let Some(span) = self.bias.briefly_here() {
            return self.free_in(&span, index, place, freed);
        }
        self.bias.shared();
        place.word.store(freed.word(), Ordering::Release);
        self.push_free(index, place);
    }

    /// The top of the free packets, in a span, counted from 1: who takes or frees many follows or makes the
    /// chain of them, and then [`set_top_in`](Self::set_top_in) once.
    #[inline(always)]
    #[allow(clippy::inline_always)] // see `Bias::alone`
    pub(crate) fn top_in(&self, _: &Alone<'_>) -> u32 {
        self.free.load(Ordering::Relaxed) as u32
    }

    /// The free packets from the top on, as many as fit into `all`; how many there are. Where the next event of each goes is asked
    /// for, so that it comes into the cache meanwhile.
    pub(crate) fn free_from(&self, mut top: u32, all: &mut [u32]) -> usize {
        let mut many = 0;
        for slot in all {
            let Some(index) = top.checked_sub(1) else { break };
            let Some(place) = self.get(index) else { break };
            place.history.warm();
            (*slot, top) = (index, place.below());
            many += 1;
        }
        many
    }

    /// Makes `top` the top of the free packets, in a span.
    pub(crate) fn set_top_in(&self, _: &Alone<'_>, top: u32) {
        let seen = self.free.load(Ordering::Relaxed);
        self.free.store(changed(seen, top), Ordering::Release);
    }

    /// The packet that is taken next, in a span, and its place.
    #[inline(always)]
    #[allow(clippy::inline_always)] // see `Bias::alone`
    pub(crate) fn next_in(&self, _: &Alone<'_>) -> Option<(u32, &Slot)> {
        let index = (self.free.load(Ordering::Relaxed) as u32).checked_sub(1)?;
        Some((index, self.get(index)?))
    }

    /// Takes it.
    #[inline(always)]
    #[allow(clippy::inline_always)] // see `Bias::alone`
    pub(crate) fn take_in(&self, _: &Alone<'_>, place: &Slot) {
        let seen = self.free.load(Ordering::Relaxed);
        let next = place.next_free.load(Ordering::Relaxed);
        self.free.store(changed(seen, next), Ordering::Release);
    }

    /// [`free_own`](Self::free_own) in a span.
    #[inline(always)]
    #[allow(clippy::inline_always)] // see `Bias::alone`
    pub(crate) fn free_in(&self, span: &Alone<'_>, index: u32, place: &Slot, freed: PacketState) {
        place.set_in(span, freed);
        let seen = self.free.load(Ordering::Relaxed);
        place.next_free.store(seen as u32, Ordering::Relaxed);
        self.free.store(changed(seen, index + 1), Ordering::Release);
    }

    fn push_free(&self, index: u32, place: &Slot) {
        self.bias.shared();
        let mut free = self.free.load(Ordering::Relaxed);
        loop {
            place.next_free.store(free as u32, Ordering::Relaxed);
            match self.change_free(free, index + 1) {
                Ok(()) => return,
                Err(now) => free = now,
            }
        }
    }

    /// Makes `top` the top of the free packets, if nothing changed since `seen`.
    fn change_free(&self, seen: u64, top: u32) -> Result<(), u64> {
        let next = changed(seen, top);
        // Release: the packet's state is seen with it. Acquire: so is that of the one taken.
        let done = self.free.compare_exchange_weak(seen, next, Ordering::AcqRel, Ordering::Acquire);
        done.map(drop)
    }

    /// Whether there is a packet of this kind.
    pub(crate) fn any(&self, kind: impl Fn(&Slot) -> bool) -> bool {
        self.slots.iter().any(kind)
    }

    /// The packets that `owner` has now.
    pub(crate) fn owned_by(&self, owner: Owner) -> impl Iterator<Item = u32> + '_ {
        let all = self.slots.iter().enumerate();
        all.filter(move |(_, slot)| slot.state().is_of(owner)).map(|(index, _)| index as u32)
    }
}
