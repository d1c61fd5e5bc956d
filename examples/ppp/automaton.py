"""The option negotiation automaton of PPP (RFC 1661, section 4), which LCP and every NCP share.

It knows states, events, counters and the restart timer, and no option: `Lcp` and `Ipcp` say what is asked for
and what is granted. Nothing runs by itself: whoever drives it calls `receive` with what came and `tick` as time
goes by.
"""

import struct
from collections.abc import Callable
from enum import IntEnum

__all__ = ["Automaton", "Code", "Options", "State", "pack"]

Options = list[tuple[int, bytes]]


class State(IntEnum):
    INITIAL, STARTING, CLOSED, STOPPED, CLOSING, STOPPING = range(6)
    REQUEST_SENT, ACK_RECEIVED, ACK_SENT, OPENED = range(6, 10)


class Code(IntEnum):
    CONFIGURE_REQUEST = 1
    CONFIGURE_ACK = 2
    CONFIGURE_NAK = 3
    CONFIGURE_REJECT = 4
    TERMINATE_REQUEST = 5
    TERMINATE_ACK = 6
    CODE_REJECT = 7


# Event: for each of the ten states, in order, the actions and the state after them; "-" where it cannot happen.
# Actions: tlu/tld/tls/tlf this layer up/down/started/finished, irc/zrc initialize/zero the restart count,
# scr/sca/scn send Configure-Request/-Ack/-Nak or -Reject, str/sta send Terminate-Request/-Ack, scj send Code-Reject.
_TABLE = """
UP    2     irc,scr/6 -         -               -     -     -         -         -         -
DOWN  -     -         0         tls/1           0     1     1         1         1         tld/1
OPEN  tls/1 1         irc,scr/6 3               5     5     6         7         8         9
CLOSE 0     tlf/0     2         2               4     4     irc,str/4 irc,str/4 irc,str/4 tld,irc,str/4
TO+   -     -         -         -               str/4 str/5 scr/6     scr/6     scr/8     -
TO-   -     -         -         -               tlf/2 tlf/3 tlf/3     tlf/3     tlf/3     -
RCR+  -     -         sta/2     irc,scr,sca/8   4     5     sca/8     sca,tlu/9 sca/8     tld,scr,sca/8
RCR-  -     -         sta/2     irc,scr,scn/6   4     5     scn/6     scn/7     scn/6     tld,scr,scn/6
RCA   -     -         sta/2     sta/3           4     5     irc/7     scr/6     irc,tlu/9 tld,scr/6
RCN   -     -         sta/2     sta/3           4     5     irc,scr/6 scr/6     irc,scr/8 tld,scr/6
RTR   -     -         sta/2     sta/3           sta/4 sta/5 sta/6     sta/6     sta/6     tld,zrc,sta/5
RTA   -     -         2         3               tlf/2 tlf/3 6         6         8         tld,scr/6
RUC   -     -         scj/2     scj/3           scj/4 scj/5 scj/6     scj/7     scj/8     scj/9
RXJ-  -     -         tlf/2     tlf/3           tlf/2 tlf/3 tlf/3     tlf/3     tlf/3     tld,irc,str/5
"""


def _cell(text: str) -> tuple[list[str], State] | None:
    if text == "-":
        return None
    *actions, state = text.replace("/", ",").split(",")
    return actions, State(int(state))


TABLE = {row.split()[0]: [_cell(c) for c in row.split()[1:]] for row in _TABLE.split("\n") if row}
# The restart timer runs in these.
WAITING = range(State.CLOSING, State.OPENED)


class Automaton:
    """One negotiation: `send` takes packets (code to data), `clock` tells seconds, `changed` is told each state."""

    name = "?"
    restart_seconds = 1.0
    max_configure = 10
    max_terminate = 2
    # So many Naks in a row, and what the peer insists on is rejected.
    max_failure = 5

    def __init__(
        self,
        send: Callable[[bytes], None],
        clock: Callable[[], float],
        changed: Callable[[State], None] = lambda _: None,
    ) -> None:
        self.state = State.INITIAL
        self._send, self._clock, self._changed = send, clock, changed
        # What this layer carries is told when it comes up and when it goes down.
        self.opened: Callable[[], None] = lambda: None
        self.closed: Callable[[], None] = lambda: None
        self._deadline = 0.0
        self._count = self._naks = 0
        self._last = self._asked = self._heard = 0
        self._request = b""
        self._answer = b""

    # ── what a protocol says ──

    def wanted(self) -> Options:
        """The options of our next Configure-Request."""
        return []

    def judge(self, options: Options) -> tuple[Code, Options]:
        """The answer to the peer's request: all of its options acknowledged, or those to be changed or dropped."""
        return (Code.CONFIGURE_REJECT, options) if options else (Code.CONFIGURE_ACK, options)

    def refused(self, code: Code, options: Options) -> None:
        """The peer wants other values (Nak) or does not know these options (Reject)."""

    def other(self, code: int, identifier: int, data: bytes) -> bool:
        """Take a packet whose code only this protocol knows."""
        return False

    # ── what happens to it ──

    def up(self) -> None:
        """The layer below can carry packets."""
        self._event("UP")

    def down(self) -> None:
        """The layer below cannot any more."""
        self._event("DOWN")

    def open(self) -> None:
        """Negotiate as soon as the layer below is up."""
        self._event("OPEN")

    def close(self) -> None:
        """End it in good order."""
        self._event("CLOSE")

    def rejected(self) -> None:
        """The peer does not know this protocol at all."""
        self._event("RXJ-")

    def tick(self) -> None:
        """Look at the clock: a request that was not answered in time is sent again, until it has been often enough."""
        if self.state in WAITING and self._clock() >= self._deadline:
            self._event("TO+" if self._count > 0 else "TO-")

    def receive(self, packet: bytes) -> None:
        """Take one packet, code to data; what is no packet is dropped."""
        if len(packet) < 4:
            return
        code, identifier, length = struct.unpack_from(">BBH", packet)
        if not 4 <= length <= len(packet):
            return
        data = packet[4:length]
        self._heard = identifier
        match code:
            case Code.CONFIGURE_REQUEST:
                self._requested(identifier, data)
            case Code.CONFIGURE_ACK | Code.CONFIGURE_NAK | Code.CONFIGURE_REJECT:
                if identifier == self._asked:
                    self._answered(Code(code), data)
            case Code.TERMINATE_REQUEST:
                self._event("RTR")
            case Code.TERMINATE_ACK:
                self._event("RTA")
            case Code.CODE_REJECT if data and data[0] <= Code.CODE_REJECT:
                self._event("RXJ-")
            case _ if code > Code.CODE_REJECT and not self.other(code, identifier, data):
                self._answer = pack(Code.CODE_REJECT, self.next_identifier(), packet[:length])
                self._event("RUC")

    def _requested(self, identifier: int, data: bytes) -> None:
        options = parse_options(data)
        if options is None:
            return
        code, chosen = self.judge(options)
        self._naks = self._naks + 1 if code == Code.CONFIGURE_NAK else 0
        if self._naks > self.max_failure:
            kinds = {kind for kind, _ in chosen}
            code, chosen = Code.CONFIGURE_REJECT, [o for o in options if o[0] in kinds]
        self._answer = pack(code, identifier, pack_options(chosen))
        self._event("RCR+" if code == Code.CONFIGURE_ACK else "RCR-")

    def _answered(self, code: Code, data: bytes) -> None:
        options = parse_options(data)
        if code == Code.CONFIGURE_ACK and data == self._request:
            self._event("RCA")
        elif code != Code.CONFIGURE_ACK and options is not None:
            self.refused(code, options)
            self._event("RCN")

    def _event(self, name: str) -> None:
        cell = TABLE[name][self.state]
        if cell is None:
            return
        actions, after = cell
        # The state first: what the actions cause finds the automaton where it will be.
        before, self.state = self.state, after
        if before != after:
            self._changed(after)
        for action in actions:
            self._act(action, terminating="str" in actions)

    def _act(self, action: str, *, terminating: bool) -> None:
        match action:
            case "irc":
                self._count = self.max_terminate if terminating else self.max_configure
            case "zrc":
                self._count = 0
                self._deadline = self._clock() + self.restart_seconds
            case "scr":
                self._request = pack_options(self.wanted())
                self._ask(Code.CONFIGURE_REQUEST, self._request)
            case "str":
                self._ask(Code.TERMINATE_REQUEST, b"")
            case "sta":
                self._send(pack(Code.TERMINATE_ACK, self._heard, b""))
            case "sca" | "scn" | "scj":
                self._send(self._answer)
            case "tlu":
                self.opened()
            case "tld":
                self.closed()

    def _ask(self, code: Code, data: bytes) -> None:
        self._count -= 1
        self._deadline = self._clock() + self.restart_seconds
        self._asked = self.next_identifier()
        self._send(pack(code, self._asked, data))

    def next_identifier(self) -> int:
        """A number for a packet of ours, to tell its answer from others."""
        self._last = (self._last + 1) & 0xFF
        return self._last


def pack(code: int, identifier: int, data: bytes) -> bytes:
    """A packet: code, identifier, length, data."""
    return struct.pack(">BBH", code, identifier, 4 + len(data)) + data


def parse_options(data: bytes) -> Options | None:
    """The options in a packet's data; None if their lengths do not fit it."""
    options = []
    while data:
        if len(data) < 2 or not 2 <= data[1] <= len(data):
            return None
        options.append((data[0], data[2 : data[1]]))
        data = data[data[1] :]
    return options


def pack_options(options: Options) -> bytes:
    """Options as they stand in a packet: type, length, value."""
    return b"".join(bytes([kind, 2 + len(value)]) + value for kind, value in options)
