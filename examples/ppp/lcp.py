"""LCP: what the two ends of a PPP link agree on for the link itself (RFC 1661, sections 5 and 6).

We ask for no escaped control characters and bring a magic number; we grant the peer its receive unit, its map and
its magic number, and reject all else: authentication, and the compression of the fields before the data.
"""

import secrets
import struct
from collections.abc import Callable
from enum import IntEnum
from typing import Any

from automaton import Automaton, Code, Options, State, pack

__all__ = ["Lcp"]


class _Option(IntEnum):
    MRU = 1
    ACCM = 2
    MAGIC = 5


class _Code(IntEnum):
    PROTOCOL_REJECT = 8
    ECHO_REQUEST = 9
    ECHO_REPLY = 10
    DISCARD_REQUEST = 11


_CODES = frozenset(_Code)
_SIZES = {_Option.MRU: 2, _Option.ACCM: 4, _Option.MAGIC: 4}


class Lcp(Automaton):
    """The link's own negotiation; `protocol_rejected` is told which protocol the peer does not know."""

    name = "LCP"

    def __init__(self, *arguments: Any, protocol_rejected: Callable[[int], None]) -> None:
        super().__init__(*arguments)
        self._protocol_rejected = protocol_rejected
        self._ours = {_Option.ACCM: bytes(4), _Option.MAGIC: secrets.token_bytes(4)}
        self.peer_mru = 1500
        self.peer_accm = 0xFFFFFFFF
        self.echoes = 0

    def wanted(self) -> Options:
        return list(self._ours.items())

    def refused(self, code: Code, options: Options) -> None:
        for kind, value in options:
            if kind not in self._ours:
                continue
            if code == Code.CONFIGURE_REJECT:
                del self._ours[_Option(kind)]
            elif kind == _Option.MAGIC:
                self._ours[_Option.MAGIC] = secrets.token_bytes(4)
            elif len(value) == 4:
                self._ours[_Option.ACCM] = value

    def judge(self, options: Options) -> tuple[Code, Options]:
        strange = [(kind, value) for kind, value in options if _SIZES.get(kind) != len(value)]
        if strange:
            return Code.CONFIGURE_REJECT, strange
        # Our own magic number, or none: the line may lead back to us.
        if (_Option.MAGIC, self._magic) in options or (_Option.MAGIC, bytes(4)) in options:
            return Code.CONFIGURE_NAK, [(_Option.MAGIC, secrets.token_bytes(4))]
        granted = dict(options)
        self.peer_mru = int.from_bytes(granted.get(_Option.MRU, b"\x05\xdc"))
        self.peer_accm = int.from_bytes(granted.get(_Option.ACCM, b"\xff\xff\xff\xff"))
        return Code.CONFIGURE_ACK, options

    def other(self, code: int, identifier: int, data: bytes) -> bool:
        match code:
            case _Code.PROTOCOL_REJECT if len(data) >= 2:
                self._protocol_rejected(int.from_bytes(data[:2]))
            case _Code.ECHO_REQUEST if self.state == State.OPENED:
                self._send(pack(_Code.ECHO_REPLY, identifier, self._magic + data[4:]))
            case _Code.ECHO_REPLY:
                self.echoes += 1
        return code in _CODES

    def echo(self) -> None:
        """Ask the peer for a sign of life; `echoes` counts the answers."""
        self._send(pack(_Code.ECHO_REQUEST, self.next_identifier(), self._magic))

    def reject_protocol(self, protocol: int, packet: bytes) -> None:
        """Tell the peer that we do not know the protocol of this packet."""
        if self.state == State.OPENED:
            told = (struct.pack(">H", protocol) + packet)[: self.peer_mru - 4]
            self._send(pack(_Code.PROTOCOL_REJECT, self.next_identifier(), told))

    @property
    def _magic(self) -> bytes:
        return self._ours.get(_Option.MAGIC, bytes(4))
