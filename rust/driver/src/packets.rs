//! Packets as a driver in C sees them: NDIS_WAN_PACKET and its buffer, at places that it may use while it owns them.
//!
//! With guards each descriptor and each buffer lies at the end of pages of its own, before a page that nobody may use, and
//! both lose their pages' use when the packet goes back. A slot of the pool has several places in turn, so that a touch of a past
//! life is found although the packet has been sent again.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};

use ndiswan::packet::WanPacket;
use ndiswan::{Name, Rule, WanInfo};

use crate::fault::Fault;
use crate::memory::{Access, PAGE, Pages, pages, protect};

/// Bytes of an NDIS_WAN_PACKET of 64-bit Windows.
const DESCRIPTOR: usize = 0x70;
/// What is before a buffer.
const FENCE: u8 = 0xFD;

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
    /// Bytes of the whole buffer, and how far into a place it begins.
    buffer: usize,
    start: usize,
    descriptor: usize,
    /// Bytes before the buffer, on its first page, that are looked at when it comes back.
    fence: usize,
    turns: usize,
    guarded: bool,
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
        guarded: bool,
    ) -> Option<Box<Arena>> {
        let buffer = info.buffer_size();
        let guarded = guarded && slots <= MOST_GUARDED;
        let turns = if guarded { TURNS.min(MOST_GUARDED / slots.max(1)).max(1) } else { 1 };
        // With guards: a page for nobody, the descriptor's, one for nobody, the buffer's, one for nobody.
        let (stride, descriptor, start) = if guarded {
            let body = pages(buffer);
            (3 * PAGE + PAGE + body, 2 * PAGE - DESCRIPTOR, 3 * PAGE + body - buffer)
        } else {
            ((DESCRIPTOR + buffer).next_multiple_of(64), 0, DESCRIPTOR)
        };
        let memory = Pages::new(stride * slots * turns)?;
        if guarded {
            memory.protect(memory.start, memory.length, Access::Nothing);
        }
        let places = (0..slots * turns).map(|_| Place::default()).collect();
        let turn = (0..slots).map(|_| AtomicU32::new(0)).collect();
        let fence = if guarded { (pages(buffer) - buffer).min(64) } else { 0 };
        let arena = Arena {
            memory,
            adapter,
            stride,
            buffer,
            start,
            descriptor,
            fence,
            turns,
            guarded,
            places,
            turn,
        };
        let arena = Box::new(arena);
        arena.register();
        Some(arena)
    }

    fn base(&self, place: usize) -> usize {
        self.memory.start + place * self.stride
    }

    /// The pages of a place that its owner may use.
    fn spans(&self, place: usize) -> [(usize, usize); 2] {
        let base = self.base(place);
        [(base + PAGE, PAGE), (base + 3 * PAGE, pages(self.buffer))]
    }

    /// Gives the packet in `slot` to the driver: the address of its descriptor.
    pub(crate) fn hand_over(&self, name: Name, body: &WanPacket) -> usize {
        let slot = name.slot as usize;
        let turn = self.turn[slot].fetch_add(1, Ordering::Relaxed) as usize % self.turns;
        let place = slot * self.turns + turn;
        let state = &self.places[place];
        if self.guarded {
            for (start, length) in self.spans(place) {
                protect(start, length, Access::All);
            }
        }
        state.generation.store(name.generation, Ordering::Relaxed);
        state.open.store(true, Ordering::Relaxed);
        let descriptor = self.base(place) + self.descriptor;
        let start = self.base(place) + self.start;
        let (current, length) = (start + body.current_buffer(), body.current_length());
        let data = body.data();
        // SAFETY: the place is this arena's, opened, and nobody else's until it is handed back: a driver that goes on using an
        // old address of it is at fault, and races as in C.
        unsafe {
            let word = |at: usize| (descriptor + at) as *mut usize;
            *word(0) = 0;
            *word(8) = 0;
            *word(field::CURRENT_BUFFER) = current;
            *((descriptor + field::CURRENT_LENGTH) as *mut u32) = length as u32;
            *word(field::START_BUFFER) = start;
            *word(field::END_BUFFER) = start + self.buffer;
            for (at, value) in body.protocol_reserved.iter().enumerate() {
                *word(field::PROTOCOL_RESERVED + 8 * at) = *value as usize;
            }
            for (at, value) in body.mac_reserved.iter().enumerate() {
                *word(field::MAC_RESERVED + 8 * at) = *value as usize;
            }
            if self.guarded {
                std::ptr::write_bytes((start - self.fence) as *mut u8, FENCE, self.fence);
            }
            std::ptr::copy_nonoverlapping(data.as_ptr(), current as *mut u8, length);
        }
        descriptor
    }

    /// The packet whose descriptor is at `address`, in the life in which it was handed over there.
    #[inline]
    pub(crate) fn name_at(&self, address: usize) -> Option<Name> {
        let offset = address.checked_sub(self.memory.start + self.descriptor)?;
        let place = offset / self.stride;
        if place * self.stride != offset || place >= self.places.len() {
            return None;
        }
        let generation = self.places[place].generation.load(Ordering::Relaxed);
        (generation > 0).then_some(Name {
            adapter: self.adapter,
            slot: (place / self.turns) as u32,
            generation,
        })
    }

    /// Whether the packet at `address`, which `name_at` knows, is open; it counts as closed from here on, so that of two who
    /// complete it at once only one looks at it.
    pub(crate) fn claim(&self, address: usize) -> bool {
        self.places[(address - self.memory.start) / self.stride].open.swap(false, Ordering::AcqRel)
    }

    /// Takes what the driver did to the packet over into `body`, and what it should not have done.
    pub(crate) fn take_over(&self, address: usize, body: &mut WanPacket) -> Vec<Finding> {
        let start = address - self.descriptor + self.start;
        // SAFETY: an address that `name_at` knows, of a place that is open: see `hand_over`.
        let word = |at: usize| unsafe { ((address + at) as *const usize).read_volatile() };
        let current = word(field::CURRENT_BUFFER);
        let length = word(field::CURRENT_LENGTH) & 0xFFFF_FFFF;
        let mut found = Vec::new();
        if self.guarded {
            // SAFETY: behind the start of the buffer's first page, which is open; see `hand_over`.
            let before = unsafe {
                std::slice::from_raw_parts((start - self.fence) as *const u8, self.fence)
            };
            if let Some(at) = before.iter().rposition(|byte| *byte != FENCE) {
                let text = format!("the driver wrote the byte StartBuffer-{}", self.fence - at);
                found.push((Rule::Padding, text));
            }
        }
        let ends = (word(field::START_BUFFER), word(field::END_BUFFER));
        if ends != (start, start + self.buffer) {
            let text = "the driver changed StartBuffer or EndBuffer, which it may only read";
            found.push((Rule::Padding, text.to_string()));
        }
        for (at, value) in body.protocol_reserved.iter().enumerate() {
            if word(field::PROTOCOL_RESERVED + 8 * at) != *value as usize {
                let text =
                    format!("the driver wrote ProtocolReserved{}, which is the protocol's", at + 1);
                found.push((Rule::Reserved, text));
            }
        }
        let offset = current.wrapping_sub(start);
        if body.set_current(offset, length).is_err() {
            let text = format!(
                "CurrentBuffer is StartBuffer{:+} and CurrentLength {length}: outside of the buffer of {} bytes",
                offset as isize, self.buffer
            );
            found.push((Rule::Padding, text));
            return found;
        }
        let data = body.data_mut();
        // SAFETY: inside of the place's buffer, as was looked at; see `hand_over`.
        unsafe { std::ptr::copy_nonoverlapping(current as *const u8, data.as_mut_ptr(), length) };
        for (at, value) in body.mac_reserved.iter_mut().enumerate() {
            *value = word(field::MAC_RESERVED + 8 * at) as u64;
        }
        found
    }

    /// The driver may not use the packet at `address` any more.
    #[inline]
    pub(crate) fn close(&self, address: usize) {
        let place = (address - self.memory.start) / self.stride;
        self.close_place(place);
    }

    fn close_place(&self, place: usize) {
        let state = &self.places[place];
        state.open.store(false, Ordering::Relaxed);
        if !self.guarded {
            return;
        }
        if state.spoilt.swap(false, Ordering::Relaxed) {
            protect(self.base(place), self.stride, Access::Nothing);
            return;
        }
        for (start, length) in self.spans(place) {
            protect(start, length, Access::Nothing);
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

/// The arenas of this process, for who has only an address. A handler of signals reads it, so it has no lock.
static KNOWN: [AtomicUsize; 256] = [const { AtomicUsize::new(0) }; 256];
/// Counts faults that nobody could be told of.
static UNKNOWN: AtomicU64 = AtomicU64::new(0);

impl Arena {
    fn register(&self) {
        let own = (&raw const *self) as usize;
        for known in &KNOWN {
            if known.compare_exchange(0, own, Ordering::AcqRel, Ordering::Relaxed).is_ok() {
                return;
            }
        }
        UNKNOWN.fetch_add(1, Ordering::Relaxed);
    }
}

impl Drop for Arena {
    fn drop(&mut self) {
        let own = (&raw const *self) as usize;
        for known in &KNOWN {
            let _ = known.compare_exchange(own, 0, Ordering::AcqRel, Ordering::Relaxed);
        }
    }
}

/// The packet whose descriptor is at `address`, of whichever adapter.
pub(crate) fn name_of(address: usize) -> Option<Name> {
    KNOWN.iter().find_map(|known| {
        // SAFETY: see `touched`.
        unsafe { (known.load(Ordering::Acquire) as *const Arena).as_ref() }?.name_at(address)
    })
}

/// If `address` is of a packet: what the driver did wrong. The page is opened, so that the driver goes on as it would have.
pub(crate) fn touched(address: usize, writes: bool, trace: &dyn Fn() -> String) -> Option<Fault> {
    for known in &KNOWN {
        let arena = known.load(Ordering::Acquire) as *const Arena;
        // SAFETY: an arena takes itself out before it ends, and a driver runs only while its card, which has the arena, is there.
        let Some(arena) = (unsafe { arena.as_ref() }) else { continue };
        if address < arena.memory.start || address >= arena.memory.start + arena.memory.length {
            continue;
        }
        let place = (address - arena.memory.start) / arena.stride;
        let offset = address - arena.base(place);
        let state = &arena.places[place];
        let generation = state.generation.load(Ordering::Relaxed);
        let name = Name { adapter: arena.adapter, slot: (place / arena.turns) as u32, generation };
        let page = address & !(PAGE - 1);
        protect(page, PAGE, Access::All);
        state.spoilt.store(true, Ordering::Relaxed);
        let verb = if writes { "wrote" } else { "read" };
        let inside_data = offset >= arena.start && offset < arena.start + arena.buffer;
        let inside_descriptor =
            offset >= arena.descriptor && offset < arena.descriptor + DESCRIPTOR;
        let (rule, what) = if inside_data || inside_descriptor {
            let what = if inside_data {
                format!("byte {} of the buffer", offset - arena.start)
            } else {
                format!("{} of the NDIS_WAN_PACKET", field::name(offset - arena.descriptor))
            };
            (
                Rule::Touch,
                format!("the driver {verb} {what} of {name} after it had given the packet back"),
            )
        } else if offset + PAGE / 2 < arena.start && offset >= arena.descriptor + DESCRIPTOR {
            let beyond = offset - arena.descriptor - DESCRIPTOR;
            (
                Rule::Padding,
                format!(
                    "the driver {verb} {beyond} bytes behind the end of the NDIS_WAN_PACKET {name}"
                ),
            )
        } else if offset >= arena.start + arena.buffer {
            let beyond = offset - arena.start - arena.buffer;
            (Rule::Padding, format!("the driver {verb} the byte EndBuffer+{beyond} of {name}"))
        } else {
            let before = arena.start.abs_diff(offset);
            (Rule::Padding, format!("the driver {verb} the byte StartBuffer-{before} of {name}"))
        };
        let text = what + &trace();
        return Some(Fault { rule: Some(rule), packet: (generation > 0).then_some(name), text });
    }
    None
}
