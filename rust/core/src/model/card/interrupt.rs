//! How a card tells its driver what is finished: interrupts, moderated or not, and completions in whichever order.

use super::{Card, NEVER};
use crate::status::FinalStatus;

impl Card {
    /// The driver is to complete this one: now, or when the card interrupts next.
    pub(super) fn report(&mut self, now: u64, handle: u32) {
        self.unreported.push_back(handle);
        let moderation = self.spec.moderation;
        let enough = moderation.is_none_or(|m| self.unreported.len() >= m.frames as usize);
        let cause = match moderation {
            _ if enough => now,
            Some(moderation) if moderation.ns > 0 => now.saturating_add(moderation.ns),
            _ => return,
        };
        self.interrupt_at = self.interrupt_at.min(cause.saturating_add(self.spec.interrupt_ns));
    }

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

    pub(super) fn complete(&mut self, handle: u32) {
        if self.spec.reorder == 0 {
            self.completed.push_back((handle, FinalStatus::SUCCESS));
            return;
        }
        self.mixed.push(handle);
        if self.mixed.len() > self.spec.reorder as usize {
            self.complete_one_of_mixed();
        }
    }

    pub(super) fn complete_one_of_mixed(&mut self) {
        let which = self.luck.below(2 * self.mixes + 1, self.mixed.len() as u64) as usize;
        self.mixes += 1;
        let handle = self.mixed.remove(which);
        self.completed.push_back((handle, FinalStatus::SUCCESS));
    }
}
