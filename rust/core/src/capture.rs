//! Frames from and to capture files: what Wireshark and tcpdump write (pcap, pcapng) goes in as
//! test input, what a run did comes out as pcapng.
//!
//! Data is kept as it is in the file, with or without the address and control octets of PPP (`ff
//! 03`): link types tell which, and who replays frames decides. Times are nanoseconds since 1970
//! whatever unit the file counts in.
//!
//! The crate `pcap-file` does the formats. What it leaves to its caller is done here: the time unit
//! of an interface (`if_tsresol`, `if_tsoffset`), the padding of simple packets, snapped packets in
//! pcap files, and errors that name the file, the packet, what was expected and what came.

use std::io;

mod read;
mod write;

pub use read::{CaptureReader, read_cut_frames, read_frames};
pub use write::CaptureWriter;

/// LINKTYPE_ETHERNET.
pub const LINK_ETHERNET: u16 = 1;
/// LINKTYPE_PPP: PPP frames, with or without address and control octets.
pub const LINK_PPP: u16 = 9;
/// LINKTYPE_PPP_HDLC: PPP frames that begin with `ff 03`.
pub const LINK_PPP_HDLC: u16 = 50;

/// Which way a frame went, seen from the side that recorded it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// It was received.
    Inbound,
    /// It was sent.
    Outbound,
}

impl Direction {
    /// The direction in the two low bits of `epb_flags`.
    fn from_flags(flags: u32) -> Option<Self> {
        match flags & 3 {
            1 => Some(Self::Inbound),
            2 => Some(Self::Outbound),
            _ => None,
        }
    }

    fn flags(self) -> u32 {
        match self {
            Self::Inbound => 1,
            Self::Outbound => 2,
        }
    }
}

/// One frame of a capture file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CapturedFrame {
    /// When it was recorded, in nanoseconds since 1970; 0 where the file does not say.
    pub time_ns: u64,
    /// The LINKTYPE number: what `data` begins with.
    pub link_type: u16,
    /// Which way it went, where the file says so.
    pub direction: Option<Direction>,
    /// The octets that were recorded.
    pub data: Vec<u8>,
    /// How many octets the frame had on the line; more than `data` has if the recorder cut it.
    pub original_len: u32,
    /// The first comment on it.
    pub comment: Option<String>,
}

/// Why a capture cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum CaptureError {
    /// The operating system refused.
    #[error("{name}: cannot {what}: {source}")]
    Io {
        /// The file.
        name: String,
        /// What was tried.
        what: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// There is nothing in the file.
    #[error("{name}: the file is empty; expected a pcap or pcapng capture")]
    Empty {
        /// The file.
        name: String,
    },
    /// It begins as no capture does.
    #[error(
        "{name}: not a capture: it begins with {found}; expected pcap (a1b2c3d4 or a1b23c4d, \
         in either byte order) or pcapng (0a0d0d0a){hint}"
    )]
    NotCapture {
        /// The file.
        name: String,
        /// Its first octets, in hexadecimal.
        found: String,
        /// What it seems to be.
        hint: &'static str,
    },
    /// It ends inside a packet or block.
    #[error(
        "{name}: the file ends in the middle of packet {packet}, or a length in it is wrong; \
         the packets before it are whole"
    )]
    Truncated {
        /// The file.
        name: String,
        /// The packet, counted from 1.
        packet: u64,
    },
    /// Its content contradicts the format.
    #[error("{name}: broken at packet {packet}: {what}")]
    Malformed {
        /// The file.
        name: String,
        /// The packet, counted from 1.
        packet: u64,
        /// What contradicts what.
        what: String,
    },
    /// The caller asked for something that the format cannot hold.
    #[error("cannot write this to a pcapng file: {0}")]
    Unwritable(String),
}
