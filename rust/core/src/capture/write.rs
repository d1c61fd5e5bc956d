//! Writing: frames as a pcapng file that Wireshark and tshark read, one interface a link.

use std::borrow::Cow;
use std::io::Write;
use std::time::Duration;

use pcap_file::pcapng::PcapNgWriter;
use pcap_file::pcapng::blocks::enhanced_packet::{EnhancedPacketBlock, EnhancedPacketOption};
use pcap_file::pcapng::blocks::interface_description::{
    InterfaceDescriptionBlock, InterfaceDescriptionOption,
};
use pcap_file::pcapng::blocks::section_header::{SectionHeaderBlock, SectionHeaderOption};
use pcap_file::{DataLink, Endianness, PcapError};

use super::{CaptureError, Direction};

/// `if_tsresol`: times are written in nanoseconds (10^-9 s).
const NANOSECONDS: u8 = 9;
/// The length of an option is a 16-bit number.
const LONGEST_TEXT: usize = u16::MAX as usize;

/// Writes frames to a pcapng file, the same octets on every machine (little-endian).
///
/// It writes in small pieces: give it a `BufWriter` for files.
pub struct CaptureWriter<W: Write> {
    file: PcapNgWriter<W>,
    interfaces: Vec<(String, u16)>,
    /// The most octets of a frame; 0 is all of it.
    snaplen: u32,
}

impl<W: Write> CaptureWriter<W> {
    /// Begins a capture on `writer`.
    ///
    /// # Errors
    /// The writer's own.
    pub fn new(writer: W) -> Result<Self, CaptureError> {
        let section = SectionHeaderBlock {
            endianness: Endianness::Little,
            options: vec![SectionHeaderOption::UserApplication(Cow::Borrowed("ndiswan"))],
            ..SectionHeaderBlock::default()
        };
        let file = PcapNgWriter::with_section_header(writer, section).map_err(refused)?;
        Ok(Self { file, interfaces: Vec::new(), snaplen: 0 })
    }

    /// The same, with frames cut after `snaplen` octets as a recorder would; 0 cuts none. To be said before the first interface.
    #[must_use]
    pub fn cut_at(mut self, snaplen: u32) -> Self {
        self.snaplen = snaplen;
        self
    }

    /// The number of the interface `name` (a link) with frames of `link_type`; it is described in
    /// the file the first time.
    ///
    /// # Errors
    /// The writer's own; the name is longer than 65,535 octets.
    pub fn interface(&mut self, name: &str, link_type: u16) -> Result<u32, CaptureError> {
        if let Some(known) =
            self.interfaces.iter().position(|(old, of)| old == name && *of == link_type)
        {
            return Ok(known as u32);
        }
        let options = vec![
            InterfaceDescriptionOption::IfName(Cow::Borrowed(short(
                "the name of an interface",
                name,
            )?)),
            InterfaceDescriptionOption::IfTsResol(NANOSECONDS),
        ];
        let block = InterfaceDescriptionBlock {
            linktype: DataLink::from(u32::from(link_type)),
            snaplen: self.snaplen,
            options,
        };
        self.file.write_pcapng_block(block).map_err(refused)?;
        self.interfaces.push((name.to_owned(), link_type));
        Ok(self.interfaces.len() as u32 - 1)
    }

    /// Writes one frame of `interface`, recorded at `time_ns` (nanoseconds since 1970).
    ///
    /// # Errors
    /// The writer's own; an interface that [`CaptureWriter::interface`] did not give; a frame of 4
    /// GiB; a comment longer than 65,535 octets.
    pub fn frame(
        &mut self,
        interface: u32,
        time_ns: u64,
        data: &[u8],
        direction: Option<Direction>,
        comment: Option<&str>,
    ) -> Result<(), CaptureError> {
        let original_len = u32::try_from(data.len()).map_err(|_| {
            CaptureError::Unwritable(format!(
                "a frame of {} octets; the format ends at 4,294,967,295",
                data.len()
            ))
        })?;
        let cut = if self.snaplen == 0 { data.len() } else { self.snaplen as usize };
        let data = &data[..data.len().min(cut)];
        let mut options = Vec::new();
        if let Some(text) = comment {
            options.push(EnhancedPacketOption::Comment(Cow::Borrowed(short("a comment", text)?)));
        }
        options.extend(direction.map(|way| EnhancedPacketOption::Flags(way.flags())));
        let timestamp = Duration::from_nanos(time_ns);
        let block = EnhancedPacketBlock {
            interface_id: interface,
            timestamp,
            original_len,
            data: Cow::Borrowed(data),
            options,
        };
        self.file.write_pcapng_block(block).map(drop).map_err(refused)
    }

    /// Hands everything on to where the writer leads.
    ///
    /// # Errors
    /// The writer's own.
    pub fn flush(&mut self) -> Result<(), CaptureError> {
        self.file.get_mut().flush().map_err(|error| refused(PcapError::IoError(error)))
    }

    /// Ends the capture and gives the writer back, flushed.
    ///
    /// # Errors
    /// The writer's own.
    pub fn finish(mut self) -> Result<W, CaptureError> {
        self.flush()?;
        Ok(self.file.into_inner())
    }
}

fn short<'a>(what: &str, text: &'a str) -> Result<&'a str, CaptureError> {
    if text.len() > LONGEST_TEXT {
        return Err(CaptureError::Unwritable(format!(
            "{what} of {} octets; the format ends at {LONGEST_TEXT}",
            text.len()
        )));
    }
    Ok(text)
}

fn refused(error: PcapError) -> CaptureError {
    match error {
        PcapError::IoError(source) => CaptureError::Io {
            name: "the capture that is written".to_owned(),
            what: "write it",
            source,
        },
        PcapError::InvalidInterfaceId(id) => CaptureError::Unwritable(format!(
            "interface {id} was not described; ask `interface` for a number"
        )),
        other => CaptureError::Unwritable(other.to_string()),
    }
}

#[cfg(test)]
mod tests;
