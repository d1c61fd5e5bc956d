//! The switches for what the published pages leave open.

use serde::{Deserialize, Serialize};

use crate::status::FinalStatus;

/// What happens to a send that a protocol makes from inside a serialized miniport's completion.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Ord, PartialOrd, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reentry {
    /// NDIS keeps it until the miniport returns.
    Queued,
    /// NDIS calls `MiniportWanSend` on the same stack.
    Recursive,
}

/// What a later line-up with a smaller window does.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Ord, PartialOrd, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WindowShrink {
    /// New sends wait until fewer are outstanding.
    HoldBack,
    /// It is reported as `WINDOW`.
    Report,
}

/// What becomes of packets that are still owed when a halt ends.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Ord, PartialOrd, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OwedAtHalt {
    /// Each is reported as `LOST` (NDIS 6 forbids it in words).
    Report,
    /// They go back quietly (the NDIS 5 page asks for nothing).
    Return,
}

/// What becomes of queued sends when a line goes down.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Ord, PartialOrd, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QueuedAtLineDown {
    /// They wait for the next line-up, or for the call to be closed.
    Keep,
    /// They go back at once with NDIS_STATUS_FAILURE.
    Return,
}

/// What `NDIS_STATUS_RESOURCES` as a final status is.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Ord, PartialOrd, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResourcesAsFinal {
    /// A warning.
    Warn,
    /// A violation like any other.
    Report,
    /// Nothing.
    Allow,
}

/// Who keeps sends beyond the window.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Ord, PartialOrd, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BeyondWindow {
    /// NDISWAN queues them.
    Queue,
    /// The protocol has to: one too many is `WINDOW`.
    Report,
}

/// All the switches; the defaults are the design's.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Ord, PartialOrd, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Policy {
    /// `ProtocolSendComplete` runs at DISPATCH (else at the caller's level).
    pub callback_at_dispatch: bool,
    /// See [`Reentry`].
    pub serialized_reentry: Reentry,
    /// See [`WindowShrink`].
    pub window_shrink: WindowShrink,
    /// The status with which NDIS completes what a serialized miniport leaves at reset.
    pub reset_leftovers: FinalStatus,
    /// See [`OwedAtHalt`].
    pub owed_at_halt: OwedAtHalt,
    /// See [`QueuedAtLineDown`].
    pub queued_at_line_down: QueuedAtLineDown,
    /// See [`ResourcesAsFinal`].
    pub resources_as_final: ResourcesAsFinal,
    /// See [`BeyondWindow`].
    pub beyond_window: BeyondWindow,
}

impl Default for Policy {
    fn default() -> Policy {
        Policy {
            callback_at_dispatch: true,
            serialized_reentry: Reentry::Queued,
            window_shrink: WindowShrink::HoldBack,
            reset_leftovers: FinalStatus::REQUEST_ABORTED,
            owed_at_halt: OwedAtHalt::Report,
            queued_at_line_down: QueuedAtLineDown::Keep,
            resources_as_final: ResourcesAsFinal::Warn,
            beyond_window: BeyondWindow::Queue,
        }
    }
}
