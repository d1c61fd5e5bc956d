//! What a plain card is at, asked at once.

use super::life::Life;
use super::{Card, Frame, NEVER};

/// What a plain card does next.
pub(in crate::model) enum Coming {
    /// One frame is out, and completed.
    Frame,
    /// Nothing before that time, [`NEVER`] if it has no frame.
    Later(u64),
    /// Something else, or it is no plain card.
    Else,
}

impl Card {
    /// Whether nothing but frames is to come of a plain card.
    #[inline]
    pub(super) fn is_well_plain(&self) -> bool {
        self.plain
            && matches!(self.life, Life::Well { until: NEVER })
            && self.interrupt_at == NEVER
            && self.completed.is_empty()
            && self.waiting.is_empty()
    }

    /// What comes next of it at `now`.
    #[inline]
    pub(in crate::model) fn coming(&self, now: u64) -> Coming {
        if !self.is_well_plain() {
            return Coming::Else;
        }
        let Some(frame) = self.frames.front() else { return Coming::Later(NEVER) };
        if frame.finish > now {
            return Coming::Later(frame.finish);
        }
        // Two that are out at once are reported by one interrupt.
        match self.frames.get(1) {
            Some(next) if next.finish <= frame.finish => Coming::Else,
            _ => Coming::Frame,
        }
    }

    /// The frame that [comes](Coming::Frame), and when it arrives: what `advance` would come to by a report and an interrupt.
    #[inline]
    pub(in crate::model) fn take_frame(&mut self) -> Option<(Frame, Option<u64>)> {
        let frame = self.frames.pop_front()?;
        self.interrupts += 1;
        Some((frame, self.line.arrival(frame.seq, frame.finish, frame.wire_bytes)))
    }

    /// Nothing is to be completed now.
    #[inline]
    pub(in crate::model) fn is_through(&mut self) {
        self.aborting = false;
    }
}
