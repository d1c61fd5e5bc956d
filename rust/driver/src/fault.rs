//! Faults of a driver's code: a touch of what is not its own is noted and goes on, anything else leaves the call.

use std::sync::Once;
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};

use ndiswan::{Name, Rule};

use crate::card::Card;
use crate::context;
use crate::lines::told;
use crate::mapped::{self, Touched};
use crate::packets;
use crate::stepping;

/// Something that the driver did on its own, to be reported by its next call of the library.
#[derive(Debug)]
pub(crate) struct Fault {
    /// None if it breaks no rule of the contract, and the driver is not to be called any more: a sanitizer found it.
    pub(crate) rule: Option<Rule>,
    pub(crate) packet: Option<Name>,
    pub(crate) text: String,
    /// The instruction that did it, 0 if that is not known.
    pub(crate) at: usize,
}

impl Fault {
    pub(crate) fn report(self, card: &Card) {
        match (self.rule, card.adapter()) {
            (None, _) => card.crash(self.text),
            (Some(rule), Some(adapter)) => {
                let report = || adapter.report_broken(rule, self.packet, self.text);
                drop(crate::lines::as_if_called_at(self.at, report));
            }
            (Some(_), None) => {}
        }
    }
}

const FAULTS: [libc::c_int; 4] = [libc::SIGSEGV, libc::SIGBUS, libc::SIGFPE, libc::SIGILL];

/// Has faults of this process's threads looked at, also if somebody else (faulthandler) has asked for them since the last time.
pub(crate) fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = FAULTS.map(action_of);
        // Its handler ends the process, with no word of who was there before; it would be asked first if it came later.
        ndiswan::time::stacks::prepare();
        for (signal, before) in FAULTS.into_iter().zip(before) {
            take_over(signal);
            // SAFETY: nobody faults meanwhile, or is told so by either.
            unsafe { OLD[signal as usize] = before };
        }
    });
    for signal in FAULTS {
        take_over(signal);
    }
    own_stack();
}

/// The same for who does so thousands of times a second: at least once in each tick of the watchdog's, a tenth of a second.
pub(crate) fn install_lately() {
    static LAST: AtomicU64 = AtomicU64::new(0);
    let now = crate::watchdog::now();
    if LAST.swap(now, Ordering::Relaxed) != now {
        install();
    }
}

fn action_of(signal: libc::c_int) -> libc::sigaction {
    // SAFETY: all zero is a valid sigaction.
    let mut now: libc::sigaction = unsafe { std::mem::zeroed() };
    // SAFETY: asks only.
    unsafe { libc::sigaction(signal, std::ptr::null(), &raw mut now) };
    now
}

/// Has `handle` called for this signal; who was asked before is asked for what is not a driver's.
pub(crate) fn take_over(signal: libc::c_int) {
    if action_of(signal).sa_sigaction == handle as *const () as usize {
        return;
    }
    // SAFETY: all zero is a valid sigaction.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = handle as *const () as usize;
    action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_NODEFER;
    // SAFETY: a handler of the right type; the old action is kept for faults that are not a driver's.
    unsafe { libc::sigaction(signal, &raw const action, &raw mut OLD[signal as usize]) };
}

/// Gives this thread a stack for handlers of faults, since its own may be used up, and has late drivers fetched.
pub(crate) fn watch() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: all zero is a valid sigaction.
        let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
        action.sa_sigaction = late as *const () as usize;
        action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_RESTART;
        // SAFETY: a handler of the right type for a signal of ours alone.
        unsafe {
            libc::sigaction(crate::watchdog::signal(), &raw const action, std::ptr::null_mut());
            action.sa_sigaction = crate::standstill::asked as *const () as usize;
            libc::sigaction(crate::standstill::signal(), &raw const action, std::ptr::null_mut());
        };
    });
    own_stack();
}

thread_local! {
    static STACK: std::cell::OnceCell<HandlersStack> = const { std::cell::OnceCell::new() };
}

/// Has handlers run on a stack of this library's, also if somebody else has given the thread one since: faulthandler's is of 12 KB, and
/// what is beside it is the heap.
fn own_stack() {
    STACK.with(|stack| {
        let stack = stack.get_or_init(|| {
            known_thread(0, this_thread());
            HandlersStack(vec![0u8; 256 * 1024].into_boxed_slice())
        });
        if !stack.is_given() {
            stack.give();
        }
    });
}

/// The threads that have run a driver; others have no variables of this library yet, and a handler that asks for them waits for
/// ever where the heap is destroyed: the first time they are allocated.
static KNOWN_THREADS: [AtomicUsize; 1024] = [const { AtomicUsize::new(0) }; 1024];

fn this_thread() -> usize {
    // SAFETY: the calling thread's own name has no preconditions.
    unsafe { libc::pthread_self() as usize }
}

/// Puts `to` in the place of `from`; false if there is none.
fn known_thread(from: usize, to: usize) -> bool {
    KNOWN_THREADS
        .iter()
        .any(|known| known.compare_exchange(from, to, Ordering::Relaxed, Ordering::Relaxed).is_ok())
}

/// Whether the calling thread has run a driver.
fn is_known() -> bool {
    let own = this_thread();
    KNOWN_THREADS.iter().any(|known| known.load(Ordering::Relaxed) == own)
}

/// A thread's stack for handlers. The thread goes on for a while after its variables have gone.
struct HandlersStack(Box<[u8]>);

impl HandlersStack {
    fn as_stack(&self, flags: libc::c_int) -> libc::stack_t {
        let start = self.0.as_ptr() as *mut libc::c_void;
        libc::stack_t { ss_sp: start, ss_flags: flags, ss_size: self.0.len() }
    }

    fn give(&self) {
        let own = self.as_stack(0);
        // SAFETY: the memory lives until this is dropped, which takes it back from the kernel first.
        unsafe { libc::sigaltstack(&raw const own, std::ptr::null_mut()) };
    }

    /// Whether it is what the calling thread's handlers run on.
    fn is_given(&self) -> bool {
        // SAFETY: all zero is a valid stack_t.
        let mut now: libc::stack_t = unsafe { std::mem::zeroed() };
        // SAFETY: asks only.
        unsafe { libc::sigaltstack(std::ptr::null(), &raw mut now) };
        std::ptr::eq(now.ss_sp.cast(), self.0.as_ptr())
    }
}

impl Drop for HandlersStack {
    fn drop(&mut self) {
        known_thread(this_thread(), 0);
        if self.is_given() {
            let none = self.as_stack(libc::SS_DISABLE);
            // SAFETY: no handler runs on it: this is no handler.
            unsafe { libc::sigaltstack(&raw const none, std::ptr::null_mut()) };
        }
    }
}

static mut OLD: [libc::sigaction; 32] = {
    // SAFETY: all zero is a valid sigaction: the default one.
    unsafe { std::mem::zeroed() }
};

/// A fault that is no driver's ends the process, after its last words, by the handler that was there before.
fn not_ours(signal: libc::c_int, address: usize, registers: &[libc::greg_t; 23]) {
    static TIMES: AtomicU32 = AtomicU32::new(0);
    // Its frame may be what the driver has destroyed.
    let leaving = context::driver_frame().is_some() && context::driver_to_leave().is_none();
    crate::last_words::tell(signal, address, registers, leaving);
    // SAFETY: all zero is the default action.
    let mut old: libc::sigaction = unsafe { std::mem::zeroed() };
    // Two handlers that each believe the other was there before would ask each other for ever.
    if TIMES.fetch_add(1, Ordering::Relaxed) < 2 {
        // SAFETY: written before the handler could be called.
        old = unsafe { OLD[signal as usize] };
    }
    // SAFETY: an action that the kernel had, or the default one.
    unsafe { libc::sigaction(signal, &raw const old, std::ptr::null_mut()) };
    if matches!(signal, libc::SIGABRT | libc::SIGTRAP) {
        // The others fault again when their instruction is tried again.
        // SAFETY: as `abort` does it.
        unsafe { libc::raise(signal) };
    }
}

extern "C" fn handle(signal: libc::c_int, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    // SAFETY: what the kernel hands to a handler with SA_SIGINFO.
    let (address, context) =
        unsafe { ((*info).si_addr() as usize, &mut *context.cast::<libc::ucontext_t>()) };
    let ours = signal != libc::SIGABRT && is_known();
    let Some(frame) = ours.then(context::driver_to_leave).flatten() else {
        return not_ours(signal, address, &context.uc_mcontext.gregs);
    };
    let _handling = context::Handling::begin();
    if stepping::goes_on(signal, context) {
        return;
    }
    let registers = &mut context.uc_mcontext.gregs;
    stepping::cancel(registers);
    if signal == libc::SIGTRAP {
        return not_ours(signal, address, registers);
    }
    let (mut pc, bp) =
        (registers[libc::REG_RIP as usize] as usize, registers[libc::REG_RBP as usize] as usize);
    if !crate::image::is_of_driver(pc) {
        // It jumped there, or it is in a function of the C library: who called is on the stack.
        pc = crate::peek::get::<usize>(registers[libc::REG_RSP as usize] as usize)
            .map_or(pc, |back| back.wrapping_sub(1));
    }
    let (writes, runs) =
        (registers[libc::REG_ERR as usize] & 2 != 0, registers[libc::REG_ERR as usize] & 16 != 0);
    // What is run and is no code is a crash wherever it is: opened for reading, it would be run again for ever.
    if signal == libc::SIGSEGV && !runs {
        if let Some(fault) = packets::touched(address, writes, &|| trace(pc, bp)) {
            return context::note(Fault { at: pc, ..fault });
        }
        let touched = context::card()
            .and_then(|card| mapped::touched(card, address, writes, &|| trace(pc, bp)));
        match touched {
            Some(Touched::Again) => return,
            Some(Touched::Told(fault)) => return context::note(Fault { at: pc, ..fault }),
            Some(Touched::Model) if stepping::begin(context) => return,
            Some(Touched::Model) | None => {}
        }
        if let Some(card) = context::card()
            && let Some(what) = card.driver.heap.describe(address)
        {
            let page = address & !(crate::memory::PAGE - 1);
            crate::memory::protect(page, crate::memory::PAGE, crate::memory::Access::All);
            crate::memory::forget(page, crate::memory::PAGE);
            let verb = if writes { "wrote to" } else { "read" };
            let text = format!("the driver {verb} {what}{}", trace(pc, bp));
            return context::note(Fault { rule: Some(Rule::Touch), packet: None, text, at: pc });
        }
    }
    let registers = &mut context.uc_mcontext.gregs;
    let sp = registers[libc::REG_RSP as usize] as usize;
    let overflow =
        signal == libc::SIGSEGV && address.abs_diff(sp) < 64 * 1024 && address < sp + 4096;
    let what = match signal {
        libc::SIGSEGV | libc::SIGBUS if overflow => {
            "ran out of stack (recursion without an end?)".to_string()
        }
        libc::SIGSEGV | libc::SIGBUS => {
            let verb = if writes {
                "wrote to"
            } else if runs {
                "ran"
            } else {
                "read or ran"
            };
            let kind = if is_fresh(address, registers) {
                ", made of memory that it has allocated and never written to"
            } else if address < 0x1_0000 {
                ", which is a null pointer or near one"
            } else if context::card().is_some_and(|card| card.is_port(address)) {
                ", which is a range of ports that was registered: NdisRawReadPortUchar and its like reach it, and a \
                 pointer does not"
            } else {
                crate::cut::told(address, sp)
            };
            format!("{verb} address {address:#x}{kind}")
        }
        libc::SIGFPE => "divided by zero".to_string(),
        _ => "ran into an illegal instruction".to_string(),
    };
    leave(registers, frame, format!("the driver crashed: it {what}{}", trace(pc, bp)));
}

/// Whether the address is near what memory reads as that was never written to, of 32 bits or of 64. The processor does not say
/// which address it was if none can be so: then a register has it.
fn is_fresh(address: usize, registers: &[libc::greg_t; 23]) -> bool {
    let fresh = usize::from_ne_bytes([crate::memory::FRESH; 8]);
    let near =
        |one: usize| one.abs_diff(fresh) < 0x1_0000 || one.abs_diff(fresh & 0xFFFF_FFFF) < 0x1_0000;
    let mut general = registers[..libc::REG_RIP as usize].iter();
    near(address) || address == 0 && general.any(|register| near(*register as usize))
}

/// The driver runs for too long.
extern "C" fn late(_: libc::c_int, _: *mut libc::siginfo_t, context: *mut libc::c_void) {
    let Some(frame) = context::driver_frame() else { return };
    let _handling = context::Handling::begin();
    // SAFETY: what the kernel hands to a handler with SA_SIGINFO.
    let registers = unsafe { &mut (*context.cast::<libc::ucontext_t>()).uc_mcontext.gregs };
    let (pc, bp) =
        (registers[libc::REG_RIP as usize] as usize, registers[libc::REG_RBP as usize] as usize);
    crate::watchdog::was_late();
    let why = format!(
        "the driver ran for seconds without returning or calling NDIS: an endless loop{}",
        trace(pc, bp)
    );
    leave(registers, frame, why);
}

/// Has the thread go on in `ndiswan_abandon`, which leaves the innermost call, and notes why.
fn leave(registers: &mut [libc::greg_t; 23], frame: *mut libc::c_void, why: String) {
    crate::last_words::leaves(&why);
    context::note_crash(why);
    let Some(card) = context::card() else { return };
    context::leaves();
    stepping::cancel(registers);
    registers[libc::REG_RIP as usize] = card.driver.image.abandon as libc::greg_t;
    registers[libc::REG_RDI as usize] = frame as libc::greg_t;
    // Below the frame: what is there was the driver's, which does not come back to it.
    registers[libc::REG_RSP as usize] = ((frame as usize - 1024) & !15) as libc::greg_t - 8;
}

const DEEPEST: usize = 24;

/// The places of the driver's source from `pc` outwards, as the end of a sentence. Compiled with frame pointers, which are read
/// by the kernel.
fn trace(pc: usize, bp: usize) -> String {
    let mut places = vec![pc];
    let mut frame = bp;
    while places.len() < DEEPEST {
        let Some([next, back]) = crate::peek::get::<[usize; 2]>(frame) else { break };
        places.push(back.wrapping_sub(1)); // a return address is behind its call
        if next <= frame {
            break;
        }
        frame = next;
    }
    told(&places)
}

/// The same for the driver's function that called the library.
pub(crate) fn callers() -> String {
    let mut places = Vec::new();
    calls(|address| {
        places.push(address.wrapping_sub(1));
        places.len() < DEEPEST
    });
    told(&places)
}

/// The same for the driver's function that runs now, somewhere above this in another library.
pub(crate) fn running() -> String {
    let mut places = Vec::new();
    let (mut inside, mut passed) = (false, 0);
    backtrace::trace(|frame| {
        passed += 1;
        let address = (frame.ip() as usize).wrapping_sub(1);
        if crate::image::is_of_driver(address) {
            inside = true;
            places.push(address);
            places.len() < DEEPEST
        } else {
            !inside && passed < 64
        }
    });
    told(&places)
}

/// Return addresses in the driver that called, the innermost first, until `f` says no. Not beyond the driver's own frames: a
/// stack may end in what no unwinder understands.
pub(crate) fn calls(mut f: impl FnMut(usize) -> bool) {
    if !context::is_calling() {
        return;
    }
    let (mut inside, mut passed) = (false, 0);
    backtrace::trace(|frame| {
        passed += 1;
        let address = frame.ip() as usize;
        if crate::image::is_of_driver(address.wrapping_sub(1)) {
            inside = true;
            f(address)
        } else {
            !inside && passed < 64
        }
    });
}
