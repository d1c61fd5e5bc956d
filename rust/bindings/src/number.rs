//! What Python hands in where a number, a text or a flag is expected, or an error that names the argument and what
//! would fit.

use std::marker::PhantomData;

use pyo3::Borrowed;
use pyo3::exceptions::{PyOverflowError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyInt};

use crate::status::describe;

/// An unsigned number of so many bits, the argument `name`. A bool is none.
pub(crate) fn number<T: for<'a, 'py> FromPyObject<'a, 'py>>(
    name: &str,
    bits: u32,
    given: &Bound<'_, PyAny>,
) -> PyResult<T> {
    // What is an int and nothing else is no bool either; that is asked of the others.
    let is_bool = !given.is_exact_instance_of::<PyInt>() && given.is_instance_of::<PyBool>();
    if let (false, Ok(number)) = (is_bool, given.extract::<T>()) {
        return Ok(number);
    }
    let text = format!("{name}: expected an int of 0 to 2**{bits} - 1, got {}", describe(given));
    if given.hasattr("__index__")? && !is_bool {
        return Err(PyOverflowError::new_err(text));
    }
    Err(PyTypeError::new_err(text))
}

/// What the argument `name` is not: a `TypeError`.
pub(crate) fn wrong(name: &str, expected: &str, given: &Bound<'_, PyAny>) -> PyErr {
    PyTypeError::new_err(format!("{name}: expected {expected}, got {}", describe(given)))
}

/// The name of an argument, as a type.
pub(crate) trait Argument {
    const NAME: &'static str;
}

/// The names of the arguments that are taken by type.
pub(crate) mod arg {
    macro_rules! arguments {
        ($($argument:ident = $name:literal;)*) => {
            $(
                #[derive(Clone, Copy)]
                pub(crate) struct $argument;

                impl super::Argument for $argument {
                    const NAME: &'static str = $name;
                }
            )*
        };
    }

    arguments! {
        AddressingReset = "addressing_reset";
        CancelId = "cancel_id";
        CurrentBuffer = "current_buffer";
        CurrentLength = "current_length";
        Delivery = "delivery";
        Flags = "flags";
        Handle = "handle";
        Hang = "check_for_hang_seconds";
        Level = "level";
        MaxEvents = "max_events";
        N = "n";
        Name = "name";
        OnViolation = "on_violation";
        Packets = "packets";
        Quality = "quality";
        Record = "record";
        Seconds = "seconds";
        Speed = "speed";
        Timeout = "timeout";
        Until = "until";
        Verify = "verify";
        What = "what";
        Window = "window";
    }
}

/// A value of the argument that `A` names.
#[derive(Clone, Copy)]
pub(crate) struct Given<A, T>(pub(crate) T, PhantomData<A>);

impl<A, T> Given<A, T> {
    pub(crate) const fn new(value: T) -> Self {
        Given(value, PhantomData)
    }

    pub(crate) fn taken(self) -> T {
        self.0
    }
}

/// A whole number of Python's, with what it has to be told by whoever looks at it: of 64 bits here.
pub(crate) type Int<A> = Given<A, i64>;

impl<'a, 'py, A: Argument> FromPyObject<'a, 'py> for Int<A> {
    type Error = PyErr;

    fn extract(given: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        let text = || format!("{}: expected an int of 64 bits, got {}", A::NAME, describe(&given));
        if given.is_instance_of::<PyBool>() {
            return Err(PyTypeError::new_err(text()));
        }
        given.extract().map(Given::new).map_err(|error: PyErr| {
            let text = text();
            if error.is_instance_of::<PyOverflowError>(given.py()) {
                return PyOverflowError::new_err(text);
            }
            PyTypeError::new_err(text)
        })
    }
}

/// A number of so many bits that is not negative.
pub(crate) type Unsigned<A> = Given<A, u64>;

impl<'a, 'py, A: Argument> FromPyObject<'a, 'py> for Unsigned<A> {
    type Error = PyErr;

    fn extract(given: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        number(A::NAME, u64::BITS, &given).map(Given::new)
    }
}

/// The same of 32 bits.
pub(crate) type Short<A> = Given<A, u32>;

impl<'a, 'py, A: Argument> FromPyObject<'a, 'py> for Short<A> {
    type Error = PyErr;

    fn extract(given: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        number(A::NAME, u32::BITS, &given).map(Given::new)
    }
}

/// Seconds, whole or not.
pub(crate) type Seconds<A> = Given<A, f64>;

impl<'a, 'py, A: Argument> FromPyObject<'a, 'py> for Seconds<A> {
    type Error = PyErr;

    fn extract(given: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        let wrong = |_| wrong(A::NAME, "seconds, a number", &given);
        given.extract().map(Given::new).map_err(wrong)
    }
}

impl<A: Argument> Seconds<A> {
    /// As nanoseconds, if they are of the clock's range.
    pub(crate) fn nanoseconds(&self) -> PyResult<u64> {
        crate::time::nanoseconds(A::NAME, self.0)
    }
}

/// A text.
pub(crate) type Text<A> = Given<A, String>;

impl<'a, 'py, A: Argument> FromPyObject<'a, 'py> for Text<A> {
    type Error = PyErr;

    fn extract(given: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        given.extract().map(Given::new).map_err(|_| wrong(A::NAME, "a str", &given))
    }
}

/// True or False, and nothing that is only as good as one.
pub(crate) type Flag<A> = Given<A, bool>;

impl<'a, 'py, A: Argument> FromPyObject<'a, 'py> for Flag<A> {
    type Error = PyErr;

    fn extract(given: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        given.extract().map(Given::new).map_err(|_| wrong(A::NAME, "True or False", &given))
    }
}
