//! Whether a file that is to be loaded is all there.

use std::fs::File;
use std::io::Read;
use std::path::Path;

/// A file that ends too early is mapped all the same, and who touches what is not there is killed (SIGBUS). A linker writes
/// the table of sections last.
pub(crate) fn expect(path: &Path) -> std::io::Result<()> {
    let mut head = [0; 64];
    let mut file = File::open(path)?;
    let there = file.metadata()?.len();
    if there >= 64 {
        file.read_exact(&mut head)?;
    }
    let half = |at: usize| u64::from(u16::from_le_bytes([head[at], head[at + 1]]));
    let table = head[0x28..0x30].try_into().map_or(0, u64::from_le_bytes);
    let length = table.saturating_add(half(0x3A) * half(0x3C));
    if head.starts_with(b"\x7fELF") && there < length {
        let text = format!(
            "it was cut off: {there} of {length} bytes are there; copy it whole, or build it again"
        );
        return Err(std::io::Error::new(std::io::ErrorKind::UnexpectedEof, text));
    }
    Ok(())
}
