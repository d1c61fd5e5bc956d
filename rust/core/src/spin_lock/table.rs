//! The locks of one world, found by number.
//!
//! They are only ever added, and a lock does not move: the first ones, which are all that most worlds have, lie here, the others
//! in chunks that are made once, each twice as long as the one before. So who looks for one counts no reference.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use parking_lot::Mutex;

use crate::contract::order::LockOrder;

#[derive(Debug)]
pub(super) struct Lock {
    name: String,
    /// The CPU that holds it, 0 for none.
    pub(super) owner: AtomicU32,
    /// One that it may follow: the number, counted from 1, of the last lock with which alone it was acquired and no cycle
    /// was found. What is in the graph of orders stays there, so that need not be looked at again.
    pub(super) follows: AtomicU32,
}

/// How many locks the first chunk has, as a power of two.
const FIRST: u32 = 3;

#[derive(Debug, Default)]
pub(crate) struct LockTable {
    first: [OnceLock<Lock>; 1 << FIRST],
    further: OnceLock<Box<Chunks>>,
    count: Mutex<u32>,
    pub(super) order: Mutex<LockOrder>,
}

/// All but the first one.
type Chunks = [OnceLock<Box<[OnceLock<Lock>]>>; 31 - FIRST as usize];

/// Its chunk, counted from the first one, and its place in that.
#[inline]
fn place(lock: u32) -> (usize, usize) {
    let at = u64::from(lock) + (1 << FIRST);
    let log = at.ilog2();
    ((log - FIRST) as usize, (at - (1 << log)) as usize)
}

impl LockTable {
    #[inline]
    pub(super) fn get(&self, lock: u32) -> Option<&Lock> {
        match self.first.get(lock as usize) {
            Some(known) => known.get(),
            None => self.get_further(lock),
        }
    }

    #[inline(always)]
    #[allow(clippy::inline_always)] // who calls nothing saves no registers for it
    fn get_further(&self, lock: u32) -> Option<&Lock> {
        let (chunk, at) = place(lock);
        self.further.get()?.get(chunk - 1)?.get()?.get(at)?.get()
    }

    /// The place of the lock of this number.
    fn of(&self, lock: u32) -> &OnceLock<Lock> {
        let (chunk, at) = place(lock);
        let Some(chunk) = chunk.checked_sub(1) else { return &self.first[at] };
        let chunks = self.further.get_or_init(Box::default);
        let length = 1usize << (chunk as u32 + 1 + FIRST);
        &chunks[chunk].get_or_init(|| (0..length).map(|_| OnceLock::new()).collect())[at]
    }

    /// Another lock: its number.
    pub(super) fn add(&self, name: &str) -> u32 {
        let mut count = self.count.lock();
        self.of(*count).get_or_init(|| Lock {
            name: name.to_string(),
            owner: AtomicU32::new(0),
            follows: AtomicU32::new(0),
        });
        *count += 1;
        *count - 1
    }

    pub(crate) fn name(&self, lock: u32) -> String {
        self.get(lock)
            .map_or_else(|| format!("lock {lock}"), |lock| format!("spin lock {:?}", lock.name))
    }

    /// The names of all locks, by number.
    pub(crate) fn names(&self) -> Vec<String> {
        let count = *self.count.lock();
        (0..count).filter_map(|lock| self.get(lock)).map(|lock| lock.name.clone()).collect()
    }

    pub(crate) fn force_release(&self, lock: u32) {
        if let Some(lock) = self.get(lock) {
            lock.owner.store(0, Ordering::Release);
        }
    }

    /// Whether no CPU holds `lock`.
    pub(crate) fn is_free(&self, lock: u32) -> bool {
        self.get(lock).is_none_or(|lock| lock.owner.load(Ordering::Relaxed) == 0)
    }

    /// Which CPU holds `lock`, 0 for none.
    pub(crate) fn owner(&self, lock: u32) -> u32 {
        self.get(lock).map_or(0, |lock| lock.owner.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_number_has_its_place_and_the_last_one_too() {
        let table = LockTable::default();
        let names: Vec<String> = (0..300).map(|lock| format!("lock {lock}")).collect();
        for (at, name) in names.iter().enumerate() {
            assert!(table.get(at as u32).is_none(), "not before it was added");
            assert_eq!(table.add(name), at as u32);
        }
        assert_eq!(table.names(), names);
        assert_eq!(place(u32::MAX), (29, 7), "no chunk has it, and none is asked beyond its end");
        assert!(table.get(u32::MAX).is_none());
    }

    #[test]
    fn a_lock_that_is_found_stays_where_it_is_while_others_come() {
        let table = LockTable::default();
        table.add("first");
        let first: *const Lock = table.get(0).expect("it was added");
        for _ in 0..1000 {
            table.add("another");
        }
        assert!(std::ptr::eq(first, table.get(0).expect("it is still there")));
    }
}
