//! The drivers: a good one for speed, and bugs of the zoo that can be written for both explorers.

pub mod answered_twice;
pub mod check_then_act;
pub mod looks_in_vain;
pub mod race;

use std::sync::{Mutex, MutexGuard};

use crate::nic::Play;

/// Memory of a driver, which its spin locks guard as far as the driver thinks of it.
///
/// It is never held while the NIC is called, so nobody ever waits for it.
#[derive(Debug, Default)]
pub struct Memory<T>(Mutex<T>);

impl<T> Memory<T> {
    /// The value, for a line or two.
    pub fn get(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// Sends only.
pub const fn sends(packets: usize) -> Play {
    Play { packets, reset: false }
}

/// Sends, then a reset.
pub const fn sends_and_reset(packets: usize) -> Play {
    Play { packets, reset: true }
}
