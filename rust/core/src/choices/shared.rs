//! An explorer that worlds ask, one after the other, and who runs them as well.

use std::fmt;
use std::ops::DerefMut;
use std::sync::Arc;

use super::Explorer;
use crate::biased::{Bias, Biased, BiasedGuard};
use crate::cx::Cpu;

/// An explorer behind a lock. The thread that shared it takes the lock by a store, as long as no other thread takes it: a
/// world asks at each point, and two atomics cost as much as the answer does. Who waits for it spins, and gives its processor
/// away meanwhile.
#[derive(Clone)]
pub struct Shared(Arc<Biased<Box<dyn Explorer>>>);

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shared")
    }
}

impl Shared {
    /// For this thread's worlds first of all.
    pub fn new(explorer: impl Explorer + 'static) -> Shared {
        Shared::from(Box::new(explorer) as Box<dyn Explorer>)
    }

    /// The explorer, which nobody else asks meanwhile; a world of another thread waits.
    #[inline]
    pub fn lock(&self) -> impl DerefMut<Target = Box<dyn Explorer>> + '_ {
        self.0.lock()
    }

    /// The same for a thread whose CPU this is.
    #[inline]
    pub(crate) fn lock_on(&self, cpu: &Cpu) -> BiasedGuard<'_, Box<dyn Explorer>> {
        self.0.lock_on(cpu)
    }
}

impl From<Box<dyn Explorer>> for Shared {
    fn from(explorer: Box<dyn Explorer>) -> Shared {
        Shared(Arc::new(Biased::new(&Bias::of_locks(), explorer)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::choices::random::Random;

    #[test]
    fn threads_that_ask_at_once_get_what_one_would() {
        const EACH: usize = 20_000;
        let alone = Shared::new(Random::new(1));
        let mut expected: Vec<u32> = (0..2 * EACH).map(|_| alone.lock().value(1000)).collect();
        let shared = Shared::new(Random::new(1));
        let ask = || (0..EACH).map(|_| shared.lock().value(1000)).collect::<Vec<u32>>();
        let mut got = std::thread::scope(|scope| {
            let other = scope.spawn(ask);
            let mut mine = ask();
            mine.extend(other.join().unwrap());
            mine
        });
        expected.sort_unstable();
        got.sort_unstable();
        assert!(expected == got, "an answer was given twice, or none");
    }
}
