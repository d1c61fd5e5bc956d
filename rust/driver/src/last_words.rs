//! What a process that dies says of its drivers, in a file that whoever supervises it reads afterwards.
//!
//! A driver that has written somewhere else lets somebody else fault, later: the interpreter, the allocator, the engine. The thread
//! that faults may hold any lock, so another one tells, whose memory comes from a part of the heap of its own. What was destroyed
//! may be what it looks at: it writes line by line, and has three seconds.

use std::fs::File;
use std::io::Write;
use std::os::fd::{FromRawFd, RawFd};
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicUsize, Ordering};
use std::time::Duration;

use crate::card::{self, Card};

static SUPERVISED: AtomicBool = AtomicBool::new(false);
static FILE: AtomicI32 = AtomicI32::new(-1);
static BELL: AtomicI32 = AtomicI32::new(-1);
static TOLD: AtomicBool = AtomicBool::new(false);

/// Where the thread that faults puts what it knows.
static SIGNAL: AtomicI32 = AtomicI32::new(0);
static ADDRESS: AtomicUsize = AtomicUsize::new(0);
static LEAVING: AtomicBool = AtomicBool::new(false);
/// Why a thread had to leave its driver, the last that did: address and length of the words.
static WHY: (AtomicUsize, AtomicUsize) = (AtomicUsize::new(0), AtomicUsize::new(0));
const DEEPEST: usize = 64;
static PLACES: [AtomicUsize; DEEPEST] = [const { AtomicUsize::new(0) }; DEEPEST];

const CALLS: usize = 16;
/// Names of the last functions that drivers called, by address and length.
static CALLED: [(AtomicUsize, AtomicUsize); CALLS] =
    [const { (AtomicUsize::new(0), AtomicUsize::new(0)) }; CALLS];
static NEXT: AtomicUsize = AtomicUsize::new(0);

/// A driver calls the library.
#[inline]
pub(crate) fn called(name: &'static str) {
    if SUPERVISED.load(Ordering::Relaxed) {
        let (start, length) = &CALLED[NEXT.fetch_add(1, Ordering::Relaxed) % CALLS];
        length.store(0, Ordering::Relaxed);
        start.store(name.as_ptr() as usize, Ordering::Relaxed);
        length.store(name.len(), Ordering::Release);
    }
}

/// Has this process leave its last words in the open file `to`, if a signal ends it. It is ended if a thread that has run a driver,
/// or this one, stands still inside of the engine for so many tenths of a second, unless that is 0; a tick goes to `ticks` each
/// second.
///
/// # Errors
/// There is no thread to be had, or no pipe to wake it.
pub fn supervise(to: RawFd, still: u64, ticks: Option<RawFd>) -> std::io::Result<()> {
    let mut ends = [0; 2];
    // SAFETY: room for the two.
    if unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) } != 0 {
        return Err(std::io::Error::last_os_error());
    }
    crate::fault::install();
    crate::fault::take_over(libc::SIGABRT);
    BELL.store(ends[1], Ordering::Relaxed);
    FILE.store(to, Ordering::Relaxed);
    let bell = ends[0];
    std::thread::Builder::new().name("ndiswan-last-words".into()).spawn(move || wait(bell))?;
    SUPERVISED.store(true, Ordering::Release);
    if still != 0 || ticks.is_some() {
        crate::standstill::keep(still, ticks.unwrap_or(-1));
        crate::context::watch();
    }
    Ok(())
}

/// The calling thread leaves its driver, for these words, which stay where they are until it has left.
pub(crate) fn leaves(why: &str) {
    WHY.1.store(0, Ordering::Relaxed);
    WHY.0.store(why.as_ptr() as usize, Ordering::Relaxed);
    WHY.1.store(why.len(), Ordering::Release);
}

/// The calling thread has faulted, in the middle of leaving its driver or not: has it told, and waits for that.
pub(crate) fn tell(
    signal: libc::c_int,
    address: usize,
    registers: &[libc::greg_t; 23],
    leaving: bool,
) {
    if !SUPERVISED.swap(false, Ordering::AcqRel) {
        // It faults again while it tells, on a stack that is destroyed, or another thread does: not before it is written down.
        if BELL.load(Ordering::Relaxed) >= 0 {
            wait_until_told();
        }
        return;
    }
    // SAFETY: the default action is to end the process, which has to end whatever becomes of this.
    unsafe {
        libc::signal(libc::SIGALRM, libc::SIG_DFL);
        libc::alarm(10);
    }
    SIGNAL.store(signal, Ordering::Relaxed);
    ADDRESS.store(address, Ordering::Relaxed);
    LEAVING.store(leaving, Ordering::Relaxed);
    PLACES[0].store(registers[libc::REG_RIP as usize] as usize, Ordering::Relaxed);
    ring();
    let mut at = 1;
    backtrace::trace(|frame| {
        PLACES[at].store(frame.ip() as usize, Ordering::Relaxed);
        at += 1;
        at < DEEPEST
    });
    ring();
    wait_until_told();
}

fn wait_until_told() {
    for _ in 0..300 {
        if TOLD.load(Ordering::Acquire) {
            break;
        }
        let pause = libc::timespec { tv_sec: 0, tv_nsec: 10_000_000 };
        // SAFETY: a time to sleep; how much of it is left is not asked.
        unsafe { libc::nanosleep(&raw const pause, std::ptr::null_mut()) };
    }
}

fn ring() {
    // SAFETY: one byte of a constant, to a pipe of ours.
    unsafe { libc::write(BELL.load(Ordering::Relaxed), c"!".as_ptr().cast(), 1) };
}

fn heard(bell: RawFd) -> bool {
    let mut byte = 0u8;
    // SAFETY: room for one byte.
    unsafe { libc::read(bell, (&raw mut byte).cast(), 1) == 1 }
}

fn wait(bell: RawFd) {
    // From here on this thread has a part of the heap of its own.
    drop(std::hint::black_box(Box::new(0u64)));
    if !heard(bell) {
        return;
    }
    // SAFETY: given to `supervise`, and nobody else's.
    let mut file = unsafe { File::from_raw_fd(FILE.load(Ordering::Relaxed)) };
    let _ = file.write_all(fault().as_bytes());
    let _ = file.write_all(why_it_left().as_bytes());
    // The stack of the one that faulted may have no end that can be found.
    let mut ready = libc::pollfd { fd: bell, events: libc::POLLIN, revents: 0 };
    // SAFETY: one entry.
    if unsafe { libc::poll(&raw mut ready, 1, Duration::from_secs(1).as_millis() as i32) } == 1 {
        let _ = file.write_all(callers().as_bytes());
    }
    let _ = file.write_all(last_calls().as_bytes());
    for card in card::all() {
        let _ = file.write_all(of_card(&card).as_bytes());
    }
    TOLD.store(true, Ordering::Release);
    // Who faulted ends the process, unless it waits for what it was itself in the middle of: the heap's lock.
    std::thread::sleep(Duration::from_secs(2));
    let signal = SIGNAL.load(Ordering::Relaxed);
    // SAFETY: the signal that the process is to end by, with the action that ends it.
    unsafe {
        libc::signal(signal, libc::SIG_DFL);
        libc::kill(libc::getpid(), signal);
    }
}

fn fault() -> String {
    if let Some(seconds) = crate::standstill::stood() {
        return format!(
            "for {seconds} s a thread was inside of the engine, no driver was called and nothing happened: a driver may have \
             written to a lock or to memory that the engine needs; it was in {}\n",
            module(PLACES[0].load(Ordering::Relaxed))
        );
    }
    let (signal, address) = (SIGNAL.load(Ordering::Relaxed), ADDRESS.load(Ordering::Relaxed));
    let what = match signal {
        libc::SIGABRT => "was aborted".to_string(),
        libc::SIGFPE => "divided by zero".to_string(),
        libc::SIGILL => "ran into an illegal instruction".to_string(),
        _ => format!("could not use address {address:#x}"),
    };
    let place = PLACES[0].load(Ordering::Relaxed);
    format!("outside of the driver's own code the process {what}, in {}\n", module(place))
}

/// Which file the code at an address is of, and which function, as far as that is known.
fn module(address: usize) -> String {
    match file_of(address) {
        (file, _) if file.is_empty() => format!("no code that is known ({address:#x})"),
        (file, function) if function.is_empty() => file,
        (file, function) => format!("{function} of {file}"),
    }
}

/// The name of the file that the code at an address is of, and of the function; empty where there is none.
pub(crate) fn file_of(address: usize) -> (String, String) {
    // SAFETY: all zero is a valid Dl_info, and dladdr fills it or says no.
    let (found, info) = unsafe {
        let mut info: libc::Dl_info = std::mem::zeroed();
        (libc::dladdr(address as *const libc::c_void, &raw mut info), info)
    };
    let text = |text: *const libc::c_char| {
        if found == 0 || text.is_null() {
            return String::new();
        }
        // SAFETY: not null, ends with a zero.
        unsafe { std::ffi::CStr::from_ptr(text) }.to_string_lossy().into_owned()
    };
    let file = text(info.dli_fname);
    (file.rsplit('/').next().unwrap_or_default().to_string(), text(info.dli_sname))
}

/// What the driver had done before, if it destroyed what it takes to leave it.
fn why_it_left() -> String {
    let (start, length) = (WHY.0.load(Ordering::Relaxed), WHY.1.load(Ordering::Acquire));
    if length == 0 || !LEAVING.load(Ordering::Relaxed) {
        return String::new();
    }
    let why = crate::peek::bytes(start, length).unwrap_or_default();
    format!(
        "it was leaving a driver that had destroyed its stack: {}\n",
        String::from_utf8_lossy(&why)
    )
}

fn callers() -> String {
    let places: Vec<usize> = PLACES
        .iter()
        .map(|place| place.load(Ordering::Relaxed))
        .filter(|place| *place != 0 && crate::image::is_of_driver(place.wrapping_sub(1)))
        .map(|place| place.wrapping_sub(1))
        .collect();
    match crate::lines::told(&places) {
        text if text.is_empty() => "no driver was in the middle of a call\n".to_string(),
        text => format!("a driver was in the middle of a call{text}\n"),
    }
}

fn last_calls() -> String {
    let next = NEXT.load(Ordering::Relaxed);
    let mut names = Vec::new();
    for at in next.saturating_sub(CALLS)..next {
        let (start, length) = &CALLED[at % CALLS];
        let (length, start) = (length.load(Ordering::Acquire), start.load(Ordering::Relaxed));
        if length > 0 {
            // SAFETY: a `&'static str` that `called` took apart.
            names.push(unsafe {
                std::str::from_utf8_unchecked(std::slice::from_raw_parts(
                    start as *const u8,
                    length,
                ))
            });
        }
    }
    if names.is_empty() {
        return String::new();
    }
    format!("drivers called last, the newest at the end: {}\n", names.join(", "))
}

fn of_card(card: &Card) -> String {
    let Some(adapter) = card.adapter() else { return String::new() };
    format!("adapter {:?}:{}\n", adapter.name, card.held_last())
}
