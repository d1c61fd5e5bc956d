//! An explorer that was made by name, where `ndiswan::explore` wants one that is shared.

use std::sync::Arc;

use ndiswan::choices::{self, Certificate, Choice, Ended, Explorer, Step};
use parking_lot::Mutex;

struct Boxed(Box<dyn Explorer>);

impl Explorer for Boxed {
    fn begin(&mut self) {
        self.0.begin();
    }

    fn step(&mut self, steps: &[Step]) -> usize {
        self.0.step(steps)
    }

    fn value(&mut self, n: u32) -> u32 {
        self.0.value(n)
    }

    fn value_of(&mut self, what: u32, n: u32) -> u32 {
        self.0.value_of(what, n)
    }

    fn end(&mut self, ended: &Ended<'_>) -> bool {
        self.0.end(ended)
    }

    fn suggest(&mut self, choices: &[Choice]) {
        self.0.suggest(choices);
    }

    fn certificate(&self) -> Option<Certificate> {
        self.0.certificate()
    }
}

/// The explorer of that name.
pub fn explorer(name: &str, seed: u64) -> Arc<Mutex<dyn Explorer>> {
    let made = choices::make(name, seed);
    Arc::new(Mutex::new(Boxed(made.unwrap_or_else(|| panic!("no explorer is called {name}")))))
}
