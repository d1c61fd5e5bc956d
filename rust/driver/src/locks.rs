//! Spin locks by the address of their structure, as drivers name them.
//!
//! Which number of the engine's a lock has stands in a table. Before it is a small cache, in which an address has one place: a
//! word of the address and the number. What changes in the table is taken out of the cache by who changes it, under the table's
//! lock, and what is put in is put in under it; so a word of the cache is never older than the table.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::{Mutex, RwLock, RwLockUpgradableReadGuard};

/// What is known of a lock.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Lock {
    /// The engine's; none before its first use.
    pub(crate) number: Option<u32>,
    /// The function that freed it, or the memory that it was in.
    pub(crate) freed: Option<&'static str>,
    /// Whether the driver has to free it: NdisAllocateSpinLock made it.
    pub(crate) to_free: bool,
    /// Where in the driver's code it was initialized; 0 if that is not known.
    pub(crate) site: usize,
}

/// Places of the cache; a power of two.
const PLACES: usize = 64;
/// Bits of a number in a word of the cache; the rest is the address, of which x86 uses 48.
const NUMBER: u32 = 16;

/// The locks of a driver.
#[derive(Debug)]
pub(crate) struct Locks {
    known: RwLock<BTreeMap<usize, Lock>>,
    /// How many locks had a name.
    names: Mutex<BTreeMap<String, u32>>,
    cache: [AtomicU64; PLACES],
}

impl Default for Locks {
    fn default() -> Locks {
        Locks {
            known: RwLock::default(),
            names: Mutex::default(),
            cache: [const { AtomicU64::new(0) }; PLACES],
        }
    }
}

impl Locks {
    #[inline]
    fn place(&self, address: usize) -> &AtomicU64 {
        &self.cache[(address >> 3 ^ address >> 9) % PLACES]
    }

    /// The number of a lock that was used lately, and was not freed.
    #[inline]
    pub(crate) fn cached(&self, address: usize) -> Option<u32> {
        let word = self.place(address).load(Ordering::Relaxed);
        (word >> NUMBER == address as u64 && address != 0)
            .then_some(word as u32 & ((1 << NUMBER) - 1))
    }

    /// What is known of the lock at `address`; it is in the cache from then on.
    pub(crate) fn get(&self, address: usize) -> Option<Lock> {
        let known = self.known.read();
        let lock = known.get(&address).copied();
        if let Some(Lock { number: Some(number), freed: None, .. }) = lock
            && number >> NUMBER == 0
            && address >> (u64::BITS - NUMBER) == 0
        {
            let word = (address as u64) << NUMBER | u64::from(number);
            self.place(address).store(word, Ordering::Relaxed);
        }
        lock
    }

    /// Another lock at `address`, or the same in another state.
    pub(crate) fn set(&self, address: usize, lock: Lock) {
        let mut known = self.known.write();
        self.place(address).store(0, Ordering::Relaxed);
        known.insert(address, lock);
    }

    /// The same, unless there is one.
    pub(crate) fn set_if_new(&self, address: usize, lock: Lock) {
        self.known.write().entry(address).or_insert(lock);
    }

    /// A name for the next lock that its source calls so: the second one of that name has a number behind it.
    pub(crate) fn name(&self, wanted: String) -> String {
        let mut names = self.names.lock();
        let times = names.entry(wanted.clone()).or_insert(0u32);
        *times += 1;
        if *times == 1 { wanted } else { format!("{wanted} ({times})") }
    }

    /// The lock at `address` is freed: what was known of it; none if it is no lock, or was freed before.
    pub(crate) fn free(&self, address: usize, by: &'static str) -> Option<Lock> {
        let known = self.known.upgradable_read();
        let lock = known.get(&address).copied().filter(|lock| lock.freed.is_none())?;
        let mut known = RwLockUpgradableReadGuard::upgrade(known);
        self.place(address).store(0, Ordering::Relaxed);
        known.insert(address, Lock { freed: Some(by), ..lock });
        Some(lock)
    }

    /// Those that the driver has to free: where they are, and where they were initialized.
    pub(crate) fn left(&self) -> Vec<(usize, usize)> {
        let known = self.known.read();
        let left = known.iter().filter(|(_, lock)| lock.to_free && lock.freed.is_none());
        let mut left: Vec<_> = left.map(|(address, lock)| (*address, lock.site)).collect();
        left.sort_unstable();
        left
    }

    /// A block of memory is freed: the locks in it that were not freed before are not to be used any more. Which they were.
    pub(crate) fn free_block(
        &self,
        start: usize,
        length: usize,
        by: &'static str,
    ) -> Vec<(usize, Lock)> {
        let known = self.known.read();
        let inside = known.range(start..start.saturating_add(length));
        let inside: Vec<usize> = inside.map(|(address, _)| *address).collect();
        drop(known);
        inside
            .into_iter()
            .filter_map(|address| self.free(address, by).map(|lock| (address, lock)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const USED: Lock = Lock { number: Some(7), freed: None, to_free: true, site: 0 };

    #[test]
    fn a_lock_is_in_the_cache_after_its_first_use_until_it_changes() {
        let locks = Locks::default();
        locks.set(0x5000, Lock { number: None, ..USED });
        assert!(locks.get(0x5000).is_some());
        assert_eq!(locks.cached(0x5000), None, "it has no number yet");
        locks.set(0x5000, USED);
        let _ = locks.get(0x5000);
        assert_eq!(locks.cached(0x5000), Some(7));
        assert!(locks.free(0x5000, "NdisFreeSpinLock").is_some());
        assert_eq!(locks.cached(0x5000), None, "freed");
        assert!(locks.free(0x5000, "NdisFreeSpinLock").is_none(), "only once");
        locks.set(0x5000, USED);
        assert_eq!(locks.cached(0x5000), None, "set anew");
    }

    #[test]
    fn the_second_lock_of_a_name_has_a_number() {
        let locks = Locks::default();
        let given = ["Lock", "Lock", "Other", "Lock"].map(|name| locks.name(name.to_string()));
        assert_eq!(given, ["Lock", "Lock (2)", "Other", "Lock (3)"]);
    }

    #[test]
    fn two_locks_of_one_place_are_told_apart() {
        let locks = Locks::default();
        let (one, other) = (0x5000, 0x5000 + (1 << 20));
        assert!(std::ptr::eq(locks.place(one), locks.place(other)));
        locks.set(one, USED);
        locks.set(other, Lock { number: Some(8), ..USED });
        for (address, number) in [(one, 7), (other, 8), (one, 7)] {
            let _ = locks.get(address);
            assert_eq!(locks.cached(address), Some(number));
        }
        assert_eq!(locks.cached(other), None);
    }

    #[test]
    fn a_lock_ends_with_its_memory() {
        let locks = Locks::default();
        for address in [0x5000, 0x5010, 0x5020] {
            locks.set(address, USED);
            let _ = locks.get(address);
        }
        let gone = locks.free_block(0x5000, 0x18, "NdisFreeMemory");
        assert_eq!(gone.len(), 2);
        assert_eq!(locks.get(0x5010).and_then(|lock| lock.freed), Some("NdisFreeMemory"));
        assert_eq!([0x5000, 0x5010, 0x5020].map(|at| locks.cached(at)), [None, None, Some(7)]);
        assert!(locks.free_block(0x5000, 0x18, "NdisFreeMemory").is_empty(), "only once");
    }

    #[test]
    fn what_does_not_fit_into_a_word_is_not_cached() {
        let locks = Locks::default();
        locks.set(0x5000, Lock { number: Some(1 << NUMBER), ..USED });
        locks.set(1 << 50, USED);
        for address in [0x5000, 1 << 50] {
            assert!(locks.get(address).is_some());
            assert_eq!(locks.cached(address), None);
        }
        assert_eq!(locks.cached(0), None, "an empty place is no lock at address 0");
    }
}
