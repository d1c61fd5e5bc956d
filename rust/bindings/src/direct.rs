//! The calls that drivers make for each packet, taken as the interpreter hands them over.
//!
//! Before a method of `#[pymethods]` runs, pyo3 counts that the thread is attached, looks for names of arguments and
//! for defaults, and converts each: 130 instructions, more than some of these methods need themselves. So they stand in
//! their classes a second time, in front of pyo3's, by the same name and with its signature and text. What comes with
//! all arguments by position goes to the same Rust function at once, everything else to pyo3's, which says what is
//! wrong with it.

use std::any::Any;
use std::ffi::{CStr, CString, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::rc::Rc;
use std::sync::atomic::{AtomicPtr, Ordering};

use ndiswan::cx::Cpu;
use pyo3::ffi;
use pyo3::panic::PanicException;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyString;
use pyo3::{Borrowed, IntoPyObjectExt, PyTypeInfo};

use crate::adapter::Adapter;
use crate::error::usage;
use crate::link::Link;
use crate::ndis::Ndis;
use crate::spin_lock::SpinLock;
use crate::timer::{Device, Timer};

type Object = *mut ffi::PyObject;
type Given<'a, 'py> = Borrowed<'a, 'py, PyAny>;

/// A method that is called for each packet.
trait Direct {
    type Class: PyTypeInfo;
    const NAME: &'static CStr;
    /// With how many arguments it is called, at the least and at the most; what comes after the second is not looked at.
    const COUNTS: (ffi::Py_ssize_t, ffi::Py_ssize_t);
    /// Whether it may call up into drivers.
    const CALLS_UP: bool;

    /// pyo3's.
    fn general() -> &'static General;

    /// What it does with an object of its class, which is `one` as well if there is no argument; the CPU is known of a call that may go
    /// up.
    fn call(
        py: Python<'_>,
        cpu: Option<&Rc<Cpu>>,
        this: Given<'_, '_>,
        one: Given<'_, '_>,
        other: Option<Given<'_, '_>>,
    ) -> PyResult<Py<PyAny>>;
}

type Function = ffi::PyCFunctionFastWithKeywords;

/// pyo3's method of the same name, and the function of C's that it is.
struct General {
    method: PyOnceLock<Py<PyAny>>,
    /// A `Function`, or null as long as nobody has asked.
    function: AtomicPtr<c_void>,
}

/// What a method gives, as an object.
trait Answer {
    fn object(self, py: Python<'_>) -> Py<PyAny>;
}

impl Answer for Py<PyAny> {
    fn object(self, _: Python<'_>) -> Py<PyAny> {
        self
    }
}

impl Answer for () {
    fn object(self, py: Python<'_>) -> Py<PyAny> {
        py.None()
    }
}

macro_rules! direct {
    ($($method:ident = $class:ty, $name:literal, takes $least:literal to $most:literal, up $up:literal, |$py:ident, $cpu:ident, $this:ident, $one:ident, $other:ident| $call:expr;)*) => {
        $(
            struct $method;

            impl Direct for $method {
                type Class = $class;
                const NAME: &'static CStr = $name;
                const COUNTS: (ffi::Py_ssize_t, ffi::Py_ssize_t) = ($least, $most);
                const CALLS_UP: bool = $up;

                fn general() -> &'static General {
                    static GENERAL: General =
                        General { method: PyOnceLock::new(), function: AtomicPtr::new(ptr::null_mut()) };
                    &GENERAL
                }

                #[inline(always)]
                fn call(
                    $py: Python<'_>,
                    $cpu: Option<&Rc<Cpu>>,
                    this: Given<'_, '_>,
                    $one: Given<'_, '_>,
                    $other: Option<Given<'_, '_>>,
                ) -> PyResult<Py<PyAny>> {
                    // SAFETY: the interpreter calls a method only with an object of its class: `method_check_args`, or where it
                    // was bound; so does pyo3 it.
                    let this = unsafe { this.cast_unchecked::<$class>() };
                    let $this = this.get();
                    $call.map(|answer| answer.object($py))
                }
            }
        )*

        /// Puts them in front of pyo3's.
        pub(crate) fn install(py: Python<'_>) -> PyResult<()> {
            $(put::<$method>(py)?;)*
            install_attributes(py)
        }
    };
}

direct! {
    Send = Link, c"send", takes 1 to 1, up true, |py, cpu, this, data, _none| this.send_directly(py, cpu, &data);
    Complete = Adapter, c"wan_send_complete", takes 1 to 2, up true, |py, _cpu, this, packet, status|
        this.complete(py, &packet, status.as_deref());
    SetTimer = Timer, c"set_ns", takes 1 to 1, up false, |py, _cpu, this, nanoseconds, _none| this.set_ns(py, &nanoseconds);
    SetDevice = Device, c"set_ns", takes 1 to 1, up false, |py, _cpu, this, nanoseconds, _none| this.set_ns(&nanoseconds);
    ExitLock = SpinLock, c"__exit__", takes 0 to 3, up false, |py, _cpu, this, _why, _value| this.exit(py);
}

/// Makes a method of the class and gives it pyo3's name, signature and text.
fn put<D: Direct>(py: Python<'_>) -> PyResult<()> {
    let class = D::Class::type_object(py);
    let name = PyString::new(py, &D::NAME.to_string_lossy());
    let general = class.getattr(&name)?;
    let signature = general.getattr("__text_signature__")?;
    let text = general.getattr("__doc__")?.extract::<Option<String>>()?.unwrap_or_default();
    let text = CString::new(format!("{name}{signature}\n--\n\n{text}"))?;
    D::general().method.get_or_init(py, || general.unbind());
    // As long as the class, which is never given up.
    let definition = Box::leak(Box::new(ffi::PyMethodDef {
        ml_name: D::NAME.as_ptr(),
        ml_meth: ffi::PyMethodDefPointer { PyCFunctionFastWithKeywords: entry::<D> },
        ml_flags: ffi::METH_FASTCALL | ffi::METH_KEYWORDS,
        ml_doc: text.into_raw(),
    }));
    // SAFETY: the class is one, and the definition and what it points to are there for ever; its function has the
    // arguments that its flags say. What is returned is a new reference, or null with an exception set.
    let method = unsafe {
        let made = ffi::PyDescr_NewMethod(class.as_type_ptr(), definition);
        Bound::from_owned_ptr_or_err(py, made)?
    };
    class.setattr(name, method)
}

/// What the interpreter calls.
///
/// # Safety
/// As it calls functions of methods: attached, with an object of the class and `count` arguments, and one more for each of
/// the `names`, all alive meanwhile.
unsafe extern "C" fn entry<D: Direct>(
    this: Object,
    given: *const Object,
    count: ffi::Py_ssize_t,
    names: Object,
) -> Object {
    let (least, most) = D::COUNTS;
    let plain = names.is_null() && least <= count && count <= most;
    // SAFETY: who calls a method is attached to the interpreter, and keeps `this` and the `count` arguments alive.
    unsafe {
        let py = Python::assume_attached();
        if !plain {
            return general::<D>(py, this, given, count, names);
        }
        let one = if count >= 1 { *given } else { this };
        let other = if count >= 2 { *given.add(1) } else { ptr::null_mut() };
        if !D::CALLS_UP {
            return run::<D>(py, None, this, one, other);
        }
        Cpu::here(|cpu| {
            // Outside of drivers' functions pyo3 does not know yet that the thread is attached, and each call up would find it out.
            if cpu.is_outermost() {
                return general::<D>(py, this, given, count, names);
            }
            run::<D>(py, Some(cpu), this, one, other)
        })
    }
}

/// Runs it, and has the interpreter raise what it raises.
///
/// # Safety
/// As for `entry`; `other` may be null.
#[inline(always)]
#[allow(clippy::inline_always)] // it is the one call of its callers
unsafe fn run<D: Direct>(
    py: Python<'_>,
    cpu: Option<&Rc<Cpu>>,
    this: Object,
    one: Object,
    other: Object,
) -> Object {
    // SAFETY: the objects are alive while the call runs, as the caller has it.
    let (this, one, other) = unsafe {
        (
            Borrowed::from_ptr(py, this),
            Borrowed::from_ptr(py, one),
            Borrowed::from_ptr_or_opt(py, other).filter(|other| !other.is_none()),
        )
    };
    caught(py, || D::call(py, cpu, this, one, other))
}

/// Does it; an exception is set if there is one. A panic may not leave for C, and becomes one, as with pyo3.
#[inline(always)]
#[allow(clippy::inline_always)] // as above
fn caught(py: Python<'_>, call: impl FnOnce() -> PyResult<Py<PyAny>>) -> Object {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(Ok(answer)) => answer.into_ptr(),
        Ok(Err(error)) => failed(py, error),
        Err(panic) => failed(py, panicked(&*panic)),
    }
}

#[cold]
#[inline(never)]
fn failed(py: Python<'_>, error: PyErr) -> Object {
    error.restore(py);
    ptr::null_mut()
}

/// A panic as pyo3 has it.
fn panicked(panic: &(dyn Any + std::marker::Send)) -> PyErr {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    PanicException::new_err((text.unwrap_or("panic from Rust code").to_string(),))
}

/// A call that pyo3's method has.
///
/// # Safety
/// As for `entry`.
#[inline(always)]
#[allow(clippy::inline_always)] // a jump
unsafe fn general<D: Direct>(
    py: Python<'_>,
    this: Object,
    given: *const Object,
    count: ffi::Py_ssize_t,
    names: Object,
) -> Object {
    let mut known = D::general().function.load(Ordering::Relaxed);
    if known.is_null() {
        // SAFETY: `this` is alive.
        match unsafe { function_of::<D>(py, this) } {
            Ok(function) => known = function as *mut c_void,
            Err(error) => return failed(py, error),
        }
        D::general().function.store(known, Ordering::Relaxed);
    }
    // SAFETY: it was a `Function`, and `function_of` has seen to it that it is called as one.
    unsafe { std::mem::transmute::<*mut c_void, Function>(known)(this, given, count, names) }
}

/// The function of pyo3's method, which only a bound one tells.
///
/// # Safety
/// `this` is an object that is alive.
#[cold]
unsafe fn function_of<D: Direct>(py: Python<'_>, this: Object) -> PyResult<Function> {
    // SAFETY: the caller says so.
    let this = unsafe { Bound::from_borrowed_ptr(py, this) };
    let method = D::general().method.get(py).ok_or_else(|| usage("its module is not there"))?;
    let bound = method.bind(py).call_method1("__get__", (this,))?;
    // SAFETY: both look at what they are given, and say so if it is no function of C's. With these flags one is called so.
    unsafe {
        let flags = ffi::PyCFunction_GetFlags(bound.as_ptr());
        match ffi::PyCFunction_GetFunction(bound.as_ptr()) {
            Some(function) if flags == ffi::METH_FASTCALL | ffi::METH_KEYWORDS => {
                Ok(std::mem::transmute::<ffi::PyCFunction, Function>(function))
            }
            _ => Err(usage(format!("{bound} is called in another way"))),
        }
    }
}

/// An attribute that is read for each packet.
trait Read {
    type Class: PyTypeInfo;
    const NAME: &'static CStr;

    fn get(py: Python<'_>, this: Given<'_, '_>) -> PyResult<Py<PyAny>>;
}

macro_rules! read {
    ($($attribute:ident = $class:ty, $name:literal, |$py:ident, $this:ident| $get:expr;)*) => {
        $(
            struct $attribute;

            impl Read for $attribute {
                type Class = $class;
                const NAME: &'static CStr = $name;

                #[inline(always)]
                fn get($py: Python<'_>, this: Given<'_, '_>) -> PyResult<Py<PyAny>> {
                    // SAFETY: as for methods.
                    let this = unsafe { this.cast_unchecked::<$class>() };
                    let $this = this.get();
                    $get
                }
            }
        )*

        /// Puts attributes in front of pyo3's.
        fn install_attributes(py: Python<'_>) -> PyResult<()> {
            $(put_attribute::<$attribute>(py)?;)*
            Ok(())
        }
    };
}

read! {
    Now = Ndis, c"now_ns", |py, this| number(py, this.world.core.now());
    NowOfAdapter = Adapter, c"now_ns", |py, this| number(py, this.shared.world.core.now());
}

/// A number; one that fits is made faster with a sign.
fn number(py: Python<'_>, number: u64) -> PyResult<Py<PyAny>> {
    match i64::try_from(number) {
        Ok(number) => number.into_py_any(py),
        Err(_) => number.into_py_any(py),
    }
}

/// Makes an attribute of the class and gives it the text of pyo3's.
fn put_attribute<R: Read>(py: Python<'_>) -> PyResult<()> {
    let class = R::Class::type_object(py);
    let name = PyString::new(py, &R::NAME.to_string_lossy());
    let text = CString::new(class.getattr(&name)?.getattr("__doc__")?.to_string())?;
    let definition = Box::leak(Box::new(ffi::PyGetSetDef {
        name: R::NAME.as_ptr(),
        get: Some(get::<R>),
        doc: text.into_raw(),
        ..Default::default()
    }));
    // SAFETY: as in `put`.
    let attribute = unsafe {
        let made = ffi::PyDescr_NewGetSet(class.as_type_ptr(), definition);
        Bound::from_owned_ptr_or_err(py, made)?
    };
    class.setattr(name, attribute)
}

/// What the interpreter calls.
///
/// # Safety
/// As it calls functions of attributes: attached, with an object of the class.
unsafe extern "C" fn get<R: Read>(this: Object, _: *mut c_void) -> Object {
    // SAFETY: as in `entry`.
    let (py, this) = unsafe {
        let py = Python::assume_attached();
        (py, Borrowed::from_ptr(py, this))
    };
    caught(py, || R::get(py, this))
}
