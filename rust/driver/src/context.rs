//! Where the calling thread is: in which card's driver, in which call of it, and whether inside of the library.
//!
//! What is kept is of the stack, not of the thread: an explorer leaves a stack inside of a library call only, so what was so at
//! its begin is so again at its end.

use std::cell::{Cell, RefCell};
use std::ptr;
use std::rc::Rc;
use std::sync::atomic::{Ordering, compiler_fence};

use ndiswan::cx::Cpu;
use ndiswan::{Adapter, Rule};

use crate::card::Card;
use crate::fault::Fault;
use crate::watchdog;

mod call;

use call::Call;
pub(crate) use call::Inside;

/// What is looked at in each call, in one variable: finding one takes a call where the library is a shared one.
pub(crate) struct Thread {
    /// The innermost call into the driver, here and not on the stack, which the driver may destroy.
    call: Cell<Call>,
    /// The innermost call into the driver: what `ndiswan_abandon` wants.
    frame: Cell<*mut libc::c_void>,
    /// The CPU of this thread whose driver called the library, counted from 1; 0 if none did.
    called: Cell<usize>,
    /// A bit for each CPU of this thread whose driver is inside of a library call, whoever runs now.
    calling: Cell<u64>,
    in_library: Cell<bool>,
    /// Whether a handler has sent the innermost call to its end.
    leaves: Cell<bool>,
    /// Whether there is something in `FAULTS`.
    faulty: Cell<bool>,
    pub(crate) watch: watchdog::Own,
}

thread_local! {
    static THREAD: Thread = const {
        Thread {
            call: Cell::new(Call::NONE),
            frame: Cell::new(ptr::null_mut()),
            called: Cell::new(0),
            calling: Cell::new(0),
            in_library: Cell::new(true),
            leaves: Cell::new(false),
            faulty: Cell::new(false),
            watch: watchdog::Own::new(),
        }
    };
    /// What the driver did without a call of the library, not reported yet.
    static FAULTS: RefCell<Vec<Fault>> = const { RefCell::new(Vec::new()) };
    /// Why the driver had to leave its call.
    static CRASH: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// What is kept of the calling thread. For who does much with it: a closure that is large is a function of its own.
#[inline(always)]
#[allow(clippy::inline_always)] // see `Inside`
fn of_thread<'a>() -> &'a Thread {
    // SAFETY: a thread's own variable, which has no end before the thread's; the reference stays on the thread, since it is of
    // cells.
    THREAD.with(|thread| unsafe { &*ptr::from_ref(thread) })
}

/// The innermost call of the driver on this thread, while the driver itself runs.
pub(crate) fn driver_frame() -> Option<*mut libc::c_void> {
    THREAD.with(|thread| {
        let frame = thread.frame.get();
        (!frame.is_null() && !thread.in_library.get()).then_some(frame)
    })
}

/// The same, unless that call was to be left before: what it needs for that is destroyed.
pub(crate) fn driver_to_leave() -> Option<*mut libc::c_void> {
    driver_frame().filter(|_| !THREAD.with(|thread| thread.leaves.get()))
}

/// The innermost call of the driver is being left.
pub(crate) fn leaves() {
    THREAD.with(|thread| thread.leaves.set(true));
}

/// A handler of a signal that came while the driver ran, until it returns: what comes meanwhile is not of the driver.
pub(crate) struct Handling(());

impl Handling {
    pub(crate) fn begin() -> Handling {
        THREAD.with(|thread| {
            thread.in_library.set(true);
            thread.watch.stops();
        });
        Handling(())
    }
}

impl Drop for Handling {
    fn drop(&mut self) {
        THREAD.with(|thread| {
            thread.in_library.set(false);
            thread.watch.runs();
        });
    }
}

/// The driver's next call takes as long as so many more.
pub(crate) fn weighs(more: u64) {
    THREAD.with(|thread| thread.watch.weighs(more));
}

/// Whether the driver is inside of a library call on the stack that runs now, others' calls in between or not. What else is kept
/// of the thread may be another stack's.
pub(crate) fn is_calling() -> bool {
    THREAD.with(|thread| thread.calling.get() & bit(Cpu::current_number()) != 0)
}

/// Stacks that were given up in the middle of a call are not to be taken for calls of a new driver.
pub(crate) fn forget_calls() {
    THREAD.with(|thread| thread.calling.set(0));
}

/// The bit of the CPU of this number in `calling`; those beyond have none.
#[inline]
fn bit(number: usize) -> u64 {
    if number < 64 { 1 << number } else { 0 }
}

/// Runs `copy` if `length` bytes from `address` are known, without asking the kernel, to be memory that the driver which called
/// may use: its part of this stack, its variables, a block that it was given. Whether it did. Not for another stack's call (see
/// `is_called`).
#[inline]
pub(crate) fn in_own(address: usize, length: usize, copy: impl FnOnce()) -> bool {
    let Some(end) = address.checked_add(length) else { return false };
    let known =
        |thread: &Thread| thread.is_called().then(|| (thread.card(), thread.frame.get() as usize));
    let Some((Some(card), frame)) = THREAD.with(known) else { return false };
    // All between here and the call into the driver is in use.
    let here = 0u8;
    let on_stack = address >= (&raw const here) as usize && end <= frame;
    if on_stack || card.driver.image.snapshot.holds(address, end) {
        copy();
        return true;
    }
    card.driver.heap.within(address, end, copy)
}

/// What is at an address that may be one of this stack, between here and the call into the driver that called; none if it is not.
pub(crate) fn word_of_stack(address: usize) -> Option<usize> {
    let frame = THREAD.with(|thread| thread.is_called().then(|| thread.frame.get() as usize))?;
    let here = 0u8;
    let inside = address >= (&raw const here) as usize && address < frame.saturating_sub(8);
    // SAFETY: all between here and the call into the driver is in use.
    (inside && address.is_multiple_of(8)).then(|| unsafe { (address as *const usize).read() })
}

pub(crate) fn note(fault: Fault) {
    FAULTS.with_borrow_mut(|faults| {
        if faults.len() < 64 {
            faults.push(fault);
        }
    });
    THREAD.with(|thread| thread.faulty.set(true));
}

pub(crate) fn note_crash(text: String) {
    CRASH.set(Some(text));
}

/// The thread waits: what it does afterwards is counted anew.
pub(crate) fn rests() {
    THREAD.with(|thread| {
        thread.watch.begins();
        thread.watch.stops();
    });
}

pub(crate) fn take_crash() -> String {
    CRASH.take().unwrap_or_else(|| "the driver left its call".to_string())
}

/// The card whose driver runs on this thread.
pub(crate) fn card() -> Option<&'static Card> {
    THREAD.with(Thread::card)
}

impl Thread {
    /// The same, if no other stack has been here since.
    #[inline]
    fn is_called(&self) -> bool {
        self.is_called_on(Cpu::current_number())
    }

    /// The same for who knows the number of the calling thread's CPU.
    #[inline]
    fn is_called_on(&self, number: usize) -> bool {
        self.called.get() == number + 1
    }

    /// The innermost call of the driver.
    #[inline]
    fn call(&self) -> Option<Call> {
        self.call.get().if_any()
    }

    #[inline]
    fn card(&self) -> Option<&'static Card> {
        self.call().map(|call| call.card())
    }

    /// After many calls: the driver leaves its outermost one if that goes on for ever.
    #[cold]
    fn leave_if_endless(&self, here: &Here, calls: u64) {
        let adapter = here.card().and_then(Card::adapter);
        let broken = adapter.map_or(0, |adapter| adapter.ndis.violation_count());
        if self.watch.is_endless(calls, broken) {
            self.watch.begins();
            self.watch.stops();
            leave(&format!(
                "the driver called the library {calls} times without returning, last {}: an endless loop",
                here.name
            ));
        }
    }

    #[inline]
    fn report_faults(&self, card: Option<&Card>) {
        if self.faulty.get() {
            self.faulty.set(false);
            report_faults(card);
        }
    }
}

#[cold]
fn report_faults(card: Option<&Card>) {
    for fault in FAULTS.take() {
        match card {
            Some(card) => fault.report(card),
            None => note_crash(fault.text),
        }
    }
}

/// Does what reports nothing, waits for nobody and runs no driver's function, if it says that it did. The driver that calls
/// does not notice how: what there is to report of it before, and what `f` leaves alone, is for a [`Here`].
#[inline(always)]
#[allow(clippy::inline_always)] // of two callers, which are a spin lock's whole way
pub(crate) fn quickly(f: impl FnOnce(&Card, &Adapter, &Cpu) -> bool) -> bool {
    THREAD.with(|thread| {
        let Some(call) = thread.call() else { return false };
        let Some(adapter) = call.adapter() else { return false };
        if thread.faulty.get() {
            return false;
        }
        thread.watch.calls_quickly(|| {
            // Not to be left half way by a signal, which looks at it on this thread.
            thread.in_library.set(true);
            compiler_fence(Ordering::SeqCst);
            let done = f(call.card(), adapter, call.cpu());
            compiler_fence(Ordering::SeqCst);
            thread.in_library.set(false);
            done
        })
    })
}

/// A library call of the driver, until it returns.
pub(crate) struct Here {
    call: Call,
    frame: *mut libc::c_void,
    /// Of the CPU that is inside of it.
    bit: u64,
    /// Which function was called.
    pub(crate) name: &'static str,
}

impl Here {
    /// Of a call of that function; nothing has begun.
    #[inline]
    pub(crate) fn new(name: &'static str) -> Here {
        Here { call: Call::NONE, frame: ptr::null_mut(), bit: 0, name }
    }

    /// It begins. Where it is, and not handed out: what is copied at once that was written in parts is waited for.
    pub(crate) fn enter(&mut self) {
        let here = self;
        THREAD.with(|thread| {
            let call = thread.call();
            let number = call.as_ref().map_or_else(Cpu::current_number, |call| call.cpu().place());
            let bit = bit(number);
            (here.call, here.frame, here.bit) = (thread.call.get(), thread.frame.get(), bit);
            thread.in_library.set(true);
            thread.called.set(number + 1);
            thread.calling.set(thread.calling.get() | bit);
            let calls = thread.watch.calls();
            crate::last_words::called(here.name);
            thread.report_faults(thread.card());
            if let Some(calls) = calls {
                thread.leave_if_endless(here, calls);
            }
            let adapter = call.as_ref().and_then(Call::adapter);
            if adapter.is_some_and(|adapter| adapter.ndis.is_cut_off()) {
                leave("the drivers go on for ever; this execution is cut off");
            }
        });
    }

    #[inline]
    fn call(&self) -> Option<Call> {
        self.call.if_any()
    }

    /// The card whose driver calls.
    #[inline]
    pub(crate) fn card(&self) -> Option<&'static Card> {
        self.call().map(|call| call.card())
    }

    /// That, its adapter, and the CPU that calls.
    #[inline]
    pub(crate) fn parts(&self) -> Option<(&'static Card, &Adapter, &Rc<Cpu>)> {
        self.call()?;
        Some((self.call.card(), self.call.adapter()?, self.call.cpu()))
    }

    /// Reports that an argument is not what it has to be.
    #[cold]
    pub(crate) fn wrong(&self, argument: &str, value: usize, expected: &str) {
        let cut = crate::cut::told(value, (&raw const self) as usize);
        let text = format!("{}: {argument} is {value:#x}{cut}; expected {expected}", self.name);
        self.broken(Rule::Handle, &text);
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

/// The driver's call ends here.
#[cold]
fn leave(why: &str) -> ! {
    std::panic::resume_unwind(Box::new(format!("{why}{}", crate::fault::callers())))
}

impl Drop for Here {
    #[inline]
    fn drop(&mut self) {
        THREAD.with(|thread| {
            thread.call.set(self.call);
            thread.frame.set(self.frame);
            thread.called.set(0);
            thread.calling.set(thread.calling.get() & !self.bit);
            thread.in_library.set(false);
            thread.watch.runs();
        });
    }
}

/// Has the calling thread watched: for loops of a driver, and for standing still.
#[cold]
pub(crate) fn watch() {
    crate::fault::watch();
    THREAD.with(|thread| thread.watch.watch());
}
