//! The completion ring: completions of any thread on their way to one dispatcher.

mod barrier;
mod consumer;
mod entry;
mod make;
mod producer;
mod registry;
mod slots;
mod sync;
mod thread;
mod wake;

pub use consumer::{Consumer, Waited};
pub use entry::{Completion, Entry, Record, ShortRecord};
pub use make::{Config, open_ring, ring};
pub use producer::{Door, Full, Open, Permits, Producer, Ring};

#[cfg(test)]
mod tests;
