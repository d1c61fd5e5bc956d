//! A value that a driver may say late: its adapter is there before it.
//!
//! A miniport in C says only inside of MiniportInitialize whether it is serialized, and what it can do only when it is asked
//! after it. Everything else of the engine knows both from the beginning.

use std::ops::Deref;
use std::sync::OnceLock;

/// Set once, before MiniportInitialize has returned; read from then on like the value itself.
#[derive(Debug)]
pub struct Late<T>(OnceLock<T>);

impl<T> Late<T> {
    pub(crate) fn known(value: T) -> Late<T> {
        Late(OnceLock::from(value))
    }

    pub(crate) const fn unknown() -> Late<T> {
        Late(OnceLock::new())
    }

    /// It, if it was said.
    #[inline]
    pub(crate) fn said(&self) -> Option<&T> {
        self.0.get()
    }

    /// Says it; the first to say it is right.
    pub(crate) fn say(&self, value: impl FnOnce() -> T) {
        self.0.get_or_init(value);
    }
}

impl<T> Deref for Late<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        self.said().expect("said before MiniportInitialize has returned")
    }
}
