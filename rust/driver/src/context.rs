//! Where the calling thread is: in which card's driver, in which call of it, and whether inside of the library.
//!
//! What is kept is of the stack, not of the thread: an explorer leaves a stack inside of a library call only, so what was so at
//! its begin is so again at its end.

use std::cell::{Cell, RefCell};
use std::ptr;

use ndiswan::Rule;
use ndiswan::cx::Cpu;

use crate::card::Card;
use crate::fault::Fault;
use crate::watchdog;

thread_local! {
    static CARD: Cell<*const Card> = const { Cell::new(ptr::null()) };
    /// The innermost call into the driver: what `ndiswan_abandon` wants.
    static FRAME: Cell<*mut libc::c_void> = const { Cell::new(ptr::null_mut()) };
    /// The CPU whose driver called the library; 0 if none did.
    static CALLED: Cell<u32> = const { Cell::new(0) };
    static IN_LIBRARY: Cell<bool> = const { Cell::new(true) };
    /// What the driver did without a call of the library, not reported yet.
    static FAULTS: RefCell<Vec<Fault>> = const { RefCell::new(Vec::new()) };
    /// Why the driver had to leave its call.
    static CRASH: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// The innermost call of the driver on this thread, while the driver itself runs.
pub(crate) fn driver_frame() -> Option<*mut libc::c_void> {
    let frame = FRAME.get();
    (!frame.is_null() && !IN_LIBRARY.get()).then_some(frame)
}

/// Whether the driver is inside of a call of the library on the stack that runs now. Another stack's call, which what is kept may
/// be of for a while, is another CPU's.
pub(crate) fn is_called() -> bool {
    let called = CALLED.get();
    called != 0 && called == Cpu::current_id()
}

/// Runs `copy` if `length` bytes from `address` are known, without asking the kernel, to be memory that the driver which called
/// may use: its part of this stack, its variables, a block that it was given. Whether it did. Not for another stack's call (see
/// `is_called`).
#[inline]
pub(crate) fn in_own(address: usize, length: usize, copy: impl FnOnce()) -> bool {
    let Some(end) = address.checked_add(length) else { return false };
    let Some(card) = card().filter(|_| is_called()) else { return false };
    // All between here and the call into the driver is in use.
    let here = 0u8;
    let on_stack = address >= (&raw const here) as usize && end <= FRAME.get() as usize;
    if on_stack || card.driver.image.snapshot.holds(address, end) {
        copy();
        return true;
    }
    card.driver.heap.within(address, end, copy)
}

pub(crate) fn note(fault: Fault) {
    FAULTS.with_borrow_mut(|faults| {
        if faults.len() < 64 {
            faults.push(fault);
        }
    });
}

pub(crate) fn note_crash(text: String) {
    CRASH.set(Some(text));
}

pub(crate) fn take_crash() -> String {
    CRASH.take().unwrap_or_else(|| "the driver left its call".to_string())
}

/// The card whose driver runs on this thread.
pub(crate) fn card() -> Option<&'static Card> {
    // SAFETY: set by `Inside`, which borrows the card for as long as its driver runs; nobody keeps the reference longer than
    // the library call that asked.
    unsafe { CARD.get().as_ref() }
}

fn report_faults() {
    if FAULTS.with_borrow(Vec::is_empty) {
        return;
    }
    for fault in FAULTS.take() {
        match card() {
            Some(card) => fault.report(card),
            None => note_crash(fault.text),
        }
    }
}

/// A library call of the driver, until it returns.
pub(crate) struct Here {
    card: *const Card,
    frame: *mut libc::c_void,
    /// Which function was called.
    pub(crate) name: &'static str,
}

impl Here {
    #[inline]
    pub(crate) fn enter(name: &'static str) -> Here {
        let here = Here { card: CARD.get(), frame: FRAME.get(), name };
        IN_LIBRARY.set(true);
        CALLED.set(Cpu::current_id());
        watchdog::stops();
        report_faults();
        if watchdog::count() {
            watchdog::begin();
            here.give_up(&format!(
                "the driver called the library a million times without returning, last {name}: an endless loop"
            ));
        }
        if let Some(adapter) = here.card().and_then(Card::adapter)
            && adapter.ndis.is_cut_off()
        {
            here.give_up("the drivers go on for ever; this execution is cut off");
        }
        here
    }

    /// The driver's call ends here.
    #[cold]
    fn give_up(&self, why: &str) -> ! {
        std::panic::resume_unwind(Box::new(format!("{why}{}", crate::fault::callers())))
    }

    /// The card whose driver calls.
    #[inline]
    pub(crate) fn card(&self) -> Option<&'static Card> {
        // SAFETY: as in `card`.
        unsafe { self.card.as_ref() }
    }

    /// Reports that an argument is not what it has to be.
    #[cold]
    pub(crate) fn wrong(&self, argument: &str, value: usize, expected: &str) {
        self.broken(
            Rule::Handle,
            &format!("{}: {argument} is {value:#x}; expected {expected}", self.name),
        );
    }

    /// Reports a broken rule of the card whose driver calls.
    #[cold]
    pub(crate) fn broken(&self, rule: Rule, detail: &str) {
        if let Some(adapter) = self.card().and_then(Card::adapter) {
            drop(adapter.report_broken(rule, None, format!("{detail}{}", crate::fault::callers())));
        }
    }
}

impl Drop for Here {
    #[inline]
    fn drop(&mut self) {
        CARD.set(self.card);
        FRAME.set(self.frame);
        CALLED.set(0);
        IN_LIBRARY.set(false);
        watchdog::runs();
    }
}

/// The driver runs, until this is dropped.
pub(crate) struct Inside {
    card: *const Card,
    frame: *mut libc::c_void,
    in_library: bool,
    called: u32,
    /// How many calls another stack's driver had made, which goes on counting.
    calls: Option<u64>,
}

impl Inside {
    #[inline]
    pub(crate) fn enter(card: &Card) -> Inside {
        // Another stack's call is not to be put back: it may be over by then, and it is not the one that this call is inside of.
        let (outer, frame, called, calls) = if is_called() {
            (CARD.get(), FRAME.get(), CALLED.get(), None)
        } else {
            (ptr::null(), ptr::null_mut(), 0, Some(watchdog::begin()))
        };
        watchdog::runs();
        FRAME.set(frame);
        CALLED.set(0);
        CARD.set(card);
        Inside { card: outer, frame, in_library: IN_LIBRARY.replace(false), called, calls }
    }

    /// Where `ndiswan_invoke` keeps the innermost call.
    pub(crate) fn frame() -> *mut *mut libc::c_void {
        FRAME.with(Cell::as_ptr)
    }
}

impl Drop for Inside {
    #[inline]
    fn drop(&mut self) {
        IN_LIBRARY.set(true);
        watchdog::stops();
        report_faults();
        CARD.set(self.card);
        FRAME.set(self.frame);
        CALLED.set(self.called);
        IN_LIBRARY.set(self.in_library);
        if let Some(calls) = self.calls {
            watchdog::go_on(calls);
        }
    }
}
