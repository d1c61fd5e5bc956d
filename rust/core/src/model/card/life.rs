//! A card's accidents: it hangs, is seen to hang, is reset, and comes up again.

use std::collections::VecDeque;

use super::{Card, FarEnd, Frame, NEVER};
use crate::model::card_spec::{Completes, Death};
use crate::model::duration::LONGEST_NS;
use crate::status::FinalStatus;

/// What is wrong with the card, if anything.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(super) enum Life {
    /// It works until then.
    Well { until: u64 },
    /// It hangs; the check for hang at that time sees it.
    Hung { seen: u64 },
    /// It is being reset until then.
    Resetting { until: u64 },
}

impl Card {
    /// From now on it is the real NDIS (that of [`super::driver`]) which asks for hangs and resets.
    pub(in crate::model) fn put_under_ndis(&mut self) {
        self.under_ndis = true;
    }

    /// MiniportCheckForHang at `now`.
    pub(in crate::model) fn is_hung(&mut self, now: u64, far: &mut dyn FarEnd) -> bool {
        self.advance(now, far);
        matches!(self.life, Life::Hung { seen } if seen <= now)
    }

    /// MiniportReset at `now`; what is owed is completed when it is over.
    pub(in crate::model) fn reset_by_ndis(&mut self, now: u64) {
        self.reset(now);
    }

    /// Whether a reset is going on.
    pub(in crate::model) fn is_resetting(&self) -> bool {
        matches!(self.life, Life::Resetting { .. })
    }

    /// Everything that is owed, for a halt.
    pub(in crate::model) fn give_up(&mut self, now: u64, far: &mut dyn FarEnd) -> Vec<u32> {
        self.come_up(now, far);
        self.completed.drain(..).map(|(handle, _)| handle).collect()
    }

    /// A reset begins.
    pub(super) fn reset(&mut self, at: u64) {
        let takes = self.spec.dies.as_ref().map_or(0, |dies| dies.reset_ns);
        self.life = Life::Resetting { until: at.saturating_add(takes) };
        self.stop(at);
    }

    /// It is up from `at` on, until its next death.
    pub(super) fn live_on(&mut self, at: u64) {
        let until = match &self.spec.dies {
            None => NEVER,
            Some(Death { mean_up_ns, .. }) if *mean_up_ns > 0.0 => {
                let up = mean_up_ns * self.luck.exponential(2 * self.resets);
                // It works for a while at least, or a reset that takes no time would never come to an end.
                at.saturating_add(up.clamp(1.0, LONGEST_NS) as u64)
            }
            Some(Death { at_ns, .. }) => {
                // A death at time 0 is one of a card that never was up.
                let first = u64::from(at > 0 || self.resets > 0);
                at_ns.iter().copied().find(|death| *death >= at + first).unwrap_or(NEVER)
            }
        };
        self.life = Life::Well { until };
    }

    /// Nothing happens any more, until the check for hang sees it.
    pub(super) fn hang(&mut self, at: u64) {
        let Some(death) = &self.spec.dies else { return };
        let every = death.check_for_hang_ns;
        self.life = Life::Hung { seen: (at / every + 1).saturating_mul(every) };
        self.stop(at);
    }

    /// Nothing goes out any more.
    fn stop(&mut self, at: u64) {
        self.line.cut(at, self.busy_until(at));
        // They keep the line busy no longer.
        self.frames.iter_mut().for_each(|frame| frame.finish = frame.finish.min(at));
        self.interrupt_at = NEVER;
    }

    /// Of frames in the card's memory those whose packets are not to come back any more.
    fn frames_given_back(&self, frames: VecDeque<Frame>) -> Vec<Frame> {
        // A packet may be sent again under its number while its last frame is still here: the newest is the one that is owed.
        let mut owed: Vec<u32> = self.unreported.iter().chain(&self.mixed).copied().collect();
        let is_back = |frame: &Frame| match owed.iter().position(|handle| *handle == frame.handle) {
            Some(at) => {
                owed.swap_remove(at);
                false
            }
            None => true,
        };
        let mut back: Vec<Frame> = frames.into_iter().rev().filter(is_back).collect();
        back.reverse();
        back
    }

    /// The reset is over: what the miniport had comes back aborted, oldest first (contract.md, reset).
    pub(super) fn come_up(&mut self, at: u64, far: &mut dyn FarEnd) {
        self.resets += 1;
        self.aborting = true;
        let owed: Vec<u32> = match self.spec.completes {
            // What was copied was completed; the rest of it is lost with the card's memory.
            Completes::WhenCopied | Completes::Inline => {
                let frames = std::mem::take(&mut self.frames);
                for frame in self.frames_given_back(frames) {
                    far.vanished(&frame);
                }
                self.copying.take().map(|(frame, _)| frame.handle).into_iter().collect()
            }
            Completes::WhenSent => self.frames.drain(..).map(|frame| frame.handle).collect(),
        };
        let aborted = self.mixed.drain(..).chain(self.unreported.drain(..)).chain(owed);
        let aborted = aborted.chain(self.waiting.drain(..).map(|frame| frame.handle));
        self.completed.extend(aborted.map(|handle| (handle, FinalStatus::REQUEST_ABORTED)));
        self.live_on(at);
    }
}
