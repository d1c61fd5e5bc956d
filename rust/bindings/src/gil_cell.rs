//! State that only code with the interpreter's lock comes to.
//!
//! With a GIL whoever has a `Python<'_>` is alone, so a lock of our own would buy nothing for its two
//! atomic read-modify-writes at each use (eight of them were a tenth of a callback round trip). On a
//! free-threaded interpreter it is a lock.
//!
//! What is done inside must not run Python code: no call, no last reference dropped.

pub(crate) use imp::GilCell;

#[cfg(Py_GIL_DISABLED)]
mod imp {
    use parking_lot::Mutex;
    use pyo3::Python;

    #[derive(Default)]
    pub(crate) struct GilCell<T>(Mutex<T>);

    impl<T> GilCell<T> {
        pub(crate) fn with<R>(&self, _: Python<'_>, f: impl FnOnce(&mut T) -> R) -> R {
            f(&mut self.0.lock())
        }
    }
}

#[cfg(not(Py_GIL_DISABLED))]
mod imp {
    use std::cell::{Cell, UnsafeCell};

    use pyo3::Python;

    #[derive(Default)]
    pub(crate) struct GilCell<T> {
        value: UnsafeCell<T>,
        /// Somebody is inside: with the GIL that is this thread, further down on its stack, or one that
        /// let the GIL go inside.
        used: Cell<bool>,
    }

    // SAFETY: `value` and `used` are read and written in `with` alone, by who has the GIL (the module
    // is of one interpreter, see interpreter.rs), so never by two threads at once. The value moves from thread
    // to thread, hence `T: Send`.
    unsafe impl<T: Send> Sync for GilCell<T> {}

    struct Used<'a>(&'a Cell<bool>);

    impl Drop for Used<'_> {
        fn drop(&mut self) {
            self.0.set(false);
        }
    }

    impl<T> GilCell<T> {
        pub(crate) fn with<R>(&self, _: Python<'_>, f: impl FnOnce(&mut T) -> R) -> R {
            assert!(!self.used.replace(true), "a GilCell is used inside of its own use");
            let _used = Used(&self.used);
            // SAFETY: the flag was not set, so no other reference to the value is alive; it is set as
            // long as this one is, and nobody else can look at the flag without the GIL.
            f(unsafe { &mut *self.value.get() })
        }
    }
}
