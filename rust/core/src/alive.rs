//! Signs of life of threads that wait on purpose, for who looks whether one stands still.
//!
//! A wait of the engine's that may take as long as it likes is made of short ones, with a sign after each. Where the memory that
//! it waits in is destroyed, there are no more signs.

use std::cell::Cell;
use std::sync::OnceLock;
use std::time::Duration;

thread_local! {
    static BEATS: Cell<u64> = const { Cell::new(0) };
}

/// The longest that a thread sleeps without a sign.
const SLICE: Duration = Duration::from_millis(100);

/// The calling thread goes on.
pub fn beat() {
    BEATS.with(|beats| beats.set(beats.get().wrapping_add(1)));
}

/// How often it did.
pub fn beats() -> u64 {
    BEATS.with(Cell::get)
}

/// Runs what a thread does while it waits.
pub type Aside = fn(&mut dyn FnMut());

static ASIDE: OnceLock<Aside> = OnceLock::new();

/// Says how a thread of this process waits for another one, which may need what the first has: the lock of an interpreter, for
/// example. What waits does nothing but that. The first that says it counts.
pub fn when_waiting(aside: Aside) {
    let _ = ASIDE.set(aside);
}

/// Waits as [`when_waiting`] says.
pub(crate) fn aside(mut wait: impl FnMut()) {
    match ASIDE.get() {
        Some(aside) => aside(&mut wait),
        None => wait(),
    }
}

/// Sleeps, and gives a sign now and then.
pub fn sleep(duration: Duration) {
    aside(|| {
        let mut left = duration;
        while !left.is_zero() {
            let slice = left.min(SLICE);
            std::thread::sleep(slice);
            left -= slice;
            beat();
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_sleeps_for_long_gives_signs() {
        let before = beats();
        sleep(SLICE + SLICE / 5);
        assert_eq!(beats() - before, 2);
    }
}
