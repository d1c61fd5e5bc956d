//! The thing itself: `NDIS_WAN_PACKET`, the descriptor and its one contiguous buffer.
//!
//! ```text
//! StartBuffer        CurrentBuffer                                  EndBuffer
//!      |<- header padding ->|<------- CurrentLength ------->|<- tail padding ->|
//! ```
//!
//! Pointers are offsets from StartBuffer here. Data may move and grow inside the buffer;
//! outside of it is [`Rule::Padding`]. Who may call what is the token's business ([`crate::disposition`]).
//!
//! In NDIS 6 it stands for a NET_BUFFER_LIST. Its NET_BUFFERs, each a frame, lie one behind the other in CurrentLength.

use crate::info::WanInfo;
use crate::rule::Rule;

/// `NDIS_WAN_PACKET`; `StartBuffer` is offset 0 and `EndBuffer` the size. What is written when a frame is put in comes first and
/// stands together, which is fewer lines of the cache where there are many packets.
#[derive(Clone, Debug)]
#[repr(C)]
pub struct WanPacket {
    current_buffer: usize,
    current_length: usize,
    /// The lengths of the NET_BUFFERs, whose sum is `current_length`; none if there is one.
    parts: Option<Box<[u32]>>,
    /// Whether somebody may have written to the buffer; if not, it is zeros.
    written: bool,
    buffer: Box<[u8]>,
    /// WanPacketQueue: a queue link for the miniport while it owns the packet.
    pub wan_packet_queue: [u64; 2],
    /// ProtocolReserved1-4: the protocol's alone.
    pub protocol_reserved: [u64; 4],
    /// MacReserved1-4: the miniport's while it owns the packet.
    pub mac_reserved: [u64; 4],
}

/// A frame that does not fit into a packet.
#[derive(Debug, Clone, Eq, PartialEq, thiserror::Error)]
pub enum BadFrame {
    /// There is nothing to send.
    #[error("expected a frame of 1 to {room} bytes, got an empty one; there is nothing to send")]
    Empty {
        /// What fits.
        room: usize,
    },
    /// It is larger than the packet.
    #[error(
        "expected a frame of 1 to {room} bytes (WanInfo.max_frame_size + 32), got {length}; send less, or raise max_frame_size"
    )]
    TooLong {
        /// What fits.
        room: usize,
        /// What came.
        length: usize,
    },
}

impl WanPacket {
    /// An empty packet with the padding that `info` asks for.
    pub fn new(info: &WanInfo) -> WanPacket {
        WanPacket {
            wan_packet_queue: [0; 2],
            current_buffer: info.header_padding as usize,
            current_length: 0,
            buffer: vec![0; info.buffer_size()].into_boxed_slice(),
            parts: None,
            written: false,
            protocol_reserved: [0; 4],
            mac_reserved: [0; 4],
        }
    }

    /// Becomes what [`new`](Self::new) makes.
    pub(crate) fn renew(&mut self, info: &WanInfo) {
        if self.buffer.len() != info.buffer_size() {
            *self = WanPacket::new(info); // somebody has put another one here
            return;
        }
        let WanPacket {
            wan_packet_queue,
            current_buffer,
            current_length,
            buffer,
            parts,
            written,
            protocol_reserved,
            mac_reserved,
        } = self;
        *wan_packet_queue = [0; 2];
        *current_buffer = info.header_padding as usize;
        *current_length = 0;
        *parts = None;
        if std::mem::take(written) {
            buffer.fill(0);
        }
        *protocol_reserved = [0; 4];
        *mac_reserved = [0; 4];
    }

    /// Puts `frame` in as the protocol does before it sends: behind the header padding.
    ///
    /// # Errors
    /// [`BadFrame`] if it is empty or larger than the packet.
    pub fn fill(&mut self, info: &WanInfo, frame: &[u8]) -> Result<(), BadFrame> {
        let room = info.room();
        if frame.is_empty() {
            return Err(BadFrame::Empty { room });
        }
        if frame.len() > room {
            return Err(BadFrame::TooLong { room, length: frame.len() });
        }
        self.put(info, frame);
        Ok(())
    }

    /// Puts frames in, a NET_BUFFER each, one behind the other.
    ///
    /// # Errors
    /// [`BadFrame`] if there is none, one is empty, or all together are larger than the packet.
    pub fn fill_net_buffers(&mut self, info: &WanInfo, frames: &[&[u8]]) -> Result<(), BadFrame> {
        if frames.iter().any(|frame| frame.is_empty()) {
            return Err(BadFrame::Empty { room: info.room() });
        }
        self.fill(info, &frames.concat())?;
        if frames.len() > 1 {
            self.parts = Some(frames.iter().map(|frame| frame.len() as u32).collect());
        }
        Ok(())
    }

    /// The same for a frame that is known to fit.
    #[inline(always)]
    #[allow(clippy::inline_always)] // once for each packet
    pub(crate) fn put(&mut self, info: &WanInfo, frame: &[u8]) {
        self.written = true;
        self.parts = None;
        self.current_buffer = info.header_padding as usize;
        self.current_length = frame.len();
        self.buffer[self.current_buffer..][..frame.len()].copy_from_slice(frame);
    }

    /// Puts in `length` zeros, which is known to fit. A buffer that nobody has written to has them.
    #[inline]
    pub(crate) fn put_zeros(&mut self, info: &WanInfo, length: usize) {
        self.current_buffer = info.header_padding as usize;
        self.current_length = length;
        self.parts = None;
        if self.written {
            self.buffer.fill(0);
            self.written = false;
        }
    }

    /// Whether the padding is at least what `info` asks for.
    pub fn has_padding(&self, info: &WanInfo) -> bool {
        self.current_buffer >= info.header_padding as usize
            && self.buffer.len() - self.current_buffer - self.current_length
                >= info.tail_padding as usize
    }

    /// CurrentBuffer, as an offset from StartBuffer.
    #[inline]
    pub fn current_buffer(&self) -> usize {
        self.current_buffer
    }

    /// CurrentLength, in bytes.
    pub fn current_length(&self) -> usize {
        self.current_length
    }

    /// EndBuffer, as an offset from StartBuffer: the size of the whole buffer.
    pub fn end_buffer(&self) -> usize {
        self.buffer.len()
    }

    /// Where each NET_BUFFER is, as offsets from StartBuffer: one, unless it was filled with several.
    pub fn net_buffers(&self) -> impl Iterator<Item = std::ops::Range<usize>> + '_ {
        let whole = [self.current_length as u32];
        let count = self.parts.as_ref().map_or(1, |parts| parts.len());
        let mut begin = self.current_buffer;
        (0..count).map(move |at| {
            let length = self.parts.as_deref().unwrap_or(&whole)[at] as usize;
            begin += length;
            begin - length..begin
        })
    }

    /// The lengths of the NET_BUFFERs, if there are several.
    pub(crate) fn parts(&self) -> Option<&[u32]> {
        self.parts.as_deref()
    }

    /// The data.
    #[inline]
    pub fn data(&self) -> &[u8] {
        &self.buffer[self.current_buffer..][..self.current_length]
    }

    /// The data, to be changed in any manner.
    #[inline]
    pub fn data_mut(&mut self) -> &mut [u8] {
        self.written = true;
        &mut self.buffer[self.current_buffer..][..self.current_length]
    }

    /// The whole buffer, padding included.
    pub fn buffer(&self) -> &[u8] {
        &self.buffer
    }

    /// The whole buffer, to be changed.
    pub fn buffer_mut(&mut self) -> &mut [u8] {
        self.written = true;
        &mut self.buffer
    }

    /// Takes the memory out and leaves other memory of the same size in its place. What a
    /// language binding lends out comes back by this door too.
    ///
    /// # Errors
    /// The memory that was offered, if its size is not the packet's.
    pub fn swap_buffer(&mut self, other: Box<[u8]>) -> Result<Box<[u8]>, Box<[u8]>> {
        if other.len() == self.buffer.len() {
            self.written = true;
            Ok(std::mem::replace(&mut self.buffer, other))
        } else {
            Err(other)
        }
    }

    /// Moves CurrentBuffer and sets CurrentLength. Of several NET_BUFFERs the first begins and the last ends otherwise.
    ///
    /// # Errors
    /// `PADDING` if that leaves the buffer, or nothing of a NET_BUFFER; nothing is changed then.
    #[inline]
    pub fn set_current(&mut self, offset: usize, length: usize) -> Result<(), Rule> {
        match offset.checked_add(length) {
            Some(end) if end <= self.buffer.len() => {
                self.move_ends(offset, end)?;
                (self.current_buffer, self.current_length) = (offset, length);
                Ok(())
            }
            _ => Err(Rule::Padding),
        }
    }

    #[inline]
    fn move_ends(&mut self, begin: usize, end: usize) -> Result<(), Rule> {
        if self.parts.is_none() { Ok(()) } else { self.move_outer_ends(begin, end) }
    }

    fn move_outer_ends(&mut self, begin: usize, end: usize) -> Result<(), Rule> {
        let (old_begin, old_end) = (self.current_buffer, self.current_buffer + self.current_length);
        let Some([first, .., last]) = self.parts.as_deref_mut() else { return Ok(()) };
        let longer = |part: u32, by: usize, less: usize| {
            let length = (part as usize + by).checked_sub(less).filter(|length| *length > 0);
            length.map(|length| length as u32).ok_or(Rule::Padding)
        };
        let ends = (longer(*first, old_begin, begin)?, longer(*last, end, old_end)?);
        (*first, *last) = ends;
        Ok(())
    }

    /// Writes `header` before the data and makes it part of the data.
    ///
    /// # Errors
    /// `PADDING` if there is less room before CurrentBuffer.
    pub fn prepend(&mut self, header: &[u8]) -> Result<(), Rule> {
        let offset = self.current_buffer.checked_sub(header.len()).ok_or(Rule::Padding)?;
        self.set_current(offset, self.current_length + header.len())?;
        self.data_mut()[..header.len()].copy_from_slice(header);
        Ok(())
    }

    /// Writes `trailer` behind the data and makes it part of the data.
    ///
    /// # Errors
    /// `PADDING` if there is less room before EndBuffer.
    pub fn append(&mut self, trailer: &[u8]) -> Result<(), Rule> {
        let before = self.current_length;
        self.set_current(self.current_buffer, before + trailer.len())?;
        self.data_mut()[before..].copy_from_slice(trailer);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info() -> WanInfo {
        WanInfo { max_frame_size: 10, header_padding: 2, tail_padding: 3, ..WanInfo::default() }
    }

    #[test]
    fn a_filled_packet_has_at_least_the_padding_that_was_asked_for() {
        let mut packet = WanPacket::new(&info());
        packet.fill(&info(), b"0123456789").unwrap();
        assert!(packet.has_padding(&info()));
        assert_eq!(packet.data(), b"0123456789");
        packet.fill(&info(), &[7; 42]).unwrap();
        assert!(packet.has_padding(&info()));
        assert!(matches!(packet.fill(&info(), &[7; 43]), Err(BadFrame::TooLong { room: 42, .. })));
        assert!(matches!(packet.fill(&info(), b""), Err(BadFrame::Empty { .. })));
    }

    #[test]
    fn net_buffers_lie_one_behind_the_other_and_only_the_outer_ends_move() {
        let (info, mut packet) = (info(), WanPacket::new(&info()));
        let each = |packet: &WanPacket| -> Vec<Vec<u8>> {
            packet.net_buffers().map(|range| packet.buffer()[range].to_vec()).collect()
        };
        packet.fill(&info, b"whole").unwrap();
        assert_eq!(each(&packet), [b"whole"]);
        packet.fill_net_buffers(&info, &[b"one", b"two", b"three"]).unwrap();
        assert_eq!((packet.data(), packet.current_length()), (&b"onetwothree"[..], 11));
        packet.prepend(b"h").unwrap();
        packet.append(b"t").unwrap();
        assert_eq!(each(&packet), [&b"hone"[..], b"two", b"threet"]);
        let (at, length) = (packet.current_buffer(), packet.current_length());
        assert_eq!(packet.set_current(at + 4, length - 4), Err(Rule::Padding), "all of the first");
        assert_eq!(packet.set_current(at, length - 6), Err(Rule::Padding), "all of the last");
        packet.set_current(at + 1, length - 2).unwrap();
        assert_eq!(each(&packet), [&b"one"[..], b"two", b"three"]);
        packet.renew(&info);
        assert_eq!(each(&packet), [b""]);
        assert!(packet.fill_net_buffers(&info, &[b"one", b""]).is_err());
        assert!(packet.fill_net_buffers(&info, &[]).is_err());
        assert!(packet.fill_net_buffers(&info, &[&[7; 21], &[7; 22]]).is_err());
        packet.fill_net_buffers(&info, &[b"one", b"two"]).unwrap();
        packet.fill(&info, b"whole").unwrap();
        assert_eq!(each(&packet), [b"whole"]);
    }

    #[test]
    fn data_may_grow_inside_the_buffer_and_not_outside() {
        let mut packet = WanPacket::new(&info());
        packet.fill(&info(), b"data").unwrap();
        packet.prepend(b"h1").unwrap();
        packet.append(b"t").unwrap();
        assert_eq!(packet.data(), b"h1datat");
        assert_eq!(packet.prepend(b"x"), Err(Rule::Padding));
        assert_eq!(packet.append(&[0; 41]), Err(Rule::Padding));
        assert_eq!(packet.set_current(usize::MAX, 2), Err(Rule::Padding));
        assert_eq!(packet.data(), b"h1datat", "a refused move changes nothing");
    }
}
