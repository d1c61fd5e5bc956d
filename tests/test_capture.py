"""Capture files: what is recorded is read back, tshark understands it, and live traffic can be replayed."""

import json
import shutil
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ndiswan as nw
from loopback import Remember, eventually, real_ndis, socket_pair
from ndiswan import models
from ndiswan._native import CaptureWriter, read_frames
from ndiswan.miniports import SerialMiniport

sys.path.insert(0, str(Path(__file__).parent.parent / "examples" / "ppp"))
from driver import PppDriver

ETHERNET, PPP, PPP_HDLC = 1, 9, 50
REQUEST = bytes.fromhex("ff03c0210101000a050612345678")
TIME_NS = 1_700_000_000_123_456_789


@given(
    frames=st.lists(
        st.tuples(
            st.integers(0, 2**64 - 1),
            st.sampled_from([ETHERNET, PPP, PPP_HDLC]),
            st.binary(max_size=99),
        ),
        max_size=9,
    )
)
def test_frames_written_are_the_frames_read(
    tmp_path_factory: pytest.TempPathFactory, frames: list[tuple[int, int, bytes]]
) -> None:
    """Time to the nanosecond, link type and octets survive a pcapng file."""
    path = tmp_path_factory.getbasetemp() / "round.pcapng"
    with CaptureWriter(path) as capture:
        for time_ns, link_type, data in frames:
            capture.frame(f"link {link_type}", link_type, time_ns, data)
    assert read_frames(path) == frames


@pytest.mark.parametrize("magic", [0xA1B2C3D4, 0xA1B23C4D])
@pytest.mark.parametrize("order", ["<", ">"])
def test_classic_pcap_is_read_in_both_orders_and_units(
    tmp_path: Path, order: str, magic: int
) -> None:
    """A pcap file counts microseconds or nanoseconds by its magic, in either byte order."""
    path = tmp_path / "old.pcap"
    header = struct.pack(order + "IHHIIII", magic, 2, 4, 0, 0, 65535, PPP_HDLC)
    path.write_bytes(
        header + struct.pack(order + "IIII", 5, 7, len(REQUEST), len(REQUEST)) + REQUEST
    )
    nanoseconds = 7_000 if magic == 0xA1B2C3D4 else 7
    assert read_frames(path) == [(5_000_000_000 + nanoseconds, PPP_HDLC, REQUEST)]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "the file is empty"),
        (b"Hello, world", "begins with 48656c6c; expected pcap"),
        (b"\x1f\x8b\x08\x00", "gzip: unpack it first"),
        (b"\x0a\x0d\x0d\x0a", "in the middle of packet 1"),
    ],
)
def test_what_is_no_capture_is_said_clearly(tmp_path: Path, content: bytes, said: str) -> None:
    """The error names the file, what came, and what was expected."""
    path = tmp_path / "strange.pcapng"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=said) as caught:
        read_frames(path)
    assert str(path) in str(caught.value)


def test_a_cut_file_names_the_packet(tmp_path: Path) -> None:
    """A file that ends inside its second packet is an error that says so."""
    path = tmp_path / "cut.pcapng"
    with CaptureWriter(path) as capture:
        for _ in range(2):
            capture.frame("wan", PPP, 0, REQUEST)
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(ValueError, match=r"in the middle of packet 2.*cut=True takes those"):
        read_frames(path)


def test_a_cut_file_is_taken_up_to_the_cut(tmp_path: Path) -> None:
    """With a word; one that is cut inside of its first packet has nothing to take, and any other mistake stays one."""
    path = tmp_path / "cut.pcapng"
    with CaptureWriter(path) as capture:
        for number in range(3):
            capture.frame("wan", PPP, number, REQUEST)
    whole = path.read_bytes()
    path.write_bytes(whole[:-5])
    assert read_frames(path, cut=True) == [(0, PPP, REQUEST), (1, PPP, REQUEST)]
    flow = models.Replay.from_capture(path, cut=True)
    assert flow.times_ns.tolist() == [0, 1]
    path.write_bytes(whole)
    assert read_frames(path, cut=True) == read_frames(path)
    for wrong in (whole[:90], b"Hello, world"):
        path.write_bytes(wrong)
        with pytest.raises(ValueError, match=r"in the middle of packet 1|begins with"):
            read_frames(path, cut=True)


def test_files_that_cannot_be_opened_are_os_errors(tmp_path: Path) -> None:
    """A missing file and a missing folder are OSErrors that name them."""
    with pytest.raises(FileNotFoundError, match=r"missing\.pcapng"):
        read_frames(tmp_path / "missing.pcapng")
    with pytest.raises(FileNotFoundError, match=r"missing\.pcapng"):
        models.Replay.from_capture(tmp_path / "missing.pcapng")
    with pytest.raises(OSError, match="No such file"):
        CaptureWriter(tmp_path / "nowhere" / "new.pcapng")


def test_a_closed_capture_takes_nothing(tmp_path: Path) -> None:
    """Closing twice is fine, writing afterwards is a ValueError."""
    capture = CaptureWriter(tmp_path / "closed.pcapng")
    capture.close()
    capture.close()
    with pytest.raises(ValueError, match="closed"):
        capture.frame("wan", PPP, 0, REQUEST)


def test_tshark_reads_what_was_written(tmp_path: Path) -> None:
    """Interface names, nanoseconds, directions, comments and the PPP within are as they were given."""
    path = tmp_path / "told.pcapng"
    with CaptureWriter(path) as capture:
        capture.frame("wan0", PPP, TIME_NS, REQUEST, outbound=True, comment="the first ☎")
        capture.frame("wan1", PPP_HDLC, TIME_NS + 1, REQUEST, outbound=False)
    first, second = tshark(
        path, "frame.time_epoch", "frame.interface_name", "frame.packet_flags_direction",
        "frame.comment", "frame.protocols", "lcp.opt.magic_number",
    )  # fmt: skip
    assert first["frame.time_epoch"].endswith(".123456789")
    assert second["frame.time_epoch"].endswith(".123456790")
    assert (first["frame.interface_name"], second["frame.interface_name"]) == ("wan0", "wan1")
    assert int(first["frame.packet_flags_direction"], 0) == 2
    assert int(second["frame.packet_flags_direction"], 0) == 1
    assert first["frame.comment"] == "the first ☎"
    assert "frame.comment" not in second
    assert first["frame.protocols"] == second["frame.protocols"] == "ppp:lcp"
    assert int(first["lcp.opt.magic_number"], 0) == 0x12345678


class Tapped(SerialMiniport):
    """A serial miniport that records what it is given to send."""

    def tap(self, capture: CaptureWriter, name: str) -> "Tapped":
        self.capture, self.name = capture, name
        self.sent: list[bytes] = []
        return self

    def wan_send(self, link, packet):
        frame = bytes(packet.data)
        self.sent.append(frame)
        self.capture.frame(self.name, PPP, time.time_ns(), frame, outbound=True)
        return super().wan_send(link, packet)


@pytest.mark.parametrize("delivery", ["inline", "queued"])
def test_live_traffic_is_recorded_and_replayed_byte_for_byte(tmp_path: Path, delivery: str) -> None:
    """Two adapters negotiate PPP and ping each other; the recording, sent over another line, arrives unchanged."""
    path = tmp_path / "live.pcapng"
    with (
        CaptureWriter(path) as capture,
        real_ndis(delivery=delivery) as ndis,
        socket_pair() as (a, b),
    ):
        left, right = PppDriver(), PppDriver(peer_address="192.0.2.2")
        right.ipcp.address = type(right.ipcp.address)("192.0.2.1")
        ends = Tapped(a).tap(capture, "left"), Tapped(b).tap(capture, "right")
        ndis.bind(left, ends[0])
        ndis.bind(right, ends[1])
        left.start()
        right.start()
        eventually(lambda: (left.tick(), right.tick()) and left.opened and right.opened)
        for size in (0, 1, 255, 1400):
            assert left.ping("192.0.2.1", bytes(n & 255 for n in range(size))) is not None
            assert right.ping("192.0.2.2", bytes(size)) is not None
        ndis.run()
        sent = sorted(ends[0].sent + ends[1].sent)

    recorded = read_frames(path)
    assert sorted(frame for _, _, frame in recorded) == sent
    assert len(recorded) >= 8 + 16
    seen = tshark(path, "frame.protocols", "_ws.malformed", "icmp.checksum.status")
    assert {"ppp:lcp", "ppp:ipcp", "ppp:ip:icmp:data"} <= {
        packet["frame.protocols"] for packet in seen
    }
    assert not any("_ws.malformed" in packet for packet in seen)
    assert {packet.get("icmp.checksum.status", "1") for packet in seen} == {"1"}

    with real_ndis(delivery=delivery) as ndis, socket_pair() as (a, b):
        link = ndis.bind(nw.Protocol(), SerialMiniport(a), packets=256)
        there = Remember()
        ndis.bind(there, SerialMiniport(b))
        for _, _, frame in recorded:
            link.send(frame)
        eventually(lambda: len(there.frames) == len(recorded))
        assert there.frames == [frame for _, _, frame in recorded]


def tshark(path: Path, *fields: str) -> list[dict[str, str]]:
    """The fields that tshark finds in each packet of the file."""
    program = shutil.which("tshark")
    assert program, "tshark is not installed: apt-get install -y tshark"
    wanted = [argument for field in fields for argument in ("-e", field)]
    done = subprocess.run(
        [program, "-r", path, "-T", "json", "-o", "ip.check_checksum:TRUE", *wanted],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    packets = [packet["_source"]["layers"] for packet in json.loads(done.stdout)]
    return [{field: values[0] for field, values in packet.items()} for packet in packets]
