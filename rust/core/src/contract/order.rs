//! The order in which spin locks are taken, and whether it can deadlock.
//!
//! An edge `a → b` says that `b` was acquired while `a` was held. Two paths in opposite
//! directions (AB-BA, or any longer cycle) are a deadlock waiting for its schedule, even if this
//! run did not meet it (DDK:"Synchronization and Notification": fix one global order).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The edges seen so far.
#[derive(Clone, Debug, Default, Eq, PartialEq, Ord, PartialOrd, Hash, Serialize, Deserialize)]
pub struct LockOrder {
    after: BTreeMap<u32, Vec<u32>>,
}

impl LockOrder {
    /// Whether `b` was seen acquired with `a` held.
    pub fn has(&self, a: u32, b: u32) -> bool {
        self.after.get(&a).is_some_and(|next| next.contains(&b))
    }

    /// The path by which `to` was reached with `from` held, if there is one: `[from, …, to]`.
    pub fn path(&self, from: u32, to: u32) -> Option<Vec<u32>> {
        let mut paths = vec![vec![from]];
        let mut seen = vec![from];
        while let Some(path) = paths.pop() {
            let last = path[path.len() - 1];
            if last == to {
                return Some(path);
            }
            for &next in self.after.get(&last).into_iter().flatten() {
                if !seen.contains(&next) {
                    seen.push(next);
                    let mut longer = path.clone();
                    longer.push(next);
                    paths.push(longer);
                }
            }
        }
        None
    }

    /// Notes that `new` is acquired with `held` held.
    ///
    /// # Errors
    /// The path `[new, …, held]` that goes the other way: together they are a cycle. The edge is
    /// not added then, so each cycle is reported where it is closed, every time.
    pub fn add(&mut self, held: u32, new: u32) -> Result<(), Vec<u32>> {
        if self.has(held, new) {
            return Ok(());
        }
        if let Some(path) = self.path(new, held) {
            return Err(path);
        }
        self.after.entry(held).or_default().push(new);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_locks_in_one_order_are_fine() {
        let mut order = LockOrder::default();
        assert_eq!(order.add(1, 2), Ok(()));
        assert_eq!(order.add(1, 2), Ok(()));
        assert_eq!(order.add(2, 3), Ok(()));
        assert_eq!(order.add(1, 3), Ok(()));
    }

    #[test]
    fn a_cycle_over_three_locks_comes_with_the_opposite_path() {
        let mut order = LockOrder::default();
        order.add(1, 2).unwrap();
        order.add(2, 3).unwrap();
        assert_eq!(order.add(3, 1), Err(vec![1, 2, 3]));
    }
}
