"""A small PPP protocol driver: brings a link up with LCP and IPCP, and sends and answers echo requests over it.

Packets come on the miniport's threads, `open`, `ping` and `close` are called from another: one lock keeps them apart.
It has no thread of its own: who waits looks at the restart timers meanwhile.
"""

import os
import threading
import time
from collections import deque
from collections.abc import Callable
from ipaddress import IPv4Address

import icmp
from automaton import Automaton, State
from ipcp import Ipcp
from lcp import Lcp

import ndiswan as nw

__all__ = ["PppDriver"]

# All stations, unnumbered information: how a PPP frame begins.
ADDRESS_CONTROL = b"\xff\x03"
LCP, IPCP, IP = 0xC021, 0x8021, 0x0021
TURN_SECONDS = 0.02


class PppDriver(nw.Protocol):
    """One end of a PPP link. `say` is told each step; `peer_address` is for a peer that has none of its own."""

    def __init__(
        self,
        say: Callable[[str], None] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
        peer_address: str = "0.0.0.0",
    ) -> None:
        self._say = say
        self._clock = clock
        self._turn = threading.Condition()
        self._link: nw.Link | None = None
        self._identifier = os.getpid() & 0xFFFF
        self._sequence = 0
        self._replies: dict[int, icmp.Echo] = {}
        self.statuses: deque[nw.Status] = deque()
        self.errors: deque[int] = deque()
        self.sends = 0
        self.lcp = Lcp(
            lambda packet: self._send(LCP, packet),
            clock,
            lambda state: self._moved(self.lcp, state),
            protocol_rejected=self._protocol_rejected,
        )
        self.ipcp = Ipcp(
            lambda packet: self._send(IPCP, packet),
            clock,
            lambda state: self._moved(self.ipcp, state),
            peer_address=IPv4Address(peer_address),
        )
        self.lcp.opened, self.lcp.closed = self.ipcp.up, self.ipcp.down

    # ── for the one who dials ──

    @property
    def opened(self) -> bool:
        """Both layers are up: IPv4 packets can go."""
        return self.lcp.state == self.ipcp.state == State.OPENED

    def start(self) -> None:
        """Negotiate from now on, or as soon as the line is up."""
        with self._turn:
            self.lcp.open()
            self.ipcp.open()

    def open(self, seconds: float = 10) -> bool:
        """Negotiate; whether the link is up within the time."""
        self.start()
        return self.wait(lambda: self.opened, seconds)

    def ping(
        self, destination: str, data: bytes = b"ndiswan" * 8, seconds: float = 5
    ) -> float | None:
        """Send an echo request; the seconds until its reply came with the same data, None if it did not."""
        with self._turn:
            self._sequence = sequence = (self._sequence + 1) & 0xFFFF
            ends = self.ipcp.address, IPv4Address(destination)
            self._send(
                IP, icmp.pack(icmp.Echo(icmp.REQUEST, *ends, self._identifier, sequence, data))
            )
            began = self._clock()
        if not self.wait(lambda: sequence in self._replies, seconds):
            return None
        reply = self._replies.pop(sequence)
        return self._clock() - began if (reply.data, reply.source) == (data, ends[1]) else None

    def close(self, seconds: float = 5) -> bool:
        """End the link in good order; whether the peer agreed within the time."""
        with self._turn:
            self.lcp.close()
        return self.wait(lambda: self.lcp.state in {State.CLOSED, State.INITIAL}, seconds)

    def wait(self, done: Callable[[], bool], seconds: float) -> bool:
        """Let things happen, restart timers included, until `done` or so many seconds have passed."""
        end = self._clock() + seconds
        with self._turn:
            while not done():
                if self._clock() >= end:
                    return False
                self._turn.wait(TURN_SECONDS)
                self.tick()
        return True

    def tick(self) -> None:
        """Look at the restart timers; who does not `wait` calls this now and then."""
        with self._turn:
            self.lcp.tick()
            self.ipcp.tick()

    # ── for NDIS ──

    def line_up(self, link: nw.Link) -> None:
        with self._turn:
            self._link = link
            self._say("line up")
            self.lcp.up()

    def line_down(self, link: nw.Link) -> None:
        with self._turn:
            self._link = None
            self._say("line down")
            self.lcp.down()

    def receive(self, link: nw.Link, data: bytes) -> None:
        with self._turn:
            self._dispatch(data.removeprefix(ADDRESS_CONTROL))
            self._turn.notify_all()

    def fragment(self, link: nw.Link, errors: int) -> None:
        self.errors.append(errors)

    def send_complete(self, packet: nw.Packet, status: nw.Status) -> None:
        # No lock: this may be called while another thread of ours is inside `send`.
        self.statuses.append(status)

    # ── within ──

    def _dispatch(self, frame: bytes) -> None:
        # An odd first octet is a whole protocol number: its zero was left out.
        size = 1 if frame[:1] and frame[0] & 1 else 2
        if len(frame) <= size:
            return
        protocol, packet = int.from_bytes(frame[:size]), frame[size:]
        if protocol == LCP:
            self.lcp.receive(packet)
        elif self.lcp.state != State.OPENED:
            return
        elif protocol == IPCP:
            self.ipcp.receive(packet)
        elif protocol == IP:
            self._ip(packet)
        else:
            self._say(f"reject protocol {protocol:04x}")
            self.lcp.reject_protocol(protocol, packet)

    def _ip(self, packet: bytes) -> None:
        echo = icmp.parse(packet)
        if echo is None or not self.opened or echo.destination != self.ipcp.address:
            return
        if echo.kind == icmp.REPLY and echo.identifier == self._identifier:
            self._replies[echo.sequence] = echo
        elif echo.kind == icmp.REQUEST:
            ends = echo.destination, echo.source
            reply = icmp.Echo(icmp.REPLY, *ends, echo.identifier, echo.sequence, echo.data)
            self._send(IP, icmp.pack(reply))

    def _moved(self, layer: Automaton, state: State) -> None:
        self._say(f"{layer.name} {state.name.lower().replace('_', '-')}")

    def _protocol_rejected(self, protocol: int) -> None:
        self._say(f"peer rejects protocol {protocol:04x}")
        if protocol == IPCP:
            self.ipcp.rejected()

    def _send(self, protocol: int, packet: bytes) -> None:
        if self._link is None:
            return
        self.sends += 1
        status = self._link.send(ADDRESS_CONTROL + protocol.to_bytes(2) + packet)
        if status != nw.PENDING:
            self.statuses.append(status)
