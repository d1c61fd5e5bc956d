//! Reading and writing at addresses that a driver gave: the kernel does it, and says no where a load would crash. Where the
//! memory is known to be the driver's own ([`crate::context::in_own`]), which it nearly always is, nobody is asked.

use std::mem::MaybeUninit;

use crate::memory::is_closed;

fn own() -> libc::pid_t {
    // SAFETY: getpid has no preconditions.
    unsafe { libc::getpid() }
}

fn span(address: usize, length: usize) -> libc::iovec {
    libc::iovec { iov_base: address as *mut libc::c_void, iov_len: length }
}

/// Fills `into` from `address`; whether all of it could be read.
pub fn read(address: usize, into: &mut [u8]) -> bool {
    // SAFETY: memory of the driver that called, which waits for the answer; `into` is a value of ours.
    let copy = |into: &mut [u8]| unsafe {
        std::ptr::copy(address as *const u8, into.as_mut_ptr(), into.len());
    };
    crate::context::in_own(address, into.len(), || copy(into))
        || read_as_is(address, into)
        || crate::mapped::read(address, into)
}

/// The same, by nobody but the kernel.
pub(crate) fn read_as_is(address: usize, into: &mut [u8]) -> bool {
    if is_closed(address, into.len()) {
        return false;
    }
    let (local, remote) = (span(into.as_mut_ptr() as usize, into.len()), span(address, into.len()));
    // SAFETY: `local` is `into`; the other address is looked at by the kernel, which answers EFAULT for what is not mapped.
    let count =
        unsafe { libc::process_vm_readv(own(), &raw const local, 1, &raw const remote, 1, 0) };
    usize::try_from(count) == Ok(into.len())
}

/// Writes `from` at `address`; whether all of it could be written.
pub fn write(address: usize, from: &[u8]) -> bool {
    // SAFETY: as in `read`.
    let copy = || unsafe { std::ptr::copy(from.as_ptr(), address as *mut u8, from.len()) };
    crate::context::in_own(address, from.len(), copy)
        || write_as_is(address, from)
        || crate::mapped::write(address, from)
}

/// The same, by nobody but the kernel.
pub(crate) fn write_as_is(address: usize, from: &[u8]) -> bool {
    if is_closed(address, from.len()) {
        return false;
    }
    let (local, remote) = (span(from.as_ptr() as usize, from.len()), span(address, from.len()));
    // SAFETY: as in `read`. A driver that gives an address gives the memory, as with every out parameter in C.
    let count =
        unsafe { libc::process_vm_writev(own(), &raw const local, 1, &raw const remote, 1, 0) };
    usize::try_from(count) == Ok(from.len())
}

/// A number, an array of them: what every pattern of bits is a value of.
///
/// # Safety
/// Every pattern of bits is a value.
pub unsafe trait Plain: Copy {}
// SAFETY: integers.
unsafe impl Plain for u8 {}
// SAFETY: integers.
unsafe impl Plain for u16 {}
// SAFETY: integers.
unsafe impl Plain for u32 {}
// SAFETY: integers.
unsafe impl Plain for u64 {}
// SAFETY: integers.
unsafe impl Plain for usize {}
// SAFETY: arrays of those.
unsafe impl<T: Plain, const N: usize> Plain for [T; N] {}

/// The value at `address`.
pub fn get<T: Plain>(address: usize) -> Option<T> {
    let mut value = MaybeUninit::<T>::zeroed();
    // SAFETY: the bytes of a value that is zeroed, for as long as this call.
    let bytes =
        unsafe { std::slice::from_raw_parts_mut(value.as_mut_ptr().cast::<u8>(), size_of::<T>()) };
    // SAFETY: zeroed, and every pattern is a value.
    read(address, bytes).then(|| unsafe { value.assume_init() })
}

/// Puts `value` at `address`; whether that could be written.
pub fn put<T: Plain>(address: usize, value: T) -> bool {
    // SAFETY: the bytes of an integer or of an array of them, which have no padding.
    write(address, unsafe {
        std::slice::from_raw_parts((&raw const value).cast::<u8>(), size_of::<T>())
    })
}

/// `length` bytes from `address`.
pub fn bytes(address: usize, length: usize) -> Option<Vec<u8>> {
    let mut bytes = vec![0; length];
    read(address, &mut bytes).then_some(bytes)
}

/// The text at `address` up to its zero, at most 4,096 bytes; what cannot be read ends it.
pub fn text(address: usize) -> String {
    let mut text = Vec::new();
    while text.len() < 4096 {
        match get::<u8>(address + text.len()) {
            None | Some(0) => break,
            Some(byte) => text.push(byte),
        }
    }
    String::from_utf8_lossy(&text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_mapped_is_read_and_written() {
        let mut value = 7u32;
        let address = (&raw mut value) as usize;
        assert_eq!(get::<u32>(address), Some(7));
        assert!(put(address, 9u32));
        assert_eq!(value, 9);
    }

    #[test]
    fn what_is_not_mapped_is_no_crash() {
        assert_eq!(get::<u32>(8), None);
        assert!(!put(8, 1u32));
        assert_eq!(text(8), "");
        assert_eq!(bytes(usize::MAX - 2, 8), None);
    }
}
