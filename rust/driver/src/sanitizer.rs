//! Sanitizers in a driver: AddressSanitizer's runtime, if this process was started with it, is told which memory is the
//! driver's, and what it finds is a fault of the driver. UBSan needs no runtime: the library of every driver has its handlers.

use std::ffi::{CStr, c_char, c_void};
use std::sync::OnceLock;

use crate::context;
use crate::fault::Fault;

// SAFETY: types of the runtime's functions, of which every caller says why.
type Region = unsafe extern "C" fn(*const c_void, usize);
// SAFETY: as above.
type Tell = unsafe extern "C" fn(extern "C" fn(*const c_char));

// SAFETY: as above.
type Locate =
    unsafe extern "C" fn(usize, *mut c_char, usize, *mut usize, *mut usize) -> *const c_char;
// SAFETY: as above.
type Quiet = unsafe extern "C" fn(usize);
// SAFETY: as above.
type Where = unsafe extern "C" fn() -> *const c_void;

#[derive(Debug)]
struct Runtime {
    poison: Region,
    unpoison: Region,
}

fn symbol(name: &CStr) -> Option<usize> {
    // SAFETY: a name that ends with a zero; asks only.
    let found = unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) };
    (!found.is_null()).then_some(found as usize)
}

fn runtime() -> Option<&'static Runtime> {
    static RUNTIME: OnceLock<Option<Runtime>> = OnceLock::new();
    let look = || {
        let poison = symbol(c"__asan_poison_memory_region")?;
        let unpoison = symbol(c"__asan_unpoison_memory_region")?;
        let tell = symbol(c"__asan_set_error_report_callback")?;
        // SAFETY: the runtime's functions of these names have these types.
        unsafe {
            std::mem::transmute::<usize, Tell>(tell)(found);
            // What it prints besides is the same again, with frames of ours.
            let nowhere = libc::open(c"/dev/null".as_ptr(), libc::O_WRONLY | libc::O_CLOEXEC);
            if let (Some(quiet), 0..) = (symbol(c"__sanitizer_set_report_fd"), nowhere) {
                std::mem::transmute::<usize, Quiet>(quiet)(nowhere as usize);
            }
            Some(Runtime {
                poison: std::mem::transmute::<usize, Region>(poison),
                unpoison: std::mem::transmute::<usize, Region>(unpoison),
            })
        }
    };
    RUNTIME.get_or_init(look).as_ref()
}

/// Whether this process was started with AddressSanitizer's runtime.
#[must_use]
pub fn is_there() -> bool {
    runtime().is_some()
}

/// `length` bytes from `start` are nobody's to touch.
pub(crate) fn poison(start: usize, length: usize) {
    if let Some(runtime) = runtime() {
        // SAFETY: marks memory of ours in a map of the runtime's.
        unsafe { (runtime.poison)(start as *const c_void, length) };
    }
}

/// They are the driver's.
pub(crate) fn unpoison(start: usize, length: usize) {
    if let Some(runtime) = runtime() {
        // SAFETY: as in `poison`.
        unsafe { (runtime.unpoison)(start as *const c_void, length) };
    }
}

/// Which variable is at or beside an address, as the runtime knows it.
pub(crate) fn describe(address: usize) -> String {
    let none = || format!("of no object, at {address:#x}");
    let Some(locate) = symbol(c"__asan_locate_address") else { return none() };
    let (mut name, mut start, mut length) = ([0u8; 128], 0usize, 0usize);
    // SAFETY: the runtime's function of this name has this type, and gets room for its answers.
    let kind = unsafe {
        std::mem::transmute::<usize, Locate>(locate)(
            address,
            name.as_mut_ptr().cast(),
            name.len(),
            &raw mut start,
            &raw mut length,
        )
    };
    if kind.is_null() || length == 0 {
        return none();
    }
    let name = CStr::from_bytes_until_nul(&name).unwrap_or_default().to_string_lossy().into_owned();
    let place = match address.checked_sub(start) {
        Some(at) if at < length => format!("byte {at}"),
        Some(at) => format!("{} bytes behind the end", at - length),
        None => format!("{} bytes before the start", start - address),
    };
    let name = if name.is_empty() { "an object".to_string() } else { format!("variable {name}") };
    format!("{place} of {name} of {length} bytes")
}

/// The runtime has found something, in a function of the C library that the driver called. It is in the middle of telling it: the
/// driver goes on, and is left by its next call.
extern "C" fn found(report: *const c_char) {
    // SAFETY: the runtime's text, which ends with a zero.
    let report = unsafe { CStr::from_ptr(report) }.to_string_lossy().into_owned();
    let Some(card) = context::card() else {
        return eprintln!("{report}");
    };
    let at = symbol(c"__asan_get_report_address");
    // SAFETY: the runtime's function of this name has this type; an error is being reported.
    let at = at.map_or(0, |at| unsafe { std::mem::transmute::<usize, Where>(at)() as usize });
    let what = card.driver.heap.describe(at).unwrap_or_else(|| describe(at));
    let line = |word: &str| report.lines().find(|line| line.starts_with(word));
    let access = line("READ").or_else(|| line("WRITE")).unwrap_or("access");
    let access = access.split(" at ").next().unwrap_or(access).to_lowercase();
    let text = format!("AddressSanitizer: {access}, {what}{}", crate::fault::running());
    context::note(Fault { rule: None, packet: None, text, at: 0 });
}
