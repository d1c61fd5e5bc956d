//! Memory for drivers: below 2 GiB, since drivers of 32-bit days keep pointers in ULONGs; on pages of its own where touching it
//! after its end is to be found out.

use std::collections::BTreeMap;

use parking_lot::Mutex;

use crate::peek;
use crate::sanitizer;

mod describe;
mod pages;
mod second_form;

pub(crate) use pages::{Access, Kept, PAGE, Pages, SPARE, pages, protect, set_apart, set_guard};
pub(crate) use second_form::{Guard, forget, is_closed, table};

/// Who gives a driver what is not its own to give back.
pub(crate) const SYSTEM: &str = "the system";

/// A block that a driver was given.
#[derive(Debug)]
pub(crate) struct Block {
    pages: Pages,
    /// Where it begins.
    pub(crate) start: usize,
    /// Bytes that were asked for.
    pub(crate) length: usize,
    /// By which function, with which tag.
    pub(crate) by: &'static str,
    pub(crate) tag: u32,
}

/// The blocks of one driver: each ends at the end of its pages, before one that nobody may use; freed ones stay unusable for a
/// while.
#[derive(Debug, Default)]
pub(crate) struct Heap {
    live: Mutex<BTreeMap<usize, Block>>,
    freed: Mutex<Vec<Block>>,
    /// Freed, and not closed yet.
    late: Mutex<Vec<usize>>,
    pub(crate) guard: Guard,
    small: Mutex<Small>,
}

/// Blocks without pages of their own: cut from larger ones, never given back before the driver's end.
#[derive(Debug, Default)]
struct Small {
    chunks: Vec<Pages>,
    used: usize,
    spare: BTreeMap<usize, Vec<usize>>,
    live: BTreeMap<usize, (usize, &'static str, u32)>,
}

const CHUNK: usize = 1 << 20;
const FREED: usize = 256;
/// So many blocks have guards at once: each is several mappings, of which Linux has 65,530.
const MOST_GUARDED: usize = 8192;
/// So many blocks a driver has at most; more is refused, as by a machine without memory.
const MOST_BLOCKS: usize = 1 << 18;

/// What became of an address that was to be freed.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(crate) enum Freed {
    /// It had so many bytes.
    Now(usize),
    /// It was freed before.
    Before,
    /// No block begins there.
    Never,
}

/// Each byte of memory that a driver was given and has not written to.
pub(crate) const FRESH: u8 = 0xBA;

impl Heap {
    pub(crate) fn new(guard: Guard) -> Heap {
        let mut heap = Heap::default();
        heap.guard = guard;
        heap
    }

    /// A zeroed block of `length` bytes, aligned to 16 where it has no guard right behind it, else to 8.
    pub(crate) fn allocate(&self, length: usize, by: &'static str, tag: u32) -> Option<usize> {
        if length > 1 << 30 {
            return None;
        }
        if !self.guard.is_there() || self.live.lock().len() >= MOST_GUARDED {
            return self.small.lock().allocate(length, by, tag);
        }
        let body = pages(length.max(1));
        let whole = PAGE + body + PAGE;
        let pages = if self.guard == Guard::Driver {
            let pages =
                Pages::spare(Kept::InName, whole).or_else(|| Pages::closed_in_name(whole))?;
            self.guard.set(pages.start + PAGE, body, Access::All);
            // SAFETY: pages of a mapping of ours which nobody else has.
            unsafe { std::ptr::write_bytes((pages.start + PAGE) as *mut u8, 0, body) };
            pages
        } else if let Some(pages) =
            Pages::spare(Kept::OpenBlock, whole).or_else(|| Pages::closed(whole, body))
        {
            // SAFETY: pages of a mapping of ours which nobody else has.
            unsafe { std::ptr::write_bytes((pages.start + PAGE) as *mut u8, 0, body) };
            pages
        } else {
            let pages = Pages::new(whole)?;
            pages.protect(pages.start, PAGE, Access::Nothing);
            pages.protect(pages.start + PAGE + body, PAGE, Access::Nothing);
            set_apart(pages.start, PAGE);
            set_apart(pages.start + PAGE + body, PAGE);
            pages
        };
        let start = pages.start + PAGE + body - length.div_ceil(8) * 8;
        sanitizer::poison(pages.start + PAGE, body);
        sanitizer::unpoison(start, length);
        let block = Block { pages, start, length, by, tag };
        block.fence();
        self.live.lock().insert(start, block);
        Some(start)
    }

    /// A block is freed of a driver that is not called any more, before [`close_late`](Self::close_late): it need not be closed
    /// until then.
    pub(crate) fn free_late(&self, start: usize) {
        if self.guard == Guard::Driver {
            self.free(start); // costs nothing
            return;
        }
        self.late.lock().push(start);
    }

    pub(crate) fn close_late(&self) {
        for start in std::mem::take(&mut *self.late.lock()) {
            self.free(start);
        }
    }

    pub(crate) fn free(&self, start: usize) -> Freed {
        if !self.guard.is_there() {
            return self.small.lock().free(start);
        }
        let Some(block) = self.live.lock().remove(&start) else {
            let before = self.freed.lock().iter().any(|block| block.start == start);
            return if before { Freed::Before } else { self.small.lock().free(start) };
        };
        self.guard.set(block.pages.start, block.pages.length, Access::Nothing);
        let length = block.length;
        let mut freed = self.freed.lock();
        freed.push(block);
        if freed.len() > FREED {
            freed.remove(0).pages.keep(self.guard.kept(Kept::Block));
        }
        Freed::Now(length)
    }

    /// Runs `copy` if all from `address` to `end` are of one block that the driver has; whether it did. Nobody frees it meanwhile.
    pub(crate) fn within(&self, address: usize, end: usize, copy: impl FnOnce()) -> bool {
        if self.guard.is_there() {
            let live = self.live.lock();
            let block = live.range(..=address).next_back().map(|(_, block)| block);
            let inside = block.is_some_and(|block| end <= block.start + block.length);
            if inside {
                copy();
                return true;
            }
        }
        let small = self.small.lock();
        let inside = |chunk: &Pages| chunk.start <= address && end <= chunk.start + chunk.length;
        let inside = small.chunks.iter().any(inside);
        if inside {
            copy();
        }
        inside
    }

    /// Puts a value into a block that was given; whether it is there.
    pub(crate) fn put<T: peek::Plain>(&self, address: usize, value: T) -> bool {
        let end = address + size_of::<T>();
        // SAFETY: inside of a block that is ours and in use; see `within`.
        let copy = || unsafe { (address as *mut T).write_unaligned(value) };
        self.within(address, end, copy) || peek::put(address, value)
    }

    /// The value in a block that was given.
    pub(crate) fn get<T: peek::Plain>(&self, address: usize) -> Option<T> {
        let mut value = None;
        // SAFETY: as in `put`; every pattern of bits is a value.
        let copy = || value = Some(unsafe { (address as *const T).read_unaligned() });
        if self.within(address, address + size_of::<T>(), copy) {
            return value;
        }
        peek::get(address)
    }

    /// Puts bytes into a block that was given.
    pub(crate) fn fill(&self, address: usize, from: &[u8]) -> bool {
        // SAFETY: as in `put`.
        let copy = || unsafe { std::ptr::copy(from.as_ptr(), address as *mut u8, from.len()) };
        self.within(address, address + from.len(), copy) || peek::write(address, from)
    }

    /// The bytes of a block that was given.
    pub(crate) fn bytes(&self, address: usize, length: usize) -> Option<Vec<u8>> {
        let mut bytes = vec![0; length];
        // SAFETY: as in `put`.
        let copy = || unsafe { std::ptr::copy(address as *const u8, bytes.as_mut_ptr(), length) };
        if self.within(address, address + length, copy) {
            return Some(bytes);
        }
        peek::bytes(address, length)
    }

    /// What is still allocated: where, how many bytes, by which function, with which tag.
    pub(crate) fn leaks(&self) -> Vec<(usize, usize, &'static str, u32)> {
        let live = self.live.lock();
        let mut leaks: Vec<_> = live.values().map(|b| (b.start, b.length, b.by, b.tag)).collect();
        leaks.extend(
            self.small.lock().live.iter().map(|(at, (length, by, tag))| (*at, *length, *by, *tag)),
        );
        // What the system gave, a driver has for as long as it is loaded.
        leaks.retain(|(_, _, by, _)| *by != SYSTEM);
        leaks
    }
}

/// What a block without pages of its own takes: with a sanitizer there is something behind it that may not be touched.
fn footprint(length: usize) -> usize {
    let fence = if sanitizer::is_there() { 16 } else { 0 };
    (length + fence).max(16).next_multiple_of(16)
}

impl Drop for Heap {
    fn drop(&mut self) {
        for start in self.late.get_mut().drain(..) {
            if let Some(block) = self.live.get_mut().remove(&start) {
                block.pages.keep(Kept::OpenBlock);
            }
        }
        // What is freed is closed; what is not would have to be.
        for block in self.freed.get_mut().drain(..) {
            block.pages.keep(self.guard.kept(Kept::Block));
        }
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        // Of one chunk it is known how far it was used.
        if self.chunks.len() == 1
            && !sanitizer::is_there()
            && let Some(chunk) = self.chunks.pop()
        {
            chunk.clear(self.used);
            chunk.keep(Kept::Clear);
        }
    }
}

impl Small {
    fn allocate(&mut self, length: usize, by: &'static str, tag: u32) -> Option<usize> {
        if self.live.len() >= MOST_BLOCKS {
            return None;
        }
        let size = footprint(length);
        let start = if let Some(start) = self.spare.get_mut(&size).and_then(Vec::pop) {
            sanitizer::unpoison(start, size);
            // SAFETY: `size` bytes of a chunk of ours which nobody has.
            unsafe { std::ptr::write_bytes(start as *mut u8, 0, size) };
            start
        } else {
            let room = self.chunks.last().map_or(0, |chunk| chunk.length);
            if self.used + size > room {
                let length = CHUNK.max(size);
                let chunk = Pages::spare(Kept::Clear, length).or_else(|| Pages::new(length))?;
                self.chunks.push(chunk);
                self.used = 0;
            }
            let start = self.chunks.last()?.start + self.used;
            self.used += size;
            start
        };
        sanitizer::unpoison(start, length);
        sanitizer::poison(start + length, size - length);
        self.live.insert(start, (length, by, tag));
        Some(start)
    }

    fn free(&mut self, start: usize) -> Freed {
        let Some((length, ..)) = self.live.remove(&start) else {
            let before = self.spare.values().any(|spare| spare.contains(&start));
            return if before { Freed::Before } else { Freed::Never };
        };
        let size = footprint(length);
        sanitizer::poison(start, size);
        self.spare.entry(size).or_default().push(start);
        Freed::Now(length)
    }
}
