//! Ranges of ports and of memory of a card that its driver has: addresses of their own, and who answers there.
//!
//! Ports answer through functions only. Memory answers to pointers too. Without a device model it is plain memory: pages that are
//! closed until they are touched first, and of ones then, as a bus reads where nothing drives it. With a device model each access
//! is the model's to answer, one by a pointer like one by a function: the pages stay closed, and [`crate::stepping`] does what the
//! instruction that faulted there wanted. A model may share memory with the driver, which is then neither's to answer for.

use ndiswan::Rule;

use crate::card::{Card, Space};
use crate::memory::{Access, PAGE, Pages, protect};
use crate::{context, fault, peek};

/// A range of ports or of mapped memory.
#[derive(Debug)]
pub(crate) struct Window {
    /// The address that the driver was given, which is somewhere on the first of `pages`.
    start: usize,
    /// Bytes.
    length: usize,
    /// The card's own address of the first.
    physical: u64,
    space: Space,
    /// The driver has given it back. Its addresses stay its own, so that whoever uses them is told so.
    closed: bool,
    pages: Pages,
}

/// Memory that a card has by its own address: bytes of this process that stay where they are for as long as whoever shares
/// them is kept.
pub struct SharedMemory {
    /// The card's own address of the first.
    pub physical: u64,
    /// Where they are.
    pub start: usize,
    /// How many.
    pub length: usize,
    /// Whose they are.
    pub of: Box<dyn std::any::Any + Send + Sync>,
}

/// What a driver finds at an address of a window.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
enum There {
    /// The device model answers, at this address of its own.
    Model(Space, u64),
    /// Plain memory.
    Memory,
    /// Nothing any more.
    Closed,
}

/// Bytes of the longest range: nothing is longer below 2 GiB.
const MOST: usize = 1 << 31;

/// A register's value where nobody answers.
const fn ones(bytes: u8) -> u64 {
    if bytes >= 8 { u64::MAX } else { (1 << (8 * bytes)) - 1 }
}

impl Window {
    fn holds(&self, address: usize) -> bool {
        (self.start..self.start + self.length).contains(&address)
    }
}

impl Card {
    /// Reads or writes what is at the card's own address: memory that it shares, or whatever the device model says. Where there is
    /// none, nothing is.
    pub(crate) fn device(&self, space: Space, at: u64, bytes: u8, value: Option<u64>) -> u64 {
        if let Some(place) = self.shared(space, at, usize::from(bytes)) {
            let mut held = value.unwrap_or(0).to_le_bytes();
            let held = &mut held[..usize::from(bytes.min(8))];
            if value.is_some() {
                peek::write_as_is(place, held);
            } else {
                peek::read_as_is(place, held);
            }
            return number(held);
        }
        self.settings.on_port.as_ref().map_or(ones(bytes), |ask| ask(space, at, bytes, value))
    }

    /// Where memory is that the device model shares, if all of this range is of it.
    fn shared(&self, space: Space, at: u64, length: usize) -> Option<usize> {
        if space != Space::Memory {
            return None;
        }
        self.settings.memory.iter().find_map(|shared| {
            let within = usize::try_from(at.checked_sub(shared.physical)?).ok()?;
            (within.checked_add(length)? <= shared.length).then_some(shared.start + within)
        })
    }

    /// Gives the driver a range; none if there are not so many addresses.
    pub(crate) fn map(&self, space: Space, physical: u64, length: usize) -> Option<usize> {
        if length > MOST {
            return None;
        }
        let (start, pages) = if let Some(start) = self.shared(space, physical, length.max(1)) {
            (start, Pages::none())
        } else {
            let within = if space == Space::Memory { physical as usize % PAGE } else { 0 };
            let pages = Pages::new(within + length.max(1))?;
            pages.protect(pages.start, pages.length, Access::Nothing);
            (pages.start + within, pages)
        };
        if self.settings.on_port.is_some() {
            fault::take_over(libc::SIGTRAP);
        }
        let window = Window { start, length: length.max(1), physical, space, closed: false, pages };
        self.windows.lock().push(window);
        Some(start)
    }

    /// Takes back the range that begins there; whether there is one.
    pub(crate) fn unmap(&self, address: usize) -> bool {
        let mut windows = self.windows.lock();
        let found = windows.iter_mut().find(|window| window.start == address && !window.closed);
        found.is_some_and(|window| {
            window.closed = true;
            // Memory that is shared stays the model's, and so within the reach of pointers.
            window.pages.protect(window.pages.start, window.pages.length, Access::Nothing);
            true
        })
    }

    /// The ranges that are still there, a line each.
    pub(crate) fn ranges_left(&self) -> Vec<String> {
        let windows = self.windows.lock();
        let left = windows.iter().filter(|window| !window.closed);
        left.map(|Window { physical, length, space, .. }| match space {
            Space::Memory => {
                format!("{length} bytes at {physical:#x} are still mapped (NdisMUnmapIoSpace)")
            }
            _ => format!(
                "the {length} ports from {physical:#x} are still registered (NdisMDeregisterIoPortRange)"
            ),
        })
        .collect()
    }

    fn there(&self, address: usize) -> Option<There> {
        let windows = self.windows.lock();
        let window = windows.iter().find(|window| window.holds(address))?;
        Some(if window.closed {
            There::Closed
        } else if window.space == Space::Memory && self.settings.on_port.is_none() {
            There::Memory
        } else {
            let within = (address - window.start) as u64;
            There::Model(window.space, window.physical.wrapping_add(within))
        })
    }

    /// Reads (`None`) or writes the register at an address of a range, or a port; none if there is no such.
    pub(crate) fn register(
        &self,
        space: Space,
        address: usize,
        bytes: u8,
        value: Option<u64>,
    ) -> Option<u64> {
        match self.there(address) {
            Some(There::Model(space, at)) => Some(self.device(space, at, bytes, value)),
            Some(There::Memory) => {
                let mut held = value.unwrap_or(0).to_le_bytes();
                let held = &mut held[..usize::from(bytes.min(8))];
                if value.is_some() {
                    self.write_mapped(address, held);
                } else {
                    self.read_mapped(address, held);
                }
                Some(number(held))
            }
            None if space == Space::Port && address < 0x1_0000 => {
                Some(self.device(Space::Port, address as u64, bytes, value))
            }
            Some(There::Closed) | None => None,
        }
    }

    /// Whether memory of the card is mapped at an address.
    pub(crate) fn is_mapped(&self, address: usize) -> bool {
        matches!(self.there(address), Some(There::Memory | There::Model(Space::Memory, _)))
    }

    /// Whether a device model answers for memory that is mapped there.
    pub(crate) fn is_modelled(&self, address: usize) -> bool {
        matches!(self.there(address), Some(There::Model(Space::Memory, _)))
    }

    /// Whether a range of ports is registered at an address.
    pub(crate) fn is_port(&self, address: usize) -> bool {
        matches!(self.there(address), Some(There::Model(Space::Port, _)))
    }

    /// Fills `into` from mapped memory; whether all of it is mapped.
    pub(crate) fn read_mapped(&self, address: usize, into: &mut [u8]) -> bool {
        if !self.all_mapped(address, into.len()) {
            return false;
        }
        if self.settings.on_port.is_none() {
            open(address, into.len());
            return peek::read_as_is(address, into);
        }
        let mut rest = (address, into);
        while !rest.1.is_empty() {
            let (now, then) = rest.1.split_at_mut(piece(rest.1.len()));
            let Some(There::Model(space, at)) = self.there(rest.0) else { return false };
            let value = self.device(space, at, now.len() as u8, None).to_le_bytes();
            now.copy_from_slice(&value[..now.len()]);
            rest = (rest.0 + now.len(), then);
        }
        true
    }

    /// Writes `from` to mapped memory; whether all of it is mapped.
    pub(crate) fn write_mapped(&self, address: usize, from: &[u8]) -> bool {
        if !self.all_mapped(address, from.len()) {
            return false;
        }
        if self.settings.on_port.is_none() {
            open(address, from.len());
            return peek::write_as_is(address, from);
        }
        let mut rest = (address, from);
        while !rest.1.is_empty() {
            let (now, then) = rest.1.split_at(piece(rest.1.len()));
            let Some(There::Model(space, at)) = self.there(rest.0) else { return false };
            self.device(space, at, now.len() as u8, Some(number(now)));
            rest = (rest.0 + now.len(), then);
        }
        true
    }

    /// Where the bytes of a range are that nobody is asked for: of memory that the model shares, of plain memory of the card's, or of
    /// none of its. None where the device model answers, or the range is of several kinds.
    pub(crate) fn plain(&self, address: usize, length: usize) -> Option<usize> {
        match self.there(address) {
            None => (!self.overlaps(address, length)).then_some(address),
            Some(There::Model(Space::Memory, at)) if self.all_mapped(address, length) => {
                self.shared(Space::Memory, at, length)
            }
            Some(There::Memory) if self.all_mapped(address, length) => {
                open(address, length);
                Some(address)
            }
            Some(_) => None,
        }
    }

    fn overlaps(&self, address: usize, length: usize) -> bool {
        let end = address.saturating_add(length);
        let apart =
            |window: &Window| end <= window.start || window.start + window.length <= address;
        !self.windows.lock().iter().all(apart)
    }

    fn all_mapped(&self, address: usize, length: usize) -> bool {
        let Some(last) = length.checked_sub(1).and_then(|more| address.checked_add(more)) else {
            return false;
        };
        let windows = self.windows.lock();
        let holds = |window: &Window| window.holds(address) && window.holds(last);
        windows
            .iter()
            .any(|window| holds(window) && window.space == Space::Memory && !window.closed)
    }
}

/// Bytes of the next access where so many are left: registers have 1, 2 or 4.
const fn piece(left: usize) -> usize {
    match left {
        0 | 1 => 1,
        2 | 3 => 2,
        _ => 4,
    }
}

fn number(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

/// Opens those pages of plain memory that are closed, which are of ones then.
fn open(address: usize, length: usize) {
    for page in (address & !(PAGE - 1)..address + length.max(1)).step_by(PAGE) {
        if !peek::read_as_is(page, &mut [0]) {
            protect(page, PAGE, Access::All);
            // SAFETY: a page of a window's mapping, which was closed to everybody.
            unsafe { std::ptr::write_bytes(page as *mut u8, 0xFF, PAGE) };
        }
    }
}

/// What is to be done about a driver's own access to an address.
#[derive(Debug)]
pub(crate) enum Touched {
    /// It may try again.
    Again,
    /// The same, and this is to be reported.
    Told(fault::Fault),
    /// The device model is to answer.
    Model,
}

/// In a handler: a driver of this card has read or written there by itself, `trace` from where.
pub(crate) fn touched(
    card: &Card,
    address: usize,
    writes: bool,
    trace: &dyn Fn() -> String,
) -> Option<Touched> {
    match card.there(address)? {
        There::Model(Space::Memory, _) => Some(Touched::Model),
        There::Memory => {
            open(address, 1);
            Some(Touched::Again)
        }
        There::Closed => {
            open(address, 1);
            let verb = if writes { "wrote to" } else { "read" };
            let text = format!(
                "the driver {verb} address {address:#x}, which is of a range of the card's that it has given back{}",
                trace()
            );
            Some(Touched::Told(fault::Fault { rule: Some(Rule::Touch), packet: None, text, at: 0 }))
        }
        There::Model(..) => None,
    }
}

/// For addresses that a driver gave and the kernel does not read: fills `into` from memory of its card.
pub(crate) fn read(address: usize, into: &mut [u8]) -> bool {
    context::is_calling() && context::card().is_some_and(|card| card.read_mapped(address, into))
}

/// The same for writing.
pub(crate) fn write(address: usize, from: &[u8]) -> bool {
    context::is_calling() && context::card().is_some_and(|card| card.write_mapped(address, from))
}
