//! Pages of this process: what they may be used for, and those that wait for the next who needs as many.

use parking_lot::Mutex;

use crate::sanitizer;

/// Bytes of a page.
pub(crate) const PAGE: usize = 4096;

pub(crate) fn pages(bytes: usize) -> usize {
    bytes.div_ceil(PAGE) * PAGE
}

/// What a page may be used for.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(crate) enum Access {
    Nothing,
    All,
}

/// Pages of this process, given back when dropped.
#[derive(Debug)]
pub(crate) struct Pages {
    pub(crate) start: usize,
    pub(crate) length: usize,
}

impl Pages {
    /// Zeroed pages below 2 GiB; none if the machine has no more.
    pub(crate) fn new(bytes: usize) -> Option<Pages> {
        let length = pages(bytes.max(1));
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_32BIT | libc::MAP_NORESERVE;
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: a new anonymous mapping at an address that the kernel chooses.
        let start = unsafe { libc::mmap(std::ptr::null_mut(), length, protection, flags, -1, 0) };
        (start != libc::MAP_FAILED).then_some(Pages { start: start as usize, length })
    }

    /// Changes what `length` bytes from `start`, all pages of this mapping, may be used for.
    pub(crate) fn protect(&self, start: usize, length: usize, access: Access) {
        debug_assert!(start >= self.start && start + length <= self.start + self.length);
        protect(start, length, access);
    }
}

/// The same for who knows the pages only by address; nothing but a system call, so that a signal handler may do it.
pub(crate) fn protect(start: usize, length: usize, access: Access) {
    let protection = match access {
        Access::Nothing => libc::PROT_NONE,
        Access::All => libc::PROT_READ | libc::PROT_WRITE,
    };
    // SAFETY: pages of a mapping of ours, to which Rust has no reference.
    unsafe { libc::mprotect(start as *mut libc::c_void, length, protection) };
}

/// Keeps a guard's pages a mapping of their own: the kernel would join them with closed pages beside them and part them again at
/// each change, which costs more than the change. What differs is that they are in no core dump.
pub(crate) fn set_apart(start: usize, length: usize) {
    // SAFETY: pages of a mapping of ours; nothing is done to what is in them.
    unsafe { libc::madvise(start as *mut libc::c_void, length, libc::MADV_DONTDUMP) };
}

/// Has a page be nobody's whatever it may be used for, so that what is before it and behind it can be opened and closed at once;
/// whether the kernel can (Linux 6.13).
pub(crate) fn set_guard(start: usize, there: bool) -> bool {
    const INSTALL: libc::c_int = 102;
    const REMOVE: libc::c_int = 103;
    let advice = if there { INSTALL } else { REMOVE };
    // SAFETY: a page of a mapping of ours, to which Rust has no reference; nobody wants what is in it.
    unsafe { libc::madvise(start as *mut libc::c_void, PAGE, advice) == 0 }
}

impl Drop for Pages {
    fn drop(&mut self) {
        if self.length == 0 {
            return;
        }
        // What comes to be here next is somebody else's.
        super::second_form::forget(self.start, self.length);
        sanitizer::unpoison(self.start, self.length);
        // SAFETY: the mapping is this value's own.
        unsafe { libc::munmap(self.start as *mut libc::c_void, self.length) };
    }
}

/// How pages are that wait for the next who needs as many.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(crate) enum Kept {
    /// Of zeros, for anybody's use.
    Clear,
    /// Nobody may use them; what is in them is of a block that was.
    Block,
    /// The same, and they may be used still.
    OpenBlock,
    /// Nobody may use them; what is in them is of packets that were.
    Packets,
    /// They are closed in name; what is in them is of blocks or packets that were.
    InName,
}

/// Mapping pages, and the first touch of each, cost more than what most executions of an explorer do.
pub(crate) static SPARE: Mutex<Vec<(Kept, Pages)>> = Mutex::new(Vec::new());
/// So many are kept, none of them longer than this.
const MOST: usize = 256;
const LONGEST: usize = 4 << 20;

impl Pages {
    /// Pages of that length that were [kept](Self::keep) as this.
    pub(crate) fn spare(kept: Kept, bytes: usize) -> Option<Pages> {
        let length = pages(bytes.max(1));
        let mut spare = SPARE.lock();
        let at = spare.iter().rposition(|(how, pages)| *how == kept && pages.length == length)?;
        Some(spare.swap_remove(at).1)
    }

    /// Those of a block, closed ones, of which the body is opened.
    pub(super) fn closed(whole: usize, body: usize) -> Option<Pages> {
        let pages = Pages::spare(Kept::Block, whole)?;
        pages.protect(pages.start + PAGE, body, Access::All);
        Some(pages)
    }

    /// New ones that are closed in name, all of them.
    pub(crate) fn closed_in_name(whole: usize) -> Option<Pages> {
        let pages = Pages::new(whole)?;
        super::Guard::Driver.set(pages.start, pages.length, Access::Nothing);
        Some(pages)
    }

    /// None at all.
    pub(crate) const fn none() -> Pages {
        Pages { start: 0, length: 0 }
    }

    /// Keeps them for the next, who gets them as they are.
    pub(crate) fn keep(self, kept: Kept) {
        // What a sanitizer knows of them is not to be known of the next who has them.
        if self.length == 0 || self.length > LONGEST || sanitizer::is_there() {
            return;
        }
        let mut spare = SPARE.lock();
        if spare.len() < MOST {
            spare.push((kept, self));
        }
    }

    /// Zeroes the first `length` bytes.
    pub(crate) fn clear(&self, length: usize) {
        // SAFETY: inside of a mapping of ours that may be used and that nobody else has.
        unsafe { std::ptr::write_bytes(self.start as *mut u8, 0, length.min(self.length)) };
    }
}
