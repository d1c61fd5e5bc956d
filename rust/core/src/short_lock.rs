//! The lock of what every packet that comes by needs for a few instructions.
//!
//! A lock that keeps a queue of waiters needs an atomic read-modify-write to be taken and another one to be
//! let go. This one is let go by a store; who waits spins, and gives its processor away meanwhile.

use spin::mutex::{SpinMutex, SpinMutexGuard};
use spin::relax::Yield;

/// A lock that nobody holds while a driver's function runs, but for a packet's body, which a driver
/// that owns the packet may be looking at.
pub(crate) type Short<T> = SpinMutex<T, Yield>;

/// What is behind it.
pub(crate) type ShortGuard<'a, T> = SpinMutexGuard<'a, T, Yield>;
