//! The switches for what the pages leave open, as choices.

use super::Adversary;
use crate::policy::{
    BeyondWindow, OwedAtHalt, Policy, QueuedAtLineDown, Reentry, ResourcesAsFinal, WindowShrink,
};
use crate::status::FinalStatus;

impl Adversary {
    /// The policy of the world: each switch is a choice, if they are to be; else `given`.
    pub(crate) fn policy(&self, given: Policy) -> Policy {
        if !self.settings.policies {
            return given;
        }
        let plain = Policy::default();
        let is = |what| self.value(2, what) == 1;
        Policy {
            callback_at_dispatch: !is("callback_at_dispatch"),
            serialized_reentry: if is("serialized_reentry") {
                Reentry::Recursive
            } else {
                plain.serialized_reentry
            },
            window_shrink: if is("window_shrink") {
                WindowShrink::Report
            } else {
                plain.window_shrink
            },
            reset_leftovers: if is("reset_leftovers") {
                FinalStatus::FAILURE
            } else {
                plain.reset_leftovers
            },
            owed_at_halt: if is("owed_at_halt") { OwedAtHalt::Return } else { plain.owed_at_halt },
            queued_at_line_down: if is("queued_at_line_down") {
                QueuedAtLineDown::Return
            } else {
                plain.queued_at_line_down
            },
            resources_as_final: [
                ResourcesAsFinal::Warn,
                ResourcesAsFinal::Report,
                ResourcesAsFinal::Allow,
            ][self.value(3, "resources_as_final") as usize],
            beyond_window: if is("beyond_window") {
                BeyondWindow::Report
            } else {
                plain.beyond_window
            },
        }
    }
}
