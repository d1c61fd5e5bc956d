//! Reading: the packets of a pcap or pcapng file as frames, one by one.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use pcap_file::pcap::PcapReader;
use pcap_file::pcapng::blocks::enhanced_packet::EnhancedPacketOption;
use pcap_file::pcapng::blocks::interface_description::InterfaceDescriptionOption;
use pcap_file::pcapng::{Block, PcapNgReader};
use pcap_file::{PcapError, TsResolution};

use super::{CaptureError, CapturedFrame, Direction};

/// An interface without `if_tsresol` counts microseconds (10^-6 s).
const MICROSECONDS: u8 = 6;

/// All frames of the capture file at `path`, in the order of the file.
///
/// # Errors
/// As [`CaptureReader`]. A capture without packets is no error, but an empty list.
pub fn read_frames(path: impl AsRef<Path>) -> Result<Vec<CapturedFrame>, CaptureError> {
    CaptureReader::open(path)?.collect()
}

/// The same of a file that may end in the middle of a packet, as that of a recorder does which was ended: the packets before the
/// cut, if there are any.
///
/// # Errors
/// As [`CaptureReader`], other than [`CaptureError::Truncated`] after the first packet.
pub fn read_cut_frames(path: impl AsRef<Path>) -> Result<Vec<CapturedFrame>, CaptureError> {
    let mut frames = Vec::new();
    for frame in CaptureReader::open(path)? {
        match frame {
            Ok(frame) => frames.push(frame),
            Err(CaptureError::Truncated { .. }) if !frames.is_empty() => break,
            Err(error) => return Err(error),
        }
    }
    Ok(frames)
}

enum Format<R: Read> {
    Pcap(PcapReader<R>),
    PcapNg(PcapNgReader<R>),
}

type Replayed<R> = io::Chain<io::Cursor<Vec<u8>>, R>;

/// The frames of a capture, read one by one; it ends after the first error.
pub struct CaptureReader<R: Read> {
    name: String,
    format: Format<Replayed<R>>,
    packet: u64,
    done: bool,
}

impl CaptureReader<File> {
    /// Opens the capture file at `path`.
    ///
    /// # Errors
    /// The file cannot be read, is empty, or is no capture.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, CaptureError> {
        let name = path.as_ref().display().to_string();
        match File::open(path) {
            Ok(file) => Self::new(file, name),
            Err(source) => Err(CaptureError::Io { name, what: "open it", source }),
        }
    }
}

impl<R: Read> CaptureReader<R> {
    /// Reads a capture from `reader`; `name` is what errors call it.
    ///
    /// # Errors
    /// As [`CaptureReader::open`].
    pub fn new(mut reader: R, name: impl Into<String>) -> Result<Self, CaptureError> {
        let name = name.into();
        let mut magic = Vec::new();
        if let Err(source) = reader.by_ref().take(4).read_to_end(&mut magic) {
            return Err(CaptureError::Io { name, what: "read it", source });
        }
        let whole = io::Cursor::new(magic.clone()).chain(reader);
        let format = match magic[..] {
            [] => return Err(CaptureError::Empty { name }),
            [0x0A, 0x0D, 0x0D, 0x0A] => PcapNgReader::new(whole).map(Format::PcapNg),
            [0xA1, 0xB2, 0xC3, 0xD4]
            | [0xD4, 0xC3, 0xB2, 0xA1]
            | [0xA1, 0xB2, 0x3C, 0x4D]
            | [0x4D, 0x3C, 0xB2, 0xA1] => PcapReader::new(whole).map(Format::Pcap),
            _ => {
                let hint = if magic.starts_with(&[0x1F, 0x8B]) {
                    "; this is gzip: unpack it first"
                } else {
                    ""
                };
                let found =
                    magic.iter().map(|octet| format!("{octet:02x}")).collect::<Vec<_>>().concat();
                return Err(CaptureError::NotCapture { name, found, hint });
            }
        };
        match format {
            Ok(format) => Ok(Self { name, format, packet: 0, done: false }),
            Err(error) => Err(explain(&name, 1, error)),
        }
    }
}

impl<R: Read> Iterator for CaptureReader<R> {
    type Item = Result<CapturedFrame, CaptureError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let frame = match &mut self.format {
            Format::Pcap(reader) => next_pcap(reader),
            Format::PcapNg(reader) => next_pcapng(reader),
        };
        self.packet += 1;
        self.done = !matches!(frame, Ok(Some(_)));
        frame.map_err(|error| explain(&self.name, self.packet, error)).transpose()
    }
}

fn explain(name: &str, packet: u64, error: PcapError) -> CaptureError {
    let name = name.to_owned();
    let what = match error {
        PcapError::IncompleteBuffer => return CaptureError::Truncated { name, packet },
        PcapError::IoError(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            return CaptureError::Truncated { name, packet };
        }
        PcapError::IoError(source) => return CaptureError::Io { name, what: "read it", source },
        PcapError::InvalidInterfaceId(id) => {
            format!("it names interface {id}, which the file does not describe")
        }
        PcapError::InvalidField(field) => field.to_owned(),
        PcapError::Utf8Error(_) | PcapError::FromUtf8Error(_) => {
            "a text in it is not UTF-8".to_owned()
        }
    };
    CaptureError::Malformed { name, packet, what }
}

/// The raw form is taken because the checked one refuses packets that the recorder cut (`orig_len`
/// above `snaplen`).
fn next_pcap<R: Read>(reader: &mut PcapReader<R>) -> Result<Option<CapturedFrame>, PcapError> {
    let header = reader.header();
    let Some(packet) = reader.next_raw_packet().transpose()? else { return Ok(None) };
    let unit = if header.ts_resolution == TsResolution::MicroSecond { 1000 } else { 1 };
    Ok(Some(CapturedFrame {
        time_ns: u64::from(packet.ts_sec) * 1_000_000_000 + u64::from(packet.ts_frac) * unit,
        // The upper half of the field tells of an FCS at the end, not of the type.
        link_type: u32::from(header.datalink) as u16,
        direction: None,
        data: packet.data.into_owned(),
        original_len: packet.orig_len,
        comment: None,
    }))
}

fn next_pcapng<R: Read>(reader: &mut PcapNgReader<R>) -> Result<Option<CapturedFrame>, PcapError> {
    loop {
        let Some(block) = reader.next_block().transpose()? else { return Ok(None) };
        let mut frame = CapturedFrame {
            time_ns: 0,
            link_type: 0,
            direction: None,
            data: Vec::new(),
            original_len: 0,
            comment: None,
        };
        let (interface, ticks) = match block {
            Block::EnhancedPacket(packet) => {
                for option in packet.options {
                    match option {
                        EnhancedPacketOption::Flags(flags) => {
                            frame.direction = Direction::from_flags(flags);
                        }
                        EnhancedPacketOption::Comment(text) => {
                            frame.comment = frame.comment.or(Some(text.into_owned()));
                        }
                        _ => {}
                    }
                }
                (frame.data, frame.original_len) = (packet.data.into_owned(), packet.original_len);
                // The crate hands the file's number on as if it were nanoseconds.
                (packet.interface_id, Some(packet.timestamp.as_nanos() as u64))
            }
            Block::SimplePacket(packet) => {
                (frame.data, frame.original_len) = (packet.data.into_owned(), packet.original_len);
                (0, None)
            }
            Block::Packet(_) => {
                return Err(PcapError::InvalidField(
                    "an obsolete Packet Block; rewrite the file with `editcap IN OUT`",
                ));
            }
            _ => continue,
        };
        let Some(described) = reader.interfaces().get(interface as usize) else {
            return Err(PcapError::InvalidInterfaceId(interface));
        };
        frame.link_type = u32::from(described.linktype) as u16;
        if let Some(ticks) = ticks {
            frame.time_ns = nanoseconds(ticks, &described.options);
        } else {
            // A simple packet does not say how much was recorded, and its data comes with the
            // padding of the block.
            let cut = if described.snaplen == 0 { u32::MAX } else { described.snaplen };
            frame.data.truncate(frame.original_len.min(cut) as usize);
        }
        return Ok(Some(frame));
    }
}

/// `ticks` of an interface as nanoseconds since 1970.
fn nanoseconds(ticks: u64, options: &[InterfaceDescriptionOption]) -> u64 {
    let (mut resolution, mut offset) = (MICROSECONDS, 0);
    for option in options {
        match option {
            InterfaceDescriptionOption::IfTsResol(value) => resolution = *value,
            // Signed in the format, unsigned in the crate.
            InterfaceDescriptionOption::IfTsOffset(seconds) => {
                offset = i64::from_ne_bytes(seconds.to_ne_bytes());
            }
            _ => {}
        }
    }
    let base: i128 = if resolution & 0x80 == 0 { 10 } else { 2 };
    let per_second = base.checked_pow(u32::from(resolution & 0x7F)).unwrap_or(i128::MAX);
    let time = i128::from(ticks) * 1_000_000_000 / per_second + i128::from(offset) * 1_000_000_000;
    u64::try_from(time.max(0)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
