//! Packets as a driver in C sees them: NDIS_WAN_PACKET and its buffer, at places that it may use while it owns them.
//!
//! With guards each descriptor and each buffer lies at the end of pages of its own, before a page that nobody may use, and
//! both lose their pages' use when the packet goes back. A slot of the pool has several places in turn, so that a touch of a past
//! life is found although the packet has been sent again.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use ndiswan::packet::WanPacket;
use ndiswan::{Name, Rule, WanInfo};

use crate::memory::{Access, Guard, Kept, PAGE, Pages, pages, protect, set_apart, set_guard};

/// Bytes of an NDIS_WAN_PACKET of 64-bit Windows.
const DESCRIPTOR: usize = 0x70;
/// A descriptor as words; CurrentLength is the lower half of its.
type Words = [u64; DESCRIPTOR / 8];
/// What is before a buffer.
const FENCE: u8 = 0xFD;

mod known;

pub(crate) use known::{name_of, touched};

mod field {
    pub(super) const CURRENT_BUFFER: usize = 0x10;
    pub(super) const CURRENT_LENGTH: usize = 0x18;
    pub(super) const START_BUFFER: usize = 0x20;
    pub(super) const END_BUFFER: usize = 0x28;
    pub(super) const PROTOCOL_RESERVED: usize = 0x30;
    pub(super) const MAC_RESERVED: usize = 0x50;

    /// What is at an offset, for reports.
    pub(super) fn name(offset: usize) -> String {
        match offset {
            0..0x10 => "WanPacketQueue".to_string(),
            0x10..0x18 => "CurrentBuffer".to_string(),
            0x18..0x20 => "CurrentLength".to_string(),
            0x20..0x28 => "StartBuffer".to_string(),
            0x28..0x30 => "EndBuffer".to_string(),
            0x30..0x50 => format!("ProtocolReserved{}", (offset - 0x30) / 8 + 1),
            _ => format!("MacReserved{}", (offset - 0x50) / 8 + 1),
        }
    }
}

/// Where packets of one slot are, one life after the other.
const TURNS: usize = 4;
/// So many places may have guards: each is several mappings, of which Linux has 65,530.
const MOST_GUARDED: usize = 4096;

/// Whether the page between a descriptor and its buffer is a guard whatever the pages may be used for.
static JOINED: AtomicBool = AtomicBool::new(true);

#[derive(Debug, Default)]
struct Place {
    generation: AtomicU32,
    /// Whether the driver may use it.
    open: AtomicBool,
    /// Whether a guard page was opened after a fault.
    spoilt: AtomicBool,
}

/// The places of one adapter.
#[derive(Debug)]
pub(crate) struct Arena {
    memory: Pages,
    adapter: u16,
    stride: usize,
    /// 2 to the 64 divided by `stride`, rounded up: dividing by it is a multiplication.
    inverse: u64,
    /// Bytes of the whole buffer, and how far into a place it begins.
    buffer: usize,
    start: usize,
    descriptor: usize,
    /// Bytes before the buffer, on its first page, that are looked at when it comes back.
    fence: usize,
    turns: usize,
    guard: Guard,
    places: Box<[Place]>,
    turn: Box<[AtomicU32]>,
}

/// What is wrong with a packet that comes back.
pub(crate) type Finding = (Rule, String);

impl Arena {
    pub(crate) fn new(
        adapter: u16,
        slots: usize,
        info: &WanInfo,
        guard: Guard,
    ) -> Option<Box<Arena>> {
        let buffer = info.buffer_size();
        let guard = if slots <= MOST_GUARDED { guard } else { Guard::Nobody };
        let guarded = guard.is_there();
        let turns = if guarded { TURNS.min(MOST_GUARDED / slots.max(1)).max(1) } else { 1 };
        // With guards: a page for nobody, the descriptor's, one for nobody, the buffer's, one for nobody.
        let (stride, descriptor, start) = if guarded {
            let body = pages(buffer);
            (3 * PAGE + PAGE + body, 2 * PAGE - DESCRIPTOR, 3 * PAGE + body - buffer)
        } else {
            ((DESCRIPTOR + buffer).next_multiple_of(64), 0, DESCRIPTOR)
        };
        let length = stride * slots * turns;
        let memory = if let Some(memory) = Pages::spare(guard.kept(Kept::Packets), length) {
            memory
        } else if guard == Guard::Driver {
            Pages::closed_in_name(length)?
        } else {
            let memory = Pages::new(length)?;
            if guarded {
                memory.protect(memory.start, memory.length, Access::Nothing);
                for place in (0..slots * turns).map(|place| memory.start + place * stride) {
                    set_apart(place, PAGE);
                    set_apart(place + stride - PAGE, PAGE);
                    if !set_guard(place + 2 * PAGE, true) {
                        set_apart(place + 2 * PAGE, PAGE);
                        JOINED.store(false, Ordering::Relaxed);
                    }
                }
            }
            memory
        };
        let fence = if guarded { (pages(buffer) - buffer).min(64) } else { 0 };
        let arena = Arena {
            memory,
            adapter,
            stride,
            inverse: u64::MAX / stride as u64 + 1,
            buffer,
            start,
            descriptor,
            fence,
            turns,
            guard,
            places: (0..slots * turns).map(|_| Place::default()).collect(),
            turn: (0..slots).map(|_| AtomicU32::new(0)).collect(),
        };
        let arena = Box::new(arena);
        arena.register();
        Some(arena)
    }

    /// The place that is `offset` bytes into the memory, or one that is not there.
    #[inline]
    fn place_of(&self, offset: usize) -> usize {
        // Exact while both are below 2 to the 32, as all memory for drivers is.
        ((offset as u128 * u128::from(self.inverse)) >> 64) as usize
    }

    fn base(&self, place: usize) -> usize {
        self.memory.start + place * self.stride
    }

    /// The pages of a place that its owner may use, those of the descriptor and those of the buffer.
    fn let_use(&self, place: usize, access: Access) {
        let (base, body) = (self.base(place), pages(self.buffer));
        if self.guard == Guard::Kernel && JOINED.load(Ordering::Relaxed) {
            return protect(base + PAGE, 2 * PAGE + body, access);
        }
        self.guard.set(base + PAGE, PAGE, access);
        self.guard.set(base + 3 * PAGE, body, access);
    }

    /// Gives the packet in `slot` to the driver: the address of its descriptor.
    #[inline]
    pub(crate) fn hand_over(&self, name: Name, body: &WanPacket) -> usize {
        let slot = name.slot as usize;
        let mut place = slot;
        if self.turns > 1 {
            let turn = self.turn[slot].fetch_add(1, Ordering::Relaxed) as usize % self.turns;
            place = slot * self.turns + turn;
        }
        let state = &self.places[place];
        let start = self.base(place) + self.start;
        if self.guard.is_there() {
            self.open_pages(place, start);
        }
        state.generation.store(name.generation, Ordering::Relaxed);
        state.open.store(true, Ordering::Relaxed);
        let descriptor = self.base(place) + self.descriptor;
        let (current, data) = (start + body.current_buffer(), body.data());
        // SAFETY: the place is this arena's, opened, and nobody else's until it is handed back: a driver that goes on using an
        // old address of it is at fault, and races as in C.
        unsafe {
            let word = |at: usize| (descriptor + at) as *mut u64;
            (descriptor as *mut [u64; 2]).write([0; 2]);
            word(field::CURRENT_BUFFER).write(current as u64);
            word(field::CURRENT_LENGTH).write(data.len() as u64);
            word(field::START_BUFFER).write(start as u64);
            word(field::END_BUFFER).write((start + self.buffer) as u64);
            word(field::PROTOCOL_RESERVED).cast::<[u64; 4]>().write(body.protocol_reserved);
            word(field::MAC_RESERVED).cast::<[u64; 4]>().write(body.mac_reserved);
            std::ptr::copy_nonoverlapping(data.as_ptr(), current as *mut u8, data.len());
        }
        descriptor
    }

    #[cold]
    fn open_pages(&self, place: usize, start: usize) {
        self.let_use(place, Access::All);
        // SAFETY: behind the start of the buffer's first page, which is open, as all of it is; see `hand_over`.
        unsafe {
            // What was here is of another life, or of another driver's packet.
            std::ptr::write_bytes(start as *mut u8, 0, self.buffer);
            std::ptr::write_bytes((start - self.fence) as *mut u8, FENCE, self.fence);
        }
    }

    /// Nobody has it any more: its memory waits for the next.
    fn give_memory_back(&mut self) {
        for place in 0..self.places.len() {
            let state = &self.places[place];
            if state.open.load(Ordering::Relaxed) || state.spoilt.load(Ordering::Relaxed) {
                self.close_place(place);
            }
        }
        // A driver that has written behind the last packet that it had has not come much further.
        let used = |state: &Place| state.generation.load(Ordering::Relaxed) > 0;
        let used = self.places.iter().rposition(used).map_or(0, |last| last + 2);
        let memory = std::mem::replace(&mut self.memory, Pages::none());
        if !self.guard.is_there() && !crate::sanitizer::is_there() {
            memory.clear(used * self.stride);
        }
        memory.keep(self.guard.kept(Kept::Packets));
    }

    /// The packet whose descriptor is at `address`, in the life in which it was handed over there.
    #[inline]
    pub(crate) fn name_at(&self, address: usize) -> Option<Name> {
        let offset = address.checked_sub(self.memory.start + self.descriptor)?;
        let place = self.place_of(offset);
        if place.wrapping_mul(self.stride) != offset || place >= self.places.len() {
            return None;
        }
        let generation = self.places[place].generation.load(Ordering::Relaxed);
        let slot = if self.turns == 1 { place } else { place / self.turns } as u32;
        (generation > 0).then_some(Name { adapter: self.adapter, slot, generation })
    }

    /// The same for a packet that the driver may use and that has no guards, with the number of its place.
    #[inline]
    pub(crate) fn open_at(&self, address: usize) -> Option<(Name, usize)> {
        if self.guard.is_there() {
            return None;
        }
        let offset = address.checked_sub(self.memory.start)?; // no guards: it begins with its descriptor
        let place = self.place_of(offset);
        let state = self.places.get(place)?;
        if place.wrapping_mul(self.stride) != offset || !state.open.load(Ordering::Relaxed) {
            return None;
        }
        let generation = state.generation.load(Ordering::Relaxed);
        Some((Name { adapter: self.adapter, slot: place as u32, generation }, place))
    }

    /// Takes what the driver did to the packet at `address`, which is open in that place, over into `body`, if all of it is right;
    /// whether it did. The driver may not use the packet any more then.
    #[inline]
    pub(crate) fn take_over(&self, place: usize, address: usize, body: &mut WanPacket) -> bool {
        let start = address + self.start;
        // SAFETY: see `take_back`. Each word is read once.
        let word = |at: usize| unsafe { ((address + at) as *const u64).read_volatile() };
        let current = word(field::CURRENT_BUFFER) as usize;
        let length = word(field::CURRENT_LENGTH) as u32 as usize;
        let is_right = word(field::START_BUFFER) == start as u64
            && word(field::END_BUFFER) == (start + self.buffer) as u64
            && (0..4)
                .all(|at| word(field::PROTOCOL_RESERVED + 8 * at) == body.protocol_reserved[at])
            && body.set_current(current.wrapping_sub(start), length).is_ok();
        if !is_right {
            return false;
        }
        let data = body.data_mut();
        // SAFETY: inside of the place's buffer, as `set_current` has looked at; see `hand_over`.
        unsafe { std::ptr::copy_nonoverlapping(current as *const u8, data.as_mut_ptr(), length) };
        for (at, value) in body.mac_reserved.iter_mut().enumerate() {
            *value = word(field::MAC_RESERVED + 8 * at);
        }
        self.places[place].open.store(false, Ordering::Relaxed);
        true
    }

    /// Takes what the driver did to the packet at `address`, which `name_at` knows, over into `body`; what it should not have
    /// done. It may not use it any more. Of two who complete it at once only one looks at it: the body is locked.
    pub(crate) fn take_back(&self, address: usize, body: &mut WanPacket) -> Vec<Finding> {
        let place = self.place_of(address - self.memory.start);
        let state = &self.places[place];
        if !state.open.load(Ordering::Relaxed) {
            return Vec::new();
        }
        let start = self.base(place) + self.start;
        // SAFETY: an address that `name_at` knows, of a place that is open: see `hand_over`.
        let words = unsafe { (address as *const Words).read_volatile() };
        let current = words[field::CURRENT_BUFFER / 8] as usize;
        let length = words[field::CURRENT_LENGTH / 8] as u32 as usize;
        let mut found = self.faults(start, &words, body);
        let offset = current.wrapping_sub(start);
        if body.set_current(offset, length).is_ok() {
            let data = body.data_mut();
            // SAFETY: inside of the place's buffer, as was looked at; see `hand_over`.
            unsafe {
                std::ptr::copy_nonoverlapping(current as *const u8, data.as_mut_ptr(), length);
            };
            body.mac_reserved.copy_from_slice(&words[field::MAC_RESERVED / 8..][..4]);
        } else {
            found.push(self.outside(offset, length));
        }
        self.close_place(place);
        found
    }

    #[cold]
    fn outside(&self, offset: usize, length: usize) -> Finding {
        let text = format!(
            "CurrentBuffer is StartBuffer{:+} and CurrentLength {length}: outside of the buffer of {} bytes",
            offset as isize, self.buffer
        );
        (Rule::Padding, text)
    }

    /// What the driver wrote that it may only read.
    #[cold]
    fn faults(&self, start: usize, words: &Words, body: &WanPacket) -> Vec<Finding> {
        let mut found = Vec::new();
        if self.guard.is_there() {
            // SAFETY: behind the start of the buffer's first page, which is open; see `hand_over`.
            let before = unsafe {
                std::slice::from_raw_parts((start - self.fence) as *const u8, self.fence)
            };
            if let Some(at) = before.iter().rposition(|byte| *byte != FENCE) {
                let text = format!("the driver wrote the byte StartBuffer-{}", self.fence - at);
                found.push((Rule::Padding, text));
            }
        }
        let ends = (words[field::START_BUFFER / 8], words[field::END_BUFFER / 8]);
        if ends != (start as u64, (start + self.buffer) as u64) {
            let text = "the driver changed StartBuffer or EndBuffer, which it may only read";
            found.push((Rule::Padding, text.to_string()));
        }
        let reserved = &words[field::PROTOCOL_RESERVED / 8..];
        for (at, (now, before)) in reserved.iter().zip(&body.protocol_reserved).enumerate() {
            if now != before {
                let text =
                    format!("the driver wrote ProtocolReserved{}, which is the protocol's", at + 1);
                found.push((Rule::Reserved, text));
            }
        }
        found
    }

    /// The driver may not use the packet at `address` any more, which is not the miniport's.
    #[cold]
    pub(crate) fn close(&self, address: usize) {
        let place = self.place_of(address - self.memory.start);
        if self.places[place].open.swap(false, Ordering::AcqRel) {
            self.close_place(place);
        }
    }

    fn close_place(&self, place: usize) {
        let state = &self.places[place];
        state.open.store(false, Ordering::Relaxed);
        if !self.guard.is_there() {
            return;
        }
        if !state.spoilt.swap(false, Ordering::Relaxed) {
            return self.let_use(place, Access::Nothing);
        }
        self.guard.set(self.base(place), self.stride, Access::Nothing);
        if self.guard == Guard::Kernel {
            set_guard(self.base(place) + 2 * PAGE, true);
        }
    }

    /// The packets that were ever given to the driver, in the lives in which they were, and whether it has them.
    pub(crate) fn names(&self) -> impl Iterator<Item = (Name, bool)> + '_ {
        let generation = |state: &Place| state.generation.load(Ordering::Relaxed);
        let known = self.places.iter().enumerate().filter(move |(_, state)| generation(state) > 0);
        known.map(move |(place, state)| {
            let slot = (place / self.turns) as u32;
            let name = Name { adapter: self.adapter, slot, generation: generation(state) };
            (name, state.open.load(Ordering::Relaxed))
        })
    }

    /// Closes every open place whose packet the driver has no more, which NDIS took back.
    pub(crate) fn sweep(&self, has: impl Fn(Name) -> bool) {
        for (place, state) in self.places.iter().enumerate() {
            let generation = state.generation.load(Ordering::Relaxed);
            let slot = (place / self.turns) as u32;
            if state.open.load(Ordering::Relaxed)
                && !has(Name { adapter: self.adapter, slot, generation })
            {
                self.close_place(place);
            }
        }
    }
}
