//! What is pending, in its order: the next few pieces in sorted places, the rest in a heap behind them.
//!
//! A world has a handful of them for the most part, a timer and the check for hang; the one that was set last is often the next
//! one. So one goes in behind a look or two, and the next one comes off the end.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::Work;

/// How many are kept sorted.
const NEAR: usize = 16;

/// Ordered by time, then by priority and age.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Ord, PartialOrd)]
pub(super) struct Item {
    pub(super) at: u64,
    /// Its priority, its age, which no two have in common, and whether a run goes on for its sake.
    rank: u64,
    pub(super) work: Work,
}

impl Item {
    #[inline]
    pub(super) fn new(at: u64, age: u64, background: bool, work: Work) -> Item {
        let rank = u64::from(work.priority()) << 56 | age << 1 | u64::from(background);
        Item { at, rank, work }
    }

    #[inline]
    pub(super) fn age(&self) -> u64 {
        self.rank << 8 >> 9
    }

    /// Whether a run does not go on for its sake.
    #[inline]
    pub(super) fn background(&self) -> bool {
        self.rank & 1 == 1
    }

    #[inline]
    fn is_before(&self, other: &Item) -> bool {
        (self.at, self.rank) < (other.at, other.rank)
    }
}

/// All that is pending.
#[derive(Debug, Default)]
pub(super) struct Agenda {
    /// The next ones, the very next at the end; empty only if nothing is pending.
    near: Vec<Item>,
    /// What comes after all of these.
    far: BinaryHeap<Reverse<Item>>,
}

impl Agenda {
    pub(super) fn len(&self) -> usize {
        self.near.len() + self.far.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Item> {
        self.near.iter().chain(self.far.iter().map(|Reverse(item)| item))
    }

    /// The next one.
    #[inline]
    pub(super) fn next(&self) -> Option<&Item> {
        self.near.last()
    }

    #[inline(always)]
    #[allow(clippy::inline_always)] // see `Inner::push`
    pub(super) fn push(&mut self, item: Item) {
        if self.near.len() < NEAR && self.near.last().is_none_or(|next| item.is_before(next)) {
            return self.near.push(item); // the very next
        }
        self.push_behind(item);
    }

    #[inline(never)]
    fn push_behind(&mut self, item: Item) {
        let last = self.near.first().is_some_and(|last| last.is_before(&item));
        if last && (self.near.len() >= NEAR || !self.far.is_empty()) {
            return self.far.push(Reverse(item));
        }
        let after = self.near.iter().rev().take_while(|other| other.is_before(&item)).count();
        self.near.insert(self.near.len() - after, item);
        if self.near.len() > NEAR {
            self.far.push(Reverse(self.near.remove(0)));
        }
    }

    /// Takes the next one out.
    #[inline]
    pub(super) fn pop(&mut self) -> Option<Item> {
        let next = self.near.pop();
        if self.near.is_empty() && !self.far.is_empty() {
            self.come_near();
        }
        next
    }

    #[cold]
    fn come_near(&mut self) {
        while self.near.len() < NEAR / 2
            && let Some(Reverse(item)) = self.far.pop()
        {
            self.near.push(item);
        }
        self.near.reverse();
    }

    pub(super) fn retain(&mut self, mut wanted: impl FnMut(&Item) -> bool) {
        self.near.retain(&mut wanted);
        self.far.retain(|Reverse(item)| wanted(item));
        if self.near.is_empty() {
            self.come_near();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn it_keeps_the_order_whatever_comes_and_goes() {
        let mut luck = 1u64;
        let mut any = |below: u64| {
            luck = luck.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (luck >> 33) % below
        };
        let (mut agenda, mut all) = (Agenda::default(), BTreeSet::new());
        for age in 0..20_000u64 {
            // It grows to some hundreds, and goes back to nothing, by turns.
            if age / 1_000 % 2 == 0 || all.is_empty() {
                let work = match any(3) {
                    0 => Work::Interrupt { adapter: 0 },
                    1 => Work::Dpc { adapter: 0, dpc: 0 },
                    _ => Work::HangCheck { adapter: 0 },
                };
                let item = Item::new(any(50), age, any(2) == 0, work);
                assert_eq!((item.age(), item.rank >> 56), (age, u64::from(work.priority())));
                agenda.push(item);
                all.insert((item.at, work.priority(), age));
            }
            if age % 97 == 0 {
                agenda.retain(|item| item.age() % 5 != 0);
                all.retain(|(_, _, age)| age % 5 != 0);
            }
            if age / 1_000 % 2 == 1 || any(3) == 0 {
                let next = agenda.next().copied();
                assert_eq!(agenda.pop(), next);
                let next = next.map(|item| (item.at, item.work.priority(), item.age()));
                assert_eq!(next, all.pop_first());
            }
            assert_eq!((agenda.len(), agenda.iter().count()), (all.len(), all.len()));
        }
        assert!(agenda.iter().all(|item| all.contains(&(
            item.at,
            item.work.priority(),
            item.age()
        ))));
    }
}
