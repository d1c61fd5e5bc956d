//! What a plain card is at, asked at once.

use super::life::Life;
use super::{Card, NEVER};

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

    /// Whether a plain card has nothing to do before another time.
    #[inline]
    pub(super) fn is_busy_plain(&self, now: u64) -> bool {
        self.is_well_plain() && self.frames.front().is_none_or(|frame| frame.finish > now)
    }

    /// Whether the next thing that a plain card does is to complete one frame, and that is due at `now`.
    #[inline]
    pub(in crate::model) fn is_out_plain(&self, now: u64) -> bool {
        let well = self.is_well_plain();
        let Some(frame) = self.frames.front().filter(|frame| well && frame.finish <= now) else {
            return false;
        };
        // Two that are out at once are reported by one interrupt.
        self.frames.get(1).is_none_or(|next| next.finish > frame.finish)
    }
}
