//! Known frames and errors, and what holds of every frame and every stream.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

const MAX: usize = 1500;

fn line(frame: &[u8], accm: u32) -> Vec<u8> {
    let mut out = Vec::new();
    encode(frame, accm, &mut out);
    out
}

/// What `stream` gives when it comes in pieces that end at `cuts`.
fn decode_cut(
    stream: &[u8],
    cuts: &[usize],
    max: usize,
    accm: u32,
) -> Vec<Result<Vec<u8>, FrameError>> {
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % (stream.len() + 1)).collect();
    cuts.extend([0, stream.len()]);
    cuts.sort_unstable();
    let mut decoder = Decoder::new(max, accm);
    cuts.windows(2).flat_map(|pair| decoder.decode(&stream[pair[0]..pair[1]])).collect()
}

#[test]
fn fcs_of_the_check_string_and_of_a_frame_with_its_fcs() {
    assert_eq!(fcs16(b"123456789"), 0x906E);
    let mut frame = b"\xff\x03\xc0\x21\x01\x01\x00\x04".to_vec();
    frame.extend(fcs16(&frame).to_le_bytes());
    assert_eq!(!fcs16(&frame), GOOD_FCS);
}

#[test]
fn a_configure_request_is_stuffed_as_the_default_map_asks() {
    let stuffed = b"\x7e\xff\x7d\x23\xc0\x21\x7d\x21\x7d\x21\x7d\x20\x7d\x24";
    let line = line(b"\xff\x03\xc0\x21\x01\x01\x00\x04", DEFAULT_ACCM);
    assert_eq!(&line[..stuffed.len()], stuffed);
    assert_eq!(line.last(), Some(&FLAG));
}

#[test]
fn without_a_map_only_flag_and_escape_are_stuffed() {
    assert_eq!(&line(b"\x00\x11\x7e\x7d\x5e", 0)[..8], b"\x7e\x00\x11\x7d\x5e\x7d\x5d\x5e");
}

#[test]
fn one_flag_may_end_a_frame_and_begin_the_next() {
    let (one, two) = (line(b"one!", 0), line(b"two!", 0));
    let shared = [&one[..], &two[1..]].concat();
    assert_eq!(decode_cut(&shared, &[], MAX, 0), [Ok(b"one!".to_vec()), Ok(b"two!".to_vec())]);
}

#[test]
fn octets_before_the_first_flag_and_idle_flags_are_not_reported() {
    let stream =
        [b"login: \x7d\x03".as_slice(), &[FLAG; 5], &line(b"frame", 0), &[FLAG; 3]].concat();
    assert_eq!(decode_cut(&stream, &[], MAX, 0), [Ok(b"frame".to_vec())]);
}

#[test]
fn garbage_between_frames_is_one_error_and_costs_no_good_frame() {
    let stream = [&line(b"before", 0), b"NO CARRIER".as_slice(), &line(b"after", 0)].concat();
    assert_eq!(
        decode_cut(&stream, &[], MAX, 0),
        [Ok(b"before".to_vec()), Err(FrameError::Crc), Ok(b"after".to_vec())]
    );
}

#[test]
fn an_abort_and_a_short_frame_are_framing_errors() {
    let stream = [b"\x7eunfinished".as_slice(), &ABORT, b"abc\x7e", &line(b"frame", 0)].concat();
    let broken = |how| Err(FrameError::Framing(how));
    assert_eq!(
        decode_cut(&stream, &[], MAX, 0),
        [broken(Broken::Abort), broken(Broken::Short), Ok(b"frame".to_vec())]
    );
}

#[test]
fn an_overlong_frame_is_reported_once_and_skipped_to_its_flag() {
    let stream = [line(&[7; 101], 0), line(&[7; 100], 0)].concat();
    assert_eq!(decode_cut(&stream, &[], 100, 0), [Err(FrameError::Overrun), Ok(vec![7; 100])]);
}

#[test]
fn control_characters_put_in_by_equipment_are_dropped_even_after_an_escape() {
    let mut stream = Vec::new();
    for octet in line(b"\x11\x7e data", DEFAULT_ACCM) {
        stream.extend([octet, 0x13]);
    }
    assert_eq!(decode_cut(&stream, &[], MAX, DEFAULT_ACCM), [Ok(b"\x11\x7e data".to_vec())]);
}

#[test]
fn errors_are_the_bits_of_ndis_mac_fragment() {
    let errors = [
        FrameError::Crc,
        FrameError::Framing(Broken::Abort),
        FrameError::Framing(Broken::Short),
        FrameError::Overrun,
    ];
    assert_eq!(errors.map(FrameError::bits), [1, 2, 2, 8]);
}

proptest! {
    #[test]
    fn every_frame_comes_back_however_the_stream_is_cut(
        frames in vec(vec(any::<u8>(), 2..80), 0..6), cuts in vec(any::<usize>(), 0..12),
        send: u32, spare: u32,
    ) {
        // A receiver may drop less than the sender escapes, never more.
        let stream: Vec<u8> = frames.iter().flat_map(|frame| line(frame, send)).collect();
        let expected: Vec<_> = frames.into_iter().map(Ok).collect();
        prop_assert_eq!(decode_cut(&stream, &cuts, 80, send & spare), expected);
    }

    #[test]
    fn no_stream_gives_other_answers_when_it_is_cut(
        stream in vec(prop_oneof![Just(FLAG), Just(ESCAPE), any::<u8>()], 0..200),
        cuts in vec(any::<usize>(), 0..12), accm: u32, max in 0_usize..40,
    ) {
        let whole = decode_cut(&stream, &[], max, accm);
        prop_assert_eq!(decode_cut(&stream, &cuts, max, accm), whole);
    }

    #[test]
    fn a_single_changed_bit_never_passes_as_the_frame(
        frame in vec(any::<u8>(), 2..60), at: prop::sample::Index, bit in 0_u32..8,
    ) {
        let mut stream = line(&frame, 0);
        let inside = 1 + at.index(stream.len() - 2);
        stream[inside] ^= 1 << bit;
        prop_assert!(!decode_cut(&stream, &[], MAX, 0).contains(&Ok(frame)));
    }

    #[test]
    fn the_stuffed_frame_holds_no_flag_and_no_character_of_the_map(
        frame in vec(any::<u8>(), 0..60), accm: u32,
    ) {
        let stream = line(&frame, accm);
        let inside = &stream[1..stream.len() - 1];
        prop_assert!(inside.iter().all(|&octet| octet != FLAG && !mapped(octet, accm)));
    }
}
