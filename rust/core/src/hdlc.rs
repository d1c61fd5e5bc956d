//! PPP in HDLC-like framing, as octets on an asynchronous line (RFC 1662): the way from a frame to
//! what a serial card sends, and back.
//!
//! ```text
//! 7e | ff 03 c0 21 … data … | FCS low, FCS high | 7e
//!      └─── stuffed: 7e, 7d and the ACCM's characters become 7d, octet ^ 20 ──┘
//! ```
//!
//! NDISWAN itself hands a miniport plain frames, so whoever owns the line does this work. Frames
//! are kept as they are: the address and control octets (`ff 03`) are the caller's business, as
//! some peers agree to leave them out.
//!
//! The decoder is fed with whatever the line gives, one octet or a megabyte, and its answers do not
//! depend on how the stream was cut. It holds at most one frame of the permitted size, however long
//! the sender goes on without a flag.

use crc::{CRC_16_IBM_SDLC, Crc, Table};

/// Begins and ends every frame; one flag may end a frame and begin the next.
pub const FLAG: u8 = 0x7E;
/// Announces that the next octet was changed with [`FLIP`].
pub const ESCAPE: u8 = 0x7D;
/// What an escaped octet is exclusive-ored with.
pub const FLIP: u8 = 0x20;
/// What a line sends to have the receiver forget an unfinished frame: an escape that a flag follows
/// at once.
pub const ABORT: [u8; 2] = [ESCAPE, FLAG];
/// The value that the FCS register holds after a good frame and its FCS went through it, before the
/// final complement.
pub const GOOD_FCS: u16 = 0xF0B8;
/// The asynchronous control character map before negotiation: every control character is escaped.
pub const DEFAULT_ACCM: u32 = 0xFFFF_FFFF;

const FCS_LEN: usize = 2;
static FCS: Crc<u16, Table<16>> = Crc::<u16, Table<16>>::new(&CRC_16_IBM_SDLC);

/// The 16-bit frame check sequence of `data` (sent low octet first).
pub fn fcs16(data: &[u8]) -> u16 {
    FCS.checksum(data)
}

/// Is `octet` a control character that the map `accm` marks (bit n: character n)?
fn mapped(octet: u8, accm: u32) -> bool {
    octet < 0x20 && accm >> octet & 1 == 1
}

/// Appends `frame` to `out` as it goes over the line: flag, stuffed frame and FCS, flag.
///
/// `accm` says which control characters the receiver needs escaped; [`DEFAULT_ACCM`] is right
/// before it was negotiated.
pub fn encode(frame: &[u8], accm: u32, out: &mut Vec<u8>) {
    out.reserve(frame.len() + frame.len() / 8 + FCS_LEN + 4);
    out.push(FLAG);
    stuff(frame, accm, out);
    stuff(&fcs16(frame).to_le_bytes(), accm, out);
    out.push(FLAG);
}

/// Appends `rest` with its special octets escaped; what lies between them is copied in one piece.
fn stuff(mut rest: &[u8], accm: u32, out: &mut Vec<u8>) {
    let special = |&octet: &u8| octet == FLAG || octet == ESCAPE || mapped(octet, accm);
    while let Some(at) = rest.iter().position(special) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(&[ESCAPE, rest[at] ^ FLIP]);
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
}

/// Why a received frame is not one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// The FCS does not fit: the line changed, lost or added octets.
    #[error("the frame's FCS is wrong: the line changed, lost or added octets")]
    Crc,
    /// The frame is broken as a frame.
    #[error("the frame is broken: {0}")]
    Framing(Broken),
    /// The frame is longer than the receiver permits; the rest of it is skipped.
    #[error("the frame is longer than the receiver permits")]
    Overrun,
}

/// In what way a frame is broken ([`FrameError::Framing`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// The sender gave it up (an escape followed by a flag).
    #[error("its sender aborted it")]
    Abort,
    /// It has fewer than four octets with its FCS.
    #[error("it has fewer than four octets")]
    Short,
}

impl FrameError {
    /// The error as a bit of `NDIS_MAC_FRAGMENT.Errors`: CRC 1, FRAMING 2, BUFFEROVERRUN 8.
    pub fn bits(self) -> u32 {
        match self {
            Self::Crc => 0x1,
            Self::Framing(_) => 0x2,
            Self::Overrun => 0x8,
        }
    }
}

/// Where the decoder stands in the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    /// Before the first flag, or in the rest of a frame that was given up: octets mean nothing
    /// until a flag.
    Hunt,
    /// After a flag: octets belong to a frame.
    Frame,
    /// After an escape in a frame.
    Escape,
}

/// Finds the frames in a stream of octets.
#[derive(Debug)]
pub struct Decoder {
    at: At,
    frame: Vec<u8>,
    limit: usize,
    accm: u32,
}

impl Decoder {
    /// A decoder for frames of at most `max_frame` octets without FCS, which drops the control
    /// characters that `accm` marks when they come unescaped (equipment on the way put them in).
    pub fn new(max_frame: usize, accm: u32) -> Self {
        Self { at: At::Hunt, frame: Vec::new(), limit: max_frame.saturating_add(FCS_LEN), accm }
    }

    /// The receiving control character map.
    pub fn accm(&self) -> u32 {
        self.accm
    }

    /// Changes the receiving control character map; it holds from the next octet on.
    pub fn set_accm(&mut self, accm: u32) {
        self.accm = accm;
    }

    /// Forgets an unfinished frame and waits for the next flag, as after a new connection.
    pub fn reset(&mut self) {
        self.at = At::Hunt;
        self.frame.clear();
    }

    /// Takes the next octets of the stream and calls `found` for each frame (without FCS) or broken
    /// frame that ends in them.
    ///
    /// Nothing is reported for octets before the first flag and for flags that follow each other.
    pub fn feed(&mut self, mut rest: &[u8], mut found: impl FnMut(Result<&[u8], FrameError>)) {
        while let Some(&octet) = rest.first() {
            if octet == FLAG {
                if let Some(end) = self.end() {
                    found(end.map(|()| &self.frame[..self.frame.len() - FCS_LEN]));
                }
                self.frame.clear();
                self.at = At::Frame;
                rest = &rest[1..];
                continue;
            }
            let run = self.run(rest);
            let (octets, after) = rest.split_at(run.max(1));
            rest = after;
            if self.at == At::Hunt {
                continue;
            }
            let taken = if run > 0 { self.take(octets) } else { self.take_special(octet) };
            if let Err(error) = taken {
                self.reset();
                found(Err(error));
            }
        }
    }

    /// [`Decoder::feed`], with the frames copied into a list.
    pub fn decode(&mut self, chunk: &[u8]) -> Vec<Result<Vec<u8>, FrameError>> {
        let mut frames = Vec::new();
        self.feed(chunk, |end| frames.push(end.map(<[u8]>::to_vec)));
        frames
    }

    /// How many octets at the start of `rest` can be taken in one piece.
    fn run(&self, rest: &[u8]) -> usize {
        let stop = |&octet: &u8| match self.at {
            At::Hunt => octet == FLAG,
            At::Frame => octet == FLAG || octet == ESCAPE || mapped(octet, self.accm),
            At::Escape => true,
        };
        rest.iter().position(stop).unwrap_or(rest.len())
    }

    /// A control character of the map (dropped, an escape before it stays in force), an escape, or
    /// the octet after one.
    fn take_special(&mut self, octet: u8) -> Result<(), FrameError> {
        if mapped(octet, self.accm) {
            return Ok(());
        }
        if self.at == At::Escape {
            self.at = At::Frame;
            return self.take(&[octet ^ FLIP]);
        }
        self.at = At::Escape;
        Ok(())
    }

    fn take(&mut self, octets: &[u8]) -> Result<(), FrameError> {
        if octets.len() > self.limit - self.frame.len() {
            return Err(FrameError::Overrun);
        }
        self.frame.extend_from_slice(octets);
        Ok(())
    }

    /// What a flag ends here: nothing, a frame, or a broken one. The FCS counts last, so that noise
    /// between flags is not called a CRC error.
    fn end(&self) -> Option<Result<(), FrameError>> {
        match self.at {
            At::Hunt => None,
            At::Frame if self.frame.is_empty() => None,
            At::Escape => Some(Err(FrameError::Framing(Broken::Abort))),
            At::Frame if self.frame.len() < 2 + FCS_LEN => {
                Some(Err(FrameError::Framing(Broken::Short)))
            }
            At::Frame if fcs16(&self.frame) != !GOOD_FCS => Some(Err(FrameError::Crc)),
            At::Frame => Some(Ok(())),
        }
    }
}

#[cfg(test)]
mod tests;
