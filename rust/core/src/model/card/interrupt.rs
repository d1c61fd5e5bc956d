//! What an interrupt of a card completes, and in which order.

use super::{Card, NEVER};
use crate::status::FinalStatus;

impl Card {
    /// Everything that is finished is completed, or held back.
    pub(super) fn interrupt(&mut self, at: u64) {
        self.interrupts += 1;
        self.interrupt_at = NEVER;
        while let Some(handle) = self.unreported.pop_front() {
            self.complete(handle);
        }
        self.program(at);
        if self.frames.is_empty() && self.copying.is_none() {
            while !self.mixed.is_empty() {
                self.complete_one_of_mixed();
            }
        }
    }

    fn complete(&mut self, handle: u32) {
        if self.spec.reorder == 0 {
            self.completed.push_back((handle, FinalStatus::SUCCESS));
            return;
        }
        self.mixed.push(handle);
        if self.mixed.len() > self.spec.reorder as usize {
            self.complete_one_of_mixed();
        }
    }

    fn complete_one_of_mixed(&mut self) {
        let which = self.luck.below(2 * self.mixes + 1, self.mixed.len() as u64) as usize;
        self.mixes += 1;
        let handle = self.mixed.remove(which);
        self.completed.push_back((handle, FinalStatus::SUCCESS));
    }
}
