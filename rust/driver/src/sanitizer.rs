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

/// The runtime has found something. It is in the middle of telling it: the driver goes on, and is left by its next call.
extern "C" fn found(report: *const c_char) {
    if context::card().is_none() {
        return;
    }
    // SAFETY: the runtime's text, which ends with a zero.
    let report = unsafe { CStr::from_ptr(report) }.to_string_lossy().into_owned();
    let body = report.trim_start_matches('=').trim();
    let body = body.split_once("ERROR: ").map_or(body, |(_, rest)| rest);
    let kind = body.split(" on address ").next().unwrap_or(body).lines().next().unwrap_or(body);
    let kind = kind.trim().trim_start_matches("AddressSanitizer: ");
    let access = body.lines().find(|line| line.starts_with("READ") || line.starts_with("WRITE"));
    let access = access.and_then(|line| line.split(" at ").next()).unwrap_or("").to_lowercase();
    // Of a driver's block the runtime knows only that it is poisoned there.
    let at = symbol(c"__asan_get_report_address");
    // SAFETY: the runtime's function of this name has this type; an error is being reported.
    let at = at.map(|at| unsafe { std::mem::transmute::<usize, Where>(at)() as usize });
    let block = at.and_then(|at| context::card()?.driver.heap.describe(at));
    let what = block.map_or(format!("{kind}, {access}"), |block| format!("{access}, {block}"));
    let text = format!(
        "AddressSanitizer: {what}{}\n{}",
        crate::fault::running(),
        body.split("Shadow bytes around").next().unwrap_or(body).trim_end()
    );
    context::note(Fault { rule: None, packet: None, text });
}
