//! What is written is what is read; what cannot be written says so.

use std::io;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::*;
use crate::capture::{CaptureReader, CapturedFrame, LINK_ETHERNET, LINK_PPP, LINK_PPP_HDLC};

type Frame = (usize, u64, Vec<u8>, Option<bool>, Option<String>);

fn frames() -> impl Strategy<Value = Vec<Frame>> {
    vec(
        (
            0_usize..3,
            any::<u64>(),
            vec(any::<u8>(), 0..60),
            option::of(any::<bool>()),
            option::of(".{0,9}"),
        ),
        0..8,
    )
}

proptest! {
    #[test]
    fn frames_written_are_the_frames_read(frames in frames()) {
        let links = [("wan0", LINK_PPP), ("wan1", LINK_PPP_HDLC), ("eth0", LINK_ETHERNET)];
        let mut writer = CaptureWriter::new(Vec::new())?;
        let mut expected = Vec::new();
        for (link, time_ns, data, sent, comment) in frames {
            let (name, link_type) = links[link];
            let ways = [Direction::Inbound, Direction::Outbound];
            let direction = sent.map(|sent| ways[usize::from(sent)]);
            let interface = writer.interface(name, link_type)?;
            writer.frame(interface, time_ns, &data, direction, comment.as_deref())?;
            let original_len = data.len() as u32;
            let frame = CapturedFrame {
                time_ns, link_type, direction, data, original_len, comment,
            };
            expected.push(frame);
        }
        let file = writer.finish()?;
        let read: Vec<_> = CaptureReader::new(&file[..], "file")?.collect::<Result<_, _>>()?;
        prop_assert_eq!(read, expected);
    }
}

#[test]
fn what_the_format_cannot_hold_is_refused_before_it_is_written() -> Result<(), CaptureError> {
    let mut writer = CaptureWriter::new(Vec::new())?;
    let told = writer.frame(0, 0, b"", None, None).unwrap_err().to_string();
    assert!(told.contains("interface 0 was not described"), "{told}");
    let interface = writer.interface("wan0", LINK_PPP)?;
    let long = "x".repeat(LONGEST_TEXT + 1);
    assert!(writer.interface(&long, LINK_PPP).is_err());
    assert!(writer.frame(interface, 0, b"", None, Some(&long)).is_err());
    assert!(CaptureReader::new(&writer.finish()?[..], "file")?.next().is_none());
    Ok(())
}

#[test]
fn every_link_type_keeps_its_number() -> Result<(), CaptureError> {
    let mut writer = CaptureWriter::new(Vec::new())?;
    for link_type in 0..300 {
        let interface = writer.interface("link", link_type)?;
        writer.frame(interface, 0, b"", None, None)?;
    }
    let file = writer.finish()?;
    for (expected, frame) in (0..).zip(CaptureReader::new(&file[..], "file")?) {
        assert_eq!(frame?.link_type, expected);
    }
    Ok(())
}

#[test]
fn a_full_disk_is_an_error_that_says_so() {
    struct Full;
    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let told = CaptureWriter::new(Full).map(drop).unwrap_err().to_string();
    assert!(told.contains("cannot write it"), "{told}");
}
