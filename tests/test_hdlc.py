"""HDLC-like framing as Python has it: known octets, and frames that survive every line."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ndiswan._native import HdlcDecoder, fcs16, hdlc_encode

CRC, FRAMING, OVERRUN = 1, 2, 8
FLAG, ESCAPE = 0x7E, 0x7D
REQUEST = bytes.fromhex("ff03c02101010004")


def decode(stream: bytes, cuts: list[int] | None = None, **options: int) -> list[bytes | int]:
    """What a decoder finds in the stream when it comes in pieces that end at the cuts."""
    decoder = HdlcDecoder(**options)
    ends = sorted({0, len(stream), *(cut % (len(stream) + 1) for cut in cuts or [])})
    return [f for a, b in itertools.pairwise(ends) for f in decoder.feed(stream[a:b])]


def test_the_check_sequence_is_that_of_rfc_1662() -> None:
    """FCS-16 of the usual check string is 906e; a frame with its FCS leaves f0b8 in the register."""
    assert fcs16(b"123456789") == 0x906E
    whole = REQUEST + fcs16(REQUEST).to_bytes(2, "little")
    assert fcs16(whole) ^ 0xFFFF == 0xF0B8
    assert fcs16(b"") == 0


def test_a_frame_is_stuffed_by_default_as_before_negotiation() -> None:
    """Without a map every control character is escaped, in the FCS too."""
    line = hdlc_encode(REQUEST)
    assert line.startswith(bytes.fromhex("7eff7d23c0217d217d217d207d24"))
    assert line[0] == line[-1] == FLAG
    assert min(line) >= 0x20


def test_a_map_of_zero_escapes_only_flag_and_escape() -> None:
    """With accm=0 control characters go as they are."""
    assert hdlc_encode(b"\x00\x11\x7e\x7d", accm=0)[1:7] == b"\x00\x11\x7d\x5e\x7d\x5d"


def test_a_map_escapes_what_it_marks() -> None:
    """Bit n of the map is control character n."""
    line = hdlc_encode(b"\x00\x11\x13\x1f", accm=1 << 0x11 | 1 << 0x13)
    assert line[1:7] == b"\x00\x7d\x31\x7d\x33\x1f"


def test_damage_is_reported_as_ndis_mac_fragment_counts_it() -> None:
    """A wrong FCS is CRC 1, an aborted or short frame FRAMING 2, a long one BUFFEROVERRUN 8."""
    good = hdlc_encode(b"good")
    wrong = good[:-2] + bytes([good[-2] ^ 1, FLAG])
    assert decode(wrong + good) == [CRC, b"good"]
    assert decode(b"~half a frame" + bytes([ESCAPE]) + good) == [FRAMING, b"good"]
    assert decode(b"~ab~" + good) == [FRAMING, b"good"]
    assert decode(hdlc_encode(bytes(101)) + good, max_frame=100) == [OVERRUN, b"good"]


def test_what_is_not_in_a_frame_is_not_reported() -> None:
    """Octets before the first flag and flags in a row are silence."""
    assert decode(b"login: " + bytes([FLAG] * 9) + hdlc_encode(b"frame")) == [b"frame"]


def test_frames_may_share_a_flag() -> None:
    """The flag that ends a frame may begin the next."""
    assert decode(hdlc_encode(b"one") + hdlc_encode(b"two")[1:]) == [b"one", b"two"]


def test_control_characters_of_the_receiving_map_are_dropped() -> None:
    """What equipment on the way puts in is taken out, if the map marks it."""
    noisy = b"".join(bytes([octet, 0x13]) for octet in hdlc_encode(REQUEST))
    assert decode(noisy, accm=1 << 0x13) == [REQUEST]
    assert decode(noisy, accm=0) == [CRC]


def test_the_map_of_a_decoder_can_be_changed() -> None:
    """`accm` of a decoder is read and written."""
    decoder = HdlcDecoder()
    assert decoder.accm == 0
    decoder.accm = 0xFFFFFFFF
    assert decoder.feed(b"~\x13" + hdlc_encode(REQUEST)) == [REQUEST]


@pytest.mark.parametrize("wrong", ["text", 5, None, [1, 2]])
def test_only_octets_are_framed(wrong: object) -> None:
    """What has no octets is a TypeError."""
    for call in (hdlc_encode, fcs16, HdlcDecoder().feed):
        with pytest.raises(TypeError):
            call(wrong)


@pytest.mark.parametrize("wrong", [-1, 1 << 32])
def test_a_map_has_32_bits(wrong: int) -> None:
    """An accm outside 32 bits is an OverflowError."""
    with pytest.raises(OverflowError):
        hdlc_encode(b"frame", accm=wrong)


@given(
    frames=st.lists(st.binary(min_size=2, max_size=80), max_size=6),
    cuts=st.lists(st.integers(min_value=0)),
    accm=st.integers(0, 0xFFFFFFFF),
    spare=st.integers(0, 0xFFFFFFFF),
)
def test_frames_survive_every_map_and_every_cut(
    frames: list[bytes], cuts: list[int], accm: int, spare: int
) -> None:
    """What was framed comes back, whatever is escaped and however the stream is cut."""
    stream = b"".join(hdlc_encode(frame, accm=accm) for frame in frames)
    assert decode(stream, cuts, max_frame=80, accm=accm & spare) == frames


@given(
    noise=st.binary(max_size=300), cuts=st.lists(st.integers(min_value=0)), limit=st.integers(0, 40)
)
def test_noise_never_breaks_the_decoder(noise: bytes, cuts: list[int], limit: int) -> None:
    """Any octets give the same answers in any pieces, no frame beyond the limit, and a whole frame after them."""
    found = decode(noise, cuts, max_frame=limit)
    assert found == decode(noise, max_frame=limit)
    assert all(
        len(f) <= limit if isinstance(f, bytes) else f in {CRC, FRAMING, OVERRUN} for f in found
    )
    assert decode(noise + hdlc_encode(b"after"), max_frame=40)[-1] == b"after"
