//! `NDIS_WAN_INFO`: what a miniport says of itself when NDIS asks (OID_WAN_GET_INFO).

use serde::{Deserialize, Serialize};

/// What a WAN miniport can do and asks for; fields and order are those of `NDIS_WAN_INFO`.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct WanInfo {
    /// Largest frame in bytes without framing overhead; about 1500.
    pub max_frame_size: u32,
    /// How many uncompleted sends a link takes when line-up gives no window; at least 1.
    pub max_transmit: u32,
    /// Bytes that the miniport wants free before the data.
    pub header_padding: u32,
    /// Bytes that the miniport wants free after the data.
    pub tail_padding: u32,
    /// How many links can be up at the same time.
    pub endpoints: u32,
    /// `NDIS_MEMORY_CONTIGUOUS` 1, `NDIS_MEMORY_NONCACHED` 2; zero without DMA.
    pub memory_flags: u32,
    /// Highest physical address that the card reaches.
    pub highest_acceptable_address: u64,
    /// What framing the miniport does; `PPP_FRAMING` 0x100 is always set.
    pub framing_bits: u32,
    /// Asynchronous control character map that the miniport wants.
    pub desired_accm: u32,
}

/// Frames may be this much longer than `max_frame_size` inside (DDK:"OID_WAN_GET_INFO").
pub const EXTRA_FRAME_BYTES: u32 = 32;
/// The largest frame that this library takes; keeps a pool's memory within reason.
pub const MAX_FRAME_SIZE_LIMIT: u32 = 65_536;
/// The largest padding on either side.
pub const MAX_PADDING: u32 = 4_096;
/// The largest number of packets in one pool.
pub const MAX_PACKETS: u32 = 1 << 20;

impl Default for WanInfo {
    fn default() -> WanInfo {
        WanInfo {
            max_frame_size: 1500,
            max_transmit: 4,
            header_padding: 0,
            tail_padding: 0,
            endpoints: 1,
            memory_flags: 0,
            highest_acceptable_address: u64::MAX,
            framing_bits: 0x100,
            desired_accm: 0,
        }
    }
}

/// A field of [`WanInfo`] that cannot be.
#[derive(Debug, Clone, Eq, PartialEq, thiserror::Error)]
#[error("WanInfo.{field}: expected {expected}, got {got}")]
pub struct BadInfo {
    /// Which field.
    pub field: &'static str,
    /// What it may be.
    pub expected: String,
    /// What it was.
    pub got: u64,
}

impl WanInfo {
    /// Looks at every field.
    ///
    /// # Errors
    /// [`BadInfo`] names the first field that is out of range.
    pub fn validate(&self) -> Result<(), BadInfo> {
        let within = |field, got: u32, low: u32, high: u32| {
            if (low..=high).contains(&got) {
                Ok(())
            } else {
                Err(BadInfo { field, expected: format!("{low} to {high}"), got: got.into() })
            }
        };
        within("max_frame_size", self.max_frame_size, 1, MAX_FRAME_SIZE_LIMIT)?;
        within("max_transmit", self.max_transmit, 1, u32::from(u16::MAX))?;
        within("header_padding", self.header_padding, 0, MAX_PADDING)?;
        within("tail_padding", self.tail_padding, 0, MAX_PADDING)?;
        within("endpoints", self.endpoints, 1, 4096)
    }

    /// Bytes of data that one packet has room for.
    pub fn room(&self) -> usize {
        (self.max_frame_size + EXTRA_FRAME_BYTES) as usize
    }

    /// Bytes of a packet's whole buffer, padding included.
    pub fn buffer_size(&self) -> usize {
        self.room() + self.header_padding as usize + self.tail_padding as usize
    }
}

/// `NDIS_WAN_GET_LINK_INFO` / `NDIS_WAN_SET_LINK_INFO`: one link's settings.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct LinkInfo {
    /// The miniport's handle of the link.
    pub link_handle: u64,
    /// Largest frame that is sent; larger ones are refused with INVALID_LENGTH.
    pub max_send_frame_size: u32,
    /// Largest frame that is received.
    pub max_recv_frame_size: u32,
    /// Padding before the data on this link.
    pub header_padding: u32,
    /// Padding after the data on this link.
    pub tail_padding: u32,
    /// Framing when sending.
    pub send_framing_bits: u32,
    /// Framing when receiving.
    pub recv_framing_bits: u32,
    /// Compression when sending.
    pub send_compression_bits: u32,
    /// Compression when receiving.
    pub recv_compression_bits: u32,
    /// Control characters to escape when sending.
    pub send_accm: u32,
    /// Control characters that the peer escapes.
    pub recv_accm: u32,
}

impl LinkInfo {
    /// The settings that a link comes up with.
    pub fn from_info(info: &WanInfo, link_handle: u64) -> LinkInfo {
        LinkInfo {
            link_handle,
            max_send_frame_size: info.max_frame_size,
            max_recv_frame_size: info.max_frame_size,
            header_padding: info.header_padding,
            tail_padding: info.tail_padding,
            send_framing_bits: info.framing_bits,
            recv_framing_bits: info.framing_bits,
            send_compression_bits: 0,
            recv_compression_bits: 0,
            send_accm: info.desired_accm,
            recv_accm: info.desired_accm,
        }
    }
}
