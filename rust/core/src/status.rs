//! `NDIS_STATUS`: what a send, a completion or a request answers with.
//!
//! A status is a 32-bit number. The two top bits are its severity, and that is a trap: `PENDING` (0x00000103) is in the
//! *success* class, so a test of the sign bit alone takes "not finished yet" for "finished well". Two things follow here:
//!
//! * [`Status`] holds any number. A driver in Python or C can return what it likes; the number survives, so that the report
//!   of rule `STATUS_UNKNOWN` can show it.
//! * [`FinalStatus`] cannot hold `PENDING`. Completing a packet takes one, so a Rust driver cannot break rule `STATUS_PENDING`.
//!
//! The list of published values is in `status/table.rs`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

mod final_status;
mod table;
#[cfg(test)]
mod tests;

pub use final_status::{FinalStatus, PendingIsNotFinal};

/// The prefix that every status has in the headers.
const PREFIX: &str = "NDIS_STATUS_";

/// An `NDIS_STATUS`: a published constant such as [`Status::SUCCESS`], or any other 32-bit number that a driver gave.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Ord, PartialOrd, Serialize, Deserialize)]
#[repr(transparent)]
#[serde(transparent)]
pub struct Status(pub u32);

/// Which part of the published headers a status belongs to.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash, Ord, PartialOrd, Serialize, Deserialize)]
pub enum StatusClass {
    /// `ndis.h`, the values outside the facilities that NDIS 6 added.
    Core,
    /// `ndistapi.h`: answers to `OID_TAPI_*` requests.
    Tapi,
    /// `ndis.h`, additions of NDIS 6: ports, offload, 802.11, mobile broadband, power. No NDIS 5 driver gives them.
    Ndis6,
}

/// What the two top bits of a status say.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash, Ord, PartialOrd, Serialize, Deserialize)]
pub enum Severity {
    /// 00: success, and also `PENDING`.
    Success,
    /// 01: something happened; most status indications are here.
    Informational,
    /// 10: done, with a remark.
    Warning,
    /// 11: not done.
    Error,
}

impl Status {
    /// What the two top bits say. `PENDING` is in the success class; ask [`Status::is_final`] to tell it apart.
    pub const fn severity(self) -> Severity {
        match self.0 >> 30 {
            0 => Severity::Success,
            1 => Severity::Informational,
            2 => Severity::Warning,
            _ => Severity::Error,
        }
    }

    /// Whether a published header names this number.
    pub const fn is_known(self) -> bool {
        self.class().is_some()
    }

    /// Whether the status says how an operation ended: every status except `PENDING` does.
    pub const fn is_final(self) -> bool {
        self.0 != Self::PENDING.0
    }

    /// The published status of this name, with or without `NDIS_STATUS_`.
    pub fn by_name(name: &str) -> Option<Self> {
        let name = name.strip_prefix(PREFIX).unwrap_or(name);
        Self::ALL.iter().find(|(known, _)| *known == name).map(|(_, status)| *status)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "{PREFIX}{name} (0x{:08X})", self.0),
            None => write!(f, "0x{:08X} (not a published NDIS_STATUS)", self.0),
        }
    }
}

impl fmt::Debug for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<u32> for Status {
    fn from(value: u32) -> Self {
        Self(value)
    }
}

impl From<Status> for u32 {
    fn from(status: Status) -> Self {
        status.0
    }
}

/// A text that names no published status.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "expected the name of a published NDIS_STATUS such as \"SUCCESS\" or \"NDIS_STATUS_SUCCESS\", got {0:?}"
)]
pub struct UnknownStatusName(pub String);

impl FromStr for Status {
    type Err = UnknownStatusName;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::by_name(name).ok_or_else(|| UnknownStatusName(name.to_owned()))
    }
}
