//! UNICODE_STRING and ANSI_STRING: length and room in bytes (16 bit each), four bytes of nothing, the address of the text.

use crate::peek;

/// The text of a UNICODE_STRING at `address`; none if it cannot be read.
pub(crate) fn unicode(address: usize) -> Option<String> {
    let length = usize::from(peek::get::<u16>(address)?);
    let buffer = peek::get::<usize>(address + 8)?;
    let bytes = peek::bytes(buffer, length & !1)?;
    let units: Vec<u16> =
        bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
    Some(String::from_utf16_lossy(&units))
}

/// `text` in 16-bit units, with a zero behind it, as bytes.
pub(crate) fn encoded(text: &str) -> Vec<u8> {
    text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect()
}
