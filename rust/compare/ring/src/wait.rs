//! How a thread waits that has nothing to do. The same for every queue.

use std::hint::spin_loop;
use std::thread::yield_now;

/// Spins first; gives its core away when that has not helped.
#[derive(Debug)]
pub struct Wait {
    spun: u32,
    limit: u32,
    eager: bool,
}

impl Wait {
    /// For threads with a core each.
    pub fn alone() -> Wait {
        Wait { spun: 0, limit: 20_000, eager: false }
    }

    /// The same where every nanosecond counts: a pause takes as long as a cache line between cores.
    pub fn eager() -> Wait {
        Wait { spun: 0, limit: 200_000, eager: true }
    }

    /// For more threads than cores: who is waited for may need this very core. (With 40 pauses before, every queue
    /// lost 5 to 15 ns an entry.)
    pub fn crowded() -> Wait {
        Wait { spun: 0, limit: 1, eager: false }
    }

    /// Waits a little.
    #[inline]
    pub fn pause(&mut self) {
        if self.spun < self.limit {
            self.spun += 1;
            if !self.eager {
                spin_loop();
            }
        } else {
            yield_now();
        }
    }

    /// There was something to do.
    #[inline]
    pub fn reset(&mut self) {
        self.spun = 0;
    }
}
