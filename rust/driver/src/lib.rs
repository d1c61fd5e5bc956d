//! Drivers in C under ndiswan.
//!
//! A driver is compiled with the headers of `python/ndiswan/drivers/include` and linked with the stubs of `library/`, each of
//! which calls a pointer. [`Image`] loads the file and points the stubs at [`exports`]: `extern "C"` functions which look a name
//! up (an address, a handle) and call the engine. [`Card`] is the driver as a `Miniport` of the engine.
//!
//! Nothing here trusts a pointer. What a driver gives is an address: known ones are looked up, others are read by the kernel
//! ([`peek`]), which says no where a load would crash. A driver that faults on its own leaves its call ([`fault`]).
#![allow(unsafe_code)] // the border to C; each block says why
#![allow(clippy::cast_sign_loss, clippy::cast_possible_wrap)] // addresses, registers and numbers of C, as bits

mod card;
mod context;
mod crash;
mod cut;
pub mod exports;
mod fault;
mod image;
mod last_words;
mod lines;
mod locks;
mod low;
mod mapped;
mod memory;
mod miniport;
mod own_thread;
mod packets;
pub mod peek;
mod requests;
mod sanitizer;
mod scenario;
mod snapshot;
mod standstill;
mod stepping;
mod unload;
mod watchdog;
mod whole;
mod wide;

pub use card::{Card, Due, Port, Settings, Space, Value};
pub use image::{Image, LoadError};
pub use last_words::supervise;
pub use lines::call_site;
pub use mapped::SharedMemory;
pub use miniport::Attached;
pub use requests::Outcome;
pub use sanitizer::is_there as has_address_sanitizer;
pub use scenario::{Ran, Scenario};
pub use standstill::locks_of_ours;
