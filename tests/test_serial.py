"""`SerialMiniport`: real frames over real descriptors, each packet owed and returned under the contract."""

import os
import socket
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

import ndiswan as nw
from loopback import Remember, dial, eventually, real_ndis, socket_pair
from ndiswan._native import HdlcDecoder, hdlc_encode
from ndiswan.miniports import SerialMiniport

DELIVERIES = ["inline", "queued"]
FRAMES = [bytes([n & 255]) + os.urandom(n % 1499 + 1) for n in range(0, 3000, 7)]


@pytest.fixture(params=DELIVERIES)
def ndis(request: pytest.FixtureRequest) -> Iterator[nw.Ndis]:
    """Each test runs with both deliveries, and must leave no violation and no thread."""
    with real_ndis(delivery=request.param, verify=3) as ndis:
        yield ndis


@pytest.fixture
def pty_pair() -> Iterator[tuple[int, int]]:
    """Both ends of a pseudo-terminal, closed at the end if they are not yet."""
    ends = os.openpty()
    yield ends
    for end in ends:
        try:
            os.close(end)
        except OSError:
            continue


def test_frames_cross_a_socket_both_ways(ndis: nw.Ndis) -> None:
    """Frames sent from both ends at once arrive unchanged and in order, and each send completes with SUCCESS."""
    with socket_pair() as (one, two):
        (left, at_left), (right, at_right) = dial(ndis, one), dial(ndis, two)
        for frame in FRAMES:
            assert left.send(frame) == right.send(frame) == nw.PENDING
        eventually(lambda: len(at_left.frames) == len(at_right.frames) == len(FRAMES))
        ndis.run()
        assert at_left.frames == at_right.frames == FRAMES
        assert at_left.counts == at_right.counts == {nw.SUCCESS: len(FRAMES)}
        assert 0 < at_left.batches <= len(FRAMES)
        assert at_left.errors == []


def test_frames_cross_a_pty(ndis: nw.Ndis, pty_pair: tuple[int, int]) -> None:
    """A terminal, by descriptor or by path, is made raw: every octet gets through."""
    master, slave = pty_pair
    (left, at_left) = dial(ndis, master, accm=0)
    (right, at_right) = dial(ndis, os.ttyname(slave), accm=0, baudrate=115200)
    everything = bytes(range(256)) * 4
    left.send(everything)
    right.send(everything[::-1])
    eventually(lambda: at_left.frames and at_right.frames)
    assert (at_right.frames, at_left.frames) == ([everything], [everything[::-1]])


def test_a_terminal_is_put_back(ndis: nw.Ndis, pty_pair: tuple[int, int]) -> None:
    """After a halt the terminal has the settings that it had."""
    _, slave = pty_pair
    before = termios.tcgetattr(slave)
    dial(ndis, slave, baudrate=9600)
    assert termios.tcgetattr(slave) != before
    ndis.close()
    assert termios.tcgetattr(slave) == before


def test_frames_cross_tcp(ndis: nw.Ndis) -> None:
    """A TCP socket is as good as any descriptor."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        one = socket.create_connection(server.getsockname())
        two, _ = server.accept()
        with one, two:
            (left, _), (_, at_right) = dial(ndis, one), dial(ndis, two)
            for frame in FRAMES[:50]:
                left.send(frame)
            eventually(lambda: at_right.frames == FRAMES[:50])


def test_without_early_completion_a_send_waits_for_the_kernel(ndis: nw.Ndis) -> None:
    """While the peer reads nothing, the window is full and NDIS queues the rest; when it reads, all complete."""
    with socket_pair() as (ours, theirs):
        link, protocol = dial(ndis, ours, window=4)
        for _ in range(60):
            link.send(bytes(1500))
        time.sleep(0.1)
        stuck = len(protocol.statuses)
        assert stuck < 56
        assert (link.outstanding, link.queued) == (4, 56 - stuck)
        _drain(theirs, 60)
        eventually(lambda: protocol.counts == {nw.SUCCESS: 60})


def test_with_early_completion_a_send_is_over_when_the_card_has_it(ndis: nw.Ndis) -> None:
    """The card of early completion takes 64 frames while the peer reads nothing; all arrive in the end."""
    with socket_pair() as (ours, theirs):
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
        link, protocol = dial(ndis, ours, window=4, early_completion=True)
        for _ in range(60):
            link.send(bytes(1500))
        eventually(lambda: protocol.counts == {nw.SUCCESS: 60})
        assert link.outstanding == link.queued == 0
        assert _drain(theirs, 60) == [bytes(1500)] * 60


def test_partial_writes_lose_nothing(ndis: nw.Ndis) -> None:
    """Frames larger than the kernel's buffer arrive whole though each needs many writes."""
    with socket_pair() as (ours, theirs):
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
        link, _ = dial(ndis, ours, max_frame=30_000)
        frames = [os.urandom(30_000) for _ in range(5)]
        for frame in frames:
            link.send(frame)
        assert _drain(theirs, 5, limit=40_000, chunk=1000) == frames
        ndis.run()


@pytest.mark.parametrize("early", [False, True])
def test_a_vanished_peer_is_a_line_down(ndis: nw.Ndis, early: bool) -> None:
    """What the peer sent before is received, the line goes down once, and what is owed comes back with an error."""
    with socket_pair() as (ours, theirs):
        link, protocol = dial(ndis, ours, early_completion=early)
        for _ in range(200):
            link.send(bytes(1500))
        theirs.sendall(hdlc_encode(b"goodbye"))
        theirs.close()
        eventually(lambda: protocol.downs and not link.outstanding)
        assert protocol.frames == [b"goodbye"]
        assert protocol.downs == 1
        assert not link.up
        # What NDIS itself had queued beyond the window, if any is left, comes back when the call is closed.
        link.close()
        eventually(lambda: len(protocol.statuses) == 200)
        assert set(protocol.counts) <= {nw.SUCCESS, nw.FAILURE, nw.Status.CLOSING}
        # The line holds some 70, the card of early completion 64; how many more NDIS had let down is chance.
        assert protocol.counts[nw.SUCCESS] < 200


def test_a_terminal_that_hangs_up_is_a_line_down(ndis: nw.Ndis, pty_pair: tuple[int, int]) -> None:
    """The last close at the other end of a pseudo-terminal takes the line down."""
    master, slave = pty_pair
    _, protocol = dial(ndis, master)
    os.close(slave)
    eventually(lambda: protocol.downs == 1)


def test_a_peer_that_stops_listening_is_a_line_down(ndis: nw.Ndis) -> None:
    """A line that can be read but no longer written is found out by the next send."""
    with socket_pair() as (ours, theirs):
        link, protocol = dial(ndis, ours)
        theirs.shutdown(socket.SHUT_RD)
        link.send(b"anybody there?")
        eventually(lambda: protocol.downs == 1)
        eventually(lambda: protocol.counts == {nw.FAILURE: 1})


def test_a_reset_aborts_what_is_queued_and_the_line_goes_on(ndis: nw.Ndis) -> None:
    """Queued sends come back with REQUEST_ABORTED; the frame that was half on the line is aborted there as well."""
    with socket_pair() as (ours, theirs):
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
        link, protocol = dial(ndis, ours, max_frame=30_000)
        for _ in range(20):
            link.send(bytes(30_000))
        # Every octet of it is escaped: the cut may come after an escape or after what it escapes.
        assert theirs.recv(1, socket.MSG_PEEK)
        # What NDIS itself holds back is sent after the reset.
        assert ndis.reset(link) == nw.SUCCESS
        eventually(lambda: protocol.counts[nw.Status.REQUEST_ABORTED] >= 8)
        link.send(b"after")
        found = _drain(theirs, 2, last=b"after", limit=40_000)
        assert found[0] == 2
        assert set(found[1:-1]) <= {bytes(30_000)}
        eventually(lambda: len(protocol.statuses) == 21)


def test_a_reset_waits_for_a_completion_that_is_under_way() -> None:
    """While the writer is inside of a completion a reset is PENDING; it ends when the completion has returned."""

    class Slow(Remember):
        def send_complete(self, packet, status):
            super().send_complete(packet, status)
            assert go_on.wait(10)

    go_on, protocol = threading.Event(), Slow()
    with real_ndis() as ndis, socket_pair() as (ours, theirs):
        link = ndis.bind(protocol, SerialMiniport(ours))
        link.send(b"one")
        eventually(lambda: protocol.statuses)
        assert ndis.reset(link) == nw.PENDING
        assert protocol.resets == []
        go_on.set()
        eventually(lambda: protocol.resets == [nw.SUCCESS])
        link.send(b"two")
        assert _drain(theirs, 2) == [b"one", b"two"]


def test_halt_returns_what_is_owed(ndis: nw.Ndis) -> None:
    """A halt with sends in flight gives all of them back, and the descriptor as it was given."""
    with socket_pair() as (ours, _):
        ours.setblocking(True)
        link, protocol = dial(ndis, ours)
        for _ in range(200):
            link.send(bytes(1500))
        ndis.close()
        assert len(protocol.statuses) == 200
        assert protocol.counts[nw.SUCCESS] < 200
        assert ours.getblocking()
        assert os.get_blocking(ours.fileno())


def test_damage_on_the_line_is_a_fragment(ndis: nw.Ndis) -> None:
    """A wrong FCS, an aborted and an overlong frame are indicated with their bits; the next frame is received."""
    with socket_pair() as (ours, theirs):
        _, protocol = dial(ndis, ours, max_frame=100)
        good = hdlc_encode(b"good", accm=0)
        theirs.sendall(good[:-3] + b"!" + good[-2:] + b"half\x7d" + hdlc_encode(bytes(200)) + good)
        eventually(lambda: protocol.frames)
        assert protocol.errors == [1, 2, 8]
        assert protocol.frames == [b"good"]


def test_the_control_character_maps_follow_the_link_info(ndis: nw.Ndis) -> None:
    """OID_WAN_SET_LINK_INFO changes what is escaped when sending and dropped when receiving; a query tells it."""
    with socket_pair() as (ours, theirs):
        link, protocol = dial(ndis, ours)
        info = link.query(nw.Oid.WAN_GET_LINK_INFO)
        assert (info.send_accm, info.recv_accm) == (0xFFFFFFFF, 0)
        info.send_accm, info.recv_accm = 1 << 0x11, 1 << 0x13
        assert link.set(nw.Oid.WAN_SET_LINK_INFO, info) == nw.SUCCESS
        assert link.query(nw.Oid.WAN_GET_LINK_INFO) == info
        link.send(b"\x10\x11\x12")
        assert theirs.recv(100)[:5] == b"\x7e\x10\x7d\x31\x12"
        theirs.sendall(hdlc_encode(b"a frame").replace(b"a", b"\x13a\x13"))
        eventually(lambda: protocol.frames == [b"a frame"])


def test_the_descriptor_may_be_closed_by_its_giver(ndis: nw.Ndis) -> None:
    """The port works on its own duplicate."""
    with socket_pair() as (ours, theirs):
        link, _ = dial(ndis, ours)
        ours.close()
        link.send(b"still here")
        assert _drain(theirs, 1) == [b"still here"]


def test_an_idle_or_stuck_line_costs_nothing(ndis: nw.Ndis) -> None:
    """Neither waiting for frames nor for a peer that does not read is done by asking again and again."""
    with socket_pair() as (ours, _), socket_pair() as (idle, _there):
        link, _ = dial(ndis, ours)
        dial(ndis, idle)
        for _ in range(100):
            link.send(bytes(1500))
        time.sleep(0.1)
        before = time.process_time()
        time.sleep(0.5)
        assert time.process_time() - before < 0.1


@pytest.mark.parametrize(
    ("port", "error", "said"),
    [
        ("/nowhere/tty", FileNotFoundError, "/nowhere/tty"),
        ("/tmp", IsADirectoryError, "/tmp"),
        (987654, OSError, "987654 is not an open file descriptor"),
        (-1, OSError, "-1 is not an open file descriptor"),
        (1.5, TypeError, "expected a path, a file descriptor or an object with fileno"),
        (None, TypeError, "got None"),
    ],
)
def test_what_is_no_port_is_said_clearly(port: object, error: type[Exception], said: str) -> None:
    """A path or descriptor that cannot be used is an error at bind that names it."""
    with nw.Ndis(time=nw.RealTime()) as ndis, pytest.raises(error, match=said):
        dial(ndis, port)


def test_a_port_must_work_both_ways_and_baud_rates_be_real() -> None:
    """A descriptor for one direction, an unknown baud rate, and a rate for a socket are refused."""
    with nw.Ndis(time=nw.RealTime()) as ndis, socket_pair() as (one, _):
        with Path(os.devnull).open("rb") as readable, pytest.raises(OSError, match="reading only"):
            dial(ndis, readable)
        with pytest.raises(ValueError, match=r"expected one of \[.*9600.*got 12345"):
            dial(ndis, one, baudrate=12345)
        with pytest.raises(ValueError, match="expected a terminal for baudrate"):
            dial(ndis, one, baudrate=9600)


@pytest.mark.parametrize("name", ["accm", "receive_accm"])
@pytest.mark.parametrize("value", [-1, 2**40, "x", None])
def test_a_map_of_control_characters_has_32_bits(name: str, value: object) -> None:
    """Another is refused where the miniport is made, and not in the first send."""
    with pytest.raises((TypeError, ValueError), match=f"^{name}: expected "):
        SerialMiniport("/dev/null", **{name: value})


def test_zero_bits_a_second_are_no_rate(pty_pair: tuple[int, int]) -> None:
    """B0 of termios hangs up: it is neither taken nor offered."""
    with (
        nw.Ndis(time=nw.RealTime()) as ndis,
        pytest.raises(ValueError, match=r"expected one of \[50, .*got 0\b"),
    ):
        dial(ndis, pty_pair[1], baudrate=0)


def test_the_package_does_not_load_the_miniports() -> None:
    """`import ndiswan` leaves the serial miniport, and termios with it, alone."""
    told = "import sys, ndiswan; sys.exit('termios' in sys.modules or 'ndiswan.miniports' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", told], check=False, timeout=60).returncode == 0


def test_a_miniport_can_be_started_again() -> None:
    """After a halt the same miniport can be bound anew."""
    with socket_pair() as (ours, theirs):
        miniport = SerialMiniport(ours)
        for word in (b"once", b"again"):
            with real_ndis() as ndis, closing(ndis):
                ndis.bind(nw.Protocol(), miniport).send(word)
                assert _drain(theirs, 1) == [word]


def _drain(
    end: socket.socket, count: int, *, last: bytes = b"", limit: int = 1532, chunk: int = 65536
) -> list[bytes | int]:
    """The next frames, and errors among them, that come out of a bare socket: so many, and up to the last."""
    decoder, found = HdlcDecoder(max_frame=limit), []
    end.settimeout(5)
    while len(found) < count or (last and last not in found):
        octets = end.recv(chunk)
        assert octets, f"the line ended after {found}"
        found += decoder.feed(octets)
    return found
