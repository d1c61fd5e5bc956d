//! A driver's file below 2 GiB, where drivers of 32-bit days can keep the address of a variable, a text or a function in a ULONG.
//!
//! The dynamic linker asks the kernel for any free addresses, and gets the highest. So all that is free above 2 GiB is taken as
//! long as it loads: addresses alone, nothing is in them. Other threads that want memory meanwhile get it below as well. Where
//! this does not work (a process with a limit of addresses, or without a limit of stacks) a file is wherever it comes to be.

use std::fs;

use parking_lot::Mutex;

/// Where what a ULONG can hold, and a LONG, ends.
const LOW: usize = 1 << 31;
/// Where the addresses of a process end.
const END: usize = (1 << 47) - crate::memory::PAGE;
/// So much below the stack stays free: it grows, and the kernel maps nothing there of its own accord.
const STACK: usize = 128 << 20;

/// Addresses that nobody else is given.
struct Taken(usize, usize);

impl Taken {
    fn new(start: usize, end: usize) -> Option<Taken> {
        let length = end.checked_sub(start).filter(|length| *length > 0)?;
        let flags = libc::MAP_PRIVATE
            | libc::MAP_ANONYMOUS
            | libc::MAP_NORESERVE
            | libc::MAP_FIXED_NOREPLACE;
        // Not by the function of the C library: AddressSanitizer would look at all of it.
        // SAFETY: a new mapping, of addresses at which there is none, or none at all.
        let got = unsafe {
            libc::syscall(libc::SYS_mmap, start, length, libc::PROT_NONE, flags, -1, 0) as usize
        };
        let taken = Taken(got, length);
        if got != start {
            // An old kernel takes the address for a wish; -1 and what is near it is an error.
            if got > END {
                std::mem::forget(taken);
            }
            return None;
        }
        // A child that another thread forks meanwhile has them free.
        // SAFETY: nothing is done to what is in it.
        unsafe { libc::madvise(start as *mut libc::c_void, length, libc::MADV_DONTFORK) };
        Some(taken)
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        // SAFETY: the mapping is this value's own, and nobody has an address of it.
        unsafe { libc::syscall(libc::SYS_munmap, self.0, self.1) };
    }
}

/// What is free above 2 GiB by the text of /proc/PID/maps, from where to where.
fn free(maps: &str) -> Vec<(usize, usize)> {
    let (mut free, mut from) = (Vec::new(), LOW);
    for line in maps.lines() {
        let Some((start, rest)) = line.split_once('-') else { continue };
        let end = rest.split(' ').next().unwrap_or_default();
        let number = |text| usize::from_str_radix(text, 16);
        let (Ok(start), Ok(end)) = (number(start), number(end)) else { continue };
        let grows = if line.ends_with("[stack]") { STACK } else { 0 };
        free.push((from, start.min(END).saturating_sub(grows)));
        from = from.max(end);
    }
    free.push((from, END));
    free.retain(|(from, to)| from < to);
    free
}

/// Does `load` with nothing free but what is below 2 GiB; again as it comes, if that gives nothing.
pub(crate) fn loaded<T>(load: impl Fn() -> Option<T>) -> Option<T> {
    static ONE: Mutex<()> = Mutex::new(());
    let _one = ONE.lock();
    let maps = fs::read_to_string("/proc/self/maps").unwrap_or_default();
    let taken: Vec<Taken> =
        free(&maps).into_iter().filter_map(|(start, end)| Taken::new(start, end)).collect();
    let low = load();
    drop(taken);
    low.or_else(load)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_above_two_gib_is_free_but_what_is_mapped_and_where_the_stack_grows() {
        let maps = "00400000-00401000 r-xp 00000000 fe:00 1 /bin/it\n\
                    7ffff000-80001000 rw-p 00000000 00:00 0\n\
                    7f0000000000-7f0000002000 r-xp 00000000 fe:00 1 /lib/a.so\n\
                    7f0000002000-7f0000003000 rw-p 00000000 00:00 0\n\
                    7ffffff00000-7ffffff21000 rw-p 00000000 00:00 0 [stack]\n\
                    ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0 [vsyscall]\n";
        let expected = [
            (0x8000_1000, 0x7F00_0000_0000),
            (0x7F00_0000_3000, 0x7FFF_FFF0_0000 - STACK),
            (0x7FFF_FFF2_1000, END),
        ];
        assert_eq!(free(maps), expected);
    }

    #[test]
    fn what_is_mapped_meanwhile_is_low_and_nothing_stays_taken() {
        // SAFETY: a new anonymous mapping, and its end.
        let map = || unsafe {
            let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
            let got = libc::mmap(std::ptr::null_mut(), 4096, libc::PROT_NONE, flags, -1, 0);
            libc::munmap(got, 4096);
            Some(got as usize)
        };
        assert!(loaded(map).is_some_and(|address| address < LOW));
        assert!(map().is_some_and(|address| address > LOW));
        let calls = std::cell::Cell::new(0);
        assert_eq!(loaded(|| (calls.replace(calls.get() + 1) == 1).then_some(())), Some(()));
    }
}
