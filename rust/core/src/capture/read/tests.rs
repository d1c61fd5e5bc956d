//! Both formats in small, written by hand: units, cut packets, and damage of every kind.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::capture::{CaptureWriter, LINK_PPP};

/// A classic pcap file of one packet, in big-endian order.
fn pcap(magic: u32, snaplen: u32, link_type: u32, recorded: &[u8], original_len: u32) -> Vec<u8> {
    let words =
        [magic, 0x0002_0004, 0, 0, snaplen, link_type, 5, 7, recorded.len() as u32, original_len];
    words.iter().flat_map(|word| word.to_be_bytes()).chain(recorded.iter().copied()).collect()
}

/// A pcapng block in big-endian order.
fn block(kind: u32, body: &[u8]) -> Vec<u8> {
    let total = (body.len() as u32 + 12).to_be_bytes();
    [&kind.to_be_bytes()[..], &total, body, &total].concat()
}

/// A pcapng file whose only interface has `options` and a snapshot length of 6, with one
/// `packet` block.
fn pcapng(options: &[u8], packet: &[u8]) -> Vec<u8> {
    let section =
        block(0x0A0D_0D0A, b"\x1a\x2b\x3c\x4d\x00\x01\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff");
    let interface = block(1, &[b"\x00\x09\x00\x00\x00\x00\x00\x06", options].concat());
    [&section, &interface, packet].concat()
}

fn written(frames: &[&[u8]]) -> Vec<u8> {
    let mut writer = CaptureWriter::new(Vec::new()).unwrap();
    let wan = writer.interface("wan0", LINK_PPP).unwrap();
    for data in frames {
        writer.frame(wan, 1, data, None, None).unwrap();
    }
    writer.finish().unwrap()
}

fn read(file: &[u8]) -> Vec<Result<CapturedFrame, String>> {
    match CaptureReader::new(file, "a.pcapng") {
        Ok(reader) => {
            reader.take(1000).map(|frame| frame.map_err(|error| error.to_string())).collect()
        }
        Err(error) => vec![Err(error.to_string())],
    }
}

fn one(file: &[u8]) -> CapturedFrame {
    let [Ok(frame)] = &read(file)[..] else { panic!("expected one frame") };
    frame.clone()
}

fn complaint(file: &[u8]) -> String {
    read(file).pop().expect("an answer").expect_err("an error")
}

#[test]
fn pcap_times_are_microseconds_or_nanoseconds_by_its_magic() {
    assert_eq!(one(&pcap(0xA1B2_C3D4, 96, 9, b"data", 4)).time_ns, 5_000_007_000);
    assert_eq!(one(&pcap(0xA1B2_3C4D, 96, 9, b"data", 4)).time_ns, 5_000_000_007);
}

#[test]
fn a_packet_that_the_recorder_cut_is_read_and_says_so() {
    let frame = one(&pcap(0xA1B2_C3D4, 4, 0x5000_0009, b"data", 1500));
    assert_eq!((frame.link_type, frame.data.len(), frame.original_len), (LINK_PPP, 4, 1500));
}

#[test]
fn pcapng_times_follow_the_interfaces_unit_and_offset() {
    let packet =
        block(6, &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 16, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0xAB, 0, 0, 0]);
    let at = |options: &[u8]| one(&pcapng(options, &packet)).time_ns;
    assert_eq!(at(b""), 4_096_000);
    assert_eq!(at(b"\x00\x09\x00\x01\x09\x00\x00\x00\x00\x00\x00\x00"), 4096);
    assert_eq!(at(b"\x00\x09\x00\x01\x8a\x00\x00\x00\x00\x00\x00\x00"), 4_000_000_000);
    assert_eq!(
        at(b"\x00\x0e\x00\x08\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00\x00"),
        2_004_096_000
    );
    assert_eq!(at(b"\x00\x0e\x00\x08\xff\xff\xff\xff\xff\xff\xff\xfe\x00\x00\x00\x00"), 0);
    assert_eq!(at(b"\x00\x09\x00\x01\x7f\x00\x00\x00\x00\x00\x00\x00"), 0);
}

#[test]
fn a_simple_packet_loses_the_padding_of_its_block_and_what_was_cut() {
    let frame = |length: u8| {
        one(&pcapng(b"", &block(3, &[&[0, 0, 0, length], &b"abcdef\0\0"[..]].concat())))
    };
    assert_eq!(frame(5).data, b"abcde");
    assert_eq!(frame(99).data, b"abcdef");
}

#[test]
fn what_is_no_capture_is_named_with_what_came_and_what_was_expected() {
    assert!(complaint(b"").contains("a.pcapng: the file is empty"));
    assert!(complaint(b"GET / HTTP").contains("begins with 47455420; expected pcap"));
    assert!(complaint(b"\x1f\x8b\x08\x00").contains("gzip: unpack it first"));
    let missing = CaptureReader::open("/nowhere/a.pcap").map(drop).unwrap_err().to_string();
    assert!(missing.contains("/nowhere/a.pcap: cannot open it"), "{missing}");
}

#[test]
fn a_file_cut_anywhere_gives_its_whole_packets_and_then_names_the_broken_one() {
    let (whole, shorter) = (written(&[b"one", b"two", b"three"]), written(&[b"one", b"two"]).len());
    for end in shorter + 1..whole.len() {
        let frames = read(&whole[..end]);
        assert!(frames[..2].iter().all(Result::is_ok) && frames.len() == 3, "cut at {end}");
        assert!(complaint(&whole[..end]).contains("in the middle of packet 3"), "cut at {end}");
    }
    assert!(complaint(&whole[..10]).contains("packet 1"));
}

#[test]
fn broken_content_is_named_with_its_packet() {
    let unknown = block(6, &[0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    assert!(complaint(&pcapng(b"", &unknown)).contains("broken at packet 1: it names interface 7"));
    assert!(complaint(&pcapng(b"", &block(2, &[0; 20]))).contains("editcap"));
    let text = block(6, b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\0\x01\xff\0\0\0\0\0\0\0");
    assert!(complaint(&pcapng(b"", &text)).contains("not UTF-8"));
}

proptest! {
    #[test]
    fn no_damage_panics_or_runs_for_ever(
        at: prop::sample::Index, with in vec(any::<u8>(), 1..6), classic: bool,
    ) {
        let classic = classic.then(|| pcap(0xA1B2_C3D4, 96, 9, b"data", 4));
        let mut file = classic.unwrap_or_else(|| written(&[b"one", b"two"]));
        let at = at.index(file.len());
        let end = file.len().min(at + with.len());
        file.splice(at..end, with);
        prop_assert!(read(&file).len() < 1000);
    }
}
