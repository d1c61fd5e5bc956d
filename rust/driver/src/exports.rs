//! What drivers call: one file a family. Each function is `extern "C"`, takes names, and calls the engine.

mod config;
mod devices;
mod dma;
mod files;
mod hardware;
mod io;
mod io_timers;
mod kernel;
mod lan;
mod levels;
mod lines;
mod locks;
mod memory;
mod registration;
mod slots;
mod system;
mod things;
mod timers;
mod waiting;
mod wan;

pub(crate) use things::Things;

pub(crate) use levels::{allowed, most};
pub(crate) use lines::Line;
pub(crate) use locks::told as told_lock;

use std::collections::HashMap;
use std::ffi::CStr;
use std::sync::OnceLock;

use crate::context::Here;

/// Runs a function's body. A panic in it, which is a bug of ours or the end of patience with the driver, and a crash of the driver
/// further in make the driver leave its innermost call.
#[inline]
pub(crate) fn guarded<R: Default>(name: &'static str, body: impl FnOnce(&Here) -> R) -> R {
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let mut here = Here::new(name);
        here.enter();
        let result = body(&here);
        (result, here.card().is_some_and(|card| card.crashed().is_some()))
    }));
    match result {
        Ok((result, false)) => result,
        Ok(_) => {
            leave();
            R::default()
        }
        Err(payload) => {
            if payload.is::<crate::own_thread::Ends>() {
                leave();
                return R::default();
            }
            let text = payload.downcast_ref::<String>().cloned();
            let text = text.or_else(|| payload.downcast_ref::<&str>().map(ToString::to_string));
            drop(payload);
            crate::context::note_crash(text.unwrap_or_else(|| format!("{name} failed")));
            leave();
            R::default()
        }
    }
}

/// What is left to do where the quick way of a function was not possible.
#[cold]
#[inline(never)]
pub(crate) fn rest<R>(all: impl FnOnce() -> R) -> R {
    all()
}

/// Leaves the driver's innermost call from inside of the library. Nothing of this crate is on the stack between but the
/// function that was called, which has dropped what it had.
pub(crate) fn leave() {
    let (Some(card), Some(frame)) = (crate::context::card(), crate::context::driver_frame()) else {
        return;
    };
    // SAFETY: the library's function of that name has this type, and does not return.
    unsafe {
        let abandon = std::mem::transmute::<usize, unsafe extern "C-unwind" fn(*mut libc::c_void)>(
            card.driver.image.abandon,
        );
        abandon(frame);
    }
}

/// The functions of a family. `unless` is what does the work where nothing is in the way, and says whether it did:
/// [`quickly`](crate::context::quickly).
macro_rules! exports {
    ($($(#[$attribute:meta])* fn $name:ident($here:ident $(, $argument:ident: $type:ty)* $(,)?) $(unless $quick:block)? $(-> $result:ty)? $body:block)*) => {
        $(
            #[allow(non_snake_case, unused_variables)] // the page's spelling, and its arguments, used or not
            $(#[$attribute])*
            extern "C-unwind" fn $name($($argument: $type),*) $(-> $result)? {
                const MOST: u8 = $crate::exports::most(stringify!($name));
                let all = move || $crate::exports::guarded(stringify!($name), move |$here: &$crate::context::Here| {
                    $crate::exports::allowed($here, MOST);
                    $body
                });
                $(
                    // Out of line, so that the quick way saves no registers for it.
                    if $quick {
                        return;
                    }
                    let all = move || $crate::exports::rest(all);
                )?
                all()
            }
        )*
        /// Adds this family's functions.
        pub(in crate::exports) fn list(add: &mut dyn FnMut(&'static str, usize)) {
            $(add(stringify!($name), $name as *const () as usize);)*
        }
    };
}
pub(crate) use exports;

fn table() -> &'static HashMap<&'static str, usize> {
    static TABLE: OnceLock<HashMap<&'static str, usize>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let mut known = HashMap::new();
        let mut add = |name: &'static str, function: usize| {
            known.insert(name, function);
        };
        config::list(&mut add);
        devices::list(&mut add);
        dma::list(&mut add);
        files::list(&mut add);
        hardware::list(&mut add);
        io::list(&mut add);
        io_timers::list(&mut add);
        kernel::list(&mut add);
        lan::list(&mut add);
        levels::list(&mut add);
        locks::list(&mut add);
        locks::list_initializers(&mut add);
        memory::list(&mut add);
        registration::list(&mut add);
        slots::list(&mut add);
        system::list(&mut add);
        timers::list(&mut add);
        waiting::list(&mut add);
        wan::list(&mut add);
        known
    })
}

/// The function of that name.
pub(crate) fn find(name: &str) -> Option<usize> {
    table().get(name).copied()
}

/// All that there are, sorted.
#[must_use]
pub fn names() -> Vec<&'static str> {
    let mut names: Vec<_> = table().keys().copied().collect();
    names.sort_unstable();
    names
}

extern "C-unwind" fn missing(name: *const libc::c_char) {
    // SAFETY: a name of the library's own list.
    let name = unsafe { CStr::from_ptr(name) }.to_string_lossy().into_owned();
    guarded::<()>("a function that ndiswan does not have", |_| {
        std::panic::resume_unwind(Box::new(format!(
            "the driver called {name}, which ndiswan does not have"
        )))
    });
}

/// What a stub without a function calls.
pub(crate) const MISSING: extern "C-unwind" fn(*const libc::c_char) = missing;
