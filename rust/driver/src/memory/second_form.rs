//! Pages that are closed in name alone: a driver's second form looks before each access (`library/second_form.c`), and has a page
//! closed in truth if it is about to touch one that it may not. So pages change hands without the kernel.

use std::sync::atomic::{AtomicU8, Ordering};

use super::pages::{Access, Kept, PAGE, protect};

/// Who keeps a driver from pages that are not its own to use.
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq)]
pub(crate) enum Guard {
    /// Nobody: memory has no pages of its own.
    #[default]
    Nobody,
    /// The kernel.
    Kernel,
    /// The driver itself.
    Driver,
}

const OPEN: u8 = 0;
const IN_NAME: u8 = 1;
const IN_TRUTH: u8 = 2;

/// What is closed below 2 GiB, page by page.
static CLOSED: [AtomicU8; (1 << 31) / PAGE] = [const { AtomicU8::new(OPEN) }; (1 << 31) / PAGE];

fn entries(start: usize, length: usize) -> &'static [AtomicU8] {
    let end = start.saturating_add(length).div_ceil(PAGE).min(CLOSED.len());
    &CLOSED[(start / PAGE).min(end)..end]
}

impl Guard {
    pub(crate) fn is_there(self) -> bool {
        self != Guard::Nobody
    }

    /// Changes what these pages may be used for.
    #[inline]
    pub(crate) fn set(self, start: usize, length: usize, access: Access) {
        match (self, access) {
            (Guard::Driver, Access::Nothing) => close(start, length),
            (Guard::Driver, Access::All) => open(start, length),
            _ => protect(start, length, access),
        }
    }

    /// How pages are kept for the next that are `closed` if it is the kernel that closes them.
    pub(crate) fn kept(self, closed: Kept) -> Kept {
        match self {
            Guard::Nobody => Kept::Clear,
            Guard::Kernel => closed,
            Guard::Driver => Kept::InName,
        }
    }
}

fn close(start: usize, length: usize) {
    for entry in entries(start, length) {
        if entry.load(Ordering::Relaxed) == OPEN {
            entry.store(IN_NAME, Ordering::Relaxed);
        }
    }
}

fn open(start: usize, length: usize) {
    for (at, entry) in entries(start, length).iter().enumerate() {
        if entry.load(Ordering::Relaxed) == IN_TRUTH {
            protect(start + at * PAGE, PAGE, Access::All);
        }
        entry.store(OPEN, Ordering::Relaxed);
    }
}

/// Nobody's pages any more, or a page that a handler of faults has opened.
pub(crate) fn forget(start: usize, length: usize) {
    for entry in entries(start, length) {
        entry.store(OPEN, Ordering::Relaxed);
    }
}

/// Whether one of these bytes is on a page that is closed.
pub(crate) fn is_closed(start: usize, length: usize) -> bool {
    let page = start & !(PAGE - 1);
    let mut entries = entries(page, length.saturating_add(start - page)).iter();
    entries.any(|entry| entry.load(Ordering::Relaxed) != OPEN)
}

/// The driver is about to touch what is from here to there.
extern "C" fn touches(first: usize, last: usize) {
    let page = first & !(PAGE - 1);
    for (at, entry) in entries(page, last.saturating_sub(page) + 1).iter().enumerate() {
        if entry.load(Ordering::Relaxed) == IN_NAME {
            entry.store(IN_TRUTH, Ordering::Relaxed);
            protect(page + at * PAGE, PAGE, Access::Nothing);
        }
    }
}

/// What the second form of a driver wants to know: where the table is, and whom to call.
pub(crate) fn table() -> (usize, usize) {
    (CLOSED.as_ptr() as usize, touches as *const () as usize)
}
