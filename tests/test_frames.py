"""The frames of a check: which of a capture's a PPP link carries, and which of them a driver gets."""

import json

import pytest

from commands import FINE, NOTHING_RAN, QUICK, driver, ndiswan
from ndiswan._native import CaptureWriter
from ndiswan.checking.frames import from_capture
from ndiswan.checking.target import TargetError

IP = b"\x45" + bytes(19)
IP6 = b"\x60" + bytes(39)
AS_PPP, AS_PPP6 = b"\xff\x03\x00\x21" + IP, b"\xff\x03\x00\x57" + IP6
ADDRESSES = bytes(12)
TAG = b"\x00\x07"


def capture(path, *frames):
    """A capture of so many frames, each with its link type."""
    with CaptureWriter(str(path)) as written:
        for at, (link_type, frame) in enumerate(frames):
            written.frame(f"of type {link_type}", link_type, at, frame)
    return path


@pytest.mark.parametrize(
    ("link_type", "frame", "expected"),
    [
        (276, b"\x08\x00" + bytes(18) + IP, AS_PPP),
        (276, b"\x86\xdd" + bytes(18) + IP6, AS_PPP6),
        (113, bytes(14) + b"\x08\x00" + IP, AS_PPP),
        (1, ADDRESSES + b"\x81\x00" + TAG + b"\x08\x00" + IP, AS_PPP),
        (1, ADDRESSES + b"\x88\xa8" + TAG + b"\x81\x00" + TAG + b"\x86\xdd" + IP6, AS_PPP6),
        (0, b"\x02\x00\x00\x00" + IP, AS_PPP),
        (0, b"\x1e\x00\x00\x00" + IP6, AS_PPP6),
        (108, b"\x00\x00\x00\x18" + IP6, AS_PPP6),
        (101, IP6, AS_PPP6),
    ],
)
def test_what_ip_is_packed_in_is_taken_off(tmp_path, link_type, frame, expected):
    """Both forms of Linux cooked, VLAN tags of Ethernet and the loopback of each system carry IPv4 and IPv6."""
    frames, _ = from_capture(capture(tmp_path / "some.pcapng", (link_type, frame)))
    assert frames == [expected]


@pytest.mark.parametrize(
    ("link_type", "frame"),
    [
        (276, b"\x08\x06" + bytes(46)),
        (1, ADDRESSES + b"\x81\x00" + TAG),
        (0, b"\x07\x00\x00\x00" + bytes(20)),
        (0, b""),
    ],
)
def test_what_is_no_ip_is_refused(tmp_path, link_type, frame):
    """ARP, a tag with nothing behind it, another family: the text says which link types there are."""
    path = capture(tmp_path / "some.pcapng", (link_type, frame))
    with pytest.raises(TargetError, match=rf"none of its 1 frames \(link types \[{link_type}\]\)"):
        from_capture(path)


def test_a_capture_of_which_nothing_fits_is_not_sent(tmp_path):
    """Frames longer than MaxFrameSize are no sends of others in their place: it ends with 5, and says why."""
    path = capture(tmp_path / "long.pcapng", (9, b"\xff\x03\x00\x21" + bytes(70_000)))
    target = driver(tmp_path, "raise AssertionError(len(packet))")
    done = ndiswan("check", target, "--mode", "send", "--mode", "padding", "--frames", path)
    assert done.returncode == NOTHING_RAN, done.stdout
    assert f"0 sends, 1 frames of {path}, 1 too long for it" in done.stdout
    assert "longer than max_frame_size, which is 1500: none is sent" in done.stdout


def test_a_capture_that_is_cut_too_early_is_told_without_a_function(tmp_path):
    """What there is of it has been taken already, if there were anything: the text names no argument of Python's."""
    path = capture(tmp_path / "cut.pcapng", (9, AS_PPP))
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(TargetError, match=r"in the middle of packet 1[^=]*$"):
        from_capture(path)


def test_frames_that_are_too_long_are_counted(tmp_path):
    """Of two frames one fits: only that one is sent, and text, JSON and JUnit say that the other is too long."""
    short, long = b"\xff\x03\x00\x21" + IP, b"\xff\x03\x00\x21" + bytes(3000)
    path = capture(tmp_path / "mid.pcapng", (9, long), (9, short))
    target = driver(tmp_path, f"assert bytes(packet) == {short!r}; return nw.SUCCESS")
    done = ndiswan("check", target, *QUICK, "--frames", path)
    assert done.returncode == FINE, done.stdout
    assert f"2 frames of {path}, 1 too long for it" in done.stdout
    document = json.loads(ndiswan("check", target, *QUICK, "--frames", path, "--json").stdout)
    assert [mode["too_long"] for mode in document["drivers"][0]["modes"]] == [1]


def test_a_driver_of_short_frames_gets_one_that_fits(tmp_path):
    """Where no built-in frame fits, one that is made up is sent, and a line says so."""
    more = "    info = nw.WanInfo(max_frame_size=10)\n"
    done = ndiswan(
        "check", driver(tmp_path, "assert len(packet) == 10; return nw.SUCCESS", more=more), *QUICK
    )
    assert done.returncode == FINE, done.stdout
    assert "15 built-in frames, 15 too long for it" in done.stdout
    assert (
        "a frame of 10 octets is sent, all others being longer than max_frame_size" in done.stdout
    )
