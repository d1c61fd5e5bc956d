"""A PPP peer that nobody here wrote: our driver dials slirp, and the contract watches every frame of it."""

import subprocess
import sys
from collections import deque
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ndiswan as nw
from loopback import eventually, real_ndis
from ndiswan.miniports import SerialMiniport

sys.path.insert(0, str(Path(__file__).parent.parent / "examples" / "ppp"))
import icmp
from automaton import State
from driver import PppDriver
from ipcp import Ipcp
from lcp import Lcp
from slirp import Slirp

EXAMPLE = Path(__file__).parent.parent / "examples" / "ppp"
PEER = "10.0.2.2"


@pytest.mark.parametrize("early", [False, True], ids=["written", "early"])
@pytest.mark.parametrize("delivery", ["inline", "queued"])
def test_slirp_gives_an_address_and_answers(delivery: str, early: bool) -> None:
    """LCP and IPCP open, slirp tells us 10.0.2.15, every echo request is answered, every send comes back once."""
    driver = PppDriver(peer_address=PEER)
    with Slirp() as slirp, real_ndis(delivery=delivery, verify=4) as ndis:
        link = ndis.bind(driver, SerialMiniport(slirp.fd, early_completion=early))
        assert driver.open(), f"LCP {driver.lcp.state.name}, IPCP {driver.ipcp.state.name}"
        assert driver.ipcp.address == IPv4Address("10.0.2.15")
        assert driver.ipcp.peer_address == IPv4Address(PEER)
        for number in range(25):
            octets = bytes((number + n) & 255 for n in range(number * 58))
            assert driver.ping(PEER, octets) is not None, f"{len(octets)} octets"
        driver.lcp.echo()
        assert driver.wait(lambda: driver.lcp.echoes == 1, 5)
        assert driver.close()
        ndis.run()
        assert list(driver.statuses) == [nw.SUCCESS] * driver.sends
        assert list(driver.errors) == []
        assert link.outstanding == link.queued == 0


def test_slirp_that_dies_takes_the_line_down() -> None:
    """A peer that is killed is a line-down; nothing stays owed, and what is sent afterwards fails."""
    driver = PppDriver(peer_address=PEER)
    with Slirp() as slirp, real_ndis() as ndis:
        link = ndis.bind(driver, SerialMiniport(slirp.fd))
        assert driver.open()
        slirp.kill()
        assert driver.wait(lambda: driver.lcp.state == State.STARTING, 5)
        eventually(lambda: not link.up and not link.outstanding)
        assert len(driver.statuses) == driver.sends


def test_without_slirp_the_error_tells_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without slirp is told which line installs it."""
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(FileNotFoundError, match="apt-get install -y slirp"):
        Slirp()


def test_the_example_runs() -> None:
    """`dial_slirp.py` prints each step and ends well."""
    command = [sys.executable, EXAMPLE / "dial_slirp.py", "--count", "2"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "we are 10.0.2.15, the peer is 10.0.2.2" in done.stdout
    assert "echo request 2 to 10.0.2.2: answer in" in done.stdout
    assert "0 broken rules" in done.stdout


class Line:
    """Two automata and a line between them that loses what it is told to; the time is a number."""

    def __init__(self, lost: list[bool]) -> None:
        self.now = 0.0
        self.lost = deque(lost)
        self._on_the_way: deque[tuple[int, bytes]] = deque()
        self.ends: list[Lcp | Ipcp] = []

    def sender(self, to: int):
        return lambda packet: self._on_the_way.append((to, packet))

    def clock(self) -> float:
        return self.now

    def run(self, seconds: float) -> None:
        """Deliver what is on the way, then let the timers go on."""
        end = self.now + seconds
        while self.now < end:
            while self._on_the_way:
                to, packet = self._on_the_way.popleft()
                if not (self.lost and self.lost.popleft()):
                    self.ends[to].receive(packet)
            self.now += 0.25
            for automaton in self.ends:
                automaton.tick()


@given(lost=st.lists(st.booleans(), max_size=12))
def test_two_ends_open_over_a_line_that_loses_packets(lost: list[bool]) -> None:
    """Whatever is lost at first, both LCPs open, and a close at one end closes the other."""
    line = Line(lost)
    for to in (1, 0):
        end = Lcp(line.sender(to), line.clock, protocol_rejected=lambda _: None)
        line.ends.append(end)
        end.up()
        end.open()
    line.run(30)
    assert [end.state for end in line.ends] == [State.OPENED] * 2
    line.lost.clear()
    line.ends[0].close()
    line.run(10)
    assert [end.state for end in line.ends] == [State.CLOSED, State.STOPPED]


def test_a_peer_that_never_answers_is_given_up() -> None:
    """After ten requests the automaton stops, and asks again when the peer does."""
    line = Line([True] * 10)
    sent = []
    end = Lcp(sent.append, line.clock, protocol_rejected=lambda _: None)
    line.ends.append(end)
    end.open()
    end.up()
    line.run(60)
    assert (end.state, len(sent)) == (State.STOPPED, 10)
    end.receive(bytes.fromhex("01070004"))
    assert end.state == State.ACK_SENT
    assert sent[-1] == bytes.fromhex("02070004")


def test_addresses_are_asked_for_and_told() -> None:
    """The end without an address takes what the other gives, at both ends of one negotiation."""
    line = Line([])
    line.ends = [
        Ipcp(line.sender(1), line.clock),
        Ipcp(line.sender(0), line.clock, peer_address=IPv4Address("192.0.2.9")),
    ]
    line.ends[1].address = IPv4Address("192.0.2.1")
    for end in line.ends:
        end.open()
        end.up()
    line.run(5)
    assert [end.state for end in line.ends] == [State.OPENED] * 2
    assert line.ends[0].address == IPv4Address("192.0.2.9")
    assert line.ends[0].peer_address == IPv4Address("192.0.2.1")


def test_what_the_peer_may_not_have_is_rejected_and_unknown_codes_too() -> None:
    """LCP rejects authentication and field compression alone, and answers a strange code with Code-Reject."""
    sent: list[bytes] = []
    end = Lcp(sent.append, lambda: 0.0, protocol_rejected=lambda _: None)
    end.open()
    end.up()
    end.receive(bytes.fromhex("01050010 010405dc 0304c023 0702 0802"))
    assert sent[-1] == bytes.fromhex("0405000c 0304c023 0702 0802")
    end.receive(bytes.fromhex("63010005 aa"))
    assert sent[-1][0] == 7
    assert sent[-1][4:] == bytes.fromhex("63010005 aa")


@given(
    noise=st.binary(max_size=60),
    head=st.sampled_from([b"", b"\xff\x03\xc0\x21", b"\xff\x03\x80\x21", b"\x21"]),
)
def test_no_received_frame_breaks_the_driver(noise: bytes, head: bytes) -> None:
    """Whatever a peer sends, before and after Opened, is answered or dropped."""
    driver = PppDriver()
    for state in (State.CLOSED, State.REQUEST_SENT, State.OPENED):
        driver.lcp.state = driver.ipcp.state = state
        driver.receive(None, head + noise)


@given(data=st.binary(max_size=99), damage=st.integers(0, 98), bit=st.integers(0, 7))
def test_an_echo_survives_and_damage_is_seen(data: bytes, damage: int, bit: int) -> None:
    """An echo packet is read as it was packed; one with a changed bit never passes as it."""
    echo = icmp.Echo(icmp.REQUEST, IPv4Address("192.0.2.1"), IPv4Address("192.0.2.2"), 7, 9, data)
    packet = bytearray(icmp.pack(echo))
    assert icmp.parse(bytes(packet)) == echo
    packet[damage % len(packet)] ^= 1 << bit
    assert icmp.parse(bytes(packet)) != echo
