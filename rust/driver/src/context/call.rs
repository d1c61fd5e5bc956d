//! Calls into the driver: what its library calls want to know.

use std::ptr::{self, NonNull};
use std::rc::Rc;

use ndiswan::Adapter;
use ndiswan::cx::Cpu;

use super::{Thread, bit, of_thread};
use crate::card::Card;
use crate::watchdog::Watched;

/// A call into the driver that has not returned: what each library call of it wants to know.
#[derive(Copy, Clone)]
pub(super) struct Call {
    /// Null if there is no call.
    card: *const Card,
    /// None before the card is bound.
    adapter: Option<NonNull<Adapter>>,
    /// Whose stack it is on.
    cpu: *const Rc<Cpu>,
}

impl Call {
    pub(super) const NONE: Call = Call { card: ptr::null(), adapter: None, cpu: ptr::null() };

    #[inline]
    pub(super) fn if_any(self) -> Option<Call> {
        (!self.card.is_null()).then_some(self)
    }

    fn of(card: &Card, cpu: &Rc<Cpu>) -> Call {
        Call { card, adapter: card.adapter().map(|adapter| NonNull::from(&**adapter)), cpu }
    }

    #[inline]
    pub(super) fn card(&self) -> &'static Card {
        // SAFETY: whoever calls a driver borrows its card meanwhile; nobody keeps the reference longer than the library call
        // that asked.
        unsafe { &*self.card }
    }

    #[inline]
    pub(super) fn cpu(&self) -> &Rc<Cpu> {
        // SAFETY: as in `card`: a thread's CPUs stay where they are.
        unsafe { &*self.cpu }
    }

    /// The card's.
    #[inline]
    pub(super) fn adapter(&self) -> Option<&Adapter> {
        // SAFETY: as in `card`, which keeps it.
        self.adapter.map(|adapter| unsafe { adapter.as_ref() })
    }
}

/// A call into the driver, from its begin to its end: not a function that is given one, since the driver is to be called by who has
/// the arguments in registers.
pub(crate) struct Inside<'a> {
    card: &'a Card,
    thread: &'a Thread,
    watched: &'a Watched,
    /// The call of the same stack that this one is inside of, and where it may be left.
    outer: Option<(Call, *mut libc::c_void)>,
    /// How many calls the driver had made before.
    calls: u64,
    number: usize,
    calling: u64,
    in_library: bool,
}

impl<'a> Inside<'a> {
    /// The driver runs from here.
    #[inline(always)]
    #[allow(clippy::inline_always)] // of two callers; one is a packet's way
    pub(crate) fn begin(card: &'a Card, cpu: &Rc<Cpu>) -> Inside<'a> {
        let thread = of_thread();
        let watched = thread.watch.entry();
        let (number, bit) = (cpu.place(), bit(cpu.place()));
        // Another stack's call is not to be put back: it may be over by then, and this call is not inside of it. How many calls
        // its driver had made goes on counting.
        let outer = thread.is_called_on(number).then(|| (thread.call.get(), thread.frame.get()));
        watched.runs();
        let calls = if outer.is_none() { watched.counts_anew() } else { 0 };
        thread.call.set(Call::of(card, cpu));
        if outer.is_none() {
            thread.frame.set(ptr::null_mut());
        }
        thread.called.set(0);
        let calling = thread.calling.get() & bit;
        thread.calling.set(thread.calling.get() & !bit);
        let in_library = thread.in_library.replace(false);
        Inside { card, thread, watched, outer, calls, number, calling, in_library }
    }

    /// The place where the library in C keeps its innermost call.
    #[inline(always)]
    #[allow(clippy::inline_always)] // see `begin`
    pub(crate) fn frame(&self) -> *mut *mut libc::c_void {
        self.thread.frame.as_ptr()
    }

    /// It has returned, or was left.
    #[inline(always)]
    #[allow(clippy::inline_always)] // see `begin`
    pub(crate) fn end(self) {
        let Inside { card, thread, watched, outer, calls, number, calling, in_library } = self;
        thread.in_library.set(true);
        thread.leaves.set(false);
        watched.stops();
        let (before, frame) = outer.unwrap_or((Call::NONE, ptr::null_mut()));
        thread.call.set(before);
        thread.frame.set(frame);
        thread.report_faults(Some(card));
        thread.called.set(if outer.is_some() { number + 1 } else { 0 });
        thread.calling.set(thread.calling.get() | calling);
        thread.in_library.set(in_library);
        if outer.is_none() {
            watched.goes_on(calls);
        }
    }
}
