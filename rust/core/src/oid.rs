//! The WAN object identifiers that a miniport is asked for (ntddndis.h), and their answers.

use serde::{Deserialize, Serialize};

use crate::info::{LinkInfo, WanInfo};

/// An object identifier.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash, Serialize, Deserialize)]
pub struct Oid(pub u32);

macro_rules! oids {
    ($($name:ident = $value:expr;)*) => {
        #[allow(missing_docs)] // each is the OID of that name, without its OID_ prefix
        impl Oid {
            $(pub const $name: Oid = Oid($value);)*
            /// All that are known, by name.
            pub const ALL: &'static [(&'static str, Oid)] = &[$((stringify!($name), Oid::$name)),*];
        }
    };
}

oids! {
    WAN_PERMANENT_ADDRESS = 0x0401_0101;
    WAN_CURRENT_ADDRESS = 0x0401_0102;
    WAN_QUALITY_OF_SERVICE = 0x0401_0103;
    WAN_PROTOCOL_TYPE = 0x0401_0104;
    WAN_MEDIUM_SUBTYPE = 0x0401_0105;
    WAN_HEADER_FORMAT = 0x0401_0106;
    WAN_GET_INFO = 0x0401_0107;
    WAN_SET_LINK_INFO = 0x0401_0108;
    WAN_GET_LINK_INFO = 0x0401_0109;
    WAN_LINE_COUNT = 0x0401_010A;
    WAN_PROTOCOL_CAPS = 0x0401_010B;
    WAN_GET_BRIDGE_INFO = 0x0401_020A;
    WAN_SET_BRIDGE_INFO = 0x0401_020B;
    WAN_GET_COMP_INFO = 0x0401_020C;
    WAN_SET_COMP_INFO = 0x0401_020D;
    WAN_GET_STATS_INFO = 0x0401_020E;
}

/// What a query answers, or a set carries.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Answer {
    /// `NDIS_WAN_INFO`.
    Info(WanInfo),
    /// `NDIS_WAN_GET_LINK_INFO` or `NDIS_WAN_SET_LINK_INFO`.
    Link(LinkInfo),
    /// An address.
    Address([u8; 6]),
    /// A number: MEDIUM_SUBTYPE.
    Number(u32),
    /// `NDIS_WAN_GET_STATS_INFO`.
    Stats(Stats),
    /// What a driver behind a border of bytes wrote for any other OID.
    Bytes(Vec<u8>),
}

/// `NDIS_WAN_GET_STATS_INFO`: what went over a link, by the engine's own count.
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct Stats {
    /// Bytes of frames completed with SUCCESS.
    pub bytes_sent: u64,
    /// Bytes of frames that the protocol took.
    pub bytes_rcvd: u64,
    /// Frames completed with SUCCESS.
    pub frames_sent: u64,
    /// Frames that the protocol took.
    pub frames_rcvd: u64,
    /// Damaged frames: check sum.
    pub crc_errors: u64,
    /// Damaged frames: time-out.
    pub timeout_errors: u64,
    /// Damaged frames: alignment.
    pub alignment_errors: u64,
    /// Damaged frames: hardware overrun.
    pub serial_overrun_errors: u64,
    /// Damaged frames: framing.
    pub framing_errors: u64,
    /// Damaged frames: no buffer.
    pub buffer_overrun_errors: u64,
}
