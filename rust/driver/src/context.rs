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
    /// A bit for each CPU whose driver called the library and is inside of it: an explorer leaves one there and goes on with another.
    static CALLED: Cell<u64> = const { Cell::new(0) };
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

/// A handler of a signal that came while the driver ran, until it returns: what comes meanwhile is not of the driver.
pub(crate) struct Handling(());

impl Handling {
    pub(crate) fn begin() -> Handling {
        IN_LIBRARY.set(true);
        watchdog::stops();
        Handling(())
    }
}

impl Drop for Handling {
    fn drop(&mut self) {
        IN_LIBRARY.set(false);
        watchdog::runs();
    }
}

/// The present CPU's bit. Of a thread that is no explorer's there is one CPU; an explorer has few.
#[inline]
fn own() -> u64 {
    1 << (Cpu::current_id() % 64)
}

/// Whether the driver is inside of a call of the library on the stack that runs now.
pub(crate) fn is_called() -> bool {
    CALLED.get() & own() != 0
}

fn mark(own: u64, called: bool) {
    let others = CALLED.get() & !own;
    CALLED.set(if called { others | own } else { others });
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
    own: u64,
    /// Which function was called.
    pub(crate) name: &'static str,
}

impl Here {
    #[inline]
    pub(crate) fn enter(name: &'static str) -> Here {
        let here = Here { card: CARD.get(), frame: FRAME.get(), own: own(), name };
        IN_LIBRARY.set(true);
        mark(here.own, true);
        watchdog::stops();
        crate::last_words::called(name);
        report_faults();
        if watchdog::count() {
            watchdog::begin();
            std::panic::resume_unwind(Box::new(format!(
                "the driver called the library a million times without returning, last {name}: an endless loop{}",
                crate::fault::callers()
            )));
        }
        here
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

    /// Whether something is at `value`; reports an argument that is no address.
    pub(crate) fn is_there(&self, argument: &str, value: usize, expected: &str) -> bool {
        let there = crate::peek::get::<u8>(value).is_some();
        if !there {
            self.wrong(argument, value, expected);
        }
        there
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
        mark(self.own, false);
        IN_LIBRARY.set(false);
        watchdog::runs();
    }
}

/// The driver runs, until this is dropped.
pub(crate) struct Inside {
    card: *const Card,
    frame: *mut libc::c_void,
    in_library: bool,
    own: u64,
    called: bool,
    count: u64,
}

impl Inside {
    #[inline]
    pub(crate) fn enter(card: &Card) -> Inside {
        let own = own();
        let called = CALLED.get() & own != 0;
        // What another CPU's stack has left here is not to be put back: its call may be over by then.
        let frame = if called { FRAME.get() } else { ptr::null_mut() };
        FRAME.set(frame);
        let count = if frame.is_null() { watchdog::begin() } else { 0 };
        watchdog::runs();
        mark(own, false);
        let in_library = IN_LIBRARY.replace(false);
        Inside { card: CARD.replace(card), frame, in_library, own, called, count }
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
        if self.frame.is_null() {
            watchdog::end(self.count);
        }
        mark(self.own, self.called);
        IN_LIBRARY.set(self.in_library);
    }
}
