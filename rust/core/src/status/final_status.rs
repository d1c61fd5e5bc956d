//! The status that a completion carries: any [`Status`] but `PENDING`.
//!
//! "Pending" and "this is how it ended" cannot both be true. The page of the CoNDIS completion says so in words; for
//! `NdisMWanSendComplete` it follows from the word *final*. Here the type says it.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Status;

/// How a send ended. It cannot hold `PENDING`, so a completion that leaves the packet pending cannot be written.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Ord, PartialOrd, Serialize, Deserialize)]
#[repr(transparent)]
#[serde(try_from = "Status", into = "Status")]
pub struct FinalStatus(Status);

/// `PENDING` was given where a final status is needed.
#[derive(Copy, Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "expected a final status, got {}: a completion says how the send ended; \
     complete the packet later, when that is known, or give an error status",
    Status::PENDING
)]
pub struct PendingIsNotFinal;

/// Constants of the same name and value as those of [`Status`].
macro_rules! finals {
    ($($name:ident),+ $(,)?) => {
        impl FinalStatus {
            $(
                #[doc = concat!("`NDIS_STATUS_", stringify!($name), "` as a final status.")]
                pub const $name: Self = Self::constant(Status::$name);
            )+
        }
    };
}

finals! {
    SUCCESS,
    NOT_ACCEPTED,
    SOFT_ERRORS,
    HARD_ERRORS,
    FAILURE,
    INVALID_PARAMETER,
    RESOURCES,
    NOT_SUPPORTED,
    CLOSING,
    DEVICE_FAILED,
    REQUEST_ABORTED,
    RESET_IN_PROGRESS,
    SEND_ABORTED,
    PAUSED,
    INVALID_PACKET,
    ADAPTER_NOT_READY,
    INVALID_LENGTH,
    INVALID_DATA,
    BUFFER_TOO_SHORT,
    ADAPTER_REMOVED,
    NO_CABLE,
}

impl FinalStatus {
    /// For constants only: `PENDING` stops the compilation.
    const fn constant(status: Status) -> Self {
        assert!(status.is_final(), "PENDING is not a final status");
        Self(status)
    }

    /// The status as a final one.
    ///
    /// # Errors
    ///
    /// [`PendingIsNotFinal`] if it is `PENDING`. Every other number is taken, unpublished ones included.
    pub const fn new(status: Status) -> Result<Self, PendingIsNotFinal> {
        if status.is_final() { Ok(Self(status)) } else { Err(PendingIsNotFinal) }
    }

    /// The status itself.
    pub const fn get(self) -> Status {
        self.0
    }
}

impl From<FinalStatus> for Status {
    fn from(status: FinalStatus) -> Self {
        status.0
    }
}

impl TryFrom<Status> for FinalStatus {
    type Error = PendingIsNotFinal;

    fn try_from(status: Status) -> Result<Self, Self::Error> {
        Self::new(status)
    }
}

impl PartialEq<Status> for FinalStatus {
    fn eq(&self, other: &Status) -> bool {
        self.0 == *other
    }
}

impl fmt::Display for FinalStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for FinalStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}
